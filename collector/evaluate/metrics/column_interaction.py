"""How two columns go together."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.pictures import (
    edges,
    five_numbers,
    grid,
    halves,
    numbers,
    places,
    places_of,
    top_values,
)
from collector.evaluate.plain import MOST_SHOWN, key_text
from collector.evaluate.profile import FrameProfile


@dataclass(frozen=True)
class ColumnInteractionPlot(Metric):
    """Two columns against each other, in the same cells on both sides; rows that lack either are left out.

    Two columns of numbers, or two of categories: how often each pair of bins, or values, occurs, a list per bin of y.
    Numbers by category: minimum, quartiles and maximum for each of the thirty most frequent values.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ColumnInteractionPlot("x", "y")])
    >>> report.run(current_data=pd.DataFrame({"x": list("aab"), "y": list("ccd")}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]
    [[2, 0], [0, 1]]
    """

    x_column: str
    y_column: str

    def calculate(self, context: Context) -> Result:
        kinds = {}
        for name in (self.x_column, self.y_column):
            kinds[name] = context.definition.type_of(name)
            if kinds[name] not in {"num", "cat"}:
                raise Invalid(f"column {name!r} is {kinds[name]}: a number or a category is needed", column=name)
        x, y = kinds[self.x_column], kinds[self.y_column]
        found: dict[str, Any] = {"x_column": self.x_column, "y_column": self.y_column, "x_type": x, "y_type": y}
        if x == y:
            return found | self._cells(context, numeric=x == "num")
        return found | self._boxes(context)

    def _cells(self, context: Context, *, numeric: bool) -> dict[str, Any]:
        x, y = (_axis(context, name, numeric=numeric) for name in (self.x_column, self.y_column))

        def side(frame: FrameProfile) -> list[list[int]]:
            across, up = x.places(frame), y.places(frame)
            keep = (across >= 0) & (up >= 0)
            return grid(across[keep], up[keep], x.size, y.size)

        return {"x": x.named, "y": y.named, **halves(context, side)}

    def _boxes(self, context: Context) -> dict[str, Any]:
        number, category = self.x_column, self.y_column
        if context.definition.type_of(number) == "cat":
            number, category = category, number
        axis = _axis(context, category, numeric=False)

        def side(frame: FrameProfile) -> list[dict[str, float | int | None]]:
            values, place = numbers(frame[number]), axis.places(frame)
            keep = np.isfinite(values)
            return [five_numbers(values[keep & (place == each)]) for each in range(axis.size)]

        return {"values": axis.named, **halves(context, side)}


@dataclass(frozen=True)
class _Axis:
    """What a column is cut into: bins by their edges, or values."""

    column: str
    numeric: bool
    cuts: list[Any]

    @property
    def size(self) -> int:
        return len(self.cuts) - 1 if self.numeric else len(self.cuts)

    @property
    def named(self) -> list[Any]:
        return self.cuts if self.numeric else [key_text(value)[:MOST_SHOWN] for value in self.cuts]

    def places(self, frame: FrameProfile) -> "np.ndarray[Any, Any]":
        profile = frame[self.column]
        if not self.numeric:
            return places_of(profile, self.cuts)
        values = numbers(profile)
        return np.where(np.isfinite(values), places(values, np.array(self.cuts[1:-1])), -1)


def _axis(context: Context, column: str, *, numeric: bool) -> _Axis:
    profiles = [frame[column] for _, frame in context.sides if frame is not None]
    if not numeric:
        values = top_values(profiles)
    else:
        finite = [each[np.isfinite(each)] for each in map(numbers, profiles)]
        values = edges(finite).tolist() if any(each.size for each in finite) else []
    if not values:
        raise Invalid(f"column {column!r} has no value", column=column)
    return _Axis(column, numeric, values)
