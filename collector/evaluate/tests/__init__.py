"""The tests of Test Suites: a few lines each, one list that names them all."""

from collector.evaluate.tests.base import Test as Test
from collector.evaluate.tests.classification import (
    TestAccuracyScore as TestAccuracyScore,
)
from collector.evaluate.tests.classification import (
    TestF1ByClass as TestF1ByClass,
)
from collector.evaluate.tests.classification import (
    TestF1Score as TestF1Score,
)
from collector.evaluate.tests.classification import (
    TestFNR as TestFNR,
)
from collector.evaluate.tests.classification import (
    TestFPR as TestFPR,
)
from collector.evaluate.tests.classification import (
    TestLogLoss as TestLogLoss,
)
from collector.evaluate.tests.classification import (
    TestPrecisionByClass as TestPrecisionByClass,
)
from collector.evaluate.tests.classification import (
    TestPrecisionScore as TestPrecisionScore,
)
from collector.evaluate.tests.classification import (
    TestRecallByClass as TestRecallByClass,
)
from collector.evaluate.tests.classification import (
    TestRecallScore as TestRecallScore,
)
from collector.evaluate.tests.classification import (
    TestRocAuc as TestRocAuc,
)
from collector.evaluate.tests.classification import (
    TestTNR as TestTNR,
)
from collector.evaluate.tests.classification import (
    TestTPR as TestTPR,
)
from collector.evaluate.tests.correlations import (
    TestConflictPrediction as TestConflictPrediction,
)
from collector.evaluate.tests.correlations import (
    TestConflictTarget as TestConflictTarget,
)
from collector.evaluate.tests.correlations import (
    TestCorrelationChanges as TestCorrelationChanges,
)
from collector.evaluate.tests.correlations import (
    TestHighlyCorrelatedColumns as TestHighlyCorrelatedColumns,
)
from collector.evaluate.tests.correlations import (
    TestPredictionFeaturesCorrelations as TestPredictionFeaturesCorrelations,
)
from collector.evaluate.tests.correlations import (
    TestTargetFeaturesCorrelations as TestTargetFeaturesCorrelations,
)
from collector.evaluate.tests.correlations import (
    TestTargetPredictionCorrelation as TestTargetPredictionCorrelation,
)
from collector.evaluate.tests.drift import (
    TestColumnDrift as TestColumnDrift,
)
from collector.evaluate.tests.drift import (
    TestNumberOfDriftedColumns as TestNumberOfDriftedColumns,
)
from collector.evaluate.tests.drift import (
    TestShareOfDriftedColumns as TestShareOfDriftedColumns,
)
from collector.evaluate.tests.embeddings import TestEmbeddingsDrift as TestEmbeddingsDrift
from collector.evaluate.tests.integrity import (
    TestColumnAllConstantValues as TestColumnAllConstantValues,
)
from collector.evaluate.tests.integrity import (
    TestColumnAllUniqueValues as TestColumnAllUniqueValues,
)
from collector.evaluate.tests.integrity import (
    TestColumnNumberOfDifferentMissingValues as TestColumnNumberOfDifferentMissingValues,
)
from collector.evaluate.tests.integrity import (
    TestColumnNumberOfMissingValues as TestColumnNumberOfMissingValues,
)
from collector.evaluate.tests.integrity import (
    TestColumnRegExp as TestColumnRegExp,
)
from collector.evaluate.tests.integrity import (
    TestColumnShareOfMissingValues as TestColumnShareOfMissingValues,
)
from collector.evaluate.tests.integrity import (
    TestColumnsType as TestColumnsType,
)
from collector.evaluate.tests.integrity import (
    TestNumberOfColumns as TestNumberOfColumns,
)
from collector.evaluate.tests.integrity import (
    TestNumberOfColumnsWithMissingValues as TestNumberOfColumnsWithMissingValues,
)
from collector.evaluate.tests.integrity import (
    TestNumberOfConstantColumns as TestNumberOfConstantColumns,
)
from collector.evaluate.tests.integrity import (
    TestNumberOfDifferentMissingValues as TestNumberOfDifferentMissingValues,
)
from collector.evaluate.tests.integrity import (
    TestNumberOfDuplicatedColumns as TestNumberOfDuplicatedColumns,
)
from collector.evaluate.tests.integrity import (
    TestNumberOfDuplicatedRows as TestNumberOfDuplicatedRows,
)
from collector.evaluate.tests.integrity import (
    TestNumberOfEmptyColumns as TestNumberOfEmptyColumns,
)
from collector.evaluate.tests.integrity import (
    TestNumberOfEmptyRows as TestNumberOfEmptyRows,
)
from collector.evaluate.tests.integrity import (
    TestNumberOfMissingValues as TestNumberOfMissingValues,
)
from collector.evaluate.tests.integrity import (
    TestNumberOfRows as TestNumberOfRows,
)
from collector.evaluate.tests.integrity import (
    TestNumberOfRowsWithMissingValues as TestNumberOfRowsWithMissingValues,
)
from collector.evaluate.tests.integrity import (
    TestShareOfColumnsWithMissingValues as TestShareOfColumnsWithMissingValues,
)
from collector.evaluate.tests.integrity import (
    TestShareOfMissingValues as TestShareOfMissingValues,
)
from collector.evaluate.tests.integrity import (
    TestShareOfRowsWithMissingValues as TestShareOfRowsWithMissingValues,
)
from collector.evaluate.tests.quality import (
    TestCategoryCount as TestCategoryCount,
)
from collector.evaluate.tests.quality import (
    TestCategoryShare as TestCategoryShare,
)
from collector.evaluate.tests.quality import (
    TestColumnQuantile as TestColumnQuantile,
)
from collector.evaluate.tests.quality import (
    TestColumnValueMax as TestColumnValueMax,
)
from collector.evaluate.tests.quality import (
    TestColumnValueMean as TestColumnValueMean,
)
from collector.evaluate.tests.quality import (
    TestColumnValueMedian as TestColumnValueMedian,
)
from collector.evaluate.tests.quality import (
    TestColumnValueMin as TestColumnValueMin,
)
from collector.evaluate.tests.quality import (
    TestColumnValueStd as TestColumnValueStd,
)
from collector.evaluate.tests.quality import (
    TestMeanInNSigmas as TestMeanInNSigmas,
)
from collector.evaluate.tests.quality import (
    TestMostCommonValueShare as TestMostCommonValueShare,
)
from collector.evaluate.tests.quality import (
    TestNumberOfOutListValues as TestNumberOfOutListValues,
)
from collector.evaluate.tests.quality import (
    TestNumberOfOutRangeValues as TestNumberOfOutRangeValues,
)
from collector.evaluate.tests.quality import (
    TestNumberOfUniqueValues as TestNumberOfUniqueValues,
)
from collector.evaluate.tests.quality import (
    TestShareOfOutListValues as TestShareOfOutListValues,
)
from collector.evaluate.tests.quality import (
    TestShareOfOutRangeValues as TestShareOfOutRangeValues,
)
from collector.evaluate.tests.quality import (
    TestUniqueValuesShare as TestUniqueValuesShare,
)
from collector.evaluate.tests.quality import (
    TestValueList as TestValueList,
)
from collector.evaluate.tests.quality import (
    TestValueRange as TestValueRange,
)
from collector.evaluate.tests.recsys import TestARP as TestARP
from collector.evaluate.tests.recsys import TestCoverage as TestCoverage
from collector.evaluate.tests.recsys import TestDiversity as TestDiversity
from collector.evaluate.tests.recsys import TestFBetaTopK as TestFBetaTopK
from collector.evaluate.tests.recsys import TestGiniIndex as TestGiniIndex
from collector.evaluate.tests.recsys import TestHitRateK as TestHitRateK
from collector.evaluate.tests.recsys import TestMAPK as TestMAPK
from collector.evaluate.tests.recsys import TestMARK as TestMARK
from collector.evaluate.tests.recsys import TestMRRK as TestMRRK
from collector.evaluate.tests.recsys import TestNDCGK as TestNDCGK
from collector.evaluate.tests.recsys import TestNovelty as TestNovelty
from collector.evaluate.tests.recsys import TestPersonalization as TestPersonalization
from collector.evaluate.tests.recsys import TestPrecisionTopK as TestPrecisionTopK
from collector.evaluate.tests.recsys import TestRecallTopK as TestRecallTopK
from collector.evaluate.tests.recsys import TestScoreEntropy as TestScoreEntropy
from collector.evaluate.tests.recsys import TestSerendipity as TestSerendipity
from collector.evaluate.tests.regression import (
    TestValueAbsMaxError as TestValueAbsMaxError,
)
from collector.evaluate.tests.regression import (
    TestValueMAE as TestValueMAE,
)
from collector.evaluate.tests.regression import (
    TestValueMAPE as TestValueMAPE,
)
from collector.evaluate.tests.regression import (
    TestValueMeanError as TestValueMeanError,
)
from collector.evaluate.tests.regression import (
    TestValueR2Score as TestValueR2Score,
)
from collector.evaluate.tests.regression import (
    TestValueRMSE as TestValueRMSE,
)

