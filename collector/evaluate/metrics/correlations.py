"""How the columns of a data set go together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.correlations import (
    KINDS,
    LABELS,
    Correlations,
    Kind,
    column_correlations,
    correlations,
    predicted_labels,
)
from collector.evaluate.profile import FrameProfile


@dataclass(frozen=True)
class DatasetCorrelationsMetric(Metric):
    """The strongest correlations of target, prediction and features, for every kind of coefficient.

    Those "of the target with features" are the largest in the rows of target and features: correlations among
    features, and of target with prediction, are among them.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[DatasetCorrelationsMetric()])
    >>> report.run(current_data=pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.5], "y": [2.0, 4.0, 6.0, 9.0]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["stats"]["pearson"]["abs_max_features_correlation"]
    1.0
    """

    def calculate(self, context: Context) -> Result:
        return context.both(lambda frame: {"stats": {kind: stats(context, frame, kind) for kind in KINDS}})


def stats(context: Context, frame: FrameProfile, kind: Any) -> dict[str, float | None]:
    """The strongest correlations of one kind on one side."""
    matrix = correlations(context, frame, kind)
    target = context.definition.target
    prediction = LABELS if predicted_labels(context, frame) is not None else context.definition.prediction
    features = [name for name in matrix.columns if name not in (target, prediction)]
    if kind != "cramer_v":
        matrix = _without_pairs_of(matrix, context.definition.probabilities)
    both = target is not None and prediction is not None
    return {
        "target_prediction_correlation": matrix.between(str(target), str(prediction)) if both else None,
        "abs_max_target_features_correlation": _largest_with(matrix, target, features),
        "abs_max_prediction_features_correlation": _largest_with(matrix, prediction, features),
        "abs_max_correlation": matrix.largest(matrix.columns),
        "abs_max_features_correlation": matrix.largest(features, features),
    }


def _largest_with(matrix: Correlations, name: str | None, features: list[str]) -> float | None:
    return None if name is None or name not in matrix.columns else matrix.largest([name, *features])


def _without_pairs_of(matrix: Correlations, probabilities: tuple[str, ...]) -> Correlations:
    """Probabilities of one prediction sum to one: that they go together says nothing."""
    places = [matrix.columns.index(name) for name in probabilities if name in matrix.columns]
    if len(places) < 2:
        return matrix
    values = matrix.values.copy()
    for row in places:
        values[row, places] = 0.0
    return Correlations(matrix.columns, values)


@dataclass(frozen=True)
class ColumnCorrelationsMetric(Metric):
    """How one column goes together with every other feature of its type.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ColumnCorrelationsMetric("x")])
    >>> report.run(current_data=pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.5], "y": [2.0, 4.0, 6.0, 9.0]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["pearson"]["values"]
    {'x': ['y'], 'y': [1.0]}
    """

    column_name: str

    def calculate(self, context: Context) -> Result:
        return {"column_name": self.column_name, **context.both(lambda frame: self._side(context, frame))}

    def _side(self, context: Context, frame: FrameProfile) -> dict[str, Any]:
        return by_kind(self.column_name, column_correlations(context, frame, self.column_name))


def by_kind(name: str, found: Mapping[Kind, Mapping[str, float]]) -> dict[str, Any]:
    """The coefficients of one column with others, as results show them."""
    return {
        kind: {"column_name": name, "kind": kind, "values": {"x": list(each), "y": list(each.values())}}
        for kind, each in found.items()
    }
