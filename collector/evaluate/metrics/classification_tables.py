"""Where a classifier is right and wrong: confusion matrix, quality by class, balance of the classes."""

from dataclasses import dataclass
from typing import ClassVar

from collector.evaluate import scores
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.classification import Predictions, predictions
from collector.evaluate.profile import FrameProfile, order_key


@dataclass(frozen=True)
class ClassificationConfusionMatrix(Metric):
    """Rows are targets, columns are predictions, both in the order of `labels`, of which there may be a thousand.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ClassificationConfusionMatrix()])
    >>> report.run(current_data=pd.DataFrame({"target": [1, 0, 1], "prediction": [1, 0, 0]}))
    >>> report.as_dict()["metrics"][0]["result"]["current_matrix"]
    {'labels': [0, 1], 'values': [[1, 0], [1, 1]]}
    """

    of_the_model: ClassVar[bool] = True

    probas_threshold: float | None = None
    k: int | None = None

    def calculate(self, context: Context) -> Result:
        halves = context.both(
            lambda frame: _matrix(predictions(context, frame, probas_threshold=self.probas_threshold, k=self.k))
        )
        return {
            "current_matrix": halves["current"],
            "reference_matrix": halves["reference"],
            "target_names": context.mapping.target_names,
        }


def _matrix(rows: Predictions) -> dict[str, object]:
    return {"labels": list(rows.labels), "values": rows.confusion}


@dataclass(frozen=True)
class ClassificationQualityByClass(Metric):
    """Precision, recall, F1, support and one-against-the-rest ROC AUC of every class that occurs as target: at most a thousand.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ClassificationQualityByClass()])
    >>> report.run(current_data=pd.DataFrame({"target": list("aab"), "prediction": list("abb")}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["metrics"]["a"]["recall"]
    0.5
    """

    of_the_model: ClassVar[bool] = True

    probas_threshold: float | None = None
    k: int | None = None

    def calculate(self, context: Context) -> Result:
        return context.both(
            lambda frame: by_class(predictions(context, frame, probas_threshold=self.probas_threshold, k=self.k))
        )


def by_class(rows: Predictions) -> dict[str, object]:
    """The table of one side."""
    each = scores.by_label(rows.tallies)
    table: dict[object, dict[str, object]] = {}
    for index, label in enumerate(rows.few_labels()):
        if not each.support[index]:
            continue
        auc = None
        if rows.probabilities is not None and label in rows.columns:
            auc = scores.roc_auc(rows.target == label, rows.probabilities[:, rows.columns.index(label)])
        table[label] = {
            "precision": each.precision[index],
            "recall": each.recall[index],
            "f1": each.f1[index],
            "roc_auc": auc,
            "support": each.support[index],
        }
    return {
        "metrics": table,
        "roc_aucs": None if rows.probabilities is None else [x["roc_auc"] for x in table.values()],
    }


@dataclass(frozen=True)
class ClassificationClassBalance(Metric):
    """How many rows have each target, of which there may be a thousand.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ClassificationClassBalance()])
    >>> report.run(current_data=pd.DataFrame({"target": list("aab"), "prediction": list("abb")}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]
    {'a': 2, 'b': 1}
    """

    of_the_model: ClassVar[bool] = True

    def calculate(self, context: Context) -> Result:
        return context.both(lambda frame: _balance(context, frame))


def _balance(context: Context, frame: FrameProfile) -> dict[object, int]:
    rows = predictions(context, frame)
    counts = rows.tallies.support
    pairs = [(label, int(count)) for label, count in zip(rows.few_labels(), counts, strict=True) if count]
    return dict(sorted(pairs, key=lambda pair: order_key(pair[0])))
