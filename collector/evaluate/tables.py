"""A frame as Parquet, whatever its rows were: they leave for a reference, or for somebody who looks at them."""

from typing import Any

import pandas as pd
import pyarrow as pa

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


def _is_mixed(column: "pd.Series[Any]") -> bool:
    return column.dtype == object and len(set(map(type, column.dropna()))) > 1


def _text(column: "pd.Series[Any]") -> "pd.Series[Any]":
    return column.map(lambda value: text(str(value)), na_action="ignore")
