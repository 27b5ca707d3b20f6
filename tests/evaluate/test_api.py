"""The Python API: the names and the behaviour that users of Reports and Test Suites know."""

import json
import math
import subprocess
import sys
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

import collector
import collector.tests
from collector import ColumnMapping, Report, Snapshot, TestSuite
from collector.errors import Invalid
from collector.evaluate.base import Group
from collector.evaluate.profile import FrameProfile
from collector.metric_preset import DataDriftPreset, DataQualityPreset
from collector.metrics import ColumnDriftMetric, ColumnSummaryMetric, DatasetSummaryMetric, generate_column_metrics
from collector.test_preset import DataDriftTestPreset, DataStabilityTestPreset
from collector.tests import (
    TestColumnShareOfMissingValues,
    TestNumberOfRows,
    TestShareOfMissingValues,
    generate_column_tests,
)


@pytest.fixture
def batches():
    rng = np.random.default_rng(0)

    def batch(shift):
        return pd.DataFrame(
            {"x": rng.normal(shift, 1, 200), "c": rng.choice(list("ab"), 200), "k": rng.integers(0, 3, 200)}
        )

    return batch(0.0), batch(2.0)


def test_the_snippets_of_the_documentation_run(batches, tmp_path):
    reference_batch, batch1 = batches
    data_report = Report(
        metrics=[DataQualityPreset()],
        tags=["groupA", "shadow"],
        metadata={"deployment": "shadow"},
        model_id="model", reference_id="reference", batch_size="daily", dataset_id="dataset",
    )  # fmt: skip
    data_report.run(reference_data=None, current_data=batch1, column_mapping=ColumnMapping())
    data_report.tags = ["training_data"]
    assert data_report.as_dict()["metrics"]
    assert json.loads(data_report.json())["metrics"]
    data_report.save(str(tmp_path / "s.json"))
    snapshot = Snapshot.load(tmp_path / "s.json")
    assert (list(snapshot.tags), snapshot.rows) == (["training_data"], 200)
    assert snapshot.metadata == {
        "deployment": "shadow", "model_id": "model", "reference_id": "reference", "batch_size": "daily",
        "dataset_id": "dataset",
    }  # fmt: skip
    drift_checks = TestSuite(tests=[DataDriftTestPreset()])
    drift_checks.run(reference_data=reference_batch, current_data=batch1)
    assert not bool(drift_checks)
    drift_checks.run(reference_data=reference_batch, current_data=reference_batch)
    assert bool(drift_checks)


def test_a_report_is_saved_as_a_page(batches, tmp_path):
    report = Report(metrics=[DataDriftPreset()])
    report.run(reference_data=batches[0], current_data=batches[1])
    report.save_html(tmp_path / "r.html")
    assert "<html" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<iframe" in report._repr_html_()
    assert "call run" in Report(metrics=[])._repr_html_()


def test_a_loaded_report_says_what_the_saved_one_said(batches, tmp_path):
    report = Report(metrics=[DataDriftPreset()], timestamp=datetime(2013, 2, 1, tzinfo=UTC), tags=["t"])
    report.run(reference_data=batches[0], current_data=batches[1])
    report.save(tmp_path / "s.json")
    again = Report.load(tmp_path / "s.json")
    assert again.as_dict() == report.as_dict()
    assert again.to_snapshot().json() == report.to_snapshot().json()
    suite = TestSuite(tests=[TestNumberOfRows(gt=1)])
    suite.run(current_data=batches[0])
    suite.save(tmp_path / "t.json")
    assert bool(TestSuite.load(tmp_path / "t.json"))


def test_the_timestamp_is_that_of_the_data_when_it_is_given(batches):
    instant = datetime(2020, 1, 2, tzinfo=UTC)
    report = Report(metrics=[DatasetSummaryMetric()])
    report.run(current_data=batches[0], timestamp=instant)
    assert report.to_snapshot().timestamp == instant


def test_the_summary_of_a_suite_counts_by_status(batches):
    tests = [TestNumberOfRows(gt=1), TestNumberOfRows(gt=999), TestNumberOfRows(gt=999, is_critical=False),
             TestColumnShareOfMissingValues("nowhere")]  # fmt: skip
    suite = TestSuite(tests=tests)
    suite.run(current_data=batches[0])
    assert suite.as_dict()["summary"] == {
        "all_passed": False,
        "total_tests": 4,
        "success_tests": 2,
        "failed_tests": 1,
        "by_status": {"SUCCESS": 1, "FAIL": 1, "WARNING": 1, "ERROR": 1},
    }
    assert suite.as_dataframe()["status"].tolist() == ["SUCCESS", "FAIL", "WARNING", "ERROR"]


