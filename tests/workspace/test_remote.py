"""Rules of the remote workspaces, against the strict stub of `tests/forward`."""

import asyncio
import io
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd
import pytest

from collector import Report
from collector.errors import Invalid, Permanent, Transient
from collector.metrics import DatasetSummaryMetric
from collector.workspace import CloudWorkspace, RemoteWorkspace
from tests.forward.stub import Stub, running
from tests.render.samples import snapshot
from tests.workspace.test_folder import Ran

SECRET = "right"  # noqa: S105 - this test's own
CLOUD_KEY = "sk_a.b.c"


@contextmanager
def served(stub: Stub) -> Iterator[str]:
    """The stub on a thread of its own, as a service is on a machine of its own."""
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with running(stub):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield stub.url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


@pytest.fixture
def stub() -> Stub:
    return Stub()


@pytest.fixture
def workspace(stub: Stub) -> Iterator[RemoteWorkspace]:
    with served(stub) as url, RemoteWorkspace(f"{url}/") as remote:
        yield remote


def test_creating_a_project_again_finds_it(workspace: RemoteWorkspace, stub: Stub) -> None:
    first = workspace.create_project("Flights", "by day")
    assert workspace.create_project("Flights").id == first.id
    assert workspace.get_project("Flights").description == "by day"
    assert [each.name for each in workspace.search_project("Flights")] == ["Flights"]
    assert len(stub.projects) == 1


def test_a_project_is_found_by_its_id(workspace: RemoteWorkspace) -> None:
    made = workspace.create_project("Flights")
    assert workspace.get_project(made.id).name == "Flights"


def test_an_unknown_project_names_the_near_miss(workspace: RemoteWorkspace) -> None:
    workspace.create_project("Flights")
    with pytest.raises(Invalid, match="did you mean 'Flights'"):
        workspace.get_project("Fligths")
    with pytest.raises(Invalid, match="no project of id"):
        workspace.get_project("3fa85f64-5717-4562-b3fc-2c963f66afa6")


def test_a_changed_description_is_saved(workspace: RemoteWorkspace) -> None:
    project = workspace.create_project("Flights")
    project.description = "by week"
    project.save()
    assert workspace.get_project("Flights").description == "by week"


def test_a_deleted_project_is_gone_and_can_be_made_again(workspace: RemoteWorkspace) -> None:
    project = workspace.create_project("Flights")
    workspace.delete_project(project.id)
    assert workspace.list_projects() == []
    assert workspace.create_project("Flights").name == "Flights"


def test_reports_suites_and_snapshots_are_sent_once(workspace: RemoteWorkspace) -> None:
    project = workspace.create_project("Flights")
    for _ in range(2):
        workspace.add_report(project.id, Ran(snapshot("drift")))
        workspace.add_test_suite(project.id, Ran(snapshot("stability")))
        workspace.add_snapshot(project.id, snapshot("model"))
    assert {each.metadata["report"] for each in workspace.list_snapshots(project.id)} == {"drift", "stability", "model"}
    assert len(workspace.list_snapshots(project.id)) == 3


def test_a_snapshot_is_deleted_by_its_own_id_or_by_the_services(workspace: RemoteWorkspace) -> None:
    project = workspace.create_project("Flights")
    theirs = workspace.add_snapshot(project.id, snapshot("drift"))
    workspace.add_snapshot(project.id, snapshot("model"))
    workspace.delete_snapshot(project.id, theirs)
    workspace.delete_snapshot(project.id, snapshot("model").id)
    workspace.delete_snapshot(project.id, "no such")
    assert workspace.list_snapshots(project.id) == []


def test_a_wrong_secret_says_so(stub: Stub) -> None:
    stub.secret = SECRET
    with served(stub) as url:
        with RemoteWorkspace(url, secret="wrong") as remote, pytest.raises(Permanent, match="secret is wrong"):  # noqa: S106
            remote.create_project("Flights")
        with RemoteWorkspace(url, secret=SECRET) as remote:
            assert remote.create_project("Flights").name == "Flights"


