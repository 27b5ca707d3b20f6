"""A workspace in a folder: `<project id>/project.json` and `<project id>/snapshots/<snapshot id>.json`.

Files appear whole or not at all (written beside, synced, renamed), and a snapshot is replaced by an equal or higher
revision only: threads and processes may write the same workspace at the same time.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from collector.errors import Invalid
from collector.snapshot import Snapshot
from collector.strict import near_miss
from collector.workspace.project import Project, data_of, project_id, snapshot_of

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows: one writer at a time is up to the user there
    fcntl = None  # type: ignore[assignment]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")
"""What may stand in a path. Ids come from files and requests, so they are never trusted to be a plain name."""


_DATA = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Workspace:
    """Projects and snapshots in the folder `path`, which is made when the first project is."""

    def __init__(self, path: str | Path = "workspace") -> None:
        self.path = Path(path)

    @classmethod
    def create(cls, path: str | Path = "workspace") -> "Workspace":
        """The same as `Workspace(path)`, under the name that users know."""
        return cls(path)

    # ------------------------------------------------------------ projects

    def create_project(self, name: str, description: str = "") -> Project:
        """The project of this name; made when there is none. An empty description keeps the one it has."""
        identity = project_id(name)
        known = self._read_project(self.path / identity)
        if known is None or known.name != name:
            known = next(iter(self.search_project(name)), known)
        if known is not None:
            if description and known.description != description:
                known.description = description
                self.update_project(known)
            return known
        project = Project(identity, name, description, datetime.now(UTC), self.update_project)
        self.update_project(project)
        return project

    def add_project(self, project: Project, description: str = "") -> Project:
        return self.create_project(project.name, description or project.description)

    def update_project(self, project: Project) -> None:
        """Write a project's description and name; its snapshots stay."""
        with self._locked(_checked(project.id, "project")):
            self._write_project(project)

    def get_project(self, project: str | object) -> Project:
        """A project by id or by name. Raises Invalid, with the near miss, when there is none."""
        wanted = str(project)
        if _ID.fullmatch(wanted):
            known = self._read_project(self.path / wanted)
            if known is not None:
                return known
        projects = self.list_projects()
        for each in projects:
            if each.name == wanted:
                return each
        nearest = near_miss(wanted, [each.name for each in projects])
        raise Invalid(f"{self.path} has no project {wanted!r}{nearest}: expected the id or the name of a project")

    def list_projects(self) -> list[Project]:
        """All projects, by name."""
        found = (self._read_project(folder) for folder in self.path.glob("*") if folder.is_dir())
        return sorted((each for each in found if each is not None), key=lambda each: (each.name, each.id))

    def search_project(self, name: str) -> list[Project]:
        """The projects of exactly this name."""
        return [project for project in self.list_projects() if project.name == name]

    def delete_project(self, project: str | object) -> None:
        """Forget a project with its snapshots. Nothing happens when there is none."""
        identity = _checked(project, "project")
        if (self.path / identity / "project.json").is_file():
            with self._locked(identity):
                shutil.rmtree(self.path / identity)

    # ------------------------------------------------------------ snapshots

    def add_report(self, project: str | object, report: object, include_data: bool = False) -> str:  # noqa: FBT001, FBT002
        """Add a Report that has run; says the snapshot's id."""
        return self._add(project, report, what="Report", include_data=include_data)

    def add_test_suite(self, project: str | object, suite: object, include_data: bool = False) -> str:  # noqa: FBT001, FBT002
        """Add a Test Suite that has run; says the snapshot's id."""
        return self._add(project, suite, what="TestSuite", include_data=include_data)

    def add_snapshot(self, project: str | object, snapshot: Snapshot, data: Mapping[str, bytes] | None = None) -> str:
        """Keep a snapshot, and its rows by name as Parquet; says its id. One with the same id and a higher revision
        stays as it is; of one that is replaced no rows stay.

        Once this returns, the files survive a power cut.
        """
        identity = self.get_project(project).id
        name = _checked(snapshot.id, "snapshot")
        path = self.path / identity / "snapshots" / f"{name}.json"
        with self._locked(identity):
            known = _revision(path)
            if known is None or snapshot.revision >= known:
                rows = {path.with_name(_data_name(name, each)): body for each, body in (data or {}).items()}
                for old in _data_paths(path).values():
                    if old not in rows:
                        old.unlink()
                for new, body in rows.items():
                    _write(new, body)
                _write(path, snapshot.json())  # last: who finds it, finds its rows
        return name

    def list_snapshots(self, project: str | object) -> list[Snapshot]:
        """All snapshots of a project, oldest first."""
        folder = self.path / self.get_project(project).id / "snapshots"
        found = [Snapshot.load(path) for path in folder.glob("*.json")]
        return sorted(found, key=lambda each: (_aware(each.timestamp), each.id))

    def get_snapshot(self, project: str | object, snapshot: str | object) -> Snapshot:
        """Raises Invalid when there is none of this id."""
        path = self._snapshot_path(project, snapshot)
        if not path.is_file():
            raise Invalid(f"project {project} in {self.path} has no snapshot {snapshot}")
        return Snapshot.load(path)

    def data_paths(self, project: str | object, snapshot: str | object) -> dict[str, Path]:
        """The rows that are stored with a snapshot: Parquet files by name, such as `current`."""
        return _data_paths(self._snapshot_path(project, snapshot))

    def delete_snapshot(self, project: str | object, snapshot: str | object) -> None:
        """Forget a snapshot and its rows. Nothing happens when there is none."""
        path = self._snapshot_path(project, snapshot)
        path.unlink(missing_ok=True)
        for data in _data_paths(path).values():
            data.unlink(missing_ok=True)

    # ------------------------------------------------------------ files

    def _add(self, project: str | object, report: object, *, what: str, include_data: bool) -> str:
        snapshot = snapshot_of(report, what=what)
        return self.add_snapshot(project, snapshot, data_of(report, what=what) if include_data else None)

    def _snapshot_path(self, project: str | object, snapshot: str | object) -> Path:
        return self.path / self.get_project(project).id / "snapshots" / f"{_checked(snapshot, 'snapshot')}.json"

    def _read_project(self, folder: Path) -> Project | None:
        path = folder / "project.json"
        try:
            document: dict[str, Any] = orjson.loads(path.read_bytes())
            created = datetime.fromisoformat(document["created_at"])
            return Project(folder.name, document["name"], document["description"], created, self.update_project)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise Invalid(f"{path} is not a project: expected name, description and created_at ({error})") from error

    def _write_project(self, project: Project) -> None:
        document = {
            "id": project.id,
            "name": project.name,
            "description": project.description,
            "created_at": project.created_at.isoformat(),
        }
        _write(self.path / project.id / "project.json", orjson.dumps(document, option=orjson.OPT_INDENT_2))

    @contextlib.contextmanager
    def _locked(self, identity: str) -> Iterator[None]:
        """One writer per project, across threads and processes; a writer that dies lets go."""
        folder = self.path / identity
        _make(folder)
        descriptor = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR, 0o644)
        try:
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _data_name(snapshot: str, name: str) -> str:
    return f"{snapshot}.{_named(name)}.parquet"


