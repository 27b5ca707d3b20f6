"""Rows that say the same twice, or nothing. Exact: the hashes below only decide what has to be compared."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from collector.evaluate.profile import ColumnProfile, FrameProfile

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


def duplicated_rows(frame: FrameProfile) -> int:
    """Rows beyond the first of their kind; missing cells equal each other.

    >>> duplicated_rows(FrameProfile(pd.DataFrame({"a": [1, 1, 1, 2], "b": [None, None, 3, 4]})))
    1
    """
    return frame.memo("duplicated rows", lambda: _duplicated_rows(frame))


def _duplicated_rows(frame: FrameProfile) -> int:
    if frame.rows < 2 or not frame.names:
        return 0
    for profile in frame:
        if profile.is_number and profile.missing <= 1 and profile.distinct == profile.present:
            return 0  # no two rows share this column's value
    hashes = np.zeros(frame.rows, dtype=np.uint64)
    for profile in frame:
        hashes = (hashes ^ cell_bits(profile)) * _MULTIPLIER
        hashes ^= hashes >> _SHIFT
    ordered = np.sort(hashes)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if not twice.size:
        return 0
    suspects = np.isin(hashes, twice)
    cells = pd.DataFrame({index: cell_bits(profile)[suspects] for index, profile in enumerate(frame)})
    return int(cells.duplicated().sum())


def cell_bits(profile: ColumnProfile) -> NDArray[np.uint64]:
    """64 bits per row, equal exactly where the cells of this column are equal."""
    if profile.kind == "object" or profile.array.dtype == object:
        return profile.codes.astype(np.uint64)
    values = profile.array
    if values.dtype.kind == "f":
        values = values + 0.0  # -0.0 equals 0.0
        values[np.isnan(values)] = np.nan  # one bit pattern
        return values.view(np.uint64)
    if values.dtype.kind in "iuM":
        return values.astype(np.int64).view(np.uint64) if values.dtype != np.uint64 else values
    return values.astype(np.uint64)


def empty_rows(frame: FrameProfile) -> int:
    """Rows whose cells are all null."""
    if not frame.names or any(profile.missing == 0 for profile in frame):
        return 0
    empty = np.ones(frame.rows, dtype=np.bool_)
    for profile in frame:
        empty &= profile.missing_mask
    return int(np.count_nonzero(empty))
