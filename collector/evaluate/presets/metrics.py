"""Presets of metrics: what people ask for together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.errors import Invalid
from collector.evaluate.base import Context, Group, Metric
from collector.evaluate.measures.classification import predictions
from collector.evaluate.measures.drift import DriftOptions, drift_options
from collector.evaluate.measures.embeddings import check_methods, embedding_sets
from collector.evaluate.metrics.classification_curves import (
    ClassificationPRCurve,
    ClassificationPRTable,
    ClassificationRocCurve,
)
from collector.evaluate.metrics.classification_pictures import (
    ClassificationClassSeparationPlot,
    ClassificationProbDistribution,
)
from collector.evaluate.metrics.classification_quality import ClassificationQualityMetric
from collector.evaluate.metrics.classification_tables import (
    ClassificationClassBalance,
    ClassificationConfusionMatrix,
    ClassificationQualityByClass,
)
from collector.evaluate.metrics.column_summary import ColumnSummaryMetric
from collector.evaluate.metrics.dataset_drift import DataDriftTable, DatasetDriftMetric
from collector.evaluate.metrics.dataset_summary import DatasetSummaryMetric
from collector.evaluate.metrics.embeddings_drift import EmbeddingsDriftMetric
from collector.evaluate.metrics.missing_values import DatasetMissingValuesMetric
from collector.evaluate.metrics.regression_errors import (
    RegressionErrorBiasTable,
    RegressionErrorNormality,
    RegressionTopErrorMetric,
)
from collector.evaluate.metrics.regression_pictures import (
    RegressionAbsPercentageErrorPlot,
    RegressionErrorDistribution,
    RegressionErrorPlot,
    RegressionPredictedVsActualPlot,
    RegressionPredictedVsActualScatter,
)
from collector.evaluate.metrics.regression_quality import RegressionQualityMetric
from collector.evaluate.presets.base import MetricPreset
from collector.evaluate.presets.recsys import RecsysPreset
from collector.evaluate.presets.target_drift import TargetDriftPreset
from collector.evaluate.presets.text import TextEvals


@dataclass(frozen=True)
class DataDriftPreset(DriftOptions, MetricPreset):
    """The drift of the data set and of each of its columns, and of the mapping's embeddings (or those named)."""

    columns: Sequence[str] | None = None
    embeddings: Sequence[str] | None = None
    embeddings_drift_method: Mapping[str, object] | None = None
    drift_share: float = 0.5

    def __post_init__(self) -> None:
        self.check()
        check_methods(self.embeddings_drift_method)

    def expand(self, context: Context) -> Sequence[Metric | Group]:
        options = drift_options(self)
        sets = embedding_sets(context, self.embeddings, self.embeddings_drift_method)
        return [
            DatasetDriftMetric(columns=self.columns, drift_share=self.drift_share, **options),
            DataDriftTable(columns=self.columns, drift_share=self.drift_share, **options),
            *(EmbeddingsDriftMetric(name, method) for name, method in sets.items()),
        ]


@dataclass(frozen=True)
class DataQualityPreset(MetricPreset):
    """The data set, each of its columns (or those named), and what is missing."""

    columns: Sequence[str] | None = None

    def expand(self, context: Context) -> Sequence[Metric | Group]:
        definition = context.definition
        columns = [name for name in definition.types if name != definition.id] if self.columns is None else self.columns
        summaries = [ColumnSummaryMetric(column) for column in columns]
        return [DatasetSummaryMetric(), *summaries, DatasetMissingValuesMetric()]


@dataclass(frozen=True)
class ClassificationPreset(MetricPreset):
    """How good a classifier is, and where; with probabilities, its curves. Needs target and prediction."""

    columns: Sequence[str] | None = None
    probas_threshold: float | None = None
    k: int | None = None

    def expand(self, context: Context) -> Sequence[Metric | Group]:
        return [
            ClassificationQualityMetric(self.probas_threshold, self.k),
            ClassificationClassBalance(),
            ClassificationConfusionMatrix(self.probas_threshold, self.k),
            ClassificationQualityByClass(self.probas_threshold, self.k),
            *(_of_probabilities() if _scored(context) else []),
        ]


def _of_probabilities() -> list[Metric]:
    return [
        ClassificationClassSeparationPlot(),
        ClassificationProbDistribution(),
        ClassificationRocCurve(),
        ClassificationPRCurve(),
        ClassificationPRTable(),
    ]


def _scored(context: Context) -> bool:
    """Whether the predictions are probabilities; unknown where they cannot be read: the metrics say why."""
    try:
        return predictions(context, context.current).probabilities is not None
    except Invalid:
        return False


@dataclass(frozen=True)
class RegressionPreset(MetricPreset):
    """How good a regression is, and where its errors come from. Needs target and prediction."""

    columns: Sequence[str] | None = None

    def expand(self, context: Context) -> Sequence[Metric | Group]:  # noqa: ARG002
        return [
            RegressionQualityMetric(),
            RegressionPredictedVsActualScatter(),
            RegressionPredictedVsActualPlot(),
            RegressionErrorPlot(),
            RegressionAbsPercentageErrorPlot(),
            RegressionErrorDistribution(),
            RegressionErrorNormality(),
            RegressionTopErrorMetric(),
            RegressionErrorBiasTable(self.columns),
        ]


METRIC_PRESETS: tuple[type[MetricPreset], ...] = (
    DataDriftPreset,
    DataQualityPreset,
    ClassificationPreset,
    RegressionPreset,
    TargetDriftPreset,
    RecsysPreset,
    TextEvals,
)
