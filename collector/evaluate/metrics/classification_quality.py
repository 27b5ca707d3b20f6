"""How good a classifier is, in one number each."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from collector.errors import Invalid
from collector.evaluate import scores
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.classification import Predictions, predictions


@dataclass(frozen=True)
class ClassificationQualityMetric(Metric):
    """Accuracy, precision, recall, F1, ROC AUC, log loss and the rates of a binary confusion matrix.

    With more than two labels precision, recall, F1 and ROC AUC are means over the labels (macro, one against the
    rest), and there are no rates. Without probabilities there is no ROC AUC and no log loss. `k`: the rows with a
    probability of at least that at place k (counted from 0) are called positive.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ClassificationQualityMetric()])
    >>> report.run(current_data=pd.DataFrame({"target": [1, 0, 1, 0], "prediction": [0.9, 0.2, 0.4, 0.3]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["accuracy"]
    0.75
    """

    of_the_model: ClassVar[bool] = True

    probas_threshold: float | None = None
    k: int | None = None

    def calculate(self, context: Context) -> Result:
        halves = context.both(
            lambda frame: quality(predictions(context, frame, probas_threshold=self.probas_threshold, k=self.k))
        )
        return {**halves, "target_name": context.definition.target}


def quality(rows: Predictions) -> dict[str, object]:
    """The quality of one side's predictions."""
    result: dict[str, object] = {"accuracy": scores.accuracy(rows.tallies), **averages(rows)}
    result |= {"roc_auc": None, "log_loss": None}
    if rows.probabilities is None:
        result["reasons"] = dict.fromkeys(("roc_auc", "log_loss"), "the predictions are labels, not probabilities")
    else:
        result |= probabilistic(rows)
    return result | rates(rows)


def averages(rows: Predictions) -> dict[str, object]:
    """Precision, recall and F1: of the positive label when there are two, else the mean over the labels."""
    each = scores.by_label(rows.tallies)
    if not rows.binary:
        return {"precision": each.precision.mean(), "recall": each.recall.mean(), "f1": each.f1.mean()}
    if rows.positive in rows.labels:
        index = rows.labels.index(rows.positive)
        return {"precision": each.precision[index], "recall": each.recall[index], "f1": each.f1[index]}
    if len(rows.labels) == 2:
        known = ", ".join(map(repr, rows.labels))
        raise Invalid(f"pos_label {rows.positive!r} is not among the labels ({known}): set pos_label")
    return {"precision": 0.0, "recall": 0.0, "f1": 0.0}


def probabilistic(rows: Predictions) -> dict[str, object]:
    """ROC AUC, the mean over the labels, and log loss."""
    assert rows.probabilities is not None  # noqa: S101 - the caller has looked
    truth = one_hot(rows)
    if len(rows.columns) == 2:
        auc = scores.roc_auc(truth[:, 0], rows.probabilities[:, 0])
    else:
        auc = float(np.mean([scores.roc_auc(truth[:, i], rows.probabilities[:, i]) for i in range(len(rows.columns))]))
    result: dict[str, object] = {"roc_auc": auc, "log_loss": scores.log_loss(truth, rows.probabilities)}
    if np.isnan(auc):
        result["reasons"] = {"roc_auc": "a label of the probabilities never, or always, occurs as target"}
    return result


def one_hot(rows: Predictions) -> "np.ndarray[tuple[int, int], np.dtype[np.bool_]]":
    """Whether a row's target is the label of a probability column."""
    return np.column_stack([np.asarray(rows.target == label, dtype=np.bool_) for label in rows.columns])


def rates(rows: Predictions) -> dict[str, object]:
    """True and false positive and negative rates; None with more than two labels."""
    names = ("tpr", "tnr", "fpr", "fnr")
    if not rows.binary:
        return dict.fromkeys(names)
    positive = np.array([label == rows.positive for label in rows.labels])
    hits = int(rows.confusion[np.ix_(positive, positive)].sum())
    misses = int(rows.confusion[np.ix_(positive, ~positive)].sum())
    false_alarms = int(rows.confusion[np.ix_(~positive, positive)].sum())
    rejections = int(rows.confusion[np.ix_(~positive, ~positive)].sum())
    positives, negatives = hits + misses, false_alarms + rejections
    values = (
        hits / positives if positives else np.nan,
        rejections / negatives if negatives else np.nan,
        false_alarms / negatives if negatives else np.nan,
        misses / positives if positives else np.nan,
    )
    return dict(zip(names, values, strict=True))
