"""What is expected where the expectation itself is odd: no value, one row, nothing but missing cells, moved bars."""

import numpy as np
import pandas as pd
import pytest

from collector.evaluate import ColumnMapping, approx
from collector.evaluate.conditions import Conditions
from collector.evaluate.metrics import (
    ClassificationDummyMetric,
    ColumnCorrelationsMetric,
    ColumnDriftMetric,
    ColumnQuantileMetric,
    ColumnValueListMetric,
    ColumnValueRangeMetric,
    RegressionDummyMetric,
    RegressionQualityMetric,
)
from collector.evaluate.tests import (
    TestHighlyCorrelatedColumns,
    TestPredictionFeaturesCorrelations,
    TestRecallByClass,
    TestShareOfOutListValues,
    TestShareOfOutRangeValues,
    TestTargetFeaturesCorrelations,
    TestTargetPredictionCorrelation,
    TestValueRange,
)
from tests.evaluate.recipes import b1, error, r1, result, verdict

NOTHING = pd.DataFrame({"x": [np.nan, np.nan]})
SOME = pd.DataFrame({"x": [1.0, 2.0]})


def test_a_missing_cell_is_out_of_the_list_that_the_reference_gives_even_when_it_has_missing_cells_too():
    frame = pd.DataFrame({"x": ["a", "b", None, None]})
    assert result(ColumnValueListMetric("x"), frame, frame)["current"]["share_not_in_list"] == 0.5
    assert verdict(TestShareOfOutListValues("x"), frame, frame)["status"] == "FAIL"


def test_a_missing_cell_is_in_a_list_that_names_none():
    frame = pd.DataFrame({"x": ["a", "b", None]})
    assert result(ColumnValueListMetric("x", values=["a", None]), frame)["current"]["number_in_list"] == 2


def test_a_column_of_missing_cells_leaves_no_value_in_its_list_and_a_reference_without_rows_gives_none():
    empty = pd.DataFrame({"x": [None, None]}, dtype=object)
    assert result(ColumnValueListMetric("x"), empty, empty)["current"]["number_not_in_list"] == 2
    assert "no rows" in error(ColumnValueListMetric("x"), empty, empty.iloc[:0])
    assert "empty" in error(ColumnValueListMetric("x", values=[]), empty)


def test_nothing_is_outside_of_any_range_when_there_is_no_value():
    for reference in (NOTHING, SOME):
        assert verdict(TestShareOfOutRangeValues("x"), NOTHING, reference)["status"] == "SUCCESS"
    assert result(ColumnValueRangeMetric("x", left=0, right=9), NOTHING)["current"]["share_in_range"] == 0


def test_every_value_is_outside_of_the_range_of_a_reference_without_values():
    assert verdict(TestShareOfOutRangeValues("x"), SOME, NOTHING)["status"] == "FAIL"
    assert verdict(TestValueRange("x"), SOME, NOTHING)["parameters"]["value"] == 2


@pytest.mark.parametrize("values", [[1, 0, 1, 1], [1.0, 0.0, 1.0, 1.0]])
def test_a_column_of_few_whole_numbers_has_quantiles(values):
    assert result(ColumnQuantileMetric("x", quantile=0.5), pd.DataFrame({"x": values}))["current"]["value"] == 1


def test_a_column_of_words_has_no_quantile():
    assert "holds str values" in error(ColumnQuantileMetric("x", quantile=0.5), pd.DataFrame({"x": ["a", "b"]}))


def test_two_constants_drift_by_t_test_when_they_differ_and_have_no_score_when_they_are_the_same():
    two, more = pd.DataFrame({"x": [2.0] * 40}), pd.DataFrame({"x": [2.5] * 40})
    drift = result(ColumnDriftMetric("x", stattest="t_test"), more, two)
    assert drift["drift_score"] == 0
    assert drift["drift_detected"]
    assert "gives nan" in error(ColumnDriftMetric("x", stattest="t_test"), two, two)


def test_the_t_test_of_huge_numbers_is_that_of_their_distances():
    rng = np.random.default_rng(0)
    before, now = rng.integers(0, 1000, 300), rng.integers(0, 1000, 200)
    scores = [
        result(
            ColumnDriftMetric("x", stattest="t_test"), pd.DataFrame({"x": now + far}), pd.DataFrame({"x": before + far})
        )
        for far in (0.0, 2.0**50)
    ]
    assert scores[0]["drift_score"] == scores[1]["drift_score"]


