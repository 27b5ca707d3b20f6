"""The metrics: one small file each thing, one list that names them all."""

from collector.evaluate.base import Metric as Metric
from collector.evaluate.metrics.by_feature import (
    ClassificationQualityByFeatureTable as ClassificationQualityByFeatureTable,
)
from collector.evaluate.metrics.by_feature import TargetByFeaturesTable as TargetByFeaturesTable
from collector.evaluate.metrics.classification_curves import (
    ClassificationLiftTable as ClassificationLiftTable,
)
from collector.evaluate.metrics.classification_curves import (
    ClassificationPRCurve as ClassificationPRCurve,
)
from collector.evaluate.metrics.classification_curves import (
    ClassificationPRTable as ClassificationPRTable,
)
from collector.evaluate.metrics.classification_curves import (
    ClassificationRocCurve as ClassificationRocCurve,
)
from collector.evaluate.metrics.classification_dummy import ClassificationDummyMetric as ClassificationDummyMetric
from collector.evaluate.metrics.classification_pictures import (
    ClassificationClassSeparationPlot as ClassificationClassSeparationPlot,
)
from collector.evaluate.metrics.classification_pictures import ClassificationLiftCurve as ClassificationLiftCurve
from collector.evaluate.metrics.classification_pictures import (
    ClassificationProbDistribution as ClassificationProbDistribution,
)
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
from collector.evaluate.metrics.column_distribution import ColumnDistributionMetric as ColumnDistributionMetric
from collector.evaluate.metrics.column_drift import ColumnDriftMetric as ColumnDriftMetric
from collector.evaluate.metrics.column_interaction import ColumnInteractionPlot as ColumnInteractionPlot
from collector.evaluate.metrics.column_quantile import ColumnQuantileMetric as ColumnQuantileMetric
from collector.evaluate.metrics.column_regexp import ColumnRegExpMetric as ColumnRegExpMetric
from collector.evaluate.metrics.column_summary import ColumnSummaryMetric as ColumnSummaryMetric
from collector.evaluate.metrics.column_value_list import ColumnValueListMetric as ColumnValueListMetric
from collector.evaluate.metrics.column_value_plot import ColumnValuePlot as ColumnValuePlot
from collector.evaluate.metrics.column_value_range import ColumnValueRangeMetric as ColumnValueRangeMetric
from collector.evaluate.metrics.comment import Comment as Comment
from collector.evaluate.metrics.conflicts import (
    ConflictPredictionMetric as ConflictPredictionMetric,
)
from collector.evaluate.metrics.conflicts import (
    ConflictTargetMetric as ConflictTargetMetric,
)
from collector.evaluate.metrics.correlations import (
    ColumnCorrelationsMetric as ColumnCorrelationsMetric,
)
from collector.evaluate.metrics.correlations import (
    DatasetCorrelationsMetric as DatasetCorrelationsMetric,
)
from collector.evaluate.metrics.dataset_drift import (
    DataDriftTable as DataDriftTable,
)
from collector.evaluate.metrics.dataset_drift import (
    DatasetDriftMetric as DatasetDriftMetric,
)
from collector.evaluate.metrics.dataset_summary import DatasetSummaryMetric as DatasetSummaryMetric
from collector.evaluate.metrics.diversity import DiversityMetric as DiversityMetric
from collector.evaluate.metrics.embeddings_drift import EmbeddingsDriftMetric as EmbeddingsDriftMetric
from collector.evaluate.metrics.missing_values import (
    ColumnMissingValuesMetric as ColumnMissingValuesMetric,
)
from collector.evaluate.metrics.missing_values import (
    DatasetMissingValuesMetric as DatasetMissingValuesMetric,
)
from collector.evaluate.metrics.novelty import NoveltyMetric as NoveltyMetric
from collector.evaluate.metrics.personalization import PersonalizationMetric as PersonalizationMetric
from collector.evaluate.metrics.popularity_bias import PopularityBias as PopularityBias
from collector.evaluate.metrics.rec_cases import RecCasesTable as RecCasesTable
from collector.evaluate.metrics.recsys_bias import ItemBiasMetric as ItemBiasMetric
from collector.evaluate.metrics.recsys_bias import UserBiasMetric as UserBiasMetric
from collector.evaluate.metrics.regression_dummy import RegressionDummyMetric as RegressionDummyMetric
from collector.evaluate.metrics.regression_errors import (
    RegressionErrorBiasTable as RegressionErrorBiasTable,
)
from collector.evaluate.metrics.regression_errors import (
    RegressionErrorNormality as RegressionErrorNormality,
)
from collector.evaluate.metrics.regression_errors import (
    RegressionTopErrorMetric as RegressionTopErrorMetric,
)
from collector.evaluate.metrics.regression_performance import (
    RegressionPerformanceMetrics as RegressionPerformanceMetrics,
)
from collector.evaluate.metrics.regression_pictures import (
    RegressionAbsPercentageErrorPlot as RegressionAbsPercentageErrorPlot,
)
from collector.evaluate.metrics.regression_pictures import RegressionErrorDistribution as RegressionErrorDistribution
from collector.evaluate.metrics.regression_pictures import RegressionErrorPlot as RegressionErrorPlot
from collector.evaluate.metrics.regression_pictures import (
    RegressionPredictedVsActualPlot as RegressionPredictedVsActualPlot,
)
from collector.evaluate.metrics.regression_pictures import (
    RegressionPredictedVsActualScatter as RegressionPredictedVsActualScatter,
)
from collector.evaluate.metrics.regression_quality import RegressionQualityMetric as RegressionQualityMetric
from collector.evaluate.metrics.score_distribution import ScoreDistribution as ScoreDistribution
from collector.evaluate.metrics.serendipity import SerendipityMetric as SerendipityMetric
from collector.evaluate.metrics.stability import DataQualityStabilityMetric as DataQualityStabilityMetric
from collector.evaluate.metrics.text_descriptors import (
    TextDescriptorsCorrelationMetric as TextDescriptorsCorrelationMetric,
)
from collector.evaluate.metrics.text_descriptors import TextDescriptorsDistribution as TextDescriptorsDistribution
from collector.evaluate.metrics.text_descriptors import TextDescriptorsDriftMetric as TextDescriptorsDriftMetric
from collector.evaluate.metrics.top_k import FBetaTopKMetric as FBetaTopKMetric
from collector.evaluate.metrics.top_k import HitRateKMetric as HitRateKMetric
from collector.evaluate.metrics.top_k import MAPKMetric as MAPKMetric
from collector.evaluate.metrics.top_k import MARKMetric as MARKMetric
from collector.evaluate.metrics.top_k import MRRKMetric as MRRKMetric
from collector.evaluate.metrics.top_k import NDCGKMetric as NDCGKMetric
from collector.evaluate.metrics.top_k import PrecisionTopKMetric as PrecisionTopKMetric
from collector.evaluate.metrics.top_k import RecallTopKMetric as RecallTopKMetric