def test_a_report_may_hold_tests_which_stand_in_the_same_snapshot(batches, tmp_path):
    reference, current = batches
    metrics, tests = [DataDriftPreset(), DataQualityPreset()], [DataDriftTestPreset(), TestNumberOfRows(gt=1)]
    report = Report(metrics=metrics, tests=tests, timestamp=datetime(2013, 2, 1, tzinfo=UTC))
    report.run(reference_data=reference, current_data=current)
    alone, suite = Report(metrics=metrics), TestSuite(tests=tests)
    for each in (alone, suite):
        each.run(reference_data=reference, current_data=current)
    assert report.as_dict() == alone.as_dict() | suite.as_dict()
    assert "tests" not in alone.as_dict()
    report.save(tmp_path / "s.json")
    snapshot = Snapshot.load(tmp_path / "s.json")
    assert (len(snapshot.metrics), len(snapshot.tests)) == (len(alone.results.metrics), len(suite.results.tests))
    assert Report.load(tmp_path / "s.json").as_dict() == report.as_dict()
    with pytest.raises(Invalid, match="tests holds"):
        Report(metrics=[], tests=[DatasetSummaryMetric()])


def test_tables_of_results(batches):
    report = Report(metrics=[ColumnSummaryMetric("x"), ColumnSummaryMetric("c"), DatasetSummaryMetric()])
    report.run(current_data=batches[0])
    assert set(report.as_dataframe()) == {"ColumnSummaryMetric", "DatasetSummaryMetric"}
    table = report.as_dataframe("ColumnSummaryMetric")
    assert table["column_name"].tolist() == ["x", "c"]
    with pytest.raises(Invalid, match="has no metric"):
        report.as_dataframe("Other")


def test_generators_make_one_for_each_column(batches):
    report = Report(metrics=[generate_column_metrics(ColumnSummaryMetric, columns="num")])
    report.run(current_data=batches[0])
    assert [each["parameters"]["column_name"] for each in report.as_dict()["metrics"]] == ["x"]
    suite = TestSuite(tests=[generate_column_tests(TestColumnShareOfMissingValues, parameters={"lte": 0.5})])
    suite.run(current_data=batches[0])
    assert [test["parameters"]["column_name"] for test in suite.as_dict()["tests"]] == ["x", "c", "k"]


class Mixed(Group):
    """A preset of one's own that holds what its place cannot take."""

    def expand(self, context):
        return [TestNumberOfRows(gte=1), DatasetSummaryMetric()]


def test_a_preset_that_holds_the_wrong_kind_says_so_and_stops_nothing():
    report = Report(metrics=[Mixed(), DatasetSummaryMetric()], tests=[Mixed(), TestNumberOfRows(gte=1)])
    report.run(current_data=FRAME)
    wrong, right = report.as_dict()["metrics"]
    assert "which is no metric" in wrong["error"]["message"]
    assert "result" in right
    assert [test["status"] for test in report.as_dict()["tests"]] == ["ERROR", "SUCCESS"]


FRAME = pd.DataFrame({"x": [1.0, 2.0]})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Report(metrics=[DatasetSummaryMetric]), "call it"),
        (lambda: Report(metrics=["drift"]), "no metric"),
        (lambda: Report(metrics=[DataDriftTestPreset()]), "no metric"),
        (lambda: TestSuite(tests=[DataQualityPreset()]), "no test"),
        (lambda: Report(metrics=[], tags="prod"), "tags is the text 'prod'"),
        (lambda: Report(metrics=[], timestamp="2013-02-01"), "timestamp is '2013-02-01': expected a datetime"),  # type: ignore[arg-type]
        (lambda: Report(metrics=[]).run(current_data=FRAME, timestamp=date(2013, 2, 1)), "expected a datetime"),  # type: ignore[arg-type]
        (lambda: Report(metrics=[]).run(current_data=FRAME, column_mapping={"target": "y"}), "a ColumnMapping"),  # type: ignore[arg-type]
        (lambda: ColumnMapping(numerical_features="distance"), "expected a list of names"),
        (lambda: TestSuite(tests=[DatasetSummaryMetric()]), "no test"),
        (lambda: ColumnDriftMetric("x", stattest="kss"), "did you mean 'ks'"),
        (lambda: TestShareOfMissingValues(lte="much"), "expected a number"),  # type: ignore[arg-type]
        (lambda: Report(metrics=[]).as_dict(), "call run"),
        (lambda: bool(TestSuite(tests=[])), "call run"),
        (lambda: Report(metrics=[]).run(current_data={"x": [1]}), "expected a pandas DataFrame"),  # type: ignore[arg-type]
        (lambda: Report(metrics=[]).run(current_data=None), "current_data is needed"),  # type: ignore[arg-type]
        (lambda: Report(metrics=[]).run(current_data=pd.DataFrame([[1, 2]], columns=["a", "a"])), "there twice"),
    ],
)
def test_mistakes_are_told_at_once(make, message):
    with pytest.raises(Invalid, match=message):
        make()


