"""Our snapshots in a real Evidently service: listed, plotted, drawn, once in effect, and never its undoing."""

import asyncio
import copy
import io
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import SecretStr
from selenium.webdriver import Chrome

from collector import Report
from collector.errors import Invalid, Permanent
from collector.evaluate.tables import parquet
from collector.forward import build
from collector.metrics import DatasetSummaryMetric
from collector.monitor import EvidentlyDestination
from collector.render.evidently import FORWARD_ID, body, validate
from collector.snapshot import Snapshot
from collector.workspace import RemoteWorkspace
from tests.browser.chromium import find, opened, picture, until
from tests.e2e_evidently.service import Service
from tests.render.samples import arms, columns, drift_metrics, snapshot, suite_tests

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

REPORTS = ("drift", "quality", "model", "regression", "stability")
SECRET = "only for this test"  # noqa: S105
DAYS = 3


def forward(
    service: Service, snapshots: Sequence[Snapshot], secret: str | None = None, *, data: bytes | None = None
) -> None:
    """Deliver through the destination, as the service does, with a new process's empty memory."""

    async def deliver() -> None:
        settings = EvidentlyDestination(type="evidently", url=service.url, secret=SecretStr(secret) if secret else None)
        destination = build("evidently", settings)
        try:
            for each in snapshots:
                await destination.deliver(each.json(), data)
        finally:
            await destination.close()

    asyncio.run(deliver())


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    started = Service(tmp_path_factory.mktemp("evidently") / "workspace")
    started.start()
    yield started
    started.stop()


@pytest.fixture
def project() -> str:
    """A project of each test's own."""
    return f"Flight delays {uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    with opened() as driver:
        yield driver


def a_few_days(project: str) -> list[Snapshot]:
    return [snapshot(report, day=day, project=project) for day in range(DAYS) for report in REPORTS]


def test_the_project_is_created_and_every_snapshot_listed_with_its_tags_and_metadata(
    service: Service, project: str
) -> None:
    forward(service, a_few_days(project))
    listed = service.snapshots(service.project(project))
    assert len(listed) == DAYS * len(REPORTS)
    for each in listed:
        assert each["tags"] == ["prod"]
        assert each["metadata"]["model_version"] == "3"
        assert each["metadata"]["report"] in REPORTS
    assert {each["metadata"][FORWARD_ID] for each in listed} == {each.id for each in a_few_days(project)}


def test_the_numbers_are_plotted_in_order_of_time(service: Service, project: str) -> None:
    days = [snapshot("drift", day=day, project=project) for day in (2, 0, 1)]
    forward(service, days)
    identity = service.project(project)
    (share,) = service.series(identity, "DriftedColumnsCount", value_type="share")
    wanted = [
        made.metrics[0]["result"]["share_of_drifted_columns"] for made in sorted(days, key=lambda each: each.timestamp)
    ]
    assert share["values"] == pytest.approx(wanted)
    drift = service.series(identity, "ValueDrift")
    assert {line["params"]["column"] for line in drift} == set(days[0].columns)
    assert all(len(line["values"]) == DAYS for line in drift)


def test_segments_are_lines_of_their_own(service: Service, project: str) -> None:
    forward(service, [snapshot("drift", project=project, segment={"origin": origin}) for origin in ("JFK", "EWR")])
    lines = service.series(service.project(project), "RowCount")
    assert sorted(line["params"]["origin"] for line in lines) == ["EWR", "JFK"]


def test_panels_filter_by_the_tags_of_the_arms_and_by_the_monitor(service: Service, project: str) -> None:
    made = [each for monitor in ("flights", "fares") for day in range(DAYS)
            for each in arms(day=day, monitor=monitor, project=project)]  # fmt: skip
    forward(service, made)
    identity = service.project(project)

    def rows(tags: Sequence[str], **metadata: str) -> list[list[float]]:
        lines = service.series(identity, "RowCount", tags=tags, metadata=metadata)
        return sorted([value for value in line["values"] if value is not None] for line in lines)

    assert rows(["challenger", "vs champion"], monitor="fares") == [[300, 301, 302]]
    assert rows(["vs reference"], monitor="flights") == [[100, 101, 102], [200, 201, 202]]
    assert rows(["vs reference"], monitor="flights", model_version="champion") == [[100, 101, 102]]
    assert rows([], monitor="fares", view="all rows") == [[900, 907, 914]]
    assert rows([], monitor="nobody") == []


