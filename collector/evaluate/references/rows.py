"""The table of a reference as a frame whose columns have the types that windows' rows have, whatever its owner's file had.

A window knows numbers of 64 bits, texts, booleans, instants and mixtures of these. A reference in narrower numbers, in
categories or in types that know missing values would differ from the very same rows in nothing but that.
"""

from collections.abc import Collection
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from collector.chunks import MIXED_MARK, mixed_value

_INSTANT = pa.timestamp("us")
_LARGEST = 2**63 - 1


def rows_of(table: Any, times: Collection[str] = ()) -> pd.DataFrame:
    """The rows as windows have theirs: names are text, the columns `times` become instants. What was the index of a frame
    is left out.
    """
    index = _index(table.schema)
    fields = [field for field in table.schema if field.name not in index]
    columns = [_column(table.column(place)) for place, field in enumerate(table.schema) if field.name not in index]
    named = pa.Table.from_arrays(columns, names=[field.name for field in fields])
    frame: pd.DataFrame = named.to_pandas()
    if not columns:  # only an index knows how many there are
        frame = pd.DataFrame(index=pd.RangeIndex(table.num_rows))
    frame.columns = pd.Index([str(name) for name in frame.columns])
    for field, column in zip(fields, columns, strict=True):
        if (field.metadata or {}).items() >= MIXED_MARK.items():
            frame[field.name] = _mixed(column)
    for name in frame.columns.intersection(list(times)):
        frame[name] = instants(frame[name])
    return frame


def _index(schema: Any) -> set[str]:
    """The columns that were the index of a frame."""
    noted = schema.pandas_metadata or {}
    return {each for each in noted.get("index_columns", ()) if isinstance(each, str)}


def _column(column: Any) -> Any:
    """Missing whole numbers make the others floats, and missing booleans make a mixture, when this becomes a frame."""
    types, kind = pa.types, column.type
    if types.is_dictionary(kind):
        return _column(column.cast(kind.value_type))
    if types.is_uint64(kind):
        largest = pc.max(column).as_py()
        return column if largest is not None and largest > _LARGEST else column.cast(pa.int64())
    if types.is_integer(kind):
        return column.cast(pa.int64())
    if types.is_floating(kind) or types.is_decimal(kind):
        return column.cast(pa.float64())
    if types.is_timestamp(kind) or types.is_date(kind):
        zone = getattr(kind, "tz", None)
        naive = column if zone is None else column.cast(pa.timestamp(kind.unit))
        return naive.cast(_INSTANT, safe=False)
    return column


def _mixed(column: Any) -> "pd.Series[Any]":
    coded = column.combine_chunks().dictionary_encode()
    values = [mixed_value(text) for text in coded.dictionary.to_pylist()]
    return pd.Series([None if code is None else values[code] for code in coded.indices.to_pylist()])


def instants(series: "pd.Series[Any]") -> "pd.Series[Any]":
    """Event times as stored rows have them: UTC without a zone, microseconds; what is no time is missing."""
    if pd.api.types.is_numeric_dtype(series):
        return series
    times = (
        pd.to_datetime(series, utc=True, errors="coerce", format="mixed")
        if series.dtype == object or isinstance(series.dtype, pd.StringDtype)
        else pd.to_datetime(series, utc=True)
    )
    return times.dt.tz_localize(None).astype("datetime64[us]")
