"""The snippets of the documentation that users bring along, run as they are after changing the import lines."""

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from collector import (
    CloudWorkspace,
    ColumnMapping,
    RemoteWorkspace,
    Report,
    Snapshot,
    TestSuite,
    Workspace,
    metrics,
    test_preset,
    tests,
)
from collector.metric_preset import ClassificationPreset, DataDriftPreset, DataQualityPreset, RegressionPreset
from collector.metrics import ColumnDriftMetric, ColumnSummaryMetric, generate_column_metrics
from collector.test_preset import DataDriftTestPreset, DataStabilityTestPreset
from collector.tests import (
    TestColumnDrift,
    TestNumberOfConstantColumns,
    TestShareOfMissingValues,
    generate_column_tests,
)


def batch(seed, shift=0.0):
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 2, 300)
    return pd.DataFrame(
        {
            "age": rng.normal(40 + shift, 10, 300),
            "education": rng.choice(["school", "university"], 300),
            "target": target,
            "prediction": np.where(rng.random(300) < 0.8, target, 1 - target),
        }
    )


REFERENCE, BATCH1, BATCH2 = batch(1), batch(2), batch(3, shift=30)


@pytest.fixture
def data_report():
    data_report = Report(metrics=[DataQualityPreset()])
    data_report.run(reference_data=None, current_data=BATCH1)
    return data_report


def test_a_report_in_a_notebook(tmp_path):
    data_report = Report(
        metrics=[
            DataDriftPreset(stattest="psi", stattest_threshold=0.3),
            ColumnDriftMetric(column_name="age", stattest="wasserstein"),
            generate_column_metrics(ColumnSummaryMetric, columns=["age", "education"]),
        ],
        timestamp=datetime(2024, 1, 2, tzinfo=UTC),
    )
    mapping = ColumnMapping(target="target", numerical_features=["age"], categorical_features=["education"])
    data_report.run(reference_data=REFERENCE, current_data=BATCH2, column_mapping=mapping)
    names = [metric["metric"] for metric in data_report.as_dict()["metrics"]]
    assert names == ["DatasetDriftMetric", "DataDriftTable", "ColumnDriftMetric", *["ColumnSummaryMetric"] * 2]
    assert data_report.as_dict()["metrics"][2]["result"]["drift_detected"]
    assert json.loads(data_report.json())["timestamp"].startswith("2024-01-02")
    data_report.save_html(str(tmp_path / "file.html"))
    assert "</html>" in (tmp_path / "file.html").read_text(encoding="utf-8")
    data_report.save_json(str(tmp_path / "file.json"))
    assert json.loads((tmp_path / "file.json").read_text(encoding="utf-8"))["metrics"]
    assert set(data_report.as_dataframe()) == set(names)
    assert "<iframe" in data_report._repr_html_()


def test_tags_and_metadata_given_at_once_or_later(tmp_path):
    data_report = Report(
        metrics=[DataQualityPreset()],
        tags=["groupA", "shadow"],
        metadata={"deployment": "shadow", "status": "production"},
        model_id="model_id", reference_id="reference_id", batch_size="daily", dataset_id="dataset_id",
    )  # fmt: skip
    data_report.run(reference_data=None, current_data=BATCH1, timestamp=datetime(2024, 1, 3, tzinfo=UTC))
    data_report.tags = ["training_data"]
    data_report.metadata["status"] = "testing"
    data_report.save(tmp_path / "snapshot.json")
    snapshot = Snapshot.load(tmp_path / "snapshot.json")
    assert (list(snapshot.tags), snapshot.metadata["status"]) == (["training_data"], "testing")
    assert (snapshot.metadata["model_id"], snapshot.metadata["batch_size"]) == ("model_id", "daily")
    assert snapshot.timestamp == datetime(2024, 1, 3, tzinfo=UTC)


