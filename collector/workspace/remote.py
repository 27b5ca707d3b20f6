"""Remote workspaces for notebooks and jobs: the asynchronous client behind plain calls.

The calls run on a thread of their own, so they work where an event loop is already running.
"""

import asyncio
import os
import threading
import weakref
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

from collector.errors import Invalid
from collector.render.evidently import FORWARD_ID
from collector.snapshot import Snapshot
from collector.strict import near_miss
from collector.workspace import rows
from collector.workspace.evidently import EvidentlyClient, Missing, RemoteSnapshot, checked_url, is_uuid
from collector.workspace.project import Project, data_of, snapshot_of
from collector.workspace.sender import Sender

Value = TypeVar("Value")
CLOUD_URL = "https://app.evidently.cloud"
CLOUD_KEY_VARIABLE = "EVIDENTLY_API_KEY"


class RemoteWorkspace:
    """A self-hosted Evidently UI, 0.7.6 or later. `secret` is what the service was started with, if anything."""

    def __init__(self, base_url: str, secret: str | None = None) -> None:
        self._open(base_url, secret=secret)

    def _open(self, url: str, *, secret: str | None = None, token: str | None = None) -> None:
        self.url = checked_url(url)
        self._loop = _Loop()
        self._client = EvidentlyClient(self.url, secret=secret, token=token)
        self._sender = Sender(self._client)
        # notebooks rarely close anything: the last reference, or the end of the process, does it for them
        self._finish = weakref.finalize(self, _finish, self._loop, self._client)

    def close(self) -> None:
        """Let go of the connection. Nothing is sent in the background, so nothing is lost without it."""
        self._finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------ projects

    def create_project(self, name: str, description: str = "") -> Project:
        """The project of this name; made when there is none."""
        if not name.strip():
            raise Invalid("a project's name is empty: expected some text")
        self._sender.forget(name)
        identity = self._loop.run(self._sender.project(name, description))
        return self.get_project(identity)

    def add_project(self, project: Project, description: str = "") -> Project:
        return self.create_project(project.name, description or project.description)

    def get_project(self, project: str | object) -> Project:
        """A project by id or by name. Raises Invalid, with the near miss, when there is none."""
        wanted = str(project)
        self._check()
        if is_uuid(wanted):
            try:
                return self._project(self._loop.run(self._client.project(wanted)))
            except Missing as error:
                raise Invalid(f"{self.url} has no project of id {wanted}") from error
        projects = self.list_projects()
        named = [each for each in projects if each.name == wanted]
        if named:
            return named[-1]
        nearest = near_miss(wanted, [each.name for each in projects])
        raise Invalid(f"{self.url} has no project {wanted!r}{nearest}: expected the id or the name of a project")

    def list_projects(self) -> list[Project]:
        """All projects, newest first."""
        self._check()
        return [self._project(each) for each in self._loop.run(self._client.projects())]

    def search_project(self, name: str) -> list[Project]:
        """The projects of exactly this name."""
        return [each for each in self.list_projects() if each.name == name]

    def update_project(self, project: Project) -> None:
        """Write a project's name and description."""
        there = self._loop.run(self._client.project(project.id))
        changed = {**there, "name": project.name, "description": project.description}
        self._loop.run(self._client.update_project(changed))

    def delete_project(self, project: str | object) -> None:
        self._check()
        self._loop.run(self._client.delete_project(str(project)))

    # ------------------------------------------------------------ snapshots

    def add_report(self, project: str | object, report: object, include_data: bool = False) -> str:  # noqa: FBT001, FBT002
        """Send a Report that has run; says the id that the service gave it."""
        return self._add(project, report, what="Report", include_data=include_data)

    def add_test_suite(self, project: str | object, suite: object, include_data: bool = False) -> str:  # noqa: FBT001, FBT002
        """Send a Test Suite that has run; says the id that the service gave it."""
        return self._add(project, suite, what="TestSuite", include_data=include_data)

    def add_snapshot(self, project: str | object, snapshot: Snapshot, data: Mapping[str, bytes] | None = None) -> str:
        """Send a snapshot, and its rows by name (current, reference) as Parquet; says the id that the service gave it.
        Sending it again changes nothing.

        One of the same id and a lower revision is replaced, with its rows.
        """
        identity = self.get_project(project).id
        return self._loop.run(self._sender.send(identity, snapshot, data))

    def list_snapshots(self, project: str | object) -> list[RemoteSnapshot]:
        """What the service lists of a project's snapshots; the forward id among the metadata is ours."""
        identity = self.get_project(project).id
        return self._loop.run(self._client.snapshots(identity))

    def delete_snapshot(self, project: str | object, snapshot: str | object) -> None:
        """Forget a snapshot and its rows, by the service's id or by ours. Nothing happens when there is none."""
        identity = self.get_project(project).id
        wanted = str(snapshot)
        for each in self._loop.run(self._client.snapshots(identity)):
            if wanted in (each.id, each.metadata.get(FORWARD_ID)):
                self._loop.run(self._client.delete_snapshot(identity, each.id))
                self._loop.run(rows.forget(self._client, identity, each.metadata.get(FORWARD_ID, "")))

    # ------------------------------------------------------------ inside

    def _check(self) -> None:
        self._loop.run(self._client.check())

    def _add(self, project: str | object, report: object, *, what: str, include_data: bool) -> str:
        snapshot = snapshot_of(report, what=what)
        return self.add_snapshot(project, snapshot, data_of(report, what=what) if include_data else None)

    def _project(self, document: Mapping[str, Any]) -> Project:
        created = document.get("created_at")
        return Project(
            id=str(document["id"]),
            name=str(document.get("name")),
            description=str(document.get("description") or ""),
            created_at=datetime.fromisoformat(created) if isinstance(created, str) else datetime.now(UTC),
            _save=self.update_project,
        )


class CloudWorkspace(RemoteWorkspace):
    """Evidently Cloud. The token, when not given, is read from the environment: EVIDENTLY_API_KEY."""

    def __init__(self, token: str | None = None, url: str = CLOUD_URL) -> None:
        found = token or os.environ.get(CLOUD_KEY_VARIABLE)
        if not found:
            raise Invalid(f"no token: give one, or set {CLOUD_KEY_VARIABLE}")
        self._open(url, token=found)


class _Loop:
    """An event loop on a daemon thread, started by the first call, so that opening a workspace costs nothing."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False

    def run(self, work: Coroutine[Any, Any, Value]) -> Value:
        try:
            loop = self._running()
        except Invalid:
            work.close()
            raise
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._closed:
                raise Invalid("this workspace is closed: open it again")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="workspace", daemon=True)
                self._thread.start()
            return self._loop

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._loop is None or self._thread is None:
                return
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._loop = None


def _finish(loop: _Loop, client: EvidentlyClient) -> None:
    loop.run(client.close())
    loop.close()
