"""Every value here was verified once against the peer's Reports and Test Suites and an independent computation."""

import math

import numpy as np
import pandas as pd
import pytest

from collector.evaluate import ColumnMapping
from collector.metrics import (
    ClassificationDummyMetric,
    ClassificationQualityByClass,
    ClassificationQualityMetric,
    ColumnCategoryMetric,
    ColumnDriftMetric,
    ColumnMissingValuesMetric,
    ColumnQuantileMetric,
    ColumnRegExpMetric,
    ColumnSummaryMetric,
    ColumnValueListMetric,
    ColumnValueRangeMetric,
    DataDriftTable,
    DatasetDriftMetric,
    DatasetMissingValuesMetric,
    DatasetSummaryMetric,
    RegressionDummyMetric,
    RegressionQualityMetric,
)
from collector.tests import (
    TestColumnValueMin,
    TestLogLoss,
    TestNumberOfDriftedColumns,
    TestNumberOfRows,
    approx,
)
from tests.evaluate.recipes import b1, c1, error, n1, pair_of, q1, q2, r1, result, verdict


def near(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


def score(stattest, reference, current, **options):
    return result(ColumnDriftMetric("x", stattest=stattest, **options), current, reference)["drift_score"]


@pytest.mark.parametrize(
    ("stattest", "expected"),
    [
        ("ks", 5.324396058798207e-05),
        ("wasserstein", 0.2951884809499019),
        ("jensenshannon", 0.13985355121544055),
        ("psi", 0.19480822930080868),
        ("kl_div", 0.06636958889326576),
    ],
)
def test_numeric_drift_scores(stattest, expected):
    reference, current = n1()
    assert score(stattest, reference, current) == near(expected)


@pytest.mark.parametrize(
    ("stattest", "left", "right", "expected"),
    [
        ("jensenshannon", "rc", "cc", 0.19404752189994942),
        ("psi", "rc", "cc", 0.6241588055185824),
        ("kl_div", "rc", "cc", 0.2888366279971238),
        ("chisquare", "rc", "cc", 0.0),
        ("z", "rb", "cb", 0.0023695362997973035),
        ("z", "rc", "c4", 0.3854705955210478),
    ],
)
def test_categorical_drift_scores(stattest, left, right, expected):
    samples = c1()
    assert score(stattest, *pair_of(samples[left], samples[right])) == near(expected)


def test_chisquare_of_known_values_only():
    samples = c1()
    known = samples["cc"][np.isin(samples["cc"], list("abc"))]
    assert len(known) == 474
    assert score("chisquare", *pair_of(samples["rc"], known)) == near(1.4975397712650522e-09)


def test_a_reference_without_spread_is_divided_by_a_thousandth():
    assert score("wasserstein", *pair_of([2.0] * 30, [2.5] * 30)) == 500.0


def test_shares_of_a_rare_category_are_filled_by_less_than_itself():
    reference, current = pair_of(["0.0"] * 20000 + ["1.0"], ["0.0"] * 5000 + ["2.0"] * 10)
    assert score("psi", reference, current) == near(0.03497346554118458)
    assert score("kl_div", reference, current) == pytest.approx(0.00201324246640841, rel=1e-9)


@pytest.mark.parametrize(
    ("stattest", "expected"), [("ks", 1), ("wasserstein", 0), ("jensenshannon", 0), ("psi", 0), ("kl_div", 0)]
)
def test_equal_constants_do_not_drift(stattest, expected):
    reference, current = pair_of([1.0] * 50, [1.0] * 40)
    assert score(stattest, reference, current) == expected
    assert result(ColumnDriftMetric("x"), current, reference)["stattest_name"] == "Z-test p_value"
    assert score(None, reference, current) == 1.0


def test_the_size_of_the_reference_and_its_distinct_values_choose_the_method():
    def chosen(kind, rows, distinct, missing=0):
        values = np.arange(rows - missing) % distinct
        column = values.astype(float) if kind == "num" else values.astype(str)
        reference = pd.DataFrame({"x": [*column, *[None] * missing]})
        mapping = ColumnMapping(
            numerical_features=["x"] if kind == "num" else [], categorical_features=["x"] if kind == "cat" else []
        )
        return result(ColumnDriftMetric("x"), reference, reference, mapping)["stattest_name"]

    ks, distance, chi, z = "K-S p_value", "Jensen-Shannon distance", "chi-square p_value", "Z-test p_value"
    table = {
        (kind, rows, d): chosen(kind, rows, d)
        for kind in ("num", "cat")
        for rows in (1000, 1001)
        for d in (1, 2, 3, 5, 6, 50)
    }
    for (kind, rows, distinct), name in table.items():
        small = z if distinct <= 2 else chi if kind == "cat" or distinct <= 5 else ks
        large = "Wasserstein distance (normed)" if kind == "num" and distinct > 5 else distance
        assert name == (small if rows == 1000 else large), (kind, rows, distinct)
    assert chosen("num", 1005, 50, missing=5) == ks


def test_int_columns_with_eight_values_are_numbers():
    rng = np.random.default_rng(8)
    reference, current = pair_of(rng.integers(0, 8, 300), rng.integers(0, 8, 250))
    assert score(None, reference, current) == near(0.6730460283350325)


def test_a_data_set_drifts_when_the_share_reaches_the_limit():
    reference = pd.DataFrame({"a": range(100), "b": range(100)})
    drift = result(DatasetDriftMetric(), reference.assign(a=reference.a + 60), reference)
    assert (drift["share_of_drifted_columns"], drift["dataset_drift"]) == (0.5, True)


def test_the_nearest_option_wins():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=80), "b": rng.normal(size=80), "c": rng.choice(list("xyz"), 80)})
    table = DataDriftTable(
        stattest="psi", num_stattest="ks", per_column_stattest={"a": "wasserstein"},
        stattest_threshold=0.3, num_stattest_threshold=0.2, per_column_stattest_threshold={"a": 0.01},
    )  # fmt: skip
    drift = result(table, frame, frame)["drift_by_columns"]
    assert {name: (each["stattest_name"], each["stattest_threshold"]) for name, each in drift.items()} == {
        "a": ("Wasserstein distance (normed)", 0.01),
        "b": ("K-S p_value", 0.2),
        "c": ("PSI", 0.3),
    }


