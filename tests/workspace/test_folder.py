"""Rules of a workspace in a folder."""

import multiprocessing
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from collector import Report, TestSuite
from collector.errors import Invalid
from collector.metrics import DatasetSummaryMetric
from collector.model import SnapshotId
from collector.snapshot import Snapshot
from collector.tests import TestNumberOfRows
from collector.workspace import Project, Workspace
from tests.render.samples import snapshot


class Ran:
    """A report that has run, as a workspace sees it."""

    def __init__(self, made: Snapshot) -> None:
        self.made = made

    def to_snapshot(self) -> Snapshot:
        return self.made


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


def test_creating_a_project_again_finds_it(workspace: Workspace) -> None:
    first = workspace.create_project("Flights", "by day")
    again = workspace.create_project("Flights")
    assert again == first
    assert [project.description for project in workspace.list_projects()] == ["by day"]


def test_a_project_is_found_by_id_and_by_name(workspace: Workspace) -> None:
    made = workspace.create_project("Flights")
    assert workspace.get_project(made.id) == workspace.get_project("Flights") == made
    assert workspace.search_project("Flights") == [made]
    assert workspace.search_project("flights") == []


def test_an_unknown_project_names_the_near_miss(workspace: Workspace) -> None:
    workspace.create_project("Flights")
    with pytest.raises(Invalid, match="did you mean 'Flights'"):
        workspace.get_project("Fligths")


def test_a_description_can_be_changed_and_saved(workspace: Workspace) -> None:
    project = workspace.create_project("Flights")
    workspace.add_snapshot(project.id, snapshot())
    project.description = "by week"
    project.save()
    assert workspace.get_project("Flights").description == "by week"
    assert len(workspace.list_snapshots("Flights")) == 1


def test_a_project_of_no_workspace_cannot_be_saved() -> None:
    with pytest.raises(Invalid, match="belongs to no workspace"):
        Project("id", "name").save()


def test_a_renamed_project_is_found_by_its_new_name_and_not_doubled_by_the_old_one(workspace: Workspace) -> None:
    project = workspace.create_project("Flights")
    project.name = "Departures"
    project.save()
    assert workspace.create_project("Departures").id == project.id
    assert workspace.create_project("Flights").id == project.id
    assert len(workspace.list_projects()) == 1


@pytest.mark.parametrize("name", ["", "  "])
def test_a_project_needs_a_name(workspace: Workspace, name: str) -> None:
    with pytest.raises(Invalid, match="name is empty"):
        workspace.create_project(name)


@pytest.mark.parametrize("name", ["a/b", "../up", "ü 🛫", "x" * 1000, "con", ".", "-"])
def test_a_project_may_have_any_name(workspace: Workspace, name: str) -> None:
    project = workspace.create_project(name)
    workspace.add_snapshot(project.id, snapshot())
    assert workspace.get_project(name).name == name
    assert [path.parent for path in workspace.path.iterdir()] == [workspace.path]


def test_a_snapshot_comes_back_as_it_was(workspace: Workspace) -> None:
    project = workspace.create_project("Flights")
    identity = workspace.add_snapshot(project.id, snapshot("quality"))
    assert workspace.get_snapshot(project.id, identity).json() == snapshot("quality").json()


def test_snapshots_are_listed_oldest_first(workspace: Workspace) -> None:
    project = workspace.create_project("Flights")
    for day in (2, 0, 1):
        workspace.add_snapshot(project.id, snapshot(day=day))
    assert [each.id for each in workspace.list_snapshots(project.id)] == [snapshot(day=day).id for day in range(3)]


def test_a_repeat_replaces_and_a_lower_revision_does_not(workspace: Workspace) -> None:
    project = workspace.create_project("Flights")
    for revision, rows in ((2, 1), (2, 2), (1, 3)):
        workspace.add_snapshot(project.id, snapshot(revision=revision, rows=rows))
    assert [(each.revision, each.rows) for each in workspace.list_snapshots(project.id)] == [(2, 2)]


def test_a_deleted_snapshot_is_gone_and_deleting_it_again_is_fine(workspace: Workspace) -> None:
    project = workspace.create_project("Flights")
    identity = workspace.add_snapshot(project.id, snapshot())
    workspace.delete_snapshot(project.id, identity)
    workspace.delete_snapshot(project.id, identity)
    assert workspace.list_snapshots(project.id) == []
    with pytest.raises(Invalid, match="no snapshot"):
        workspace.get_snapshot(project.id, identity)


def test_a_deleted_project_is_gone_with_its_snapshots(workspace: Workspace) -> None:
    project = workspace.create_project("Flights")
    workspace.add_snapshot(project.id, snapshot())
    workspace.delete_project(project.id)
    workspace.delete_project(project.id)
    assert workspace.list_projects() == []
    assert workspace.list_snapshots(workspace.create_project("Flights").id) == []


@pytest.mark.parametrize("identity", ["../../etc", "a/b", "", ".hidden", "x" * 300, "a\0b"])
def test_an_id_never_leads_out_of_the_folder(workspace: Workspace, identity: str) -> None:
    project = workspace.create_project("Flights")
    with pytest.raises(Invalid, match="not the id"):
        workspace.add_snapshot(project.id, replace(snapshot(), id=SnapshotId(identity)))
    with pytest.raises(Invalid, match="not the id"):
        workspace.delete_project(identity)
    with pytest.raises(Invalid):
        workspace.get_project(identity)


