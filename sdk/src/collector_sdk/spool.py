"""Batches that could not be sent wait here, on disk, and survive the process. First in, first out.

    <spool directory>/<monitor>/<owner>/lock               held by the process that owns the folder, while it lives
                                       /<time>-<kind>-<count>-<random>.spool

A file is written aside, synced and renamed, so that it is whole or absent. A process adopts the folders whose owner
is gone. The key in the file makes sending it twice harmless. What cannot be read is renamed to `*.corrupt` and left
for a person.
"""

import contextlib
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector_sdk.batch import Batch
from collector_sdk.entries import Block, Entry, Inference, Label
from collector_sdk.values import dumps, loads

try:
    import fcntl
except ImportError:  # Windows: every folder is adopted; a batch sent by two processes is known by its key
    fcntl = None  # type: ignore[assignment]

_VERSION = 1
_SUFFIX = ".spool"
_KINDS: dict[str, type[Inference] | type[Block] | type[Label]] = {
    "inference": Inference,
    "block": Block,
    "label": Label,
}


class SpoolFull(Exception):
    """The batch does not fit into the bytes that the directory may hold."""


class Corrupt(Exception):
    """The file holds no batch; it was set aside."""


@dataclass(frozen=True, slots=True)
class Spooled:
    """A file, and what its name says: how many rows or labels it holds."""

    path: Path
    kind: str
    count: int


class Spool:
    """The unsent batches of one monitor. Used by one thread at a time."""

    def __init__(self, directory: str | os.PathLike[str], *, monitor: str, max_bytes: int) -> None:
        self._directory = Path(directory) / uuid.uuid5(uuid.NAMESPACE_URL, monitor).hex
        self._directory.mkdir(parents=True, exist_ok=True)
        self._max_bytes = max_bytes
        self._begin()

    def _begin(self) -> None:
        self._own: Path | None = None
        self._locks: dict[Path, int] = {}
        self._bytes = sum(_size(path) for path in self._directory.glob(f"*/*{_SUFFIX}"))

    def adopt(self) -> tuple[list[Spooled], list[Path]]:
        """The files whose owner is gone, oldest first; and those that were set aside for their name."""
        found: list[Spooled] = []
        odd: list[Path] = []
        for folder in self._directory.glob("*/"):
            if folder in self._locks or not self._lock(folder):
                continue
            for path in folder.glob("*.writing"):  # its writer was killed
                with contextlib.suppress(OSError):
                    path.unlink()
            for path in folder.glob(f"*{_SUFFIX}"):
                parts = path.name.removesuffix(_SUFFIX).split("-")
                if len(parts) == 4 and parts[1] in ("rows", "labels") and parts[2].isdecimal():
                    found.append(Spooled(path, parts[1], int(parts[2])))
                else:
                    self._set_aside(path)
                    odd.append(path)
        return sorted(found, key=lambda spooled: spooled.path.name), odd

    def write(self, batch: Batch) -> Spooled:
        """Keep a batch. Raises SpoolFull, OSError (the disk), TypeError or ValueError (a value that no JSON takes)."""
        document = {"version": _VERSION, "key": batch.key, "entries": [_document(entry) for entry in batch.entries]}
        content = dumps(document)
        if self._bytes + len(content) > self._max_bytes:
            raise SpoolFull(
                f"the spool holds {self._bytes} bytes of {self._max_bytes}: no room for {len(content)} more"
            )
        folder = self._own_folder()  # raises OSError
        name = f"{time.time_ns():020d}-{batch.kind}-{batch.count}-{uuid.uuid4().hex}"
        aside, path = folder / f"{name}.writing", folder / f"{name}{_SUFFIX}"
        try:
            with aside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.rename(path)
        except OSError:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
            raise
        self._bytes += len(content)
        return Spooled(path, batch.kind, batch.count)

    def read(self, spooled: Spooled) -> Batch:
        """Raises Corrupt, after setting the file aside."""
        try:
            document = loads(spooled.path.read_bytes())
            if document["version"] != _VERSION:
                raise ValueError(f"its version is {document['version']!r}, not {_VERSION}")
            entries = [_entry(each) for each in document["entries"]]
            batch = Batch(spooled.kind, entries, key=str(document["key"]), source="spooled")
            if batch.count != spooled.count:
                raise ValueError(f"it holds {batch.count} entries where its name says {spooled.count}")
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            self._set_aside(spooled.path)
            raise Corrupt(f"{spooled.path.name} was set aside: {type(error).__name__}: {error}") from error
        return batch

    def remove(self, spooled: Spooled) -> None:
        """Its batch has its fate."""
        self._bytes -= _size(spooled.path)
        with contextlib.suppress(OSError):
            spooled.path.unlink()

    def release(self) -> None:
        """Leave what is there to whoever comes next. Empty folders go."""
        for folder, descriptor in self._locks.items():
            with contextlib.suppress(OSError):  # somebody may have cleared the directory away
                if all(path.name == "lock" for path in folder.iterdir()):
                    (folder / "lock").unlink()
                    folder.rmdir()
            os.close(descriptor)
        self._locks, self._own = {}, None

    def after_fork(self) -> None:
        """In the child: the folders are the parent's, and stay locked by it."""
        for descriptor in self._locks.values():
            with contextlib.suppress(OSError):  # a daemon closes all that it inherits
                os.close(descriptor)
        self._begin()

    def _own_folder(self) -> Path:
        """Made again when it was cleared away, or when another process took it over before it was locked."""
        if self._own is None or not self._own.is_dir():
            folder = self._directory / uuid.uuid4().hex
            folder.mkdir(parents=True)
            if not self._lock(folder):
                raise BlockingIOError(f"{folder.name} was taken over by another process")
            self._own = folder
        return self._own

    def _lock(self, folder: Path) -> bool:
        """False when it has an owner, or is gone, or is not ours to write."""
        try:
            descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return False
        try:
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._locks[folder] = descriptor
        return True

    def _set_aside(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            path.rename(path.with_suffix(".corrupt"))


def _size(path: Path) -> int:
    """Nothing, when another process has sent and removed it meanwhile."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _document(entry: Entry) -> dict[str, object]:
    tag = next(tag for tag, kind in _KINDS.items() if isinstance(entry, kind))
    return {tag: list(entry)}


def _entry(document: Mapping[str, Any]) -> Entry:
    ((tag, fields),) = document.items()
    return _KINDS[tag](*fields)
