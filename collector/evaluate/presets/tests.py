"""Presets of tests: what people check together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.evaluate.base import Context, Group
from collector.evaluate.measures.classification import predictions
from collector.evaluate.measures.drift import DriftOptions, drift_options
from collector.evaluate.measures.embeddings import check_methods, embedding_sets
from collector.evaluate.presets import generators
from collector.evaluate.presets.base import TestPreset
from collector.evaluate.presets.recsys import RecsysTestPreset
from collector.evaluate.tests.base import Test
from collector.evaluate.tests.classification import (
    TestAccuracyScore,
    TestF1Score,
    TestLogLoss,
    TestPrecisionByClass,
    TestPrecisionScore,
    TestRecallByClass,
    TestRecallScore,
    TestRocAuc,
)
from collector.evaluate.tests.drift import (
    TestColumnDrift,
    TestShareOfDriftedColumns,
    drift_features,
    feature_drift_tests,
    role_columns,
)
from collector.evaluate.tests.embeddings import TestEmbeddingsDrift
from collector.evaluate.tests.integrity import (
    TestColumnsType,
    TestNumberOfColumns,
    TestNumberOfConstantColumns,
    TestNumberOfDuplicatedColumns,
    TestNumberOfDuplicatedRows,
    TestNumberOfRows,
)
from collector.evaluate.tests.regression import TestValueMAE, TestValueMAPE, TestValueMeanError, TestValueRMSE


@dataclass(frozen=True)
class DataStabilityTestPreset(TestPreset):
    """The data has the size, the types, the ranges and the values of the reference."""

    columns: Sequence[str] | None = None

    def expand(self, context: Context) -> Sequence[Test | Group]:  # noqa: ARG002
        return [
            TestNumberOfRows(),
            TestNumberOfColumns(),
            TestColumnsType(),
            generators.TestAllColumnsShareOfMissingValues(self.columns),
            generators.TestNumColumnsOutOfRangeValues(self.columns),
            generators.TestCatColumnsOutOfListValues(self.columns),
            generators.TestNumColumnsMeanInNSigmas(self.columns),
        ]


@dataclass(frozen=True)
class DataQualityTestPreset(TestPreset):
    """Nothing is missing, constant, or there twice beyond what the reference has."""

    columns: Sequence[str] | None = None

    def expand(self, context: Context) -> Sequence[Test | Group]:  # noqa: ARG002
        return [
            generators.TestAllColumnsShareOfMissingValues(self.columns),
            generators.TestAllColumnsMostCommonValueShare(self.columns),
            TestNumberOfConstantColumns(),
            TestNumberOfDuplicatedColumns(),
            TestNumberOfDuplicatedRows(),
        ]


@dataclass(frozen=True)
class DataDriftTestPreset(DriftOptions, TestPreset):
    """The share of columns that drifted, and the drift of target, prediction, every feature and the embeddings."""

    columns: Sequence[str] | None = None
    embeddings: Sequence[str] | None = None
    embeddings_drift_method: Mapping[str, object] | None = None
    drift_share: float | None = None

    def __post_init__(self) -> None:
        self.check()
        check_methods(self.embeddings_drift_method)

    def expand(self, context: Context) -> Sequence[Test | Group]:
        share = TestShareOfDriftedColumns(
            columns=self.columns, lt=0.3 if self.drift_share is None else self.drift_share, **drift_options(self)
        )
        roles = [name for name in role_columns(context) if self.columns is None or name in self.columns]
        features = drift_features(context, self.columns)
        return [share, *feature_drift_tests(context, [*roles, *features], self), *_embedding_tests(context, self)]


@dataclass(frozen=True)
class NoTargetPerformanceTestPreset(DriftOptions, TestPreset):
    """What can be said of a model before the truth is known: its predictions and its inputs are what they were."""

    columns: Sequence[str] | None = None
    embeddings: Sequence[str] | None = None
    embeddings_drift_method: Mapping[str, object] | None = None
    drift_share: float | None = None

    def __post_init__(self) -> None:
        self.check()
        check_methods(self.embeddings_drift_method)

    def expand(self, context: Context) -> Sequence[Test | Group]:
        prediction = context.definition.prediction
        return [
            *feature_drift_tests(context, [] if prediction is None else [prediction], self),
            TestShareOfDriftedColumns(lt=0.3 if self.drift_share is None else self.drift_share, **drift_options(self)),
            TestColumnsType(),
            generators.TestAllColumnsShareOfMissingValues(self.columns),
            generators.TestNumColumnsOutOfRangeValues(self.columns),
            generators.TestCatColumnsOutOfListValues(self.columns),
            generators.TestNumColumnsMeanInNSigmas(self.columns),
            *_embedding_tests(context, self),
        ]


def _embedding_tests(
    context: Context, preset: DataDriftTestPreset | NoTargetPerformanceTestPreset
) -> list[TestEmbeddingsDrift]:
    sets = embedding_sets(context, preset.embeddings, preset.embeddings_drift_method)
    return [TestEmbeddingsDrift(name, method) for name, method in sets.items()]


@dataclass(frozen=True)
class RegressionTestPreset(TestPreset):
    """The errors of a regression."""

    def expand(self, context: Context) -> Sequence[Test | Group]:  # noqa: ARG002
        return [TestValueMeanError(), TestValueMAE(), TestValueRMSE(), TestValueMAPE()]


def _target_drift(context: Context, stattest: str | None, threshold: float | None) -> list[Test | Group]:
    target = context.definition.target or context.mapping.target or "target"
    return [TestColumnDrift(target, stattest=stattest, stattest_threshold=threshold)]


def _has_probabilities(context: Context) -> bool:
    return predictions(context, context.current).probabilities is not None


@dataclass(frozen=True)
class BinaryClassificationTestPreset(TestPreset):
    """The quality of a classifier with two labels, and the drift of its target."""

    stattest: str | None = None
    stattest_threshold: float | None = None
    probas_threshold: float | None = None

    def expand(self, context: Context) -> Sequence[Test | Group]:
        threshold = self.probas_threshold
        return [
            *_target_drift(context, self.stattest, self.stattest_threshold),
            TestPrecisionScore(threshold),
            TestRecallScore(threshold),
            TestF1Score(threshold),
            TestAccuracyScore(threshold),
            *([TestRocAuc()] if _has_probabilities(context) else []),
        ]


@dataclass(frozen=True)
class BinaryClassificationTopKTestPreset(TestPreset):
    """The quality of a classifier that calls the k most probable rows positive, and the drift of its target."""

    k: int
    stattest: str | None = None
    stattest_threshold: float | None = None

    def expand(self, context: Context) -> Sequence[Test | Group]:
        return [
            TestAccuracyScore(k=self.k),
            TestPrecisionScore(k=self.k),
            TestRecallScore(k=self.k),
            TestF1Score(k=self.k),
            *_target_drift(context, self.stattest, self.stattest_threshold),
            TestRocAuc(),
            TestLogLoss(),
        ]


@dataclass(frozen=True)
class MulticlassClassificationTestPreset(TestPreset):
    """The quality of a classifier with many labels, label by label, and the drift of its target."""

    stattest: str | None = None
    stattest_threshold: float | None = None

    def expand(self, context: Context) -> Sequence[Test | Group]:
        rows = predictions(context, context.current)
        labels = [label for label, count in zip(rows.few_labels(), rows.tallies.support, strict=True) if count]
        names = [label if isinstance(label, int) else str(label) for label in labels]
        probabilistic: list[Test | Group] = [TestRocAuc(), TestLogLoss()] if rows.probabilities is not None else []
        return [
            TestAccuracyScore(),
            TestF1Score(),
            *(TestPrecisionByClass(label) for label in names),
            *(TestRecallByClass(label) for label in names),
            TestNumberOfRows(),
            *_target_drift(context, self.stattest, self.stattest_threshold),
            *probabilistic,
        ]


TEST_PRESETS: tuple[type[TestPreset], ...] = (
    DataDriftTestPreset,
    DataStabilityTestPreset,
    DataQualityTestPreset,
    NoTargetPerformanceTestPreset,
    RegressionTestPreset,
    BinaryClassificationTestPreset,
    BinaryClassificationTopKTestPreset,
    MulticlassClassificationTestPreset,
    RecsysTestPreset,
)
