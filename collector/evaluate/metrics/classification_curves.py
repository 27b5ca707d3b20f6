"""What a classifier's probabilities would give at other thresholds: curves and tables, a label at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.classification import Predictions, predictions
from collector.evaluate.profile import FrameProfile

MAX_POINTS = 100
"""Of a curve: more would not be seen, and make a snapshot heavy."""


@dataclass(frozen=True)
class Ranked:
    """The rows of one label against the rest, by descending probability; of equal ones, the wrong rows first."""

    hits: NDArray[np.bool_]
    probabilities: NDArray[np.float64]

    @property
    def positives(self) -> int:
        return int(np.count_nonzero(self.hits))


def by_label(context: Context, frame: FrameProfile, describe: Callable[[Ranked], Any]) -> dict[object, Any]:
    """What there is to say of each label; of the positive one alone when there are two."""
    rows: Predictions = predictions(context, frame)
    if rows.probabilities is None:
        raise Invalid("this needs probabilities, and the predictions are labels")
    columns = rows.columns[:1] if len(rows.columns) == 2 else rows.columns
    found = {}
    for index, label in enumerate(columns):
        hits = np.asarray(rows.target == label, dtype=np.bool_)
        order = np.lexsort((hits, -rows.probabilities[:, index]))
        found[label] = describe(Ranked(hits[order], rows.probabilities[order, index]))
    return found


def _ends_of_ties(ranked: Ranked) -> NDArray[np.intp]:
    """The last row of every run of equal probabilities: the places where a threshold can stand."""
    return np.append(np.flatnonzero(np.diff(ranked.probabilities)), len(ranked.hits) - 1)


def _thinned(points: dict[str, NDArray[np.float64]]) -> dict[str, list[float]]:
    size = len(next(iter(points.values())))
    keep = np.unique(np.linspace(0, size - 1, min(size, MAX_POINTS)).round().astype(np.intp))
    return {name: values[keep].tolist() for name, values in points.items()}


def roc_points(ranked: Ranked) -> dict[str, list[float]] | None:
    """False and true positive rates by threshold; None when a label never, or always, occurs."""
    if ranked.positives in (0, len(ranked.hits)):
        return None
    ends = _ends_of_ties(ranked)
    hits = np.cumsum(ranked.hits)[ends]
    misses = ends + 1 - hits
    rates = {
        "fpr": np.append(0.0, misses / (len(ranked.hits) - ranked.positives)),
        "tpr": np.append(0.0, hits / ranked.positives),
        "thrs": np.append(ranked.probabilities[0], ranked.probabilities[ends]),
    }
    return _thinned(rates)


def pr_points(ranked: Ranked) -> dict[str, list[float]] | None:
    """Precision and recall by threshold; None when a label never occurs."""
    if not ranked.positives:
        return None
    ends = _ends_of_ties(ranked)
    hits = np.cumsum(ranked.hits)[ends]
    points = {"pr": hits / (ends + 1), "rcl": hits / ranked.positives, "thrs": ranked.probabilities[ends]}
    return _thinned(points)


def _counts(ranked: Ranked, step: int) -> NDArray[np.int64]:
    """After how many rows the table has a line: every step, and at the end."""
    rows = len(ranked.hits)
    return np.minimum(np.arange(step, rows + step, step), rows)


def pr_table(ranked: Ranked) -> list[list[float]]:
    """Lines of: top %, rows, the next probability, right, wrong, precision %, recall %."""
    rows = len(ranked.hits)
    counts = _counts(ranked, max(round(0.05 * rows), 1))
    hits = np.cumsum(ranked.hits)[counts - 1]
    with np.errstate(invalid="ignore"):
        columns = [
            100 * counts / rows,
            counts,
            ranked.probabilities[np.minimum(counts, rows - 1)],
            hits,
            counts - hits,
            100 * hits / counts,
            100 * hits / ranked.positives if ranked.positives else np.zeros(len(counts)),
        ]
    return [list(line) for line in zip(*(column.tolist() for column in columns), strict=True)]


def lift_table(ranked: Ranked) -> list[list[float]]:
    """Lines of the table of precision and recall, then: F1 %, lift, the largest possible, their ratio, base rate %."""
    rows, positives = len(ranked.hits), ranked.positives
    counts = np.arange(max(rows // 100, 1), rows + 1, max(rows // 100, 1))
    hits = np.cumsum(ranked.hits)[counts - 1]
    base = positives / rows
    precision = hits / counts
    recall = hits / positives if positives else np.zeros(len(counts))
    either = precision + recall
    f1 = np.divide(2 * precision * recall, either, out=np.zeros(len(counts)), where=either > 0)
    lift = recall / (counts / rows)
    largest = np.minimum(counts, positives) / positives / (counts / rows) if positives else np.zeros(len(counts))
    relative = np.divide(lift, largest, out=np.zeros(len(counts)), where=largest > 0)
    columns = [
        100 * counts / rows,
        counts,
        ranked.probabilities[np.minimum(counts, rows - 1)],
        hits,
        counts - hits,
        100 * precision,
        100 * recall,
        100 * f1,
        lift,
        largest,
        relative,
        np.full(len(counts), 100 * base),
    ]
    return [list(line) for line in zip(*(column.tolist() for column in columns), strict=True)]


@dataclass(frozen=True)
class ClassificationRocCurve(Metric):
    """True against false positive rate by threshold, at most a hundred points.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ClassificationRocCurve()])
    >>> report.run(current_data=pd.DataFrame({"target": [1, 0, 1, 0], "prediction": [0.9, 0.2, 0.4, 0.5]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["1"]["tpr"]
    [0.0, 0.5, 0.5, 1.0, 1.0]
    """

    of_the_model: ClassVar[bool] = True

    def calculate(self, context: Context) -> Result:
        return context.both(lambda frame: by_label(context, frame, roc_points))


@dataclass(frozen=True)
class ClassificationPRCurve(Metric):
    """Precision against recall by threshold, at most a hundred points.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ClassificationPRCurve()])
    >>> report.run(current_data=pd.DataFrame({"target": [1, 0, 1, 0], "prediction": [0.9, 0.2, 0.4, 0.5]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["1"]["rcl"]
    [0.5, 0.5, 1.0, 1.0]
    """

    of_the_model: ClassVar[bool] = True

    def calculate(self, context: Context) -> Result:
        return context.both(lambda frame: by_label(context, frame, pr_points))


@dataclass(frozen=True)
class ClassificationPRTable(Metric):
    """For every further twentieth of the rows by probability: how many are right, precision and recall in percent.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ClassificationPRTable()])
    >>> report.run(current_data=pd.DataFrame({"target": [1, 0, 1, 0], "prediction": [0.9, 0.2, 0.4, 0.5]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["1"][1]
    [50.0, 2, 0.4, 1, 1, 50.0, 50.0]
    """

    of_the_model: ClassVar[bool] = True

    def calculate(self, context: Context) -> Result:
        return context.both(lambda frame: by_label(context, frame, pr_table))


@dataclass(frozen=True)
class ClassificationLiftTable(Metric):
    """For every further hundredth of the rows by probability: how much better than chance. `top`: the lines to look at.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ClassificationLiftTable()])
    >>> report.run(current_data=pd.DataFrame({"target": [1, 0, 1, 0], "prediction": [0.9, 0.2, 0.4, 0.5]}))
    >>> [line[8] for line in report.as_dict()["metrics"][0]["result"]["current_lift_table"]["1"]]
    [2.0, 1.0, 1.3333, 1.0]
    """

    of_the_model: ClassVar[bool] = True

    top: int = 10

    def calculate(self, context: Context) -> Result:
        halves = context.both(lambda frame: by_label(context, frame, lift_table))
        return {
            "current_lift_table": halves["current"],
            "reference_lift_table": halves["reference"],
            "top": self.top,
        }
