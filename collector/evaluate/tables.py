"""A frame as Parquet, whatever its rows were: they leave for a reference, or for somebody who looks at them."""

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collector.chunks import MIXED_MARK, mixed_text
from collector.evaluate.plain import text


def parquet(frame: pd.DataFrame) -> bytes:
    """Parquet with zstd. A column that mixes kinds of values becomes text: Parquet has one type per column.

    >>> frame = pd.DataFrame({"carrier": ["9E", 12, None]})
    >>> import io
    >>> pd.read_parquet(io.BytesIO(parquet(frame)))["carrier"].tolist()[:2]
    ['9E', '12']
    """
    frame = frame.rename(columns=str)
    mixed = {name: _text(frame[name]) for name in frame.columns if _is_mixed(frame[name])}
    frame = frame.assign(**mixed) if mixed else frame
    try:
        return bytes(frame.to_parquet(index=False, compression="zstd"))
    except (pa.ArrowException, UnicodeEncodeError, ValueError, TypeError, OverflowError):
        # numbers too large for Parquet, half characters, objects of somebody's own: better as text than not at all
        texts = {name: _text(frame[name]) for name in frame.columns if frame[name].dtype.kind in "OcT"}
        return bytes(frame.assign(**texts).to_parquet(index=False, compression="zstd"))


def exact_parquet(frame: pd.DataFrame) -> bytes:
    """Parquet of rows that come back as they were, for a reference in the making: what Parquet has no type for is JSON in a
    column that is marked so.

    >>> frame = pd.DataFrame({"carrier": ["9E", 12, None]})
    >>> import pyarrow.parquet as pq
    >>> table = pq.read_table(pa.BufferReader(exact_parquet(frame)))
    >>> table["carrier"].to_pylist(), table.schema.field("carrier").metadata
    (['"9E"', '12', None], {b'collector.cells': b'json'})
    """
    marked = [name for name in frame.columns if _is_mixed(frame[name]) or _is_huge(frame[name])]
    written = frame.assign(**{name: frame[name].map(mixed_text, na_action="ignore") for name in marked})
    table = pa.Table.from_pandas(written, preserve_index=False)
    for name in marked:
        place = table.schema.get_field_index(name)
        texts = pc.cast(table.column(place), pa.string())
        table = table.set_column(place, pa.field(name, pa.string(), metadata=dict(MIXED_MARK)), texts)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def _is_mixed(column: "pd.Series[Any]") -> bool:
    return column.dtype == object and len(set(map(type, column.dropna()))) > 1


def _is_huge(column: "pd.Series[Any]") -> bool:
    """Whether it holds integers that are more than one type can hold."""
    return column.dtype == object and any(isinstance(value, int) and abs(value) >= 2**63 for value in column)


def _text(column: "pd.Series[Any]") -> "pd.Series[Any]":
    return column.map(lambda value: text(str(value)), na_action="ignore")
