"""Rules of the numbers that are plotted over time."""

import math

import pytest
from hypothesis import given, settings, strategies as st

from collector.render.series import MAX_POINTS, Point, series
from collector.snapshot import Snapshot
from tests.render.samples import arms, drift_metrics, snapshot
from tests.render.test_widgets import JSON


def values(made: Snapshot) -> dict[tuple[str, str], float]:
    return {
        (point.metric, ",".join(f"{k}={v}" for k, v in point.labels.items())): point.value for point in series(made)
    }


@pytest.mark.parametrize(
    ("report", "name", "labels", "value"),
    [
        ("drift", "DriftedColumnsCount", "value_type=share", 0.6),
        ("drift", "ValueDrift", "column=distance,method=psi", 0.31),
        ("quality", "DatasetMissingValueCount", "value_type=share", 31 / 4500),
        ("quality", "MissingValueCount", "column=air_time,value_type=count", 31),
        ("quality", "MeanValue", "column=air_time", 151.2),
        ("quality", "QuantileValue", "column=air_time,quantile=0.5", 129),
        ("quality", "DuplicatedRowCount", "", 4),
        ("model", "LogLoss", "", 0.43),
        ("model", "F1ByLabel", "label=1", 0.746),
        ("regression", "RMSE", "", 2.2),
        ("regression", "MAE", "value_type=mean", 1.7),
        ("regression", "MeanError", "value_type=std", 2.1),
        ("stability", "FailedTestCount", "", 1),
        ("stability", "RowCount", "", 900),
        ("stability", "TestShareOfDriftedColumns", "", 0.6),
    ],
)
def test_numbers_carry_evidentlys_names(report: str, name: str, labels: str, value: float) -> None:
    assert values(snapshot(report))[name, labels] == pytest.approx(value)


def test_every_column_of_the_drift_table_is_a_line() -> None:
    drawn = {point.labels["column"] for point in series(snapshot("drift")) if point.metric == "ValueDrift"}
    assert drawn == set(drift_metrics()[1]["result"]["drift_by_columns"])


def test_a_line_keeps_its_labels_when_a_threshold_or_a_chosen_method_changes() -> None:
    before, after = drift_metrics(), drift_metrics()
    after[0]["parameters"]["drift_share"] = 0.9
    after[2]["parameters"]["stattest_threshold"] = 0.7
    for entry in after[1]["result"]["drift_by_columns"].values():
        entry |= {"stattest_name": "K-S p_value", "stattest_threshold": 0.05}
    assert values(snapshot(metrics=before)).keys() == values(snapshot(metrics=after)).keys()


def test_a_segment_is_part_of_every_line() -> None:
    made = snapshot("drift", segment={"origin": "JFK", "carrier": 3})
    for point in series(made):
        assert point.labels["origin"] == "JFK"
        assert list(point.labels) == sorted(point.labels)


def test_an_arm_has_other_lines_against_the_baseline_than_against_the_reference() -> None:
    _, _, alone, against = arms()
    for mine, other in zip(series(alone), series(against), strict=True):
        assert mine.labels["model_version"] == other.labels["model_version"] == "challenger"
        assert {**mine.labels, "baseline": "champion"} == other.labels


def test_of_two_equal_lines_the_first_stays() -> None:
    metrics = [{"metric": "Mine", "parameters": {}, "result": {"value": value}} for value in (1, 2)]
    assert [point.value for point in series(snapshot(metrics=metrics)) if point.metric == "Mine"] == [1]


def test_two_metrics_of_one_kind_are_told_apart_by_their_parameters() -> None:
    metrics = [
        {
            "metric": "ColumnCategoryMetric",
            "parameters": {"column_name": "carrier", "category": category},
            "result": {"current": {"category_ratio": 0.1}},
        }
        for category in ("AA", "UA")
    ]
    found = [point.labels for point in series(snapshot(metrics=metrics)) if point.metric == "ColumnCategoryMetric"]
    assert [labels["category"] for labels in found] == ["AA", "UA"]


def test_an_unknown_metrics_numbers_are_lines_and_its_texts_are_not() -> None:
    metric = {"metric": "Latency", "parameters": {}, "result": {"p50": 12.5, "host": "a", "ok": True, "none": None}}
    found = [point for point in series(snapshot(metrics=[metric])) if point.metric == "Latency"]
    assert found == [Point("Latency", {"field": "p50"}, 12.5)]


def test_a_failed_metric_leaves_a_gap() -> None:
    assert "ColumnSummaryMetric" not in {point.metric for point in series(snapshot("quality"))}
    assert not [point for point in series(snapshot("quality")) if point.labels.get("column") == "gone"]


def test_missing_scores_leave_a_gap() -> None:
    metric = {
        "metric": "ClassificationQualityMetric",
        "parameters": {},
        "result": {"current": {"accuracy": 0.5, "roc_auc": None}},
    }
    names = {point.metric for point in series(snapshot(metrics=[metric]))}
    assert "Accuracy" in names
    assert "RocAuc" not in names


def test_the_number_of_lines_is_bounded() -> None:
    by_column = {f"c{index}": {"drift_score": 0.1} for index in range(MAX_POINTS + 10)}
    metric = {"metric": "DataDriftTable", "parameters": {}, "result": {"drift_by_columns": by_column}}
    assert len(series(snapshot(metrics=[metric]))) == MAX_POINTS


@given(result=JSON, parameters=st.dictionaries(st.text(max_size=5), JSON, max_size=2))
@settings(max_examples=100, deadline=None)
def test_every_point_is_finite_whatever_a_metric_says(result: object, parameters: dict[str, object]) -> None:
    made = snapshot(metrics=[{"metric": "Any", "parameters": parameters, "result": result}])
    assert all(math.isfinite(point.value) for point in series(made))
