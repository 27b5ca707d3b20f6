"""A window's rows by the values of a column: the largest values have a part of their own, the rest shares one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collector.evaluate.plain import not_finite, plain
from collector.evaluate.profile import ColumnProfile, FrameProfile
from collector.evaluate.unanswered import NotKept
from collector.monitor import OTHER

Segment = Mapping[str, object]


@dataclass(frozen=True)
class Part:
    """The rows of one value of a column. `others`, when there are any, are the values that have parts of their own:
    then this is the part of the rest, and of rows without a value.
    """

    segment: Segment
    rows: FrameProfile
    others: tuple[object, ...] = ()

    def of_reference(self, reference: FrameProfile | None) -> FrameProfile | None:
        """The same value's rows of the reference; None when it has no such column or no such row."""
        ((name, value),) = self.segment.items()
        if reference is None or name not in reference:
            return None
        if not reference.joint:
            raise NotKept(f"the reference keeps its profile only: which of its rows have {name} = {value} is not known")

        def narrowed() -> FrameProfile:
            column = reference.frame[name]
            chosen = ~column.isin(list(self.others)) if self.others else column == value
            return FrameProfile(reference.frame[chosen.to_numpy(dtype=bool, na_value=False)].reset_index(drop=True))

        found = reference.memo(("segment", name, value, self.others), narrowed)
        return found if found.rows else None


def parts_of(frame: pd.DataFrame, name: str, *, most: int, first: object = None) -> Iterator[Part]:
    """The column's `most` most frequent values, `first` before all of them, then the rest as `other`: also infinities,
    which have no name in JSON, and a value of that very name.

    Values of equal size come in the order of their text, so that a repeat makes the same parts.

    >>> frame = pd.DataFrame({"origin": ["JFK", "LGA", "JFK", "EWR"]})
    >>> [(part.segment, part.rows.rows) for part in parts_of(frame, "origin", most=1)]
    [({'origin': 'JFK'}, 2), ({'origin': 'other'}, 2)]
    >>> [part.segment["origin"] for part in parts_of(frame, "origin", most=2, first="LGA")]
    ['LGA', 'JFK', 'other']
    """
    if name not in frame:
        return
    column: pd.Series[Any] = frame[name]
    counted = zip(*ColumnProfile(name, column).counted, strict=True)
    named = [(value, int(count)) for value, count in counted if value != OTHER and not_finite(value) is None]
    largest = [value for value, _ in sorted(named, key=lambda each: (-each[1], str(each[0])))]
    values = sorted(largest, key=lambda value: first is None or not same(value, first))[:most]
    taken = np.zeros(len(frame), dtype=bool)
    for value in values:
        chosen = (column == value).to_numpy(dtype=bool, na_value=False)
        taken |= chosen
        yield Part({name: _named(value)}, FrameProfile(frame[chosen].reset_index(drop=True)))
    if not taken.all():
        yield Part({name: OTHER}, FrameProfile(frame[~taken].reset_index(drop=True)), tuple(values))


def _named(value: object) -> object:
    """A whole number has one name, whether missing values beside it made it a float or not.

    >>> _named(np.float64(2.0)), _named(2), _named(2.5), _named(True)
    (2, 2, 2.5, True)
    """
    name = plain(value)
    return int(name) if isinstance(name, float) and name.is_integer() and abs(name) < 2**53 else name


def same(value: object, named: object) -> bool:
    """Whether rows mean the value that a configuration names: versions come as numbers here and as text there.

    >>> same("champion", "champion"), same("3", 3), same(3.0, 3), same("03", 3)
    (True, True, True, False)
    """
    return value == named or str(value) == str(named)
