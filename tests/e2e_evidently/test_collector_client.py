"""An unmodified client of the retired Evidently collector, against our service, with a real workspace behind it."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import service as ours
from tests.browser.chromium import missing
from tests.e2e_evidently.service import Service as Evidently

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".oracle" / "bin" / "python"
KEY = "only for this test"
COLLECTORS = ("by-rows", "by-interval", "by-either")


@pytest.fixture(scope="module")
def evidently(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidently]:
    if not PYTHON.exists():
        missing("the Evidently service (`make oracle`)")
    started = Evidently(tmp_path_factory.mktemp("evidently") / "workspace")
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def collector(evidently: Evidently, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ours.Service]:
    folder = tmp_path_factory.mktemp("collector")
    keys = folder / "keys.yaml"
    keys.write_text(json.dumps({"keys": [{"key": KEY, "scopes": ["admin"]}]}))
    config = json.dumps({"destinations": {"ui": {"type": "evidently", "url": evidently.url}}})
    started = ours.Service(folder, config, COLLECTOR_API_KEYS_FILE=str(keys))
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def answers(collector: ours.Service, evidently: Evidently) -> dict[str, Any]:
    command = [str(PYTHON), "-m", "tests.e2e_evidently.collector_client", collector.url, KEY, evidently.url, "Flights"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr + collector.log()[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def ask(collector: ours.Service, path: str) -> Any:
    status, body = collector.call("GET", path, headers={"evidently-secret": KEY})
    assert status == 200, body
    return body


def made(collector: ours.Service, name: str, count: int) -> list[dict[str, Any]]:
    """The collector's logs, once it lists so many good reports."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        logs: list[dict[str, Any]] = ask(collector, f"/{name}/logs")
        if sum(each["ok"] for each in logs) >= count:
            return logs
        time.sleep(0.2)
    raise AssertionError(f"{logs}\n{collector.log()[-4000:]}")


@pytest.mark.parametrize("name", COLLECTORS)
def test_every_row_that_the_client_sends_is_taken(answers: dict[str, Any], name: str) -> None:
    assert answers[name]["created"]["id"] == name
    assert "warnings" not in answers[name]["created"]
    assert answers[name]["reference"]["rows"] == 200
    assert [each["accepted"] for each in answers[name]["sent"]] == [30, 70]


@pytest.mark.parametrize("name", ["by-rows", "by-either"])
def test_a_count_of_rows_counts_rows_not_requests(answers: dict[str, Any], collector: ours.Service, name: str) -> None:
    assert answers[name]
    logs = made(collector, name, 2)
    assert {each["type"] for each in logs} == {"CreateReport"}
    snapshots = [ask(collector, f"/v1/snapshots/{each['report_id']}") for each in logs]
    assert [each["rows"] for each in snapshots] == [50, 50]


def test_reports_are_computed_against_the_reference(answers: dict[str, Any], collector: ours.Service) -> None:
    assert answers["by-rows"]
    report = ask(collector, f"/v1/snapshots/{made(collector, 'by-rows', 2)[0]['report_id']}")
    results = {each["metric"]: each["result"] for each in report["metrics"]}
    assert results["DatasetDriftMetric"]["number_of_drifted_columns"] == 1
    assert results["ColumnQuantileMetric"]["current"]["value"] == 124.5
    assert report["tags"] == ["prod"]


def test_an_interval_closes_what_came_and_its_tests_are_judged(
    answers: dict[str, Any], collector: ours.Service
) -> None:
    """The two requests may fall into one second, or into two."""
    assert answers["by-interval"]
    deadline = time.monotonic() + 60
    reports: list[dict[str, Any]] = []
    while sum(each["rows"] for each in reports) < 100 and time.monotonic() < deadline:
        logs = made(collector, "by-interval", 1)
        reports = [ask(collector, f"/v1/snapshots/{each['report_id']}") for each in logs if each["ok"]]
    assert sum(each["rows"] for each in reports) == 100
    for each in reports:
        (mean,) = (test for test in each["tests"] if "Mean Value" in test["name"])
        assert mean["status"] == "FAIL"


def test_reports_reach_the_workspace_that_the_client_named(
    answers: dict[str, Any], collector: ours.Service, evidently: Evidently
) -> None:
    assert answers["by-rows"]
    for name in COLLECTORS:
        made(collector, name, 1)
    deadline = time.monotonic() + 60
    wanted = sum(len(made(collector, name, 1)) for name in COLLECTORS)
    listed: list[dict[str, Any]] = []
    while time.monotonic() < deadline:
        if any(each["name"] == "Flights" for each in evidently.get("/api/v2/projects")):
            listed = evidently.snapshots(evidently.project("Flights"))
            if len(listed) >= wanted:
                break
        time.sleep(0.2)
    assert len(listed) >= wanted, collector.log()[-4000:]


def test_the_secret_is_asked_for_and_strange_metrics_are_named(answers: dict[str, Any]) -> None:
    assert answers["wrong secret"] == "401"
    status, problem = answers["strange"]
    assert (status, problem["type"]) == (422, "/problems/invalid")
    assert "NonesuchMetric" in problem["detail"]
