"""Snapshots into a workspace folder. Replacing is the folder's own promise: equal or higher revisions win."""

import asyncio
from pathlib import Path

from collector.errors import Invalid, Permanent, Transient
from collector.snapshot import Snapshot
from collector.workspace.folder import Workspace
from collector.workspace.project import CURRENT


class LocalForwarder:
    """Keeps snapshots in a folder, each in the project it names, which is made when missing."""

    def __init__(self, path: str | Path) -> None:
        self._workspace = Workspace(path)

    async def deliver(self, body: bytes, data: bytes | None = None) -> None:
        await asyncio.to_thread(self._deliver, body, data)

    def _deliver(self, body: bytes, data: bytes | None) -> None:
        try:
            snapshot = Snapshot.from_json(body)
            project = self._workspace.create_project(project_of(snapshot))
            self._workspace.add_snapshot(project.id, snapshot, {} if data is None else {CURRENT: data})
        except Invalid as error:
            raise Permanent(str(error)) from error
        except ValueError as error:
            raise Permanent(f"this snapshot cannot be stored: {error}") from error
        except OSError as error:
            # a full disk, a missing mount, a wrong owner: an operator can put each of them right
            raise Transient(f"{self._workspace.path}: {error.strerror or error}") from error

    async def close(self) -> None:
        """Nothing is held open."""


def project_of(snapshot: Snapshot) -> str:
    """The project a snapshot belongs to: the one it names, or its monitor."""
    name = snapshot.project or snapshot.monitor
    if not name:
        raise Invalid(f"snapshot {snapshot.id} names neither a project nor a monitor")
    return name