def test_data_quality_counts():
    summary = result(DatasetSummaryMetric(), q1())["current"]
    assert {
        "missing": summary["number_of_missing_values"],
        "constant": summary["number_of_constant_columns"],
        "almost constant": summary["number_of_almost_constant_columns"],
        "duplicated": summary["number_of_duplicated_columns"],
        "almost duplicated": summary["number_of_almost_duplicated_columns"],
        "empty": summary["number_of_empty_columns"],
    } == {"missing": 10, "constant": 4, "almost constant": 3, "duplicated": 3, "almost duplicated": 3, "empty": 1}
    missing = result(DatasetMissingValuesMetric(), q1())["current"]
    assert missing["number_of_missing_values"] == 12
    assert missing["share_of_missing_values"] == near(0.21428571428571427)
    assert missing["number_of_different_missing_values"] == 3
    assert missing["number_of_rows_with_missing_values"] == 8
    for column in ("n", "s"):
        assert result(ColumnMissingValuesMetric(column), q1())["current"]["number_of_missing_values"] == 2


def test_column_values():
    matched = result(ColumnRegExpMetric("s", reg_exp="[ab]"), q1())["current"]
    assert (matched["number_of_matched"], matched["number_of_not_matched"], matched["number_of_rows"]) == (5, 2, 8)
    assert result(ColumnCategoryMetric("s", category="a"), q1())["current"]["category_ratio"] == 0.5
    listed = result(ColumnValueListMetric("s", values=["a", "q"]), q1())["current"]
    assert (listed["number_not_in_list"], listed["share_not_in_list"]) == (4, 0.5)
    ranged = result(ColumnValueRangeMetric("n", left=1, right=2), q2())["current"]
    assert (ranged["number_in_range"], ranged["number_not_in_range"]) == (4, 3)
    assert ranged["share_in_range"] == near(0.5714285714285714)
    for quantile, expected in ((0.25, 1.5), (0.9, 6.500000000000002)):
        assert result(ColumnQuantileMetric("n", quantile=quantile), q2())["current"]["value"] == near(expected)
    summary = result(ColumnSummaryMetric("n"), q2())["current_characteristics"]
    assert summary["mean"] == near(2.5357142857142856)
    assert summary["std"] == near(3.8525656262758075)
    assert (summary["min"], summary["max"], summary["p50"]) == (-3.25, 9.5, 2)


