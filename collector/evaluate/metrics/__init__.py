"""The metrics: one small file each thing, one list that names them all."""

from collector.evaluate.base import Metric as Metric
from collector.evaluate.metrics.by_feature import (
    ClassificationQualityByFeatureTable as ClassificationQualityByFeatureTable,
    TargetByFeaturesTable as TargetByFeaturesTable,
)
from collector.evaluate.metrics.classification_curves import (
    ClassificationLiftTable as ClassificationLiftTable,
    ClassificationPRCurve as ClassificationPRCurve,
    ClassificationPRTable as ClassificationPRTable,
    ClassificationRocCurve as ClassificationRocCurve,
)
from collector.evaluate.metrics.classification_dummy import ClassificationDummyMetric as ClassificationDummyMetric
from collector.evaluate.metrics.classification_pictures import (
    ClassificationClassSeparationPlot as ClassificationClassSeparationPlot,
    ClassificationLiftCurve as ClassificationLiftCurve,
    ClassificationProbDistribution as ClassificationProbDistribution,
)
from collector.evaluate.metrics.classification_quality import ClassificationQualityMetric as ClassificationQualityMetric
from collector.evaluate.metrics.classification_tables import (
    ClassificationClassBalance as ClassificationClassBalance,
    ClassificationConfusionMatrix as ClassificationConfusionMatrix,
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
    ConflictTargetMetric as ConflictTargetMetric,
)
from collector.evaluate.metrics.correlations import (
    ColumnCorrelationsMetric as ColumnCorrelationsMetric,
    DatasetCorrelationsMetric as DatasetCorrelationsMetric,
)
from collector.evaluate.metrics.dataset_drift import (
    DataDriftTable as DataDriftTable,
    DatasetDriftMetric as DatasetDriftMetric,
)
from collector.evaluate.metrics.dataset_summary import DatasetSummaryMetric as DatasetSummaryMetric
from collector.evaluate.metrics.diversity import DiversityMetric as DiversityMetric
from collector.evaluate.metrics.embeddings_drift import EmbeddingsDriftMetric as EmbeddingsDriftMetric
from collector.evaluate.metrics.missing_values import (
    ColumnMissingValuesMetric as ColumnMissingValuesMetric,
    DatasetMissingValuesMetric as DatasetMissingValuesMetric,
)
from collector.evaluate.metrics.novelty import NoveltyMetric as NoveltyMetric
from collector.evaluate.metrics.personalization import PersonalizationMetric as PersonalizationMetric
from collector.evaluate.metrics.popularity_bias import PopularityBias as PopularityBias
from collector.evaluate.metrics.rec_cases import RecCasesTable as RecCasesTable
from collector.evaluate.metrics.recsys_bias import ItemBiasMetric as ItemBiasMetric, UserBiasMetric as UserBiasMetric
from collector.evaluate.metrics.regression_dummy import RegressionDummyMetric as RegressionDummyMetric
from collector.evaluate.metrics.regression_errors import (
    RegressionErrorBiasTable as RegressionErrorBiasTable,
    RegressionErrorNormality as RegressionErrorNormality,
    RegressionTopErrorMetric as RegressionTopErrorMetric,
)
from collector.evaluate.metrics.regression_performance import (
    RegressionPerformanceMetrics as RegressionPerformanceMetrics,
)
from collector.evaluate.metrics.regression_pictures import (
    RegressionAbsPercentageErrorPlot as RegressionAbsPercentageErrorPlot,
    RegressionErrorDistribution as RegressionErrorDistribution,
    RegressionErrorPlot as RegressionErrorPlot,
    RegressionPredictedVsActualPlot as RegressionPredictedVsActualPlot,
    RegressionPredictedVsActualScatter as RegressionPredictedVsActualScatter,
)
from collector.evaluate.metrics.regression_quality import RegressionQualityMetric as RegressionQualityMetric
from collector.evaluate.metrics.score_distribution import ScoreDistribution as ScoreDistribution
from collector.evaluate.metrics.serendipity import SerendipityMetric as SerendipityMetric
from collector.evaluate.metrics.stability import DataQualityStabilityMetric as DataQualityStabilityMetric
from collector.evaluate.metrics.text_descriptors import (
    TextDescriptorsCorrelationMetric as TextDescriptorsCorrelationMetric,
    TextDescriptorsDistribution as TextDescriptorsDistribution,
    TextDescriptorsDriftMetric as TextDescriptorsDriftMetric,
)
from collector.evaluate.metrics.top_k import (
    FBetaTopKMetric as FBetaTopKMetric,
    HitRateKMetric as HitRateKMetric,
    MAPKMetric as MAPKMetric,
    MARKMetric as MARKMetric,
    MRRKMetric as MRRKMetric,
    NDCGKMetric as NDCGKMetric,
    PrecisionTopKMetric as PrecisionTopKMetric,
    RecallTopKMetric as RecallTopKMetric,
)

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
