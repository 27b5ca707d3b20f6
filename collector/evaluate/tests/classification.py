"""Tests of a classifier's quality."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric
from collector.evaluate.conditions import Conditions
from collector.evaluate.measures.classification import predictions
from collector.evaluate.metrics.classification_dummy import ClassificationDummyMetric, guessed_by_class
from collector.evaluate.metrics.classification_quality import ClassificationQualityMetric
from collector.evaluate.metrics.classification_tables import ClassificationQualityByClass
from collector.evaluate.plain import key_text
from collector.evaluate.tests.base import ComparedTest, Rule

FIFTH = Rule("eq", 0.2)
MORE, LESS = Rule("gt"), Rule("lt")


class _QualityTest(ComparedTest):
    """By default the reference's score give or take a fifth; without a reference, better than guessing."""

    group = "classification"
    of_the_model = True
    rule = FIFTH
    dummy_rule: ClassVar[Rule] = MORE

    def metric(self) -> Metric:
        return ClassificationQualityMetric()

    def dummy_metric(self) -> Metric:
        return ClassificationDummyMetric()

    def read(self, half: Mapping[str, Any]) -> float | None:
        number = super().read(half)
        if number is None:
            why = half.get("reasons", {}).get(self.field, "there are more than two labels")
            raise Invalid(f"{self.title} has no value: {why}")
        return number

    def default(self, context: Context) -> Conditions:
        if context.reference is not None:
            return super().default(context)
        return self.dummy_rule.conditions(float(self.read(context.result(self.dummy_metric())["dummy"]) or 0.0))


@dataclass(frozen=True)
class _ThresholdTest(_QualityTest):
    probas_threshold: float | None = None
    k: int | None = None

    def metric(self) -> Metric:
        return ClassificationQualityMetric(self.probas_threshold, self.k)

    def dummy_metric(self) -> Metric:
        return ClassificationDummyMetric(self.probas_threshold, self.k)


class TestAccuracyScore(_ThresholdTest):
    """The share of right labels."""

    title, field = "Accuracy Score", "accuracy"


class TestPrecisionScore(_ThresholdTest):
    """The share of right among the positive predictions."""

    title, field = "Precision Score", "precision"


class TestRecallScore(_ThresholdTest):
    """The share of the positive rows that were found."""

    title, field = "Recall Score", "recall"


class TestF1Score(_ThresholdTest):
    """The harmonic mean of precision and recall."""

    title, field = "F1 Score", "f1"


class TestTPR(_ThresholdTest):
    """The true positive rate."""

    title, field = "True Positive Rate", "tpr"


class TestTNR(_ThresholdTest):
    """The true negative rate."""

    title, field = "True Negative Rate", "tnr"


class TestFPR(_ThresholdTest):
    """The false positive rate; small is good."""

    title, field, dummy_rule = "False Positive Rate", "fpr", LESS


class TestFNR(_ThresholdTest):
    """The false negative rate; small is good."""

    title, field, dummy_rule = "False Negative Rate", "fnr", LESS


class TestRocAuc(_QualityTest):
    """The area under the ROC curve; needs probabilities."""

    title, field = "ROC AUC Score", "roc_auc"


class TestLogLoss(_QualityTest):
    """The logarithmic loss; needs probabilities; small is good."""

    title, field, dummy_rule = "Logarithmic Loss", "log_loss", LESS


@dataclass(frozen=True)
class _ByClassTest(ComparedTest):
    group: ClassVar[str] = "classification"
    of_the_model: ClassVar[bool] = True
    rule: ClassVar[Rule] = FIFTH

    label: str | int
    probas_threshold: float | None = None
    k: int | None = None

    def metric(self) -> Metric:
        return ClassificationQualityByClass(self.probas_threshold, self.k)

    def read(self, half: Mapping[str, Any]) -> float | None:
        by_text = {key_text(label): row for label, row in half["metrics"].items()}
        if str(self.label) not in by_text:
            some = ", ".join(f"{label:.40}" for label in list(by_text)[:10]) + (", ..." if len(by_text) > 10 else "")
            raise Invalid(f"label {self.label!r} does not occur as target; there are {some}")
        number: float | None = by_text[str(self.label)][self.field]
        return number

    def default(self, context: Context) -> Conditions:
        if context.reference is not None:
            return super().default(context)
        rows = predictions(context, context.current)
        threshold = self.probas_threshold if self.k is None else rows.threshold_of_top(self.k)
        return Conditions(gt=self.read({"metrics": guessed_by_class(rows, threshold)}))

    def subject(self, context: Context) -> str:  # noqa: ARG002
        return f"{self.title.removesuffix(' by Class')} of label {self.label!r}"

    def details(self, context: Context) -> Mapping[str, Any]:  # noqa: ARG002
        return {"label": self.label}


class TestPrecisionByClass(_ByClassTest):
    """The precision of one class."""

    title, field = "Precision Score by Class", "precision"


class TestRecallByClass(_ByClassTest):
    """The recall of one class."""

    title, field = "Recall Score by Class", "recall"


class TestF1ByClass(_ByClassTest):
    """The F1 of one class."""

    title, field = "F1 Score by Class", "f1"