def test_the_quality_of_a_regression_tells_the_best_constants_and_whether_its_errors_are_normal():
    reference, current = r1()
    mapping = ColumnMapping(task="regression")
    quality = result(RegressionQualityMetric(), current, reference, mapping)
    dummy = result(RegressionDummyMetric(), current, reference, mapping)
    for name in ("mean_abs_error_default", "mean_abs_perc_error_default", "rmse_default", "abs_error_max_default"):
        assert quality[name] == dummy[name]
    assert quality["me_default_sigma"] == quality["current"]["error_std"]
    assert quality["error_normality"]["r"] > 0.98
    one = result(RegressionQualityMetric(), current.iloc[:1], None, mapping)
    assert one["error_normality"]["r"] is None


def test_guessing_is_harder_by_class_when_the_bar_of_the_positive_label_is_moved():
    binary = b1()[0]

    def bar(label, **options):
        return verdict(TestRecallByClass(label, **options), binary)["parameters"]["condition"]["gt"]

    assert bar(1, probas_threshold=0.75) == pytest.approx(bar(1) / 2)
    assert bar(0, probas_threshold=0.25) == pytest.approx(bar(0) * 2 / 3)
    assert bar(0, probas_threshold=0.75) == bar(0)


def test_the_model_beside_its_dummy_is_judged_without_the_threshold_of_the_dummy():
    binary = b1()[0]
    dummies = [result(ClassificationDummyMetric(probas_threshold=bar), binary) for bar in (None, 0.3)]
    assert dummies[0]["model_quality"] == dummies[1]["model_quality"]
    assert dummies[0]["dummy"] != dummies[1]["dummy"]


def test_columns_of_few_values_are_compared_without_a_warning():
    rng = np.random.default_rng(1)
    before, now = (pd.DataFrame({"x": rng.choice([0.0, 1.0], 80), "one": np.ones(80)}) for _ in range(2))
    assert 0 <= result(ColumnDriftMetric("x", stattest="es"), now, before)["drift_score"] <= 1
    correlations = result(ColumnCorrelationsMetric("x"), now)["current"]
    assert set(correlations["spearman"]["values"]["y"]) == {None}


def test_correlations_with_the_target_are_of_the_kind_that_suits_it_unless_a_method_is_given():
    words = pd.DataFrame({"target": list("ababab"), "prediction": list("abbbab"), "n": range(6)})
    mapping = ColumnMapping(task="classification")
    alike = {
        test: verdict(test(), words, None, mapping)["parameters"]["value"]
        for test in (
            TestTargetFeaturesCorrelations,
            TestPredictionFeaturesCorrelations,
            TestTargetPredictionCorrelation,
        )
    }
    assert len(set(alike.values())) == 1
    assert verdict(TestTargetFeaturesCorrelations(method="pearson"), words, None, mapping)["status"] == "ERROR"


def test_a_correlation_that_the_reference_lacks_is_judged_as_without_a_reference():
    constant = pd.DataFrame({"x": [1.0] * 6, "y": [2.0] * 6})
    varied = pd.DataFrame({"x": [1.0, 2, 3, 4, 5, 6], "y": [1.0, 2, 3, 4, 5, 7]})
    assert verdict(TestHighlyCorrelatedColumns(), varied, constant)["parameters"]["condition"] == {"lt": 0.9}


@pytest.mark.parametrize(
    ("value", "expected"), [(89, "lt lte"), (90, "eq gte lte"), (110, "eq gte lte"), (111, "gt gte")]
)
def test_a_tolerance_widens_eq_gte_and_lte_and_narrows_gt_and_lt(value, expected):
    around = approx(100, absolute=10)
    each = {
        "eq": Conditions(eq=around),
        "gt": Conditions(gt=around),
        "gte": Conditions(gte=around),
        "lt": Conditions(lt=around),
        "lte": Conditions(lte=around),
    }
    assert [name for name, conditions in each.items() if conditions.holds(value)] == expected.split()
