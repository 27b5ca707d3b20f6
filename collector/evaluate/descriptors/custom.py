"""A descriptor that a user brings."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from collector.errors import Invalid
from collector.evaluate.derived import DerivedType
from collector.evaluate.descriptors.base import Descriptor
from collector.evaluate.profile import FrameProfile


@dataclass(frozen=True)
class CustomColumnEval(Descriptor):
    """What a function says of a column: it takes a series and gives one of the same length.

    >>> shout = CustomColumnEval(lambda texts: texts.str.upper(), "cat", display_name="shouted")
    >>> shout.derive(FrameProfile(pd.DataFrame({"x": ["a", "b"]})), "x").tolist()
    ['A', 'B']
    """

    func: Callable[["pd.Series[Any]"], Any]
    feature_type: DerivedType = "num"

    @property
    def kind(self) -> DerivedType:  # type: ignore[override]  # of this one, not of its class
        return self.feature_type

    def title(self, column: str) -> str:
        return f"{getattr(self.func, '__name__', 'custom')} for {column}"

    def derive(self, frame: FrameProfile, column: str) -> "pd.Series[Any]":
        series = frame[column].series
        found = self.func(series)
        if len(found) != len(series):
            raise Invalid(f"{self.title(column)} gives {len(found)} values for {len(series)} rows", column=column)
        return pd.Series(found).set_axis(series.index)
