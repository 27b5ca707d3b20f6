"""What is computed on every frame: by name and plain arguments, so that either engine can build it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from tests.parity.frames import Frames

Kind = Literal["metric", "test", "metric preset", "test preset"]

STATTESTS = (
    "ks", "wasserstein", "jensenshannon", "psi", "kl_div", "chisquare", "z", "hellinger", "anderson",
    "cramer_von_mises", "es", "mannw", "t_test", "ed", "empirical_mmd", "fisher_exact", "g_test", "TVD",
)  # fmt: skip
TEXT_STATTESTS = ("perc_text_content_drift", "abs_text_content_drift")
SLOW = {"empirical_mmd", "TVD"}
"""Permutations: asked for on these frames only."""
SLOW_FRAMES = {"tiny", "same_counts", "categorical", "q1"}
DRIFT_FRAMES = {
    "numeric", "large", "categorical", "missing", "infinities", "tiny", "constant", "integers", "n1", "c1", "same_counts",
}  # fmt: skip

DATASET_TESTS = (
    "TestNumberOfRows", "TestNumberOfColumns", "TestNumberOfMissingValues", "TestShareOfMissingValues",
    "TestNumberOfDifferentMissingValues", "TestNumberOfColumnsWithMissingValues", "TestShareOfColumnsWithMissingValues",
    "TestNumberOfRowsWithMissingValues", "TestShareOfRowsWithMissingValues", "TestNumberOfConstantColumns",
    "TestNumberOfEmptyRows", "TestNumberOfEmptyColumns", "TestNumberOfDuplicatedRows", "TestNumberOfDuplicatedColumns",
    "TestColumnsType",
)  # fmt: skip
DRIFT_TESTS = ("TestShareOfDriftedColumns", "TestNumberOfDriftedColumns")
CORRELATION_TESTS = (
    "TestTargetPredictionCorrelation", "TestHighlyCorrelatedColumns", "TestTargetFeaturesCorrelations",
    "TestPredictionFeaturesCorrelations", "TestCorrelationChanges",
)  # fmt: skip
CONFLICT_TESTS = ("TestConflictTarget", "TestConflictPrediction")
COLUMN_TESTS = (
    "TestColumnNumberOfMissingValues", "TestColumnShareOfMissingValues", "TestColumnNumberOfDifferentMissingValues",
    "TestColumnAllConstantValues", "TestColumnAllUniqueValues", "TestNumberOfUniqueValues", "TestUniqueValuesShare",
    "TestMostCommonValueShare", "TestColumnDrift",
)  # fmt: skip
NUMBER_TESTS = (
    "TestColumnValueMin", "TestColumnValueMax", "TestColumnValueMean", "TestColumnValueMedian", "TestColumnValueStd",
    "TestMeanInNSigmas", "TestValueRange", "TestNumberOfOutRangeValues", "TestShareOfOutRangeValues",
)  # fmt: skip
LIST_TESTS = ("TestValueList", "TestNumberOfOutListValues", "TestShareOfOutListValues")
CLASSIFICATION_TESTS = (
    "TestAccuracyScore", "TestPrecisionScore", "TestRecallScore", "TestF1Score", "TestTPR", "TestTNR", "TestFPR", "TestFNR",
)  # fmt: skip
PROBABILITY_TESTS = ("TestRocAuc", "TestLogLoss")
CLASS_TESTS = ("TestPrecisionByClass", "TestRecallByClass", "TestF1ByClass")
REGRESSION_TESTS = (
    "TestValueMAE", "TestValueRMSE", "TestValueMAPE", "TestValueMeanError", "TestValueAbsMaxError", "TestValueR2Score",
)  # fmt: skip
DESCRIPTORS = (
    ["TextLength", {}],
    ["WordCount", {}],
    ["SentenceCount", {}],
    ["NonLetterCharacterPercentage", {}],
    ["RegExp", {"reg_exp": "[A-Z].*[.!]"}],
    ["Contains", {"items": ["world", "http"]}],
    ["Contains", {"items": ["world", "hello"], "case_sensitive": False, "mode": "all"}],
    ["DoesNotContain", {"items": ["world", "http"]}],
    ["BeginsWith", {"prefix": "He"}],
    ["BeginsWith", {"prefix": "he", "case_sensitive": False}],
    ["EndsWith", {"suffix": "."}],
    ["TriggerWordsPresence", {"words_list": ["hell", "test"], "lemmatize": False}],
    ["IncludesWords", {"words_list": ["world", "he"], "mode": "any", "lemmatize": False}],
    ["IncludesWords", {"words_list": ["world", "hello"], "mode": "all", "lemmatize": False}],
    ["ExcludesWords", {"words_list": ["world", "hello"], "mode": "any", "lemmatize": False}],
    ["ExcludesWords", {"words_list": ["world", "hello"], "mode": "all", "lemmatize": False}],
    ["ContainsLink", {}],
    ["IsValidPython", {}],
)
"""What is read from a text, and with which arguments."""
EMBEDDING_METHODS = (
    ["model", {"threshold": 0.6, "bootstrap": False}],
    ["model", {"bootstrap": True, "quantile_probability": 0.9, "pca_components": 2}],
    ["distance", {}],
    ["distance", {"dist": "cosine", "threshold": 0.5, "bootstrap": True}],
    ["distance", {"dist": "cityblock"}],
    ["distance", {"dist": "chebyshev", "pca_components": 3}],
    ["ratio", {}],
    ["ratio", {"component_stattest": "ks", "component_stattest_threshold": 0.01, "threshold": 0.6}],
    ["mmd", {}],
    ["mmd", {"threshold": 0.1, "bootstrap": True, "quantile_probability": 0.05, "pca_components": 2}],
)
"""How vectors are compared: the method and its arguments."""
TOP_K_METRICS = (
    "PrecisionTopKMetric", "RecallTopKMetric", "FBetaTopKMetric", "MAPKMetric", "MARKMetric", "NDCGKMetric", "MRRKMetric",
    "HitRateKMetric",
)  # fmt: skip
TOP_K_TESTS = (
    "TestPrecisionTopK", "TestRecallTopK", "TestFBetaTopK", "TestMAPK", "TestMARK", "TestNDCGK", "TestHitRateK", "TestMRRK",
)  # fmt: skip

CLASSIFICATION_FRAMES = {
    "binary", "binary_columns", "binary_labels", "multiclass", "multiclass_labels", "gaps", "b1", "m1",
}  # fmt: skip
REGRESSION_FRAMES = {"regression", "regression_signed", "r1", "correlated"}
RANKING_FRAMES = {"ranking", "ranks"}


@dataclass(frozen=True)
class Case:
    """One metric, test or preset with its arguments. `approx` in arguments: `{"approx": [value, relative, absolute]}`."""

    kind: Kind
    name: str
    arguments: tuple[tuple[str, Any], ...] = ()
    compared: bool = True
    """Whether the reference is given."""

    @property
    def id(self) -> str:
        """The case in one line; the key of its golden value."""
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments)
        return f"{self.name}({arguments}){'' if self.compared else ' alone'}"

    @property
    def stattests(self) -> frozenset[str]:
        """The drift methods that the case names."""
        return frozenset(
            value for name, value in self.arguments if name.endswith("stattest") and isinstance(value, str)
        )


def _metric(name: str, *, compared: bool = True, **arguments: Any) -> Case:
    return Case("metric", name, tuple(arguments.items()), compared)


def _test(name: str, *, compared: bool = True, **arguments: Any) -> Case:
    return Case("test", name, tuple(arguments.items()), compared)


def _both(name: str, **arguments: Any) -> Iterator[Case]:
    for compared in (True, False):
        yield _test(name, compared=compared, **arguments)


def cases(name: str, frames: Frames) -> Iterator[Case]:
    """Everything that is asked of one pair of frames."""
    if name not in {"shuffled", "trained", "sentences"}:
        yield from _dataset_cases(name)
    if name in RANKING_FRAMES:
        yield from _ranking_cases()
        return
    if name == "sentences":
        yield from _text_cases()
        return
    if name == "trained":
        yield from _trained_cases()
        return
    if name == "shuffled":
        for metric in TOP_K_METRICS:
            yield _metric(metric, k=3)
        return
    columns = [str(column) for column in frames.current.columns if column not in {"e0", "e1", "e2", "e3"}]
    for column in columns:
        yield from _column_cases(column, frames.current[column])
        if name not in {"wide", "large", "integers", "unicode"}:
            yield _metric("ColumnCorrelationsMetric", column_name=column)
    if name in DRIFT_FRAMES:
        yield from _drift_cases(name, columns)
    if name == "texts":
        for stattest in TEXT_STATTESTS:
            yield _metric("ColumnDriftMetric", column_name="text", stattest=stattest)
    if name == "embeddings":
        yield _metric("EmbeddingsDriftMetric", embeddings_name="vector")
        yield from _both("TestEmbeddingsDrift", embeddings_name="vector")
        for method in EMBEDDING_METHODS:
            yield _metric("EmbeddingsDriftMetric", embeddings_name="vector", drift_method={"embedding": method})
    if name in CLASSIFICATION_FRAMES:
        yield from _classification_cases(name, frames)
    if name in REGRESSION_FRAMES:
        yield from _regression_cases()
    yield from _preset_cases(name)


def _dataset_cases(name: str) -> Iterator[Case]:
    yield _metric("DatasetSummaryMetric")
    yield _metric(
        "DatasetSummaryMetric", compared=False, almost_duplicated_threshold=0.5, almost_constant_threshold=0.8
    )
    yield _metric("DatasetMissingValuesMetric")
    if name in {"missing", "categorical", "q1"}:
        for replace in (True, False):
            yield _metric("DatasetMissingValuesMetric", missing_values=["a", 2.0], replace=replace)
            yield _test("TestNumberOfMissingValues", missing_values=["a", 2.0], replace=replace)
    yield _metric("DatasetDriftMetric")
    yield _metric("DatasetDriftMetric", stattest="psi", stattest_threshold=0.3, drift_share=0.25)
    yield _metric("DataDriftTable")
    yield _metric(
        "DataDriftTable", num_stattest="wasserstein", cat_stattest="jensenshannon", num_stattest_threshold=0.2
    )
    for metric in ("DatasetCorrelationsMetric", "ConflictTargetMetric", "ConflictPredictionMetric"):
        yield _metric(metric)
    yield _metric("DataQualityStabilityMetric", compared=False)
    for test in (*DATASET_TESTS, *DRIFT_TESTS, *CORRELATION_TESTS, *CONFLICT_TESTS):
        yield from _both(test)
    yield _test("TestNumberOfRows", eq={"approx": [200, 0.2, None]})
    yield _test("TestNumberOfRows", gte=100, lt=250, is_critical=False)
    yield _test("TestNumberOfRows", is_in=[5, 8, 150, 160])
    yield _test("TestNumberOfRows", not_in=[5, 8, 150, 160])
    if name == "numeric":
        yield from _condition_cases(rows=250)
    yield _test("TestShareOfMissingValues", lte={"approx": [0.05, None, 0.01]})


def _text_cases() -> Iterator[Case]:
    for name, arguments in DESCRIPTORS:
        described = {"descriptor": [name, arguments, "text"]}
        yield _metric("ColumnSummaryMetric", column_name=described)
        yield _metric("ColumnDriftMetric", column_name=described)
        yield from _both("TestMostCommonValueShare", column_name=described)
    for name, arguments in DESCRIPTORS[:4]:
        described = {"descriptor": [name, arguments, "text"]}
        for test in NUMBER_TESTS:
            yield from _both(test, column_name=described)
        yield _metric("ColumnQuantileMetric", column_name=described, quantile=0.75)
    some = {name: {"descriptor": [name, arguments, None]} for name, arguments in DESCRIPTORS[:4]}
    yield _metric("TextDescriptorsDriftMetric", column_name="text", descriptors=some)
    yield Case("metric preset", "TextEvals", (("column_name", "text"), ("descriptors", list(some.values()))))


def _condition_cases(rows: int) -> Iterator[Case]:
    """Every comparison just inside of its limit and just outside, with and without a tolerance."""
    for comparison in ("eq", "gt", "gte", "lt", "lte"):
        for limit in (rows - 1, rows, rows + 1):
            yield _test("TestNumberOfRows", compared=False, **{comparison: limit})
        for value in (rows / 1.1, rows / 1.09, rows / 0.91, rows / 0.9):
            yield _test("TestNumberOfRows", compared=False, **{comparison: {"approx": [value, 0.1, None]}})
        for value in (rows - 5, rows + 5, rows + 5.5):
            yield _test("TestNumberOfRows", compared=False, **{comparison: {"approx": [value, None, 5]}})
        yield _test("TestNumberOfRows", compared=False, **{comparison: {"approx": [rows - 4, 1e-3, 5]}})
    for given in (
        {"not_eq": rows},
        {"not_eq": 1},
        {"gte": 10, "lte": 20},
        {"gte": 10, "lte": 20, "is_critical": False},
    ):
        yield _test("TestNumberOfRows", compared=False, **given)


def _column_cases(column: str, values: "pd.Series[Any]") -> Iterator[Case]:
    number = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
    yield _metric("ColumnSummaryMetric", column_name=column)
    yield _metric("ColumnMissingValuesMetric", column_name=column)
    yield _metric("ColumnDriftMetric", column_name=column)
    yield _metric("ColumnValueListMetric", column_name=column)
    present = values.dropna()
    some = [] if present.empty else [present.iloc[0].item() if hasattr(present.iloc[0], "item") else present.iloc[0]]
    plain = [each for each in some if isinstance(each, (str, int, float))]
    for each in plain:
        yield _metric("ColumnCategoryMetric", column_name=column, category=each)
        yield _metric(
            "ColumnValueListMetric", column_name=column, values=[each, "q"] if isinstance(each, str) else [each]
        )
        yield from _both("TestCategoryShare", column_name=column, category=each)
        yield from _both("TestCategoryCount", column_name=column, category=each)
    for name in COLUMN_TESTS:
        yield from _both(name, column_name=column)
    for name in LIST_TESTS:
        yield from _both(name, column_name=column)
        if plain:
            yield _test(name, compared=False, column_name=column, values=plain)
    if number:
        yield _metric("ColumnValueRangeMetric", column_name=column)
        yield _metric("ColumnValueRangeMetric", compared=False, column_name=column, left=1, right=2)
        for quantile in (0.25, 0.9, 1):
            yield _metric("ColumnQuantileMetric", column_name=column, quantile=quantile)
        for name in NUMBER_TESTS:
            yield from _both(name, column_name=column)
        yield from _both("TestColumnQuantile", column_name=column, quantile=0.75)
    else:
        yield _metric("ColumnRegExpMetric", column_name=column, reg_exp="[ab]")
        yield from _both("TestColumnRegExp", column_name=column, reg_exp="[a-m]")


def _drift_cases(name: str, columns: list[str]) -> Iterator[Case]:
    for column in columns:
        for stattest in STATTESTS:
            if stattest not in SLOW or name in SLOW_FRAMES:
                yield _metric("ColumnDriftMetric", column_name=column, stattest=stattest)
        yield _test("TestColumnDrift", column_name=column, stattest="psi", stattest_threshold=0.25)
    options = (("num_stattest", "ks"), ("cat_stattest", "psi"), ("cat_stattest_threshold", 0.3))
    yield Case("test preset", "DataDriftTestPreset", options)
    yield Case("test preset", "TestAllFeaturesValueDrift", options)
    yield Case("test preset", "TestCustomFeaturesValueDrift", (("features", columns[:2]), *options))
    for generator in (
        "TestAllColumnsShareOfMissingValues", "TestAllColumnsMostCommonValueShare", "TestNumColumnsOutOfRangeValues",
        "TestCatColumnsOutOfListValues", "TestNumColumnsMeanInNSigmas",
    ):  # fmt: skip
        yield Case("test preset", generator)
        yield Case("test preset", generator, (("columns", columns[:2]),))


def _classification_cases(name: str, frames: Frames) -> Iterator[Case]:
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
            yield _metric(metric, **given)
        for test in CLASSIFICATION_TESTS:
            yield from _both(test, **given)
        for test in CLASS_TESTS:
            for label in target:
                yield from _both(test, label=label, **given)
    for test in PROBABILITY_TESTS:
        yield from _both(test)
    if name in {"b1", "m1"}:
        for metric in (
            "ClassificationPRTable",
            "ClassificationLiftTable",
            "ClassificationRocCurve",
            "ClassificationPRCurve",
        ):
            yield _metric(metric, compared=False)
        if name == "b1":
            yield _metric("ClassificationPRTable")
    yield _metric("ClassificationClassBalance")


def _regression_cases() -> Iterator[Case]:
    yield _metric("RegressionQualityMetric")
    for handling in ("none", "drop", "replace"):
        yield _metric("RegressionQualityMetric", mape_zero_handling=handling)
    yield _metric("RegressionQualityMetric", mape_zero_handling="replace", mape_replace_value=0.25)
    yield _metric("RegressionQualityMetric", mape_zero_handling="none", mape_epsilon=1.0)
    for name in (
        "RegressionDummyMetric",
        "RegressionPerformanceMetrics",
        "RegressionTopErrorMetric",
        "RegressionErrorNormality",
    ):
        yield _metric(name)
    yield _metric("RegressionErrorBiasTable")
    for name in REGRESSION_TESTS:
        yield from _both(name)


def _ranking_cases() -> Iterator[Case]:
    for k in (1, 3, 10):
        for metric in TOP_K_METRICS:
            yield _metric(metric, k=k)
        yield _metric("PersonalizationMetric", k=k)
    for metric in TOP_K_METRICS:
        yield _metric(metric, k=3, no_feedback_users=True)
        yield _metric(metric, k=3, min_rel_score=2)
    yield _metric("FBetaTopKMetric", k=3, beta=2.0)
    yield _metric("ScoreDistribution", k=3)
    for test in TOP_K_TESTS:
        yield from _both(test, k=3)
    yield from _both("TestPersonalization", k=3)
    yield from _both("TestScoreEntropy", k=3)
    yield Case("test preset", "RecsysTestPreset", (("k", 3),))
    yield Case("metric preset", "RecsysPreset", (("k", 3),))


def _trained_cases() -> Iterator[Case]:
    features = ["f", "g"]
    yield _metric("NoveltyMetric", k=3)
    yield _metric("DiversityMetric", k=3, item_features=features)
    yield _metric("SerendipityMetric", k=3, item_features=features)
    yield _metric("PopularityBias", k=3)
    yield _metric("PopularityBias", k=3, normalize_arp=True)
    yield _metric("ItemBiasMetric", k=3, column_name="genre")
    yield _metric("UserBiasMetric", column_name="country")
    yield _metric("RecCasesTable", user_ids=[1, 2])
    yield from _both("TestNovelty", k=3)
    yield from _both("TestDiversity", k=3, item_features=features)
    yield from _both("TestSerendipity", k=3, item_features=features)
    for test in ("TestARP", "TestGiniIndex", "TestCoverage"):
        yield from _both(test, k=3)
    yield from _both("TestARP", k=3, normalize_arp=True)
    yield Case("metric preset", "RecsysPreset", (("k", 3), ("item_features", features)))


def _preset_cases(name: str) -> Iterator[Case]:
    for preset in ("DataDriftPreset", "DataQualityPreset", "TargetDriftPreset"):
        yield Case("metric preset", preset)
    presets = ["DataDriftTestPreset", "DataStabilityTestPreset", "DataQualityTestPreset"]
    if name in {*REGRESSION_FRAMES, *CLASSIFICATION_FRAMES, "missing", "embeddings"}:
        presets.append("NoTargetPerformanceTestPreset")
    if name in REGRESSION_FRAMES:
        presets.append("RegressionTestPreset")
        yield Case("metric preset", "RegressionPreset")
    if name in CLASSIFICATION_FRAMES:
        yield Case("metric preset", "ClassificationPreset")
        presets.append(
            "MulticlassClassificationTestPreset" if name.startswith("m") else "BinaryClassificationTestPreset"
        )
    for preset in presets:
        yield Case("test preset", preset)
        yield Case("test preset", preset, (), compared=False)
    if name in {"binary", "binary_columns", "gaps", "b1"}:
        yield Case("test preset", "BinaryClassificationTopKTestPreset", (("k", 20),))
        yield Case("test preset", "BinaryClassificationTestPreset", (("probas_threshold", 0.3),), compared=False)