def test_a_number_that_is_not_finite_is_not_stored(workspace: Workspace) -> None:
    project = workspace.create_project("Flights")
    bad = snapshot(metrics=[{"metric": "x", "parameters": {}, "result": {"value": float("nan")}}])
    with pytest.raises(ValueError, match="finite"):
        workspace.add_snapshot(project.id, bad)
    assert workspace.list_snapshots(project.id) == []


def test_a_spoilt_file_says_which_it_is(workspace: Workspace) -> None:
    project = workspace.create_project("Flights")
    identity = workspace.add_snapshot(project.id, snapshot())
    path = workspace.path / project.id / "snapshots" / f"{identity}.json"
    path.write_text('{"schema": 1')
    with pytest.raises(Invalid, match=str(path)):
        workspace.list_snapshots(project.id)
    workspace.add_snapshot(project.id, snapshot())
    assert len(workspace.list_snapshots(project.id)) == 1
    (workspace.path / project.id / "project.json").write_text("[]")
    with pytest.raises(Invalid, match=r"project\.json is not a project"):
        workspace.list_projects()


def test_reports_and_suites_that_have_run_are_added(workspace: Workspace) -> None:
    project = workspace.create_project("Flights")
    workspace.add_report(project.id, Ran(snapshot("drift")))
    workspace.add_test_suite(project.id, Ran(snapshot("stability")))
    assert {each.report for each in workspace.list_snapshots(project.id)} == {"drift", "stability"}


@pytest.mark.parametrize("report", [None, "report", object(), snapshot()])
def test_what_is_no_report_is_refused_with_its_kind(workspace: Workspace, report: object) -> None:
    project = workspace.create_project("Flights")
    with pytest.raises(Invalid, match=f"expected a Report that has run, got {type(report).__name__}"):
        workspace.add_report(project.id, report)


def test_include_data_is_never_ignored(workspace: Workspace) -> None:
    project = workspace.create_project("Flights")
    with pytest.raises(Invalid, match="does not keep its data"):
        workspace.add_report(project.id, Ran(snapshot()), include_data=True)
    assert workspace.list_snapshots(project.id) == []


def test_a_report_that_has_run_brings_the_frames_that_it_was_given(workspace: Workspace) -> None:
    project = workspace.create_project("Flights")
    now, before = pd.DataFrame({"x": [1, 2, 3], "y": ["a", None, 7]}), pd.DataFrame({"x": [1.5]})
    report = Report(metrics=[DatasetSummaryMetric()])
    report.run(current_data=now, reference_data=before)
    added = workspace.add_report(project.id, report, include_data=True)
    found = {name: pd.read_parquet(path) for name, path in workspace.data_paths(project.id, added).items()}
    assert list(found) == ["current", "reference"]
    assert found["current"]["x"].tolist() == [1, 2, 3]
    assert found["current"]["y"].dropna().tolist() == ["a", "7"]  # Parquet has one type per column
    assert found["reference"]["x"].tolist() == [1.5]
    workspace.add_report(project.id, report)
    assert workspace.data_paths(project.id, added) == {}
    suite = TestSuite(tests=[TestNumberOfRows(gt=0)])
    suite.run(current_data=now, reference_data=None)
    assert list(workspace.data_paths(project.id, workspace.add_test_suite(project.id, suite, include_data=True))) == [
        "current"
    ]


def test_rows_of_an_id_with_dots_are_not_taken_for_those_of_another(workspace: Workspace) -> None:
    project = workspace.create_project("Flights")
    for identity in ("a", "a.b"):
        made = replace(snapshot(), id=SnapshotId(identity))
        workspace.add_snapshot(project.id, made, {"current": identity.encode()})
    workspace.delete_snapshot(project.id, "a")
    (kept,) = workspace.data_paths(project.id, "a.b").values()
    assert kept.read_bytes() == b"a.b"
    with pytest.raises(Invalid, match="cannot name rows"):
        workspace.add_snapshot(project.id, snapshot(), {"../../escape": b""})


def _write(path: str, worker: int) -> None:
    workspace = Workspace(path)
    project = workspace.create_project("Flights")
    for revision in range(1, 30):
        workspace.add_snapshot(project.id, snapshot(revision=revision, rows=revision * 10 + worker))


def test_writers_in_several_threads_leave_the_highest_revision(workspace: Workspace) -> None:
    threads = [threading.Thread(target=_write, args=(str(workspace.path), worker)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (kept,) = workspace.list_snapshots("Flights")
    assert kept.revision == 29


@pytest.mark.slow
def test_writers_in_several_processes_leave_the_highest_revision(workspace: Workspace) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write, args=(str(workspace.path), worker)) for worker in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(50)
        assert process.exitcode == 0
    (kept,) = workspace.list_snapshots("Flights")
    assert kept.revision == 29


def test_what_a_killed_process_left_half_written_goes_when_its_snapshot_comes_again(workspace: Workspace) -> None:
    project = workspace.create_project("Flights")
    code = (
        "import os, sys\n"
        "from collector.snapshot import Snapshot\n"
        "from collector.workspace import Workspace\n"
        "os.fsync = lambda descriptor: os._exit(9)\n"
        "Workspace(sys.argv[1]).add_snapshot(sys.argv[2], Snapshot.from_json(sys.stdin.buffer.read()))\n"
    )
    for _ in range(2):
        dead = subprocess.run(
            [sys.executable, "-c", code, str(workspace.path), project.id], input=snapshot().json(), check=False
        )
        assert dead.returncode == 9
    folder = workspace.path / project.id / "snapshots"
    assert len(list(folder.iterdir())) == 1
    assert workspace.list_snapshots(project.id) == []
    workspace.add_snapshot(project.id, snapshot())
    assert [path.name for path in folder.iterdir()] == [f"{snapshot().id}.json"]
