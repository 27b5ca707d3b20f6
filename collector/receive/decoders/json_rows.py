"""`application/json`: an array of rows, one row, or `{"columns": {name: [..]}}`; told apart by shape."""

from collections.abc import Mapping, Sequence
from typing import Any

from collector.errors import Invalid
from collector.model import Table
from collector.receive.decoders import json_alike
from collector.receive.decoders.json_text import loads_rows
from collector.receive.decoders.table import AsText, Decoded, Limits, from_columns, from_rows
from collector.receive.words import kind


def decode(body: bytes, limits: Limits, as_text: AsText = ()) -> Decoded:  # noqa: ARG001 - JSON has types
    """Raises Malformed (no JSON), Invalid (JSON of another shape, no rows), TooLarge.

    >>> decode(b'{"a": 1}', Limits(10, 10, 100)).table.columns
    {'a': (1,)}
    """
    return tabled(parse(body), limits)


def parse(body: bytes) -> list[Any] | Mapping[str, Any] | Table:
    """The body as a list of rows, as columns by name, or as a table already. Raises Malformed, Invalid.

    >>> parse(b'{"a": 1}'), parse(b'{"columns": {"a": [1]}}')
    ([{'a': 1}], {'a': [1]})
    """
    alike = json_alike.table(body)
    if alike is not None:
        return alike
    value = loads_rows(body)
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        columns = _columns_form(value)
        return [value] if columns is None else columns
    raise Invalid(
        f'expected rows: an array of objects, one object, or {{"columns": {{name: [values]}}}}, not {kind(value)}'
    )


def tabled(parsed: Sequence[Any] | Mapping[str, Any] | Table, limits: Limits) -> Decoded:
    """What `parse` gave, as a table. Raises Invalid, TooLarge."""
    if isinstance(parsed, Table):
        limits.check(rows=parsed.rows, columns=len(parsed.columns))
        return Decoded(parsed)
    return from_columns(parsed, limits) if isinstance(parsed, Mapping) else from_rows(parsed, limits)


def _columns_form(value: dict[str, Any]) -> dict[str, Any] | None:
    """The inside of `{"columns": {..}}`; a row that has a column of that name holds no object there."""
    inside = value.get("columns")
    return inside if len(value) == 1 and isinstance(inside, dict) else None
