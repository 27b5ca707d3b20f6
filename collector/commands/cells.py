"""A CSV file as a frame. A cell means what it means in a request; of a whole file that is told of a column at once.

The service's decoder is the rule, and makes an object of each cell. A file may have hundreds of millions: Arrow reads
them, and what it cannot is left to the decoder.
"""

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from collector.receive.decoders import csv
from collector.receive.decoders.table import AsText, Limits

_LIMITS = Limits(rows=10**9, columns=10**6, bytes=10**12)
"""Whose file it is has the memory, too."""
_LAYOUT = arrow_csv.ParseOptions(newlines_in_values=True)
_NUMBER = f"^(?:{csv.NUMBER.pattern})$"
_FRACTION = "[.eE]"
_MISSING = pa.array([word for word, value in csv.WORDS.items() if value is None])


def read_csv(body: bytes, as_text: AsText) -> pd.DataFrame:
    r"""A line that has not the cells of the header is a mistake of the file: nobody can be told of a row here.

    Raises ValueError and Invalid.

    >>> read_csv(b"zip,distance\n007,1.5\n12,NaN\n", ()).to_dict("list")
    {'zip': ['007', 12], 'distance': [1.5, nan]}
    """
    try:
        return pd.DataFrame({name: _column(name, texts, as_text) for name, texts in _texts(body)})
    except (pa.ArrowInvalid, UnicodeDecodeError):  # something is wrong; what, and where, the decoder says
        decoded = csv.decode(body, _LIMITS, as_text)
        if decoded.errors:
            raise ValueError(decoded.errors[0].reason) from None
        return pd.DataFrame(decoded.table.columns)


def _texts(body: bytes) -> list[tuple[str, Any]]:
    """Each column's cells as they are written. Raises ArrowInvalid, also where there are no rows or a name comes twice."""
    with arrow_csv.open_csv(pa.BufferReader(body), parse_options=_LAYOUT) as first:
        names = first.schema.names
    types = arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False)
    table = arrow_csv.read_csv(pa.BufferReader(body), parse_options=_LAYOUT, convert_options=types)
    if len(set(names)) < len(names) or not table.num_rows:
        raise pa.ArrowInvalid
    return [(name, table.column(name).combine_chunks()) for name in names]


def _column(name: str, texts: Any, as_text: AsText) -> "pd.Series[Any]":
    is_number = pc.match_substring_regex(texts, _NUMBER)
    if (
        name not in as_text
        and pc.all(pc.or_(is_number, pc.is_in(texts, _MISSING))).as_py()
        and pc.any(is_number).as_py()
    ):
        return _numbers(pc.if_else(is_number, texts, None))
    coded = texts.dictionary_encode()
    meant = pd.Series(csv.read_cells(name, coded.dictionary.to_pylist(), as_text))
    found: pd.Series[Any] = meant.take(coded.indices.to_numpy()).reset_index(drop=True)
    return found


def _numbers(texts: Any) -> "pd.Series[Any]":
    longest = pc.max(pc.utf8_length(texts)).as_py()
    whole = longest <= csv.WHOLE_DIGITS and not pc.any(pc.match_substring_regex(texts, _FRACTION)).as_py()
    found: pd.Series[Any] = pc.cast(texts, pa.int64() if whole else pa.float64()).to_pandas()
    return found
