"""Users bring metrics, tests and drift methods: by a decorator, or installed as a package with an entry point."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd
import pytest

from collector.errors import Invalid
from collector.evaluate import (
    Metric,
    Report,
    StatTest,
    Test,
    TestSuite,
    Verdict,
    register_metric,
    register_stattest,
    register_test,
    registry,
)
from collector.evaluate.catalogue import check, describe, resolve
from collector.evaluate.measures import drift
from collector.metrics import ColumnDriftMetric
from collector.monitor import Monitor, ReportSettings
from tests.evaluate.recipes import result


@pytest.fixture(autouse=True)
def _forget(monkeypatch):
    monkeypatch.setattr(registry, "_custom_metrics", {})
    monkeypatch.setattr(registry, "_custom_tests", {})
    monkeypatch.setattr(drift, "_custom", {})


def report_of(**wishes):
    return ReportSettings.model_validate({"name": "r", **wishes})


@dataclass(frozen=True)
class LongShare(Metric):
    """The share of rows above a limit."""

    column_name: str
    limit: float = 10

    def calculate(self, context):
        return context.both(lambda frame: {"value": float((frame.frame[self.column_name] > self.limit).mean())})


def test_a_custom_metric_is_usable_by_name():
    register_metric(LongShare)
    wishes = report_of(metrics=[{"LongShare": {"column_name": "x", "limit": 2}}])
    (metric,), _ = resolve(wishes)
    assert result(metric, pd.DataFrame({"x": [1, 2, 3, 4]}))["current"]["value"] == 0.5


def test_a_custom_test_is_usable_by_name():
    @register_test
    @dataclass(frozen=True)
    class TestNotEmpty(Test):
        title: ClassVar[str] = "Not empty"

        def evaluate(self, context):
            return Verdict(context.current.rows > 0, "rows", {"value": context.current.rows})

    _, (test,) = resolve(report_of(tests=["TestNotEmpty"]))
    suite = TestSuite(tests=[test])
    suite.run(current_data=pd.DataFrame({"x": [1]}))
    assert (bool(suite), suite.as_dict()["tests"][0]["name"]) == (True, "Not empty")


def test_a_custom_drift_method_is_usable_by_id():
    register_stattest(
        StatTest(
            "means", "Distance of means", ("num",), 1.0, ">=", lambda pair: abs(pair.reference.mean - pair.current.mean)
        )
    )
    frames = pd.DataFrame({"x": [0.0, 2.0]}), pd.DataFrame({"x": [2.0, 4.0]})
    found = result(ColumnDriftMetric("x", stattest="means"), frames[1], frames[0])
    assert (found["drift_score"], found["drift_detected"], found["stattest_name"]) == (2.0, True, "Distance of means")


def test_a_function_is_a_drift_method():
    def later(reference, current, feature_type, threshold):
        return current.mean() - reference.mean(), current.mean() - reference.mean() > threshold

    frames = pd.DataFrame({"x": [0.0, 2.0, None]}), pd.DataFrame({"x": [2.0, 4.0, float("inf")]})
    found = result(ColumnDriftMetric("x", stattest=later, stattest_threshold=1), frames[1], frames[0])
    assert (found["drift_score"], found["drift_detected"]) == (2.0, True)
    assert found["stattest_name"] == "custom function 'later'"


def test_a_custom_metric_that_returns_nonsense_is_a_result_with_a_reason():
    class Nonsense(Metric):
        def calculate(self, context):
            return 7

    report = Report(metrics=[Nonsense()])
    report.run(current_data=pd.DataFrame({"x": [1]}))
    entry = report.as_dict()["metrics"][0]
    assert entry["error"]["message"] == "TypeError: Nonsense gave int: a result is a mapping"
    assert report.to_snapshot().json()


def test_what_is_no_metric_cannot_be_registered():
    with pytest.raises(Invalid, match="no class of a metric"):
        register_metric(int)  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("wishes", "message", "path"),
    [
        ({"metrics": ["DataDriftPrest"]}, "did you mean 'DataDriftPreset'", ("metrics", 0)),
        ({"metrics": ["TestNumberOfRows"]}, "list it under tests", ("metrics", 0)),
        ({"tests": ["TestNumberOfRows", "DataDriftPreset"]}, "list it under metrics", ("tests", 1)),
        ({"metrics": [{"ColumnDriftMetric": {"colum_name": "x"}}]}, "did you mean 'column_name'", ("metrics", 0)),
        ({"metrics": ["ColumnDriftMetric"]}, "needs column_name", ("metrics", 0)),
        (
            {"metrics": [{"ColumnDriftMetric": {"column_name": "x", "stattest": "pssi"}}]},
            "did you mean 'psi'",
            ("metrics", 0),
        ),
        ({"tests": [{"TestShareOfMissingValues": {"lte": "5%"}}]}, "expected a number", ("tests", 0)),
        (
            {"tests": [{"TestShareOfMissingValues": {"lte": {"value": 1, "relativ": 2}}}]},
            "relative: number",
            ("tests", 0),
        ),
        (
            {"metrics": [{"DatasetSummaryMetric": {"almost_constant_threshold": 7}}]},
            "between 0.5 and 1",
            ("metrics", 0),
        ),
    ],
)
def test_wrong_configuration_is_told_with_its_place(wishes, message, path):
    with pytest.raises(Invalid, match=message) as caught:
        resolve(report_of(**wishes))
    assert caught.value.place["path"] == path
    monitor = Monitor.model_validate(
        {"id": "m", "reports": [{"name": "fine", "tests": ["TestNumberOfRows"]}, {"name": "r", **wishes}]}
    )
    with pytest.raises(Invalid) as caught:
        check(monitor)
    assert caught.value.place["path"] == ("reports", 1, *path)


def test_a_tolerance_can_be_configured():
    _, (test,) = resolve(report_of(tests=[{"TestNumberOfRows": {"eq": {"value": 100, "relative": 0.1}}}]))
    suite = TestSuite(tests=[test])
    suite.run(current_data=pd.DataFrame({"x": range(105)}))
    assert bool(suite)


def test_a_monitor_is_described_as_it_resolves():
    monitor = Monitor.model_validate(
        {
            "id": "m",
            "reports": [
                {"name": "r", "metrics": [{"ColumnDriftMetric": {"column_name": "x"}}], "tests": ["TestNumberOfRows"]}
            ],
        }
    )
    (described,) = describe(monitor)
    assert described.metrics[0].name == "ColumnDriftMetric"
    assert described.metrics[0].parameters == {"column_name": "x"}
    assert described.tests[0].summary.startswith("Rows;")


def test_an_installed_package_brings_its_metrics(tmp_path):
    (tmp_path / "tiny.py").write_text(
        "from collector.evaluate import Metric\n"
        "class Tiny(Metric):\n"
        '    """Says one."""\n'
        "    def calculate(self, context):\n"
        "        return {'value': 1}\n"
    )
    info = tmp_path / "tiny-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[inference_collector.metrics]\nTiny = tiny:Tiny\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from collector.evaluate.catalogue import resolve\n"
        "from collector.monitor import ReportSettings\n"
        "(metric,), _ = resolve(ReportSettings.model_validate({'name': 'r', 'metrics': ['Tiny']}))\n"
        "print(type(metric).__doc__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "Says one.\n", done.stderr


def test_the_code_of_the_page_runs():
    page = (Path(__file__).parents[2] / "docs" / "extending.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert len(blocks) == 3
    exec(compile("\n".join(blocks), "docs/extending.md", "exec"), {"__name__": "docs"})  # noqa: S102 - our own page