def _data_paths(path: Path) -> dict[str, Path]:
    """The files of rows beside a snapshot's own. Ids may hold dots, names of rows do not."""
    found = {each: each.name.removeprefix(f"{path.stem}.").removesuffix(".parquet") for each in
             path.parent.glob(f"{path.stem}.*.parquet")}  # fmt: skip
    return {name: each for each, name in sorted(found.items()) if _DATA.fullmatch(name)}


def _named(name: str) -> str:
    if not _DATA.fullmatch(name):
        raise Invalid(f"{name!r} cannot name rows: expected letters, digits, '-' and '_'")
    return name


def _checked(identity: object, what: str) -> str:
    name = str(identity)
    if not _ID.fullmatch(name):
        raise Invalid(f"{name!r} is not the id of a {what}: expected letters, digits, '-', '_' and '.'")
    return name


def _revision(path: Path) -> int | None:
    """The revision of the stored file; None when there is none, or none that can be read."""
    try:
        return Snapshot.load(path).revision
    except (FileNotFoundError, Invalid):
        return None


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise Invalid(f"{folder} cannot be made: a file stands in its place") from error


def _write(path: Path, body: bytes) -> None:
    """Write beside, sync, rename, sync the folder: a reader sees the old file or the new one, also after a crash.

    For who holds the project's lock: what is beside has always the same name, so that the half of a file that a killed
    process left is written over when its snapshot comes again.
    """
    _make(path.parent)
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(0o644)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