def test_the_numbers_of_a_summary_are_not_rounded():
    values = pd.DataFrame({"x": [1.23456, 2.34567, 3.45678]})
    summary = result(ColumnSummaryMetric("x"), values)["current_characteristics"]
    assert (summary["mean"], summary["most_common"]) == (near(2.34567), 1.23456)
    reference, current = pair_of([1.005, 2.0], [1.0049, 2.0])
    assert verdict(TestColumnValueMin("x"), current, reference)["status"] == "FAIL"


def test_binary_classification():
    current, _, _ = b1()
    quality = result(ClassificationQualityMetric(), current)["current"]
    expected = {
        "accuracy": 0.83,
        "precision": 0.8444444444444444,
        "recall": 0.5846153846153846,
        "f1": 0.6909090909090909,
        "roc_auc": 0.9021082621082621,
        "log_loss": 0.43946862137312154,
        "tnr": 0.9481481481481482,
    }
    assert {name: quality[name] for name in expected} == near(expected)
    low = result(ClassificationQualityMetric(probas_threshold=0.3), current)["current"]
    assert (low["precision"], low["recall"]) == (near(0.5660377358490566), near(0.9230769230769231))
    assert (low["roc_auc"], low["log_loss"]) == (quality["roc_auc"], quality["log_loss"])
    assert result(ClassificationQualityMetric(k=20), current)["current"]["recall"] == near(0.3230769230769231)


def test_binary_dummy():
    current, _, _ = b1()
    dummy = result(ClassificationDummyMetric(), current)["dummy"]
    assert dummy["accuracy"] == near(0.54)
    assert dummy["precision"] == near(0.2786885245901639)
    assert dummy["recall"] == near(0.26153846153846155)
    assert dummy["tnr"] == near(0.674074074074074)
    assert dummy["roc_auc"] == 0.5
    assert dummy["log_loss"] == near(math.log(2))
    strict = result(ClassificationDummyMetric(probas_threshold=0.7), current)["dummy"]
    assert (strict["recall"], strict["fpr"]) == (near(0.15692307692307694), near(0.1955555555555556))
    assert verdict(TestLogLoss(), current)["parameters"]["condition"] == {"lt": near(math.log(2))}


def test_many_classes():
    _, _, many = b1()
    mapping = ColumnMapping(prediction=["a", "b", "c"])
    quality = result(ClassificationQualityMetric(), many, mapping=mapping)["current"]
    expected = {
        "accuracy": 0.78,
        "precision": 0.758517156862745,
        "recall": 0.7833337409608596,
        "f1": 0.7666640060510002,
        "roc_auc": 0.9429482838558781,
        "log_loss": 0.6163069493516348,
    }
    assert {name: quality[name] for name in expected} == near(expected)
    table = result(ClassificationQualityByClass(), many, mapping=mapping)["current"]["metrics"]
    aucs = {label: each["roc_auc"] for label, each in table.items()}
    assert aucs == pytest.approx({"a": 0.9453945, "b": 0.9491525, "c": 0.9342977}, abs=1e-7)
    dummy = result(ClassificationDummyMetric(), many, mapping=mapping)["dummy"]
    assert dummy["log_loss"] == near(1.0986122886681096)


