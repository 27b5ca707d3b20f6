"""How good a classifier would be that guesses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from collector.errors import Invalid
from collector.evaluate import scores
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.classification import HALF, Predictions, predictions
from collector.evaluate.metrics.classification_quality import one_hot, quality
from collector.evaluate.metrics.classification_tables import by_class
from collector.evaluate.plain import key_text
from collector.evaluate.profile import Array, order_key


@dataclass(frozen=True)
class ClassificationDummyMetric(Metric):
    """Labels drawn at random with the frequencies of the current target, or of the reference's, scored on the current.

    The draws are seeded, so that the same data gives the same baseline. A threshold above one half costs the dummy
    recall, one below costs it precision; the model itself (`model_quality`) is judged without it. With probabilities,
    its ROC AUC is 0.5 and its log loss that of equal probabilities for all labels.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ClassificationDummyMetric()])
    >>> report.run(current_data=pd.DataFrame({"target": [1, 0, 1, 0], "prediction": [0.9, 0.2, 0.4, 0.3]}))
    >>> report.as_dict()["metrics"][0]["result"]["dummy"]["log_loss"]
    0.6931472
    """

    of_the_model: ClassVar[bool] = True

    probas_threshold: float | None = None
    k: int | None = None

    def calculate(self, context: Context) -> Result:
        rows = predictions(context, context.current)
        threshold = self.probas_threshold
        if threshold is not None and self.k is not None:
            raise Invalid("give probas_threshold or k, not both")
        if self.k is not None:
            threshold = rows.threshold_of_top(self.k)
        by_reference = None
        if context.reference is not None:
            reference = predictions(context, context.reference)
            by_reference = _guess(rows, reference.target, seed=1, threshold=threshold)
        return {
            "dummy": _guess(rows, rows.target, seed=0, threshold=threshold),
            "by_reference_dummy": by_reference,
            "model_quality": quality(rows),
        }


def guesses(target: Array, rows: int, *, seed: int) -> Array:
    """Labels drawn with the target's frequencies."""
    labels, counts = np.unique(target, return_counts=True)
    order = sorted(range(len(labels)), key=lambda index: (-counts[index], order_key(labels[index])))
    drawn = np.random.RandomState(seed).choice(len(order), rows, p=(counts / counts.sum())[order])
    return labels[order][drawn]


def _guess(rows: Predictions, frequencies_of: Array, *, seed: int, threshold: float | None) -> Mapping[str, Any]:
    drawn = guesses(frequencies_of, len(rows.target), seed=seed)
    result = quality(Predictions(rows.target, drawn, rows.positive))
    if rows.probabilities is None:
        return result
    if threshold is not None and len(rows.columns) == 2:
        result |= _corrected(cast("dict[str, float]", result), threshold)
    equal = np.full(rows.probabilities.shape, 1 / len(rows.columns))
    result |= {"roc_auc": 0.5, "log_loss": scores.log_loss(one_hot(rows), equal)}
    result.pop("reasons", None)
    return result


def guessed_by_class(rows: Predictions, threshold: float | None) -> Mapping[object, Mapping[str, float]]:
    """Precision, recall and F1 of every class for one who guesses; where two columns give probabilities, with the bar
    of the positive label moved to the threshold.
    """
    drawn = guesses(rows.target, len(rows.target), seed=0)
    table = cast("dict[object, dict[str, float]]", by_class(Predictions(rows.target, drawn, rows.positive))["metrics"])
    if threshold is None or rows.probabilities is None or len(rows.columns) != 2:
        return table
    less_precise, less_found = _factors(threshold)
    return {
        label: _moved(row, less_precise, less_found)
        if key_text(label) == key_text(rows.positive)
        else _moved(row, less_found, less_precise)
        for label, row in table.items()
    }


def _factors(threshold: float) -> tuple[float, float]:
    """What is left of precision and of recall when the bar is moved away from one half."""
    return (min(1.0, HALF / (1 - threshold)) if threshold < 1 else 1.0), min(1.0, (1 - threshold) / HALF)


def _moved(row: Mapping[str, float], precision_factor: float, recall_factor: float) -> dict[str, float]:
    precision, recall = row["precision"] * precision_factor, row["recall"] * recall_factor
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"precision": precision, "recall": recall, "f1": f1}


def _corrected(result: Mapping[str, float], threshold: float) -> dict[str, float]:
    """What becomes of a guess when the bar for the positive label is moved."""
    precision_factor, recall_factor = _factors(threshold)
    return {
        **_moved(result, precision_factor, recall_factor),
        "tpr": result["tpr"] * recall_factor,
        "fpr": result["fpr"] * recall_factor,
        "tnr": result["tnr"] * precision_factor,
        "fnr": result["fnr"] * precision_factor,
    }