METRICS: tuple[type[Metric], ...] = (
    DatasetSummaryMetric,
    ColumnSummaryMetric,
    ColumnDistributionMetric,
    ColumnValuePlot,
    ColumnInteractionPlot,
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
    DataQualityStabilityMetric,
    DatasetDriftMetric,
    DataDriftTable,
    ColumnDriftMetric,
    ClassificationQualityMetric,
    ClassificationConfusionMatrix,
    ClassificationQualityByClass,
    ClassificationClassBalance,
    ClassificationDummyMetric,
    ClassificationRocCurve,
    ClassificationPRCurve,
    ClassificationPRTable,
    ClassificationLiftTable,
    ClassificationLiftCurve,
    ClassificationClassSeparationPlot,
    ClassificationProbDistribution,
    ClassificationQualityByFeatureTable,
    RegressionQualityMetric,
    RegressionPerformanceMetrics,
    RegressionDummyMetric,
    RegressionTopErrorMetric,
    RegressionErrorNormality,
    RegressionErrorBiasTable,
    RegressionPredictedVsActualScatter,
    RegressionPredictedVsActualPlot,
    RegressionErrorPlot,
    RegressionAbsPercentageErrorPlot,
    RegressionErrorDistribution,
    TargetByFeaturesTable,
    PrecisionTopKMetric,
    RecallTopKMetric,
    FBetaTopKMetric,
    MAPKMetric,
    MARKMetric,
    NDCGKMetric,
    MRRKMetric,
    HitRateKMetric,
    PersonalizationMetric,
    DiversityMetric,
    NoveltyMetric,
    SerendipityMetric,
    PopularityBias,
    ItemBiasMetric,
    UserBiasMetric,
    ScoreDistribution,
    RecCasesTable,
    TextDescriptorsDistribution,
    TextDescriptorsCorrelationMetric,
    TextDescriptorsDriftMetric,
    EmbeddingsDriftMetric,
    Comment,
)