def test_each_arm_is_a_line_of_its_own_on_the_dashboard(service: Service, project: str, browser: Chrome) -> None:
    for monitor in ("flights", "fares"):
        forward(service, [each for day in range(DAYS) for each in arms(day=day, monitor=monitor, project=project)])
    browser.get(f"{service.url}/projects/{service.project(project)}")
    until(browser, lambda: "champion rows" in find(browser, "body")[0].text)
    picture(browser, "evidently-arms")
    text = find(browser, "body")[0].text
    assert "Rows by model_version, vs champion" in text
    assert "challenger rows" in text
    assert "fares" in text
    assert "Something went wrong" not in text


def test_the_names_and_labels_of_metrics_can_be_asked_for(service: Service, project: str) -> None:
    forward(service, a_few_days(project))
    identity = service.project(project)
    metrics = service.get(f"/api/v2/snapshots/{identity}/metrics?tags=[]&metadata={{}}")["metrics"]
    assert {"evidently:metric_v2:ValueDrift", "evidently:metric_v2:Accuracy", "evidently:metric_v2:RMSE"} <= set(
        metrics
    )
    asked = f"/api/v2/snapshots/{identity}/labels?tags=[]&metadata={{}}&metric_type=evidently:metric_v2:ValueDrift"
    assert "column" in service.get(asked)["labels"]


@pytest.mark.parametrize("report", [*REPORTS, "everything"])
def test_the_report_page_is_drawn(service: Service, project: str, browser: Chrome, report: str) -> None:
    made = snapshot(report if report != "everything" else "drift", project=project)
    if report == "everything":
        metrics = [metric for name in REPORTS for metric in snapshot(name).metrics]
        made = snapshot("drift", project=project, metrics=metrics, tests=suite_tests())
    forward(service, [made])
    identity = service.project(project)
    (listed,) = service.snapshots(identity)
    browser.get(f"{service.url}/projects/{identity}/reports/{listed['id']}")
    title = "FAIL" if report == "stability" else {"drift": "Drift by column", "quality": "Dataset summary",
        "model": "Confusion matrix", "regression": "Regression quality", "everything": "Quality by class"}[report]  # fmt: skip
    if report == "stability":
        until(browser, lambda: any(tab.text == "Tests" for tab in find(browser, "button[role=tab]")))
        next(tab for tab in find(browser, "button[role=tab]") if tab.text == "Tests").click()
    until(browser, lambda: title in find(browser, "body")[0].text)
    picture(browser, f"evidently-{report}")
    assert "Something went wrong" not in find(browser, "body")[0].text


def test_rows_of_the_drift_table_open_their_distribution(service: Service, project: str, browser: Chrome) -> None:
    forward(service, [snapshot("drift", project=project)])
    identity = service.project(project)
    (listed,) = service.snapshots(identity)
    browser.get(f"{service.url}/projects/{identity}/reports/{listed['id']}")
    until(browser, lambda: "Drift by column" in find(browser, "body")[0].text)
    before = browser.page_source.count("Distribution of departure_delay")
    for button in find(browser, "tbody button")[:5]:
        button.click()
    until(browser, lambda: browser.page_source.count("Distribution of departure_delay") > before)
    assert "Something went wrong" not in find(browser, "body")[0].text


def test_the_dashboard_shows_our_panels(service: Service, project: str, browser: Chrome) -> None:
    forward(service, a_few_days(project))
    identity = service.project(project)
    browser.get(f"{service.url}/projects/{identity}")
    until(browser, lambda: "Drift score by column" in find(browser, "body")[0].text)
    picture(browser, "evidently-dashboard")
    text = find(browser, "body")[0].text
    assert "Classification quality" in text
    assert "Failed tests" in text
    assert "Something went wrong" not in text
    assert "currently empty" not in text


@pytest.mark.parametrize("report_format", ["html", "json"])
def test_reports_can_be_downloaded(service: Service, project: str, report_format: str) -> None:
    forward(service, [snapshot("drift", project=project, tests=suite_tests())])
    identity = service.project(project)
    (listed,) = service.snapshots(identity)
    text = service.download(identity, listed["id"], report_format)
    if report_format == "json":
        tests = json.loads(text)["tests"]
        assert sorted(test["status"] for test in tests) == ["ERROR", "FAIL", "SUCCESS"]
    else:
        assert "<html" in text


