"""What is computed on every frame: by name and plain arguments, so that either engine can build it."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from tests.parity.case import NUMBER_TESTS, Case, ask_both, ask_metric, ask_test
from tests.parity.cases_of_models import (
    TOP_K_METRICS,
    classification_cases,
    ranking_cases,
    regression_cases,
    trained_cases,
)
from tests.parity.cases_of_texts import text_cases
from tests.parity.frames import Frames

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
LIST_TESTS = ("TestValueList", "TestNumberOfOutListValues", "TestShareOfOutListValues")
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
CLASSIFICATION_FRAMES = {
    "binary", "binary_columns", "binary_labels", "multiclass", "multiclass_labels", "gaps", "b1", "m1",
}  # fmt: skip
REGRESSION_FRAMES = {"regression", "regression_signed", "r1", "correlated"}
RANKING_FRAMES = {"ranking", "ranks"}


def cases(name: str, frames: Frames) -> Iterator[Case]:
    """Everything that is asked of one pair of frames."""
    if name not in {"shuffled", "trained", "sentences"}:
        yield from _dataset_cases(name)
    if name in RANKING_FRAMES:
        yield from ranking_cases()
        return
    if name == "sentences":
        yield from text_cases()
        return
    if name == "trained":
        yield from trained_cases()
        return
    if name == "shuffled":
        for metric in TOP_K_METRICS:
            yield ask_metric(metric, k=3)
        return
    columns = [str(column) for column in frames.current.columns if column not in {"e0", "e1", "e2", "e3"}]
    for column in columns:
        yield from _column_cases(column, frames.current[column])
        if name not in {"wide", "large", "integers", "unicode"}:
            yield ask_metric("ColumnCorrelationsMetric", column_name=column)
    if name in DRIFT_FRAMES:
        yield from _drift_cases(name, columns)
    if name == "texts":
        for stattest in TEXT_STATTESTS:
            yield ask_metric("ColumnDriftMetric", column_name="text", stattest=stattest)
    if name == "embeddings":
        yield ask_metric("EmbeddingsDriftMetric", embeddings_name="vector")
        yield from ask_both("TestEmbeddingsDrift", embeddings_name="vector")
        for method in EMBEDDING_METHODS:
            yield ask_metric("EmbeddingsDriftMetric", embeddings_name="vector", drift_method={"embedding": method})
    if name in CLASSIFICATION_FRAMES:
        yield from classification_cases(name, frames)
    if name in REGRESSION_FRAMES:
        yield from regression_cases()
    yield from _preset_cases(name)


def _dataset_cases(name: str) -> Iterator[Case]:
    yield ask_metric("DatasetSummaryMetric")
    yield ask_metric(
        "DatasetSummaryMetric", compared=False, almost_duplicated_threshold=0.5, almost_constant_threshold=0.8
    )
    yield ask_metric("DatasetMissingValuesMetric")
    if name in {"missing", "categorical", "q1"}:
        for replace in (True, False):
            yield ask_metric("DatasetMissingValuesMetric", missing_values=["a", 2.0], replace=replace)
            yield ask_test("TestNumberOfMissingValues", missing_values=["a", 2.0], replace=replace)
    yield ask_metric("DatasetDriftMetric")
    yield ask_metric("DatasetDriftMetric", stattest="psi", stattest_threshold=0.3, drift_share=0.25)
    yield ask_metric("DataDriftTable")
    yield ask_metric(
        "DataDriftTable", num_stattest="wasserstein", cat_stattest="jensenshannon", num_stattest_threshold=0.2
    )
    for metric in ("DatasetCorrelationsMetric", "ConflictTargetMetric", "ConflictPredictionMetric"):
        yield ask_metric(metric)
    yield ask_metric("DataQualityStabilityMetric", compared=False)
    for test in (*DATASET_TESTS, *DRIFT_TESTS, *CORRELATION_TESTS, *CONFLICT_TESTS):
        yield from ask_both(test)
    yield ask_test("TestNumberOfRows", eq={"approx": [200, 0.2, None]})
    yield ask_test("TestNumberOfRows", gte=100, lt=250, is_critical=False)
    yield ask_test("TestNumberOfRows", is_in=[5, 8, 150, 160])
    yield ask_test("TestNumberOfRows", not_in=[5, 8, 150, 160])
    if name == "numeric":
        yield from _condition_cases(rows=250)
    yield ask_test("TestShareOfMissingValues", lte={"approx": [0.05, None, 0.01]})


def _condition_cases(rows: int) -> Iterator[Case]:
    """Every comparison just inside of its limit and just outside, with and without a tolerance."""
    for comparison in ("eq", "gt", "gte", "lt", "lte"):
        for limit in (rows - 1, rows, rows + 1):
            yield ask_test("TestNumberOfRows", compared=False, **{comparison: limit})
        for value in (rows / 1.1, rows / 1.09, rows / 0.91, rows / 0.9):
            yield ask_test("TestNumberOfRows", compared=False, **{comparison: {"approx": [value, 0.1, None]}})
        for value in (rows - 5, rows + 5, rows + 5.5):
            yield ask_test("TestNumberOfRows", compared=False, **{comparison: {"approx": [value, None, 5]}})
        yield ask_test("TestNumberOfRows", compared=False, **{comparison: {"approx": [rows - 4, 1e-3, 5]}})
    for given in (
        {"not_eq": rows},
        {"not_eq": 1},
        {"gte": 10, "lte": 20},
        {"gte": 10, "lte": 20, "is_critical": False},
    ):
        yield ask_test("TestNumberOfRows", compared=False, **given)


def _column_cases(column: str, values: "pd.Series[Any]") -> Iterator[Case]:
    number = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
    yield ask_metric("ColumnSummaryMetric", column_name=column)
    yield ask_metric("ColumnMissingValuesMetric", column_name=column)
    yield ask_metric("ColumnDriftMetric", column_name=column)
    yield ask_metric("ColumnValueListMetric", column_name=column)
    present = values.dropna()
    some = [] if present.empty else [present.iloc[0].item() if hasattr(present.iloc[0], "item") else present.iloc[0]]
    plain = [each for each in some if isinstance(each, (str, int, float))]
    for each in plain:
        yield ask_metric("ColumnCategoryMetric", column_name=column, category=each)
        yield ask_metric(
            "ColumnValueListMetric", column_name=column, values=[each, "q"] if isinstance(each, str) else [each]
        )
        yield from ask_both("TestCategoryShare", column_name=column, category=each)
        yield from ask_both("TestCategoryCount", column_name=column, category=each)
    for name in COLUMN_TESTS:
        yield from ask_both(name, column_name=column)
    for name in LIST_TESTS:
        yield from ask_both(name, column_name=column)
        if plain:
            yield ask_test(name, compared=False, column_name=column, values=plain)
    if number:
        yield ask_metric("ColumnValueRangeMetric", column_name=column)
        yield ask_metric("ColumnValueRangeMetric", compared=False, column_name=column, left=1, right=2)
        for quantile in (0.25, 0.9, 1):
            yield ask_metric("ColumnQuantileMetric", column_name=column, quantile=quantile)
        for name in NUMBER_TESTS:
            yield from ask_both(name, column_name=column)
        yield from ask_both("TestColumnQuantile", column_name=column, quantile=0.75)
    else:
        yield ask_metric("ColumnRegExpMetric", column_name=column, reg_exp="[ab]")
        yield from ask_both("TestColumnRegExp", column_name=column, reg_exp="[a-m]")


def _drift_cases(name: str, columns: list[str]) -> Iterator[Case]:
    for column in columns:
        for stattest in STATTESTS:
            if stattest not in SLOW or name in SLOW_FRAMES:
                yield ask_metric("ColumnDriftMetric", column_name=column, stattest=stattest)
        yield ask_test("TestColumnDrift", column_name=column, stattest="psi", stattest_threshold=0.25)
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
