"""A frame as Parquet, whatever its rows were: they leave for a reference, or for somebody who looks at them."""

from typing import Any

import pandas as pd


def parquet(frame: pd.DataFrame) -> bytes:
    """Parquet with zstd. A column that mixes kinds of values becomes text: Parquet has one type per column.

    >>> frame = pd.DataFrame({"carrier": ["9E", 12, None]})
    >>> import io
    >>> pd.read_parquet(io.BytesIO(parquet(frame)))["carrier"].tolist()[:2]
    ['9E', '12']
    """
    mixed = {name: _text(frame[name]) for name in frame.columns if _is_mixed(frame[name])}
    return bytes((frame.assign(**mixed) if mixed else frame).to_parquet(index=False, compression="zstd"))


def _is_mixed(column: "pd.Series[Any]") -> bool:
    return column.dtype == object and len(set(map(type, column.dropna()))) > 1


def _text(column: "pd.Series[Any]") -> "pd.Series[Any]":
    return column.map(str, na_action="ignore")