def test_nobody_at_the_address_says_so() -> None:
    with RemoteWorkspace("http://127.0.0.1:9") as remote, pytest.raises(Transient, match="cannot be reached"):
        remote.list_projects()


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://host"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(Invalid, match="not an address"):
        RemoteWorkspace(url)


def test_a_secret_that_no_header_can_carry_is_refused_at_once() -> None:
    with pytest.raises(Invalid, match="the secret holds characters"):
        RemoteWorkspace("http://host", secret="a\nb")  # noqa: S106


def test_include_data_is_never_ignored(workspace: RemoteWorkspace) -> None:
    project = workspace.create_project("Flights")
    with pytest.raises(Invalid, match="does not keep its data"):
        workspace.add_report(project.id, Ran(snapshot()), include_data=True)
    assert workspace.list_snapshots(project.id) == []


def test_the_frames_of_a_report_are_sent_with_it_and_deleted_with_it(workspace: RemoteWorkspace, stub: Stub) -> None:
    project = workspace.create_project("Flights")
    report = Report(metrics=[DatasetSummaryMetric()])
    report.run(current_data=pd.DataFrame({"x": [1, 2]}), reference_data=pd.DataFrame({"x": [3]}))
    added = workspace.add_report(project.id, report, include_data=True)
    sent = {each["part"]: each for each in stub.datasets.values()}
    assert {each["snapshot"] for each in sent.values()} == {added}
    rows = {part: pd.read_parquet(io.BytesIO(each["body"]))["x"].tolist() for part, each in sent.items()}
    assert rows == {"current": [1, 2], "reference": [3]}
    workspace.add_report(project.id, report, include_data=True)
    assert len(stub.datasets) == 2
    workspace.delete_snapshot(project.id, added)
    assert stub.datasets == {}


def test_what_is_no_report_is_refused(workspace: RemoteWorkspace) -> None:
    project = workspace.create_project("Flights")
    with pytest.raises(Invalid, match="expected a TestSuite that has run, got int"):
        workspace.add_test_suite(project.id, 3)


def test_a_workspace_that_nobody_closes_is_closed_at_the_end_without_a_word(stub: Stub) -> None:
    script = (
        "import sys; from collector import RemoteWorkspace; w = RemoteWorkspace(sys.argv[1]); print(w.list_projects())"
    )
    with served(stub) as url:
        command = [sys.executable, "-X", "dev", "-c", script, url]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=50)
    assert (answer.stdout, answer.stderr) == ("[]\n", "")


def test_a_closed_workspace_says_so(stub: Stub) -> None:
    with served(stub) as url:
        remote = RemoteWorkspace(url)
        remote.close()
        remote.close()
        with pytest.raises(Invalid, match="closed"):
            remote.list_projects()


@pytest.mark.asyncio
async def test_it_works_where_a_loop_is_running_already(stub: Stub) -> None:
    with served(stub) as url, RemoteWorkspace(url) as remote:
        assert remote.create_project("Flights").name == "Flights"


def test_the_cloud_takes_its_key_from_the_environment(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    stub.bearer = CLOUD_KEY
    monkeypatch.setenv("EVIDENTLY_API_KEY", CLOUD_KEY)
    with served(stub) as url, CloudWorkspace(url=url) as cloud:
        project = cloud.create_project("Flights")
        cloud.add_report(project.id, Ran(snapshot()))
    assert len(stub.stored()) == 1


def test_the_cloud_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVIDENTLY_API_KEY", raising=False)
    with pytest.raises(Invalid, match="set EVIDENTLY_API_KEY"):
        CloudWorkspace()


def test_the_cloud_renews_an_expired_login(stub: Stub) -> None:
    stub.jwt = "first"
    with served(stub) as url, CloudWorkspace("old-token", url) as cloud:
        cloud.create_project("Flights")
        stub.jwt = "second"
        assert [each.name for each in cloud.list_projects()] == ["Flights"]