def test_regression():
    reference, current = r1()
    quality = result(RegressionQualityMetric(), current, reference)["current"]
    expected = {
        "mean_error": 0.15901163573372737,
        "error_std": 1.0493829499785925,
        "mean_abs_error": 0.8513247187097781,
        "abs_error_std": 0.6301119551212674,
        "mean_abs_perc_error": 8.869723163927725,
        "abs_perc_error_std": 0.0798345165958871,
        "rmse": 1.0578978741667129,
        "r2_score": 0.8909422417224553,
        "abs_error_max": 2.68348264194843,
    }
    assert {name: quality[name] for name in expected} == near(expected)
    means = [
        quality["underperformance"][each]["mean_error"] for each in ("underestimation", "majority", "overestimation")
    ]
    assert means == near([-1.7758621699642005, 0.14518056424670928, 2.325555888839209])


def test_regression_dummy():
    reference, current = r1()
    dummy = result(RegressionDummyMetric(), current, reference)
    expected = {
        "mean_abs_error_default": 2.643303374968113,
        "rmse_default": 3.2034316436403754,
        "mean_abs_perc_error_default": 28.598839350567708,
        "abs_error_max_default": 8.047356328598259,
        "mean_abs_error_by_ref": 2.811172591356382,
        "rmse_by_ref": 3.3292980690066227,
        "mean_abs_perc_error_by_ref": 28.939798265727234,
        "abs_error_max_by_ref": 8.431388289521287,
    }
    assert {name: dummy[name] for name in expected} == near(expected)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 43.75),
        ({"mape_zero_handling": "none"}, 1.125899906842624e17),
        ({"mape_zero_handling": "drop"}, 25.0),
        ({"mape_zero_handling": "replace", "mape_replace_value": 0.25}, 25.0),
        ({"mape_replace_value": 0.0}, 18.75),
    ],
)
def test_targets_of_zero_in_the_percentage_error(options, expected):
    frame = pd.DataFrame({"target": [0.0, 1.0, 2.0, 4.0], "prediction": [1.0, 1.5, 2.0, 3.0]})
    mapping = ColumnMapping(task="regression")
    both = result(RegressionQualityMetric(**options), frame, frame, mapping)
    assert both["current"]["mean_abs_perc_error"] == near(expected)
    assert both["reference"]["mean_abs_perc_error"] == near(expected)
    assert both["current"]["near_zero_values"] == 2


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"eq": approx(100, relative=0.1)}, "SUCCESS"),
        ({"lte": approx(80, relative=0.125)}, "SUCCESS"),
        ({"lt": approx(80, relative=0.125)}, "FAIL"),
        ({"gt": approx(100, absolute=10)}, "FAIL"),
        ({"is_in": [90, 91]}, "SUCCESS"),
        ({"not_in": [90]}, "FAIL"),
        ({"gte": 10, "lte": 20}, "FAIL"),
        ({"eq": 1, "is_critical": False}, "WARNING"),
    ],
)
def test_the_grammar_of_conditions(conditions, status):
    assert verdict(TestNumberOfRows(**conditions), pd.DataFrame({"x": range(90)}))["status"] == status


def test_two_columns_without_drift_pass_the_number_of_drifted_columns():
    frame = pd.DataFrame({"x": range(60), "y": range(60)})
    assert verdict(TestNumberOfDriftedColumns(), frame, frame)["status"] == "SUCCESS"


def test_infinities_are_left_out_of_drift_everywhere():
    rng = np.random.default_rng(4)
    reference, current = pair_of(rng.normal(size=200), [*rng.normal(0.3, 1, 199), np.inf])
    without = current[np.isfinite(current.x)]
    for stattest in ("ks", "wasserstein", "psi"):
        table = result(DataDriftTable(stattest=stattest), current, reference)["drift_by_columns"]["x"]["drift_score"]
        assert table == score(stattest, reference, current) == score(stattest, reference, without)


def test_a_method_for_numbers_does_not_apply_to_categories():
    reference, current = pair_of(list("abc") * 20, list("abc") * 20)
    assert "ks is for num columns" in error(ColumnDriftMetric("x", stattest="ks"), current, reference)