def test_checks_inside_of_a_pipeline():
    drift_checks = TestSuite(
        tests=[
            DataDriftTestPreset(columns=["age", "education"]),
            TestShareOfMissingValues(lte=0.05),
            TestNumberOfConstantColumns(eq=0),
            TestColumnDrift(column_name="age", stattest="ks", is_critical=False),
            generate_column_tests(tests.TestColumnShareOfMissingValues, columns="num", parameters={"lt": 0.1}),
        ]
    )
    drift_checks.run(reference_data=REFERENCE, current_data=BATCH2)
    assert not drift_checks
    assert drift_checks.as_dict()["summary"]["by_status"]["WARNING"] == 1
    drift_checks.run(reference_data=REFERENCE, current_data=REFERENCE)
    assert drift_checks
    assert not drift_checks.as_dataframe().empty


def test_a_local_workspace(data_report, tmp_path):
    ws = Workspace(str(tmp_path / "workspace"))
    project = ws.create_project("My project")
    project = ws.get_project(project.id)
    drift_checks = TestSuite(tests=[DataStabilityTestPreset()])
    drift_checks.run(reference_data=REFERENCE, current_data=BATCH1)
    ws.add_report(project.id, data_report)
    ws.add_test_suite(project.id, drift_checks)
    data_report.save(tmp_path / "data_drift_snapshot.json")
    other = Report(metrics=[ClassificationPreset()])
    other.run(reference_data=None, current_data=BATCH1)
    other.save(tmp_path / "other.json")
    ws.add_snapshot(project.id, Snapshot.load(tmp_path / "other.json"))
    kept = {str(snapshot.id) for snapshot in Workspace(str(tmp_path / "workspace")).list_snapshots(project.id)}
    assert kept == {str(each.id) for each in (data_report, drift_checks, other)}
    ws.delete_snapshot(project.id, data_report.id)
    assert str(data_report.id) not in {str(snapshot.id) for snapshot in ws.list_snapshots(project.id)}


CLASSIFICATION = [
    "QualityMetric", "ClassBalance", "ConfusionMatrix", "QualityByClass", "ClassSeparationPlot", "ProbDistribution",
    "RocCurve", "PRCurve", "PRTable",
]  # fmt: skip
REGRESSION = [
    "QualityMetric", "PredictedVsActualScatter", "PredictedVsActualPlot", "ErrorPlot", "AbsPercentageErrorPlot",
    "ErrorDistribution", "ErrorNormality", "TopErrorMetric", "ErrorBiasTable",
]  # fmt: skip


@pytest.mark.parametrize(
    ("preset", "mapping", "names"),
    [
        (ClassificationPreset(), ColumnMapping(task="classification"), CLASSIFICATION),
        (RegressionPreset(), ColumnMapping(task="regression"), REGRESSION),
    ],
)
def test_metrics_of_a_preset_stand_where_users_index_them(preset, mapping, names):
    report = Report(metrics=[preset])
    current = BATCH1.assign(prediction=np.linspace(0, 1, len(BATCH1)))
    report.run(reference_data=None, current_data=current, column_mapping=mapping)
    expected = [f"{mapping.task.title()}{name}" for name in names]
    assert [metric["metric"] for metric in report.as_dict()["metrics"]] == expected


def test_a_saved_report_is_a_report_again(data_report, tmp_path):
    data_report.save(str(tmp_path / "s.json"))
    assert Report.load(str(tmp_path / "s.json")).as_dict() == data_report.as_dict()


@pytest.mark.parametrize("module", [metrics, tests, test_preset])
def test_all_names_come_with_an_asterisk(module):
    found: dict[str, object] = {}
    exec(f"from {module.__name__} import *", found)  # noqa: S102 - it is what notebooks do
    assert set(module.__all__ if hasattr(module, "__all__") else ()) <= found.keys()
    assert len([name for name in found if name[0].isupper()]) > 5


def test_the_remote_workspaces_are_there_by_their_names():
    assert {RemoteWorkspace.__name__, CloudWorkspace.__name__} == {"RemoteWorkspace", "CloudWorkspace"}
    for name in ("create_project", "get_project", "add_report", "add_test_suite", "add_snapshot", "delete_snapshot"):
        assert callable(getattr(RemoteWorkspace, name))
        assert callable(getattr(CloudWorkspace, name))
