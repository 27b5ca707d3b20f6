"""What figures are drawn from: the values of numpy and pandas, in few numbers, and never the rows themselves."""

import json

import numpy as np
import pandas as pd
import pytest

from collector.errors import Invalid
from collector.evaluate import ColumnMapping
from collector.metrics import (
    ClassificationClassSeparationPlot,
    ClassificationLiftCurve,
    ClassificationLiftTable,
    ClassificationProbDistribution,
    ClassificationQualityByFeatureTable,
    ColumnDistributionMetric,
    ColumnInteractionPlot,
    ColumnValuePlot,
    Comment,
    ConflictPredictionMetric,
    ConflictTargetMetric,
    DataQualityStabilityMetric,
    RegressionAbsPercentageErrorPlot,
    RegressionErrorBiasTable,
    RegressionErrorDistribution,
    RegressionErrorPlot,
    RegressionPerformanceMetrics,
    RegressionPredictedVsActualPlot,
    RegressionPredictedVsActualScatter,
    RegressionQualityMetric,
    TargetByFeaturesTable,
)
from tests.evaluate.recipes import error, result

ROWS = 100_000
OF_REGRESSIONS = (
    ColumnDistributionMetric("x"),
    ColumnDistributionMetric("c"),
    ColumnValuePlot("x"),
    ColumnInteractionPlot("x", "target"),
    ColumnInteractionPlot("x", "c"),
    ColumnInteractionPlot("c", "d"),
    RegressionPredictedVsActualScatter(),
    RegressionPredictedVsActualPlot(),
    RegressionErrorPlot(),
    RegressionAbsPercentageErrorPlot(),
    RegressionErrorDistribution(),
    TargetByFeaturesTable(),
)
OF_CLASSIFIERS = (
    ClassificationClassSeparationPlot(),
    ClassificationProbDistribution(),
    ClassificationLiftCurve(),
    ClassificationQualityByFeatureTable(),
    TargetByFeaturesTable(),
)


def regression(rows=ROWS, seed=0, **more):
    rng = np.random.default_rng(seed)
    target = rng.normal(10, 3, rows)
    columns = {
        "target": target,
        "prediction": target + rng.normal(0.2, 1, rows),
        "x": rng.normal(size=rows) + 0.1 * target,
        "c": rng.choice(list("abc"), rows),
        "d": rng.choice([f"name {index}" for index in range(500)], rows),
    }
    return pd.DataFrame(columns | more)


