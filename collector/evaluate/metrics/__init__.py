"""The metrics: one small file each thing, one list that names them all."""

from collector.evaluate.base import Metric
from collector.evaluate.metrics.classification_dummy import ClassificationDummyMetric
from collector.evaluate.metrics.classification_quality import ClassificationQualityMetric
from collector.evaluate.metrics.classification_tables import (
    ClassificationClassBalance,
    ClassificationConfusionMatrix,
    ClassificationQualityByClass,
)
from collector.evaluate.metrics.column_category import ColumnCategoryMetric
from collector.evaluate.metrics.column_drift import ColumnDriftMetric
from collector.evaluate.metrics.column_quantile import ColumnQuantileMetric
from collector.evaluate.metrics.column_regexp import ColumnRegExpMetric
from collector.evaluate.metrics.column_summary import ColumnSummaryMetric
from collector.evaluate.metrics.column_value_list import ColumnValueListMetric
from collector.evaluate.metrics.column_value_range import ColumnValueRangeMetric
from collector.evaluate.metrics.dataset_drift import DataDriftTable, DatasetDriftMetric
from collector.evaluate.metrics.dataset_summary import DatasetSummaryMetric
from collector.evaluate.metrics.missing_values import ColumnMissingValuesMetric, DatasetMissingValuesMetric
from collector.evaluate.metrics.regression_dummy import RegressionDummyMetric
from collector.evaluate.metrics.regression_quality import RegressionQualityMetric

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
