"""What is asked of targets, predictions and recommendations."""

from collections.abc import Iterator
from typing import Any

from tests.parity.case import Case, ask_both, ask_metric
from tests.parity.frames import Frames

CLASSIFICATION_TESTS = (
    "TestAccuracyScore", "TestPrecisionScore", "TestRecallScore", "TestF1Score", "TestTPR", "TestTNR", "TestFPR", "TestFNR",
)  # fmt: skip
PROBABILITY_TESTS = ("TestRocAuc", "TestLogLoss")
CLASS_TESTS = ("TestPrecisionByClass", "TestRecallByClass", "TestF1ByClass")
REGRESSION_TESTS = (
    "TestValueMAE", "TestValueRMSE", "TestValueMAPE", "TestValueMeanError", "TestValueAbsMaxError", "TestValueR2Score",
)  # fmt: skip
TOP_K_METRICS = (
    "PrecisionTopKMetric", "RecallTopKMetric", "FBetaTopKMetric", "MAPKMetric", "MARKMetric", "NDCGKMetric", "MRRKMetric",
    "HitRateKMetric",
)  # fmt: skip
TOP_K_TESTS = (
    "TestPrecisionTopK", "TestRecallTopK", "TestFBetaTopK", "TestMAPK", "TestMARK", "TestNDCGK", "TestHitRateK", "TestMRRK",
)  # fmt: skip


def classification_cases(name: str, frames: Frames) -> Iterator[Case]:
    target = sorted(set(frames.current["target"].tolist()))
    binary_probabilities = name in {"binary", "binary_columns", "gaps", "b1"}
    options: list[dict[str, Any]] = [{}]
    if binary_probabilities:
        options += [{"probas_threshold": 0.3}, {"probas_threshold": 0.7}, {"k": 20}]
    for given in options:
        for metric in (
            "ClassificationQualityMetric", "ClassificationConfusionMatrix", "ClassificationQualityByClass",
            "ClassificationDummyMetric",
        ):  # fmt: skip
            yield ask_metric(metric, **given)
        for test in CLASSIFICATION_TESTS:
            yield from ask_both(test, **given)
        for test in CLASS_TESTS:
            for label in target:
                yield from ask_both(test, label=label, **given)
    for test in PROBABILITY_TESTS:
        yield from ask_both(test)
    if name in {"b1", "m1"}:
        for metric in (
            "ClassificationPRTable",
            "ClassificationLiftTable",
            "ClassificationRocCurve",
            "ClassificationPRCurve",
        ):
            yield ask_metric(metric, compared=False)
        if name == "b1":
            yield ask_metric("ClassificationPRTable")
    yield ask_metric("ClassificationClassBalance")


def regression_cases() -> Iterator[Case]:
    yield ask_metric("RegressionQualityMetric")
    for handling in ("none", "drop", "replace"):
        yield ask_metric("RegressionQualityMetric", mape_zero_handling=handling)
    yield ask_metric("RegressionQualityMetric", mape_zero_handling="replace", mape_replace_value=0.25)
    yield ask_metric("RegressionQualityMetric", mape_zero_handling="none", mape_epsilon=1.0)
    for name in (
        "RegressionDummyMetric",
        "RegressionPerformanceMetrics",
        "RegressionTopErrorMetric",
        "RegressionErrorNormality",
    ):
        yield ask_metric(name)
    yield ask_metric("RegressionErrorBiasTable")
    for name in REGRESSION_TESTS:
        yield from ask_both(name)


def ranking_cases() -> Iterator[Case]:
    for k in (1, 3, 10):
        for metric in TOP_K_METRICS:
            yield ask_metric(metric, k=k)
        yield ask_metric("PersonalizationMetric", k=k)
    for metric in TOP_K_METRICS:
        yield ask_metric(metric, k=3, no_feedback_users=True)
        yield ask_metric(metric, k=3, min_rel_score=2)
    yield ask_metric("FBetaTopKMetric", k=3, beta=2.0)
    yield ask_metric("ScoreDistribution", k=3)
    for test in TOP_K_TESTS:
        yield from ask_both(test, k=3)
    yield from ask_both("TestPersonalization", k=3)
    yield from ask_both("TestScoreEntropy", k=3)
    yield Case("test preset", "RecsysTestPreset", (("k", 3),))
    yield Case("metric preset", "RecsysPreset", (("k", 3),))


def trained_cases() -> Iterator[Case]:
    features = ["f", "g"]
    yield ask_metric("NoveltyMetric", k=3)
    yield ask_metric("DiversityMetric", k=3, item_features=features)
    yield ask_metric("SerendipityMetric", k=3, item_features=features)
    yield ask_metric("PopularityBias", k=3)
    yield ask_metric("PopularityBias", k=3, normalize_arp=True)
    yield ask_metric("ItemBiasMetric", k=3, column_name="genre")
    yield ask_metric("UserBiasMetric", column_name="country")
    yield ask_metric("RecCasesTable", user_ids=[1, 2])
    yield from ask_both("TestNovelty", k=3)
    yield from ask_both("TestDiversity", k=3, item_features=features)
    yield from ask_both("TestSerendipity", k=3, item_features=features)
    for test in ("TestARP", "TestGiniIndex", "TestCoverage"):
        yield from ask_both(test, k=3)
    yield from ask_both("TestARP", k=3, normalize_arp=True)
    yield Case("metric preset", "RecsysPreset", (("k", 3), ("item_features", features)))