def test_a_second_run_adds_nothing(service: Service, project: str) -> None:
    forward(service, a_few_days(project))
    before = service.snapshots(service.project(project))
    forward(service, a_few_days(project))
    assert service.snapshots(service.project(project)) == before


def test_a_higher_revision_replaces(service: Service, project: str) -> None:
    forward(service, [snapshot("drift", day=day, project=project) for day in range(DAYS)])
    forward(service, [snapshot("drift", day=1, project=project, revision=2, rows=5)])
    forward(service, [snapshot("drift", day=1, project=project, revision=1)])
    identity = service.project(project)
    (rows,) = service.series(identity, "RowCount")
    assert rows["values"] == [900, 5, 914]
    assert sorted(each["metadata"]["revision"] for each in service.snapshots(identity)) == ["1", "1", "2"]


def test_the_service_survives_a_restart_with_our_snapshots(service: Service, project: str, browser: Chrome) -> None:
    forward(service, a_few_days(project))
    identity = service.project(project)
    before = service.snapshots(identity)
    service.restart()
    assert service.project(project) == identity
    assert sorted(each["id"] for each in service.snapshots(identity)) == sorted(each["id"] for each in before)
    assert service.series(identity, "Accuracy")
    browser.get(f"{service.url}/projects/{identity}/reports/{before[0]['id']}")
    until(browser, lambda: before[0]["id"] in find(browser, "body")[0].text)
    assert "Something went wrong" not in find(browser, "body")[0].text
    forward(service, [snapshot("drift", day=DAYS, project=project)])
    assert len(service.snapshots(identity)) == len(before) + 1


def test_a_wrong_secret_says_so_and_the_right_one_works(tmp_path: Path, project: str) -> None:
    locked = Service(tmp_path / "workspace", secret=SECRET)
    locked.start()
    try:
        for wrong in (None, "wrong"):
            with pytest.raises(Permanent, match="the secret is wrong or missing"):
                forward(locked, [snapshot("drift", project=project)], wrong)
        assert locked.get("/api/v2/projects") == []
        forward(locked, [snapshot("drift", project=project)], SECRET)
        assert len(locked.snapshots(locked.project(project))) == 1
    finally:
        locked.stop()


def test_what_would_poison_the_service_is_refused_here(service: Service, project: str) -> None:
    """The same body is tried on the service itself: our refusal is not for nothing."""
    forward(service, [snapshot("drift", project=project)])
    good = body(snapshot("drift", day=1, project=project))
    validate(good)
    poisoned = copy.deepcopy(good)
    next(iter(poisoned["metric_results"].values())).pop("metric_value_location")
    with pytest.raises(Invalid):
        validate(poisoned)
    identity = service.project(project)
    status, _ = service.call("POST", f"/api/v2/snapshots/{identity}", poisoned)
    assert status == 500
    known = snapshot("drift", project=project).id
    kept = [each["id"] for each in service.snapshots(identity) if each["metadata"][FORWARD_ID] != known]
    assert len(kept) == 1, "the service no longer keeps what it refuses"
    service.call("DELETE", f"/api/projects/{identity}/{kept[0]}")
    service.restart()
    assert len(service.snapshots(identity)) == 1


def test_a_wide_monitor_fits(service: Service, project: str) -> None:
    wide = {f"feature_{index}": columns()["distance"] for index in range(1_500)}
    metrics = drift_metrics()
    metrics[1]["result"]["drift_by_columns"] = dict.fromkeys(wide, metrics[1]["result"]["drift_by_columns"]["distance"])
    forward(service, [snapshot("drift", project=project, metrics=metrics, columns=wide)])
    assert len(service.series(service.project(project), "ValueDrift")) >= 1_500


@pytest.mark.parametrize("name", ["ü 🛫 / & ?", "x" * 300])
def test_projects_and_columns_of_any_name_arrive(service: Service, browser: Chrome, name: str) -> None:
    own = f"{name} {uuid.uuid4().hex[:6]}"
    metrics = drift_metrics()
    metrics[1]["result"]["drift_by_columns"][name] = {"drift_score": 0.2, "drift_detected": True}
    made = snapshot("drift", project=own, metrics=metrics, columns={name: columns()["distance"]}, segment={name: name})
    forward(service, [made])
    forward(service, [made])
    identity = service.project(own)
    (listed,) = service.snapshots(identity)
    browser.get(f"{service.url}/projects/{identity}/reports/{listed['id']}")
    until(browser, lambda: "Drift by column" in find(browser, "body")[0].text)
    assert "Something went wrong" not in find(browser, "body")[0].text