def test_equal_metrics_are_computed_once(batches):
    calls = []

    class Counting(collector.evaluate.Metric):
        def calculate(self, context):
            calls.append(1)
            return {"value": 1}

    report = Report(metrics=[Counting(), Counting()])
    report.run(current_data=batches[0])
    assert len(calls) == 1
    assert len(report.as_dict()["metrics"]) == 2


def test_a_profile_of_the_reference_can_be_used_again(batches):
    reference = FrameProfile(batches[0])
    reports = [Report(metrics=[DataDriftPreset()]) for _ in range(2)]
    for report in reports:
        report.run(reference_data=reference, current_data=batches[1])
    assert reports[0].as_dict() == reports[1].as_dict()
    plain = Report(metrics=[DataDriftPreset()])
    plain.run(reference_data=batches[0], current_data=batches[1])
    assert plain.as_dict() == reports[0].as_dict()


def test_what_is_not_finite_is_null_with_a_reason():
    report = Report(metrics=[ColumnSummaryMetric("x")])
    report.run(current_data=pd.DataFrame({"x": [1.0, math.inf]}))
    found = report.as_dict()["metrics"][0]["result"]["current_characteristics"]
    assert (found["mean"], found["max"]) == (None, None)
    assert found["reasons"]["mean"].startswith("infinite")
    assert found["min"] == 1.0


def test_distributions_have_the_same_edges_on_both_sides(batches):
    report = Report(metrics=[DataDriftPreset()])
    report.run(reference_data=batches[0], current_data=batches[1])
    columns = report.to_snapshot().columns
    numbers = columns["x"]["distribution"]
    assert numbers["current"]["edges"] == numbers["reference"]["edges"]
    assert sum(numbers["current"]["counts"]) == 200
    assert len(numbers["current"]["counts"]) <= 50
    words = columns["c"]["distribution"]
    assert words["current"]["values"] == words["reference"]["values"]
    assert sum(words["current"]["counts"]) + words["current"]["other"] == 200


def test_many_values_are_cut_and_counted():
    frame = pd.DataFrame({"c": [f"v{number}" for number in range(100)] + ["v0"] * 50})
    report = Report(metrics=[DatasetSummaryMetric()])
    report.run(current_data=frame)
    shown = report.to_snapshot().columns["c"]["distribution"]["current"]
    assert (len(shown["values"]), shown["values"][0], shown["counts"][0], shown["other"]) == (30, "v0", 51, 70)


def test_a_snapshot_of_fifty_columns_stays_under_200_kb():
    rng = np.random.default_rng(0)
    numbers = {f"number_{i}": rng.normal(size=100_000) for i in range(30)}
    words = {f"word_{i}": rng.choice([f"value {j}" for j in range(200)], 100_000) for i in range(20)}
    frame = pd.DataFrame(numbers | words)
    report = Report(metrics=[DataDriftPreset(), DataQualityPreset()])
    report.run(reference_data=frame, current_data=frame)
    assert len(report.to_snapshot().json()) < 200_000
    suite = TestSuite(tests=[DataDriftTestPreset(), DataStabilityTestPreset()])
    suite.run(reference_data=frame, current_data=frame)
    assert len(suite.to_snapshot().json()) < 200_000


def test_tests_of_suites_are_no_tests_of_pytest():
    for name in dir(collector.tests):
        if name.startswith("Test"):
            assert getattr(collector.tests, name).__test__ is False, name
    assert TestSuite.__test__ is False


def test_importing_the_names_imports_no_pandas():
    code = "import sys, collector, collector.evaluate; sys.exit('pandas' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
