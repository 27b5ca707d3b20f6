"""The metrics: one small file each thing, one list that names them all."""

from collector.evaluate.base import Metric as Metric
from collector.evaluate.metrics.classification_dummy import ClassificationDummyMetric as ClassificationDummyMetric
from collector.evaluate.metrics.classification_quality import ClassificationQualityMetric as ClassificationQualityMetric
from collector.evaluate.metrics.classification_tables import (
    ClassificationClassBalance as ClassificationClassBalance,
)
from collector.evaluate.metrics.classification_tables import (
    ClassificationConfusionMatrix as ClassificationConfusionMatrix,
)
from collector.evaluate.metrics.classification_tables import (
    ClassificationQualityByClass as ClassificationQualityByClass,
)
from collector.evaluate.metrics.column_category import ColumnCategoryMetric as ColumnCategoryMetric
from collector.evaluate.metrics.column_drift import ColumnDriftMetric as ColumnDriftMetric
from collector.evaluate.metrics.column_quantile import ColumnQuantileMetric as ColumnQuantileMetric
from collector.evaluate.metrics.column_regexp import ColumnRegExpMetric as ColumnRegExpMetric
from collector.evaluate.metrics.column_summary import ColumnSummaryMetric as ColumnSummaryMetric
from collector.evaluate.metrics.column_value_list import ColumnValueListMetric as ColumnValueListMetric
from collector.evaluate.metrics.column_value_range import ColumnValueRangeMetric as ColumnValueRangeMetric
from collector.evaluate.metrics.conflicts import ConflictPredictionMetric as ConflictPredictionMetric
from collector.evaluate.metrics.conflicts import ConflictTargetMetric as ConflictTargetMetric
from collector.evaluate.metrics.correlations import ColumnCorrelationsMetric as ColumnCorrelationsMetric
from collector.evaluate.metrics.correlations import DatasetCorrelationsMetric as DatasetCorrelationsMetric
from collector.evaluate.metrics.dataset_drift import (
    DataDriftTable as DataDriftTable,
)
from collector.evaluate.metrics.dataset_drift import (
    DatasetDriftMetric as DatasetDriftMetric,
)
from collector.evaluate.metrics.dataset_summary import DatasetSummaryMetric as DatasetSummaryMetric
from collector.evaluate.metrics.missing_values import (
    ColumnMissingValuesMetric as ColumnMissingValuesMetric,
)
from collector.evaluate.metrics.missing_values import (
    DatasetMissingValuesMetric as DatasetMissingValuesMetric,
)
from collector.evaluate.metrics.regression_dummy import RegressionDummyMetric as RegressionDummyMetric
from collector.evaluate.metrics.regression_quality import RegressionQualityMetric as RegressionQualityMetric

METRICS: tuple[type[Metric], ...] = (
    DatasetSummaryMetric,
    ColumnSummaryMetric,
    DatasetMissingValuesMetric,
    ColumnMissingValuesMetric,
    ColumnQuantileMetric,
    ColumnValueRangeMetric,
    ColumnValueListMetric,
    ColumnCategoryMetric,
    ColumnRegExpMetric,
    ColumnCorrelationsMetric,
    DatasetCorrelationsMetric,
    ConflictTargetMetric,
    ConflictPredictionMetric,
    DatasetDriftMetric,
    DataDriftTable,
    ColumnDriftMetric,
    ClassificationQualityMetric,
    ClassificationConfusionMatrix,
    ClassificationQualityByClass,
    ClassificationClassBalance,
    ClassificationDummyMetric,
    RegressionQualityMetric,
    RegressionDummyMetric,
)
