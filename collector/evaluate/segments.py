"""A window's rows by the values of its segment columns: all rows first, then each column's values by size."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collector.evaluate.plain import plain
from collector.evaluate.profile import FrameProfile

Segment = Mapping[str, object]
OTHER = "other"
"""The segment that holds the rows of all values past the limit, and of none."""


@dataclass(frozen=True)
class Part:
    """The rows of one segment; `segment` None stands for all rows. `others` are the values that have their own."""

    segment: Segment | None
    frame: pd.DataFrame
    others: tuple[object, ...] = ()

    def of_reference(self, reference: FrameProfile | None) -> FrameProfile | None:
        """The same segment's rows of the reference; all of them when it has no such column or no such row."""
        if reference is None or self.segment is None:
            return reference
        ((name, value),) = self.segment.items()
        if name not in reference:
            return reference

        def narrowed() -> FrameProfile:
            column = reference.frame[name]
            chosen = ~column.isin(list(self.others)) if self.others else column == value
            return FrameProfile(reference.frame[chosen.to_numpy(dtype=bool, na_value=False)].reset_index(drop=True))

        found = reference.memo(("segment", name, str(value), self.others), narrowed)
        return found if found.rows else reference


def parts_of(frame: pd.DataFrame, columns: Sequence[str], *, most: int) -> Iterator[Part]:
    """All rows, then for each column its `most` most frequent values, then the rest as `other`.

    Values of equal size come in the order of their text, so that a repeat makes the same segments.

    >>> frame = pd.DataFrame({"origin": ["JFK", "LGA", "JFK", "EWR"]})
    >>> [(part.segment, len(part.frame)) for part in parts_of(frame, ["origin"], most=1)]
    [(None, 4), ({'origin': 'JFK'}, 2), ({'origin': 'other'}, 2)]
    """
    yield Part(None, frame)
    for name in columns:
        if name not in frame:
            continue
        column: pd.Series[Any] = frame[name]
        counts = column.value_counts(dropna=True)
        named = [value for value in counts.index if value != OTHER]  # a value of that very name is not told apart
        values = sorted(named, key=lambda value: (-int(counts[value]), str(value)))[:most]
        taken = np.zeros(len(frame), dtype=bool)
        for value in values:
            chosen = (column == value).to_numpy(dtype=bool, na_value=False)
            taken |= chosen
            yield Part({name: plain(value)}, frame[chosen].reset_index(drop=True))
        if not taken.all():
            yield Part({name: OTHER}, frame[~taken].reset_index(drop=True), tuple(values))
