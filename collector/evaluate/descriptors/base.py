"""What a descriptor is: a column computed from a column of texts, value by value."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from collector.errors import Invalid
from collector.evaluate.base import fingerprint
from collector.evaluate.derived import DerivedName, DerivedType
from collector.evaluate.profile import FrameProfile

Mode = Literal["any", "all"]


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """A descriptor: `TextLength().on("review")` stands wherever the name of a column may stand.

    `display_name`: what the column is called in results, instead of `title`'s own words.
    """

    kind: ClassVar[DerivedType] = "num"
    display_name: str | None = None

    def on(self, column_name: str) -> DerivedName:
        """The name of the derived column."""
        return DerivedName(self.display_name or self.title(column_name), self, column_name, fingerprint(self))

    for_column = on

    def title(self, column: str) -> str:
        """What the derived column is called."""
        raise NotImplementedError

    def derive(self, frame: FrameProfile, column: str) -> "pd.Series[Any]":
        """A value per row. Raises Invalid when the column is not there."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class TextDescriptor(Descriptor):
    """A descriptor of one text alone. Every distinct text is looked at once; what is no text is read as its text."""

    missing: ClassVar[object] = 0
    """What a missing text gives."""

    def of(self, text: str) -> object:
        raise NotImplementedError

    def derive(self, frame: FrameProfile, column: str) -> "pd.Series[Any]":
        profile = frame[column]
        found = [self.of(value if isinstance(value, str) else str(value)) for value in profile.code_values]
        series = pd.Series([*found, self.missing]).take(np.asarray(profile.codes))  # code -1: the last one, missing
        return series.set_axis(profile.series.index)


@dataclass(frozen=True, kw_only=True)
class PairDescriptor(Descriptor):
    """A descriptor of a text and the cell beside it, in the column `with_column`."""

    kind: ClassVar[DerivedType] = "cat"
    with_column: str

    def of(self, left: object, right: object) -> object:
        """Of two cells; a missing one is None."""
        raise NotImplementedError

    def derive(self, frame: FrameProfile, column: str) -> "pd.Series[Any]":
        sides = [frame[name] for name in (column, self.with_column)]
        cells = (
            [None if empty else value for value, empty in zip(side.series, side.missing_mask, strict=True)]
            for side in sides
        )
        found = [self.of(left, right) for left, right in zip(*cells, strict=True)]
        return pd.Series(found, index=sides[0].series.index)


def check_mode(mode: object, allowed: tuple[str, ...] = ("any", "all")) -> None:
    """Raises Invalid unless the mode is one of those allowed."""
    if mode not in allowed:
        raise Invalid(f"mode is {mode!r}: expected {' or '.join(map(repr, allowed))}")


def strings(name: str, values: object) -> tuple[str, ...]:
    """The values as a tuple of texts. Raises Invalid when they are no list of texts, or none."""
    if isinstance(values, str) or not isinstance(values, list | tuple | set | frozenset):
        raise Invalid(f"{name} is {values!r}: expected a list of texts")
    found = tuple(sorted(values, key=str) if isinstance(values, set | frozenset) else values)
    if not found or not all(isinstance(value, str) for value in found):
        raise Invalid(f"{name} is {values!r}: expected at least one text, and nothing else")
    return found
