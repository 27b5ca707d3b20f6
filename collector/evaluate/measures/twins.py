"""Columns that say the same twice, or nearly so. Exact: most pairs are told apart by their first rows, all at once."""

from itertools import combinations

import numpy as np
import pandas as pd

from collector.evaluate.profile import Array, ColumnProfile, FrameProfile

_FIRST_ROWS = 64
_MAX_HEAD_CELLS = 4_000_000
"""32 MB: how many cells are compared at once, whatever the number of columns."""


def duplicated_columns(frame: FrameProfile) -> int:
    """Pairs of columns with equal type and values; missing cells equal each other.

    >>> duplicated_columns(FrameProfile(pd.DataFrame({"a": [1.0, None], "b": [1.0, None], "c": [1.0, 2.0]})))
    1
    """
    return frame.memo("duplicated columns", lambda: sum(map(_count_equal, _alike(frame))))


def almost_duplicated_columns(frame: FrameProfile, threshold: float) -> int:
    """Pairs of columns of one type whose cells agree in at least this share of the rows; missing agrees with nothing.

    Exact duplicates without missing cells count too.

    >>> almost_duplicated_columns(FrameProfile(pd.DataFrame({"a": [1, 2, 3, 4], "b": [1, 2, 3, 5]})), 0.75)
    1
    """
    if not frame.rows:
        return 0
    key = ("almost duplicated columns", threshold)
    return frame.memo(key, lambda: sum(_count_agreeing(each, threshold) for each in _alike(frame)))


class _Alike:
    """Columns of one type, with their cells as numbers that are equal exactly where the cells are."""

    def __init__(self, profiles: list[ColumnProfile]) -> None:
        self.profiles = profiles
        self.rows = profiles[0].rows
        self._coded = any(profile.kind == "object" or profile.array.dtype == object for profile in profiles)
        self._translations: list[Array] | None = None

    def cells(self, index: int, rows: slice) -> Array:
        """Cells of one column; a missing one equals none of another column."""
        profile = self.profiles[index]
        if not self._coded:
            return profile.array[rows]
        if self._translations is None:
            self._translations = self._translate()
        return self._translations[index][profile.codes[rows]]

    def _translate(self) -> list[Array]:
        """For each column: from its own codes to codes that all columns share; its missing cells (last) to its own."""
        values = [profile.code_values for profile in self.profiles]
        shared, _ = pd.factorize(np.concatenate(values))
        parts = np.split(shared, np.cumsum([len(each) for each in values])[:-1])
        return [np.append(part, -1 - index) for index, part in enumerate(parts)]


def _alike(frame: FrameProfile) -> list[_Alike]:
    """The frame's columns by type, where there are several."""

    def group() -> list[_Alike]:
        by_type: dict[object, list[ColumnProfile]] = {}
        for profile in frame:
            by_type.setdefault(_type_key(profile), []).append(profile)
        return [_Alike(profiles) for profiles in by_type.values() if len(profiles) > 1]

    return frame.memo("columns by type", group)


def _type_key(profile: ColumnProfile) -> object:
    dtype = profile.series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "category", tuple(map(str, dtype.categories))
    return dtype if isinstance(dtype, np.dtype) else str(dtype)


def _count_equal(alike: _Alike) -> int:
    """Columns that are equal have the same counts; those that have are compared cell by cell."""
    suspects: dict[object, list[int]] = {}
    for index, profile in enumerate(alike.profiles):
        suspects.setdefault((profile.missing, profile.distinct, profile.most_common_present), []).append(index)
    pairs = (pair for group in suspects.values() for pair in combinations(group, 2))
    return sum(_equal(alike, left, right) for left, right in pairs)


def _equal(alike: _Alike, left: int, right: int) -> bool:
    everything = slice(None)
    missing = alike.profiles[left].missing_mask, alike.profiles[right].missing_mask
    same = (alike.cells(left, everything) == alike.cells(right, everything)) | missing[0]
    return bool(np.array_equal(*missing) and same.all())


def _count_agreeing(alike: _Alike, threshold: float) -> int:
    allowed = alike.rows - threshold * alike.rows
    few_missing = [index for index, profile in enumerate(alike.profiles) if profile.missing <= allowed]
    if len(few_missing) < 2:
        return 0
    enough = int(allowed) + 1  # rows: columns that differ in all of these differ too often
    head = slice(0, min(2 * enough, max(1, _MAX_HEAD_CELLS // len(few_missing))))
    cells = np.stack([alike.cells(index, head) for index in few_missing])
    if cells.shape[1] >= enough:
        ordered = np.sort(cells[:, :enough], axis=0)
        if not (ordered[1:] == ordered[:-1]).any():
            return 0  # no two of them agree in any of these rows
    agreeing = 0
    for place, left in enumerate(few_missing[:-1]):
        different = np.count_nonzero(cells[place + 1 :] != cells[place], axis=1)
        for other in np.flatnonzero(different <= allowed):
            agreeing += _agree(alike, left, few_missing[place + 1 + int(other)], threshold)
    return agreeing


def _agree(alike: _Alike, left: int, right: int, threshold: float) -> bool:
    """Compared in growing blocks, and given up once too many cells differ."""
    rows = alike.rows
    allowed = rows - threshold * rows
    different, start, size = 0, 0, max(_FIRST_ROWS, rows // 8)
    while start < rows and different <= allowed:
        block = slice(start, start + size)
        different += int(np.count_nonzero(alike.cells(left, block) != alike.cells(right, block)))
        start, size = start + size, size * 2
    return different <= allowed and (rows - different) / rows >= threshold
