"""The columns of a frame together. The caller's frame is read, never changed."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, TypeVar, cast

import pandas as pd

from collector.errors import Invalid
from collector.evaluate.derived import DerivedName
from collector.evaluate.profile.column import ColumnProfile

T = TypeVar("T")


class FrameProfile:
    """The columns of one frame, and what is computed once for all of them together."""

    joint = True
    """Whether it knows which values stand in one row."""

    def __init__(self, frame: pd.DataFrame) -> None:
        if not frame.columns.is_unique:
            twice = frame.columns[frame.columns.duplicated()][0]
            raise Invalid(f"column {twice!r} is there twice: names must differ", column=twice)
        self.frame = frame
        self.rows = len(frame)
        self.names: tuple[str, ...] = tuple(frame.columns)
        self._known = frozenset(self.names)
        self._columns: dict[str, ColumnProfile] = {}
        self._memo: dict[Hashable, Any] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._known or isinstance(name, DerivedName)

    def __getitem__(self, name: str) -> ColumnProfile:
        """Raises Invalid when there is no such column, and none that it is derived from."""
        if name not in self._known and not isinstance(name, DerivedName):
            raise Invalid(f"column {name!r} is not in the data", column=name)
        profile = self._columns.get(name)
        if profile is None:
            series = name.derive(self) if isinstance(name, DerivedName) else self.frame[name]
            profile = self._columns[name] = ColumnProfile(name, series)
        return profile

    def __iter__(self) -> Iterator[ColumnProfile]:
        return (self[name] for name in self.names)

    def without(self, names: Sequence[str | None]) -> "FrameProfile":
        """The frame without some columns; the profiles of the others are shared, and the answer is kept."""

        def narrowed() -> FrameProfile:
            made = FrameProfile(self.frame.drop(columns=[name for name in names if name in self]))
            made._columns = self._columns
            return made

        return self.memo(("without", tuple(names)), narrowed)

    def memo(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What `compute` says, computed once for this frame and key."""
        if key not in self._memo:
            self._memo[key] = compute()
        return cast("T", self._memo[key])
