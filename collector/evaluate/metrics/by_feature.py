"""Target and quality in the parts that a feature cuts the data into."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.classification import predictions
from collector.evaluate.measures.pictures import Floats, Indexes, halves, means, numbers, places, places_of, top_values
from collector.evaluate.plain import MOST_SHOWN, key_text
from collector.evaluate.profile import ColumnProfile, FrameProfile

PARTS = 10
"""Bins of a number, with equally many rows of the current data; values of a category."""
Lines = dict[str, Floats]


@dataclass(frozen=True)
class TargetByFeaturesTable(Metric):
    """The mean of target and prediction by feature: ten bins of a number, the ten most frequent values of a category.

    Of a target that is a category: the share of each of its five most frequent labels. The bins are those of the
    current data on both sides; the outer ones are open. `columns`: these features only.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[TargetByFeaturesTable()])
    >>> report.run(current_data=pd.DataFrame({"f": list("aabbcc"), "target": [1.0, 2, 3, 4, 5, 9]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["f"]["lines"]["target"]
    [1.5, 3.5, 7.0]
    """

    columns: Sequence[str] | None = None

    def calculate(self, context: Context) -> Result:
        if context.definition.target is None:
            raise context.lacks("target")
        labels = _labels(context, context.definition.target)
        return _by_feature(context, self.columns, lambda frame: _target(context, frame, labels))


@dataclass(frozen=True)
class ClassificationQualityByFeatureTable(Metric):
    """The share of right predictions by feature: ten bins of a number, the ten most frequent values of a category.

    The bins are those of the current data on both sides; the outer ones are open. `columns`: these features only.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ClassificationQualityByFeatureTable()])
    >>> report.run(current_data=pd.DataFrame({"f": list("aabb"), "target": [1, 0, 1, 0], "prediction": [1, 1, 1, 0]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["f"]["lines"]["accuracy"]
    [0.5, 1.0]
    """

    columns: Sequence[str] | None = None

    def calculate(self, context: Context) -> Result:
        return _by_feature(context, self.columns, lambda frame: _right(context, frame))


def _labels(context: Context, target: str) -> list[object] | None:
    """The target's labels to look at; None for a target of numbers."""
    if context.definition.type_of(target) == "num":
        return None
    return top_values([frame[target] for _, frame in context.sides if frame is not None], 5)


def _target(context: Context, frame: FrameProfile, labels: list[object] | None) -> Lines:
    definition = context.definition
    assert definition.target is not None  # noqa: S101 - the caller has looked
    if labels is not None:
        profile = frame[definition.target]
        place = places_of(profile, labels)
        return {
            f"share of {key_text(label)[:MOST_SHOWN]}": np.where(profile.missing_mask, np.nan, place == index)
            for index, label in enumerate(labels)
        }
    lines = {"target": numbers(frame[definition.target])}
    if definition.prediction is not None and definition.type_of(definition.prediction) == "num":
        lines["prediction"] = numbers(frame[definition.prediction])
    return lines


def _right(context: Context, frame: FrameProfile) -> Lines:
    rows = predictions(context, frame)
    assert rows.kept is not None  # noqa: S101 - they come from a frame
    right = np.full(rows.kept.size, np.nan)
    right[rows.kept] = rows.target_codes == rows.predicted_codes
    return {"accuracy": right}


def _by_feature(
    context: Context, columns: Sequence[str] | None, lines_of: Callable[[FrameProfile], Lines]
) -> dict[str, Any]:
    definition = context.definition
    features = definition.features("num", "cat") if columns is None else tuple(columns)
    for name in features:
        if definition.type_of(name) not in {"num", "cat"}:
            raise Invalid(
                f"column {name!r} is {definition.type_of(name)}: a number or a category is needed", column=name
            )
    if not features:
        raise Invalid("there is no feature to look at the data by")

    def side(frame: FrameProfile) -> dict[str, Any]:
        lines = lines_of(frame)
        return {name: _feature(context, name, frame[name], lines) for name in features}

    return halves(context, side)


def _feature(context: Context, name: str, profile: ColumnProfile, lines: Lines) -> dict[str, Any]:
    current = context.current[name]
    if context.definition.type_of(name) == "num":
        finite = current.as_numbers.finite
        edges: Floats = np.zeros(0)
        if finite.size:
            edges = np.unique(np.quantile(finite.astype(np.float64), np.linspace(0, 1, PARTS + 1)))
        values = numbers(profile)
        place = np.where(np.isfinite(values), places(values, edges[1:-1]), -1)
        return {"edges": edges.tolist(), **_means(lines, place, max(len(edges) - 1, 1))}
    top = top_values([current], PARTS)
    return {
        "values": [key_text(value)[:MOST_SHOWN] for value in top],
        **_means(lines, places_of(profile, top), len(top)),
    }


def _means(lines: Lines, place: Indexes, parts: int) -> dict[str, Any]:
    counts = np.bincount(place[place >= 0], minlength=parts)
    found = {}
    for name, values in lines.items():
        keep = np.isfinite(values) & (place >= 0)
        found[name] = means(values[keep], place[keep], parts).tolist()
    return {"rows": counts.tolist(), "lines": found}