# ---------------------------------------------------------------- rows


def rows_of_a_window(count: int = 40) -> bytes:
    """Ids, times, numbers, words, gaps: what a window holds."""
    frame = pd.DataFrame(
        {
            "id": [f"flight-{index}" for index in range(count)],
            "at": pd.date_range("2013-02-01", periods=count, freq="min"),
            "distance": [100.0 + index for index in range(count)],
            "carrier": ["AA" if index % 3 else None for index in range(count)],
            "late": [index % 2 if index % 5 else None for index in range(count)],
        }
    )
    return parquet(frame)


def test_the_rows_are_the_dataset_of_their_snapshot_replaced_and_deleted_with_it(
    service: Service, project: str
) -> None:
    made = snapshot("drift", project=project)
    for _ in range(2):
        forward(service, [made], data=rows_of_a_window())
    identity = service.project(project)
    assert service.datasets(identity) == [("drift of flight-delays: current", 40)]
    forward(service, [replace(made, revision=2)], data=rows_of_a_window(50))
    assert service.datasets(identity) == [("drift of flight-delays: current", 50)]
    (listed,) = service.snapshots(identity)
    dataset = listed["links"]["datasets"]["output"]["current"]
    rows = pd.read_parquet(io.BytesIO(service.read(f"/api/datasets/{dataset}/download?format=parquet")))
    pd.testing.assert_frame_equal(rows, pd.read_parquet(io.BytesIO(rows_of_a_window(50))), check_dtype=False)
    with RemoteWorkspace(service.url) as workspace:
        workspace.delete_snapshot(identity, made.id)
    assert service.datasets(identity) == []
    assert service.snapshots(identity) == []


def test_the_reports_page_shows_the_rows(service: Service, project: str, browser: Chrome) -> None:
    forward(service, [snapshot("drift", project=project)], data=rows_of_a_window())
    identity = service.project(project)
    (listed,) = service.snapshots(identity)
    browser.get(f"{service.url}/projects/{identity}/reports/{listed['id']}")
    until(browser, lambda: "flight-0" in find(browser, "body")[0].text)
    picture(browser, "evidently-rows")
    assert "Something went wrong" not in find(browser, "body")[0].text


def test_more_rows_than_the_service_takes_are_thinned_out(service: Service, project: str) -> None:
    dice = np.random.default_rng(1)
    wide = parquet(pd.DataFrame(dice.random((200_000, 8)), columns=list("abcdefgh")))
    assert len(wide) > 10_000_000
    forward(service, [snapshot("drift", project=project)], data=wide)
    ((name, rows),) = service.datasets(service.project(project))
    assert 100_000 < rows < 200_000
    assert name == f"drift of flight-delays: current ({rows:,} of 200,000 rows)"


def test_a_report_of_a_notebook_brings_both_of_its_frames(service: Service, project: str) -> None:
    report = Report(metrics=[DatasetSummaryMetric()])
    report.run(current_data=pd.DataFrame({"x": [1, 2, 3]}), reference_data=pd.DataFrame({"x": [1.5, 2.5]}))
    with RemoteWorkspace(service.url) as workspace:
        identity = workspace.create_project(project).id
        workspace.add_report(identity, report, include_data=True)
    assert sorted(service.datasets(identity)) == [("Report: current", 3), ("Report: reference", 2)]
    (listed,) = service.snapshots(identity)
    linked = listed["links"]["datasets"]["output"]
    assert linked["current"]
    assert linked["reference"]


def test_the_workspace_of_notebooks_sees_the_same(service: Service, project: str) -> None:
    with RemoteWorkspace(service.url) as workspace:
        made = workspace.create_project(project, "for a notebook")
        assert made.description == "for a notebook"
        made.description = "changed"
        made.save()
        assert workspace.get_project(made.id).description == "changed"
        sent = workspace.add_snapshot(made.id, snapshot("drift"))
        assert workspace.add_snapshot(made.id, snapshot("drift")) == sent
        assert [each.id for each in workspace.list_snapshots(made.id)] == [sent]
        workspace.delete_snapshot(made.id, snapshot("drift").id)
        assert workspace.list_snapshots(made.id) == []
        workspace.delete_project(made.id)
        assert project not in {each.name for each in workspace.list_projects()}