def classifier(rows=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    share = rng.random(rows)
    target = (rng.random(rows) < share).astype(int)
    return pd.DataFrame(
        {"target": target, "prediction": share, "x": rng.normal(size=rows), "c": rng.choice([*"ab"], rows)}
    )


@pytest.mark.parametrize("metric", OF_REGRESSIONS, ids=repr)
def test_a_figure_of_many_rows_is_small(metric):
    times = {"datetime": pd.date_range("2026-01-01", periods=ROWS, freq="317ms")}
    assert len(json.dumps(result(metric, regression(**times), regression(seed=1, **times)))) < 30_000


@pytest.mark.parametrize("metric", OF_CLASSIFIERS, ids=repr)
def test_a_figure_of_many_probabilities_is_small(metric):
    assert len(json.dumps(result(metric, classifier(), classifier(seed=1)))) < 30_000


def test_a_course_is_means_and_deviations_of_equally_many_rows():
    frame = regression(2000)
    found = result(ColumnValuePlot("x"), frame)["current"]
    parts = frame["x"].groupby(np.arange(2000) // 20)
    assert found["axis"] == "row"
    assert found["start"] == list(range(0, 2000, 20))
    assert found["value"]["mean"] == pytest.approx(parts.mean().tolist())
    assert found["value"]["std"] == pytest.approx(parts.std().tolist())


def test_a_course_follows_the_time_whatever_the_order_of_the_rows():
    frame = regression(3000, datetime=pd.date_range("2026-01-01", periods=3000, freq="min"))
    ordered = result(RegressionErrorPlot(), frame)["current"]
    mixed = result(RegressionErrorPlot(), frame.sample(frac=1, random_state=0))["current"]
    assert mixed["error"]["mean"] == pytest.approx(ordered["error"]["mean"])
    assert mixed["start"] == ordered["start"]
    assert ordered["axis"] == "time"
    assert ordered["start"][:2] == ["2026-01-01 00:00:00", "2026-01-01 00:30:00"]


def test_times_with_a_zone_are_told_in_utc():
    when = pd.date_range("2026-01-01", periods=40, freq="h", tz="Europe/Paris")
    mapping = ColumnMapping(datetime="when")
    found = result(ColumnValuePlot("x"), regression(40, when=when), mapping=mapping)["current"]
    assert found["axis"] == "time"
    assert found["start"][0] == "2025-12-31 23:00:00"


def test_rows_of_one_instant_share_a_bin():
    frame = regression(400, datetime=pd.Series([pd.Timestamp("2026-01-01")] * 390 + [pd.Timestamp("2026-01-02")] * 10))
    assert result(ColumnValuePlot("x"), frame)["current"]["rows"] == [390, 10]


@pytest.mark.parametrize("rows", [1, 9, 19, 25, 150])
def test_no_bin_of_a_course_holds_so_few_rows_that_it_shows_them(rows):
    found = result(ColumnValuePlot("x"), regression(rows))["current"]
    assert sum(found["rows"]) == rows
    assert min(found["rows"]) >= min(rows, 10)


def test_a_course_leaves_out_what_is_no_number():
    frame = regression(100)
    frame.loc[3, "x"], frame.loc[4, "x"] = np.nan, np.inf
    found = result(ColumnValuePlot("x"), frame)["current"]
    assert sum(found["rows"]) == 98
    kept = frame["x"][np.isfinite(frame["x"])]
    assert np.average(found["value"]["mean"], weights=found["rows"]) == pytest.approx(kept.mean())


def test_percentage_errors_leave_out_targets_of_zero():
    frame = regression(20)
    frame.loc[0, "target"] = 0.0
    found = result(RegressionAbsPercentageErrorPlot(), frame)["current"]
    rest = frame.iloc[1:]
    expected = (100 * (rest["prediction"] - rest["target"]).abs() / rest["target"].abs()).mean()
    assert found["rows"] == [19]
    assert found["percentage"]["mean"] == [pytest.approx(expected)]


def test_predicted_and_actual_are_two_lines_of_the_same_bins():
    frame = regression(500)
    found = result(RegressionPredictedVsActualPlot(), frame)["current"]
    for name in ("target", "prediction"):
        assert found[name]["mean"] == pytest.approx(frame[name].groupby(np.arange(500) // 10).mean().tolist())


def test_the_grid_of_predictions_is_numpys():
    frame, other = regression(500), regression(400, seed=1)
    found = result(RegressionPredictedVsActualScatter(), frame, other)
    edges = np.array(found["edges"])
    assert len(edges) == 31
    for half, rows in (("current", frame), ("reference", other)):
        expected, _, _ = np.histogram2d(rows["prediction"], rows["target"], bins=(edges, edges))
        assert found[half] == expected.astype(int).tolist()


def test_errors_are_counted_in_the_same_bins_on_both_sides():
    frame, other = regression(500), regression(400, seed=1)
    found = result(RegressionErrorDistribution(), frame, other)
    assert found["current"]["edges"] == found["reference"]["edges"]
    counts, _ = np.histogram(frame["prediction"] - frame["target"], found["current"]["edges"])
    assert found["current"]["counts"] == counts.tolist()


def test_two_columns_of_numbers_meet_in_numpys_grid():
    frame = regression(500)
    frame.loc[[1, 2], "x"] = [np.nan, np.inf]
    found = result(ColumnInteractionPlot("x", "target"), frame)
    kept = frame[np.isfinite(frame["x"])]
    expected, _, _ = np.histogram2d(kept["target"], kept["x"], bins=(found["y"], found["x"]))
    assert found["current"] == expected.astype(int).tolist()


def test_two_categories_meet_in_a_crosstab_of_the_most_frequent():
    frame = regression(2000)
    found = result(ColumnInteractionPlot("c", "d"), frame)
    assert (len(found["x"]), len(found["y"])) == (3, 30)
    assert found["current"] == pd.crosstab(frame["d"], frame["c"]).loc[found["y"], found["x"]].to_numpy().tolist()


@pytest.mark.parametrize("order", [("x", "c"), ("c", "x")])
def test_a_number_by_category_is_quartiles(order):
    frame = regression(300)
    found = result(ColumnInteractionPlot(*order), frame)
    for value, five in zip(found["values"], found["current"], strict=True):
        group = frame.loc[frame["c"] == value, "x"]
        assert five["rows"] == len(group)
        assert [five[name] for name in ("min", "p25", "p50", "p75", "max")] == pytest.approx(
            group.quantile([0, 0.25, 0.5, 0.75, 1]).tolist()
        )


def test_a_column_of_texts_or_times_is_refused_with_its_name():
    frame = regression(20, when=pd.date_range("2026-01-01", periods=20))
    assert "column 'when' is datetime" in error(ColumnInteractionPlot("x", "when"), frame)
    assert "column 'c' is cat" in error(ColumnValuePlot("c"), frame)
    assert "column 'when' is datetime" in error(ColumnDistributionMetric("when"), frame)
    assert "column 'when' is datetime" in error(TargetByFeaturesTable(columns=["when"]), frame)
    assert "column 'gone'" in error(ClassificationQualityByFeatureTable(columns=["gone"]), classifier(20))


def test_the_distribution_of_a_column_counts_every_value():
    frame, other = regression(500), regression(300, seed=1)
    found = result(ColumnDistributionMetric("x"), frame, other)
    for half, rows in (("current", frame), ("reference", other)):
        assert found[half]["counts"] == np.histogram(rows["x"], found[half]["edges"])[0].tolist()
    found = result(ColumnDistributionMetric("c"), frame)["current"]
    assert dict(zip(found["values"], found["counts"], strict=True)) == frame["c"].value_counts().to_dict()


def test_labels_stand_apart_by_the_quartiles_of_their_probabilities():
    frame = classifier(500)
    found = result(ClassificationClassSeparationPlot(), frame)["current"]["1"]
    for group, label in (("label", 1), ("others", 0)):
        shares = frame.loc[frame["target"] == label, "prediction"]
        assert found[group]["p25"] == pytest.approx(shares.quantile(0.25))
        assert (found[group]["max"], found[group]["rows"]) == (pytest.approx(shares.max()), len(shares))


def test_probabilities_are_counted_in_twentieths():
    frame = classifier(500)
    found = result(ClassificationProbDistribution(), frame)["current"]["1"]
    for group, label in (("label", 1), ("others", 0)):
        counts, _ = np.histogram(frame.loc[frame["target"] == label, "prediction"], np.linspace(0, 1, 21))
        assert found[group] == counts.tolist()


def test_the_lift_curve_is_that_of_the_table():
    frame = classifier(500)
    lines = result(ClassificationLiftTable(), frame)["current_lift_table"]["1"]
    found = result(ClassificationLiftCurve(), frame)["current"]["1"]
    assert (found["top"], found["lift"]) == ([line[0] for line in lines], [line[8] for line in lines])


def test_the_target_by_a_number_is_the_mean_of_each_tenth():
    frame, other = regression(1000), regression(500, seed=1)
    found = result(TargetByFeaturesTable(columns=["x"]), frame, other)
    inner = np.quantile(frame["x"], np.linspace(0, 1, 11))[1:-1]
    for half, rows in (("current", frame), ("reference", other)):
        groups = rows.groupby(np.searchsorted(inner, rows["x"], "right"))
        assert found[half]["x"]["rows"] == groups.size().tolist()
        for name in ("target", "prediction"):
            assert found[half]["x"]["lines"][name] == pytest.approx(groups[name].mean().tolist())


def test_a_target_of_labels_by_a_category_is_shares():
    frame = classifier(500)
    found = result(TargetByFeaturesTable(columns=["c"]), frame)["current"]["c"]
    expected = frame.groupby("c")["target"].mean()[found["values"]]
    assert found["lines"]["share of 1"] == pytest.approx(expected.tolist())
    assert found["lines"]["share of 0"] == pytest.approx((1 - expected).tolist())


def test_quality_by_a_category_is_the_share_of_right_rows_that_have_both():
    frame = classifier(500)
    frame.loc[:49, "prediction"] = np.nan
    kept = frame.iloc[50:]
    right = (kept["prediction"] >= 0.5) == (kept["target"] == 1)
    found = result(ClassificationQualityByFeatureTable(columns=["c"]), frame)["current"]["c"]
    assert found["lines"]["accuracy"] == pytest.approx(right.groupby(kept["c"]).mean()[found["values"]].tolist())


def test_stability_is_the_count_of_both_conflicts():
    frame = pd.DataFrame({"f": [1, 1, 1, 2], "target": [0, 0, 1, 1], "prediction": [1, 0, 1, 1]})
    found = result(DataQualityStabilityMetric(), frame)
    target = result(ConflictTargetMetric(), frame)["number_not_stable_target"]
    predicted = result(ConflictPredictionMetric(), frame)["current"]["number_not_stable_prediction"]
    assert found == {"number_not_stable_target": target, "number_not_stable_prediction": predicted}
    alone = result(DataQualityStabilityMetric(), frame[["f"]])
    assert alone == {"number_not_stable_target": None, "number_not_stable_prediction": None}


def test_performance_is_quality_and_bias_in_one():
    frame, other = regression(500), regression(400, seed=1)
    found = result(RegressionPerformanceMetrics(), frame, other)
    quality = result(RegressionQualityMetric(mape_zero_handling="none"), frame, other)
    for half in ("current", "reference"):
        assert found[half].items() <= quality[half].items()
    assert found["error_bias"] == result(RegressionErrorBiasTable(), frame, other)["error_bias"]
    assert found["abs_perc_error_std"] == quality["current"]["abs_perc_error_std"]


def test_a_comment_is_shown_as_it_was_given():
    assert result(Comment("Prices *changed*."), regression(5)) == {"text": "Prices *changed*."}
    with pytest.raises(Invalid, match="expected a text"):
        Comment(3)  # type: ignore[arg-type]