TESTS: tuple[type[Test], ...] = (
    TestNumberOfRows,
    TestNumberOfColumns,
    TestNumberOfMissingValues,
    TestShareOfMissingValues,
    TestNumberOfDifferentMissingValues,
    TestNumberOfColumnsWithMissingValues,
    TestShareOfColumnsWithMissingValues,
    TestNumberOfRowsWithMissingValues,
    TestShareOfRowsWithMissingValues,
    TestColumnNumberOfMissingValues,
    TestColumnShareOfMissingValues,
    TestColumnNumberOfDifferentMissingValues,
    TestNumberOfConstantColumns,
    TestNumberOfEmptyRows,
    TestNumberOfEmptyColumns,
    TestNumberOfDuplicatedRows,
    TestNumberOfDuplicatedColumns,
    TestColumnsType,
    TestColumnAllConstantValues,
    TestColumnAllUniqueValues,
    TestColumnRegExp,
    TestColumnValueMin,
    TestColumnValueMax,
    TestColumnValueMean,
    TestColumnValueMedian,
    TestColumnValueStd,
    TestNumberOfUniqueValues,
    TestUniqueValuesShare,
    TestMostCommonValueShare,
    TestMeanInNSigmas,
    TestValueRange,
    TestNumberOfOutRangeValues,
    TestShareOfOutRangeValues,
    TestValueList,
    TestNumberOfOutListValues,
    TestShareOfOutListValues,
    TestColumnQuantile,
    TestCategoryShare,
    TestCategoryCount,
    TestTargetPredictionCorrelation,
    TestHighlyCorrelatedColumns,
    TestTargetFeaturesCorrelations,
    TestPredictionFeaturesCorrelations,
    TestCorrelationChanges,
    TestConflictTarget,
    TestConflictPrediction,
    TestShareOfDriftedColumns,
    TestNumberOfDriftedColumns,
    TestColumnDrift,
    TestEmbeddingsDrift,
    TestValueMAE,
    TestValueRMSE,
    TestValueMAPE,
    TestValueMeanError,
    TestValueAbsMaxError,
    TestValueR2Score,
    TestAccuracyScore,
    TestPrecisionScore,
    TestRecallScore,
    TestF1Score,
    TestTPR,
    TestTNR,
    TestFPR,
    TestFNR,
    TestRocAuc,
    TestLogLoss,
    TestPrecisionByClass,
    TestRecallByClass,
    TestF1ByClass,
    TestPrecisionTopK,
    TestRecallTopK,
    TestFBetaTopK,
    TestMAPK,
    TestMARK,
    TestNDCGK,
    TestHitRateK,
    TestMRRK,
    TestNovelty,
    TestDiversity,
    TestSerendipity,
    TestPersonalization,
    TestARP,
    TestGiniIndex,
    TestCoverage,
    TestScoreEntropy,
)
