"""Rules of what a snapshot looks like."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from collector.render.evidently import body, validate
from collector.render.html import fragment
from collector.render.widgets import MAX_DISTRIBUTIONS, RENDERERS, test_widgets, widgets
from tests.render.samples import columns, drift_metrics, snapshot, suite_tests

REPORTS = ("drift", "quality", "model", "regression", "stability")
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["current", "reference", "drift_by_columns", "current_matrix", "current_characteristics", "column_name", "labels",
     "values", "metrics", "number_of_missing_values_by_column", "reasons", "columns_without_score", "drift_share"]
)  # fmt: skip


def titles(shown: list[dict[str, Any]]) -> list[str]:
    return [widget["title"] for widget in shown]


@pytest.mark.parametrize("report", REPORTS)
def test_every_kind_of_report_has_widgets_that_an_evidently_page_takes(report: str) -> None:
    validate(body(snapshot(report)))


def test_equal_snapshots_give_equal_widgets() -> None:
    assert widgets(snapshot("drift")) == widgets(snapshot("drift"))


def test_the_drift_table_shows_score_threshold_and_verdict_drifted_columns_first() -> None:
    table = next(widget for widget in widgets(snapshot("drift")) if widget["type"] == "big_table")
    verdicts = [row["verdict"] for row in table["params"]["data"]]
    assert verdicts == sorted(verdicts, key=lambda verdict: verdict != "drift")
    assert {"drift", "no drift"} == set(verdicts)
    assert all(row["threshold"] == "0.1" and float(row["score"]) >= 0 for row in table["params"]["data"])


def test_a_row_of_the_drift_table_opens_the_distribution_of_its_column() -> None:
    table = next(widget for widget in widgets(snapshot("drift")) if widget["type"] == "big_table")
    details = {each["id"]: each["title"] for each in table["additionalGraphs"]}
    for row in table["params"]["data"]:
        assert details[row["details"]["parts"][0]["id"]] == f"Distribution of {row['column']}"


def test_a_column_without_a_score_says_why_in_the_drift_table() -> None:
    metrics = drift_metrics()
    metrics[1]["result"]["columns_without_score"] = {"arrived": "a datetime column has no drift"}
    table = next(each for each in widgets(snapshot(metrics=metrics)) if each["type"] == "big_table")
    assert [row["verdict"] for row in table["params"]["data"] if row["column"] == "arrived"] == [
        "a datetime column has no drift"
    ]


def test_a_failed_metric_shows_its_reason_and_stops_no_other() -> None:
    shown = widgets(snapshot("quality"))
    failed = next(widget for widget in shown if "could not be computed" in widget["title"])
    assert failed["title"].startswith("ColumnSummaryMetric of gone")
    assert failed["params"]["data"] == [["column 'gone' is not in the current data"]]
    assert "Missing values" in titles(shown)


def test_an_unknown_metric_is_shown_as_a_table_of_its_fields() -> None:
    metric = {"metric": "Latency", "parameters": {}, "result": {"p50": 12.5, "p95": None, "hosts": ["a", "b"]}}
    (shown,) = widgets(snapshot(metrics=[metric], columns={}))
    assert shown["title"] == "Latency"
    assert shown["params"]["data"] == [["P50", "12.5"], ["P95", "-"], ["Hosts", "a, b"]]


def test_an_unknown_metric_with_one_value_is_a_number() -> None:
    metric = {"metric": "Latency", "parameters": {"column_name": "ms"}, "result": {"value": 12}}
    (shown,) = widgets(snapshot(metrics=[metric], columns={}))
    assert (shown["type"], shown["title"]) == ("counter", "Latency of ms")


def test_each_column_is_drawn_once_and_no_page_draws_hundreds() -> None:
    many = {f"column_{index}": columns()["distance"] for index in range(200)}
    shown = widgets(snapshot(columns=many, metrics=[]))
    assert len(shown) == MAX_DISTRIBUTIONS
    drawn = [title for title in titles(widgets(snapshot("drift"))) if title.startswith("Distribution of")]
    assert sorted(drawn) == sorted(set(drawn))


def test_shares_are_compared_not_counts() -> None:
    graph = next(each for each in widgets(snapshot("drift")) if each["title"] == "Distribution of carrier")
    for trace in graph["params"]["data"]:
        assert sum(trace["y"]) == pytest.approx(1, abs=1e-4)


def test_bins_of_different_widths_compare_by_area() -> None:
    halves = {"current": {"edges": [0, 1, 2], "counts": [5, 5]}, "reference": {"edges": [0, 2, 4], "counts": [5, 5]}}
    (graph,) = widgets(snapshot(metrics=[], columns={"x": {"type": "num", "distribution": halves}}))
    for trace in graph["params"]["data"]:
        area = sum(height * width for height, width in zip(trace["y"], trace["width"], strict=True))
        assert area == pytest.approx(1)


def test_a_column_without_reference_is_drawn_alone() -> None:
    halves = {"current": {"values": ["a", None], "counts": [5, 5], "other": 0}, "reference": None}
    (graph,) = widgets(snapshot(metrics=[], columns={"x": {"type": "cat", "distribution": halves}}))
    assert [trace["name"] for trace in graph["params"]["data"]] == ["current"]


@pytest.mark.parametrize(
    "distribution",
    [
        None,
        {"current": None, "reference": None},
        {"current": {"edges": [0, 1], "counts": []}, "reference": None},
        {"current": {"edges": [0, None], "counts": [1]}, "reference": None},
        {"current": {"values": ["a"], "counts": [1, 2]}, "reference": None},
        {"current": {"values": [], "counts": []}, "reference": "?"},
        {"current": {"edges": [0, 1], "counts": [0]}, "reference": None},
    ],
)
def test_a_distribution_without_numbers_is_not_drawn(distribution: object) -> None:
    assert widgets(snapshot(metrics=[], columns={"x": {"type": "num", "distribution": distribution}})) == []


def test_a_suite_shows_its_counts_and_its_failed_tests_first() -> None:
    head, suite = test_widgets(snapshot("stability"))
    counts = {each["label"]: each["value"] for each in head["params"]["counters"]}
    assert counts == {"SUCCESS": "1", "WARNING": "0", "FAIL": "1", "ERROR": "1"}
    assert [test["state"] for test in suite["params"]["tests"]] == ["fail", "unknown", "success"]


def test_a_report_without_tests_has_no_tests_tab() -> None:
    assert test_widgets(snapshot("drift")) == []


@given(name=st.sampled_from([*RENDERERS, "AnyOther"]), result=JSON | st.dictionaries(FIELDS, JSON, max_size=4))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_result_however_odd_breaks_a_page(name: str, result: object) -> None:
    made = snapshot(metrics=[{"metric": name, "parameters": {}, "result": result}])
    validate(body(made))
    assert "<h1>" in fragment(made)


@given(described=st.dictionaries(st.text(max_size=8), JSON, max_size=3))
@settings(max_examples=80, deadline=None)
def test_no_column_however_odd_breaks_a_page(described: dict[str, object]) -> None:
    made = replace(
        snapshot(metrics=[]), columns={name: {"type": "num", "distribution": each} for name, each in described.items()}
    )
    validate(body(made))
    fragment(made)


def test_huge_numbers_and_texts_stay_readable() -> None:
    result = {"a": 10**400, "b": 1e308, "c": "x" * 10_000, "d": -(10**20)}
    (shown,) = widgets(snapshot(metrics=[{"metric": "Odd", "parameters": {}, "result": result}], columns={}))
    assert max(len(cell) for row in shown["params"]["data"] for cell in row) <= 300
    json.dumps(shown, allow_nan=False)


def test_a_test_of_a_foreign_file_needs_no_description() -> None:
    tests = [{"name": None, "status": "SUCCESS"}, *suite_tests()]
    _, suite = test_widgets(snapshot("stability", tests=tests))
    assert len(suite["params"]["tests"]) == 4
