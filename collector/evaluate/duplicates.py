"""Rows and columns that say the same twice. Exact answers; the hashes below only decide what has to be compared."""

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from collector.evaluate.profile import Array, ColumnProfile, FrameProfile

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


def duplicated_columns(frame: FrameProfile) -> int:
    """Pairs of columns with equal type and values; missing cells equal each other."""
    return frame.memo("duplicated columns", lambda: sum(_same(a, b) for a, b in _pairs_of_type(frame)))


def _pairs_of_type(frame: FrameProfile) -> list[tuple[ColumnProfile, ColumnProfile]]:
    by_type: dict[object, list[ColumnProfile]] = {}
    for profile in frame:
        by_type.setdefault(_type_key(profile), []).append(profile)
    return [pair for profiles in by_type.values() for pair in combinations(profiles, 2)]


def _type_key(profile: ColumnProfile) -> object:
    dtype = profile.series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "category", tuple(map(str, dtype.categories))
    return str(dtype)


def _same(left: ColumnProfile, right: ColumnProfile) -> bool:
    if left.missing != right.missing:
        return False
    if left.kind == "object" or left.array.dtype == object:
        if len(left.code_values) != len(right.code_values) or not np.array_equal(left.codes, right.codes):
            return False
        return all(_equal(a, b) for a, b in zip(left.code_values, right.code_values, strict=True))
    a, b = left.array, right.array
    head = slice(0, 64)
    if a.dtype.kind == "f":
        return np.array_equal(a[head], b[head], equal_nan=True) and np.array_equal(a, b, equal_nan=True)
    return np.array_equal(cell_bits(left), cell_bits(right))


def _equal(left: object, right: object) -> bool:
    return type(left) is type(right) and left == right


def almost_duplicated_columns(frame: FrameProfile, threshold: float) -> int:
    """Pairs of columns of one type whose cells agree in at least this share of the rows; missing agrees with nothing.

    Exact duplicates count too.
    """
    if not frame.rows:
        return 0
    return frame.memo(
        ("almost duplicated columns", threshold),
        lambda: sum(_agree(a, b, threshold) for a, b in _pairs_of_type(frame)),
    )


def _agree(left: ColumnProfile, right: ColumnProfile, threshold: float) -> bool:
    rows = left.rows
    allowed = rows - threshold * rows
    if max(left.missing, right.missing) > allowed:
        return False
    a, b = _comparable(left, right)
    start, size = 0, max(64, int(allowed) + 1)
    different = 0
    while start < rows:  # unrelated columns are told apart by their first rows
        stop = min(rows, start + size)
        different += _different(a[start:stop], b[start:stop])
        if different > allowed:
            break
        start, size = stop, size * 4
    return (rows - different) / rows >= threshold if start >= rows else False


def _comparable(left: ColumnProfile, right: ColumnProfile) -> tuple[Array, Array]:
    if left.kind != "object" and left.array.dtype != object:
        return left.array, right.array
    translate = pd.Index(left.code_values, dtype=object).get_indexer(pd.Index(right.code_values, dtype=object))
    translated = np.append(np.where(translate < 0, -2, translate), -2)  # missing and unknown agree with nothing
    return left.codes, translated[right.codes]


def _different(a: Array, b: Array) -> int:
    return int(np.count_nonzero(a != b))
