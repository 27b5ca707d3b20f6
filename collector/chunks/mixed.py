"""A column that mixes kinds of values, in a table that has one type per column: each value is its JSON, and the column is
marked. So 12 is 12 again and not "12", whoever wrote the table.
"""

from collections.abc import Mapping

import orjson

from collector.chunks.columns import json_value
from collector.chunks.layout import INFINITY

MIXED_MARK: Mapping[bytes, bytes] = {b"collector.cells": b"json"}
"""Stands in the column's metadata."""


def mixed_text(value: object) -> str | None:
    """A value as it stands in such a column. Missing values stay missing.

    >>> mixed_text("9E"), mixed_text(12), mixed_text(None)
    ('"9E"', '12', None)
    """
    found = json_value(value)
    return None if found is None else orjson.dumps(found).decode()


def mixed_value(text: str) -> object:
    """What `mixed_text` wrote. Text that it did not write, because somebody else made the mark, is what it is.

    >>> mixed_value('"9E"'), mixed_value("12"), mixed_value("[1"), mixed_value("[1]")
    ('9E', 12, '[1', '[1]')
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    if isinstance(value, dict) and value.keys() == {INFINITY} and value[INFINITY] in ("inf", "-inf"):
        return float(value[INFINITY])
    return text if isinstance(value, list | dict) else value
