"""References: stored once for every replica, kept as a file on the disk of each worker that uses them."""

import asyncio
import glob
import io
import re
from collections.abc import Mapping
from pathlib import Path

import orjson
import pyarrow.parquet as pq

from collector.errors import TooLarge
from collector.model import MonitorId
from collector.monitor import Monitor
from collector.pipeline.references.scratch import Scratch, sweep
from collector.ports import PROFILE_MARK, Buffer, ReferenceFile

KIND = "reference"
MOST_STORED_BYTES = 500_000_000
"""A store takes no larger value: Redis 512 MB, SQLite 1 GB."""
KEPT_FILES = 2
"""Of each monitor on this machine's disk: the version in use, and the one before, which a window may still read."""
_CONTENT = re.compile("[0-9a-f]{16}")
"""How a file's name ends: a monitor's id may begin like another one's."""


class References:
    """State: which file holds which version, and what is said of it. A file is named after its content and never
    changes, so that a window that has begun with a version ends with it.
    """

    def __init__(self, buffer: Buffer, directory: Path) -> None:
        self._buffer = buffer
        self._directory = directory / "references"
        self._files: dict[MonitorId, ReferenceFile] = {}
        self._about: dict[MonitorId, Mapping[str, object]] = {}

    async def put(self, monitor: Monitor, parquet: bytes) -> int:
        """Replace the monitor's reference by these rows, or by their profile when no more is to be kept; an equal one
        keeps its version. Raises Invalid (too few rows for a profile), TooLarge.
        """
        if _profile_only(monitor):
            from collector.evaluate.references.loaded import profile_of  # noqa: PLC0415 - a pure receiver is free of pandas

            parquet = await asyncio.to_thread(profile_of, monitor, parquet)
        if len(parquet) > MOST_STORED_BYTES:
            raise TooLarge(
                f"the reference has {len(parquet)} bytes: at most {MOST_STORED_BYTES} are stored. "
                "A sample of its rows compares as well; so does keep: profile"
            )
        return await self._buffer.documents.put(KIND, monitor.id, parquet)

    async def settle(self, monitor: Monitor) -> None:
        """Rows that were stored before the monitor wished for their profile only go."""
        if not _profile_only(monitor) or (await self.about(MonitorId(monitor.id))).get("kept") != "rows":
            return
        document = await self._buffer.documents.get(KIND, monitor.id)
        if document is not None:
            await self.put(monitor, document.body)
            self.drop(MonitorId(monitor.id))

    async def version(self, monitor: MonitorId) -> int | None:
        return (await self._buffer.documents.versions(KIND)).get(monitor)

    async def about(self, monitor: MonitorId) -> Mapping[str, object]:
        """Version, rows, columns, and what is kept of them: rows or profile. All None without a reference."""
        version = await self.version(monitor)
        known = self._about.get(monitor)
        if known is not None and known["version"] == version:
            return known
        document = None if version is None else await self._buffer.documents.get(KIND, monitor)
        if document is None:
            return {"version": None, "rows": None, "columns": None, "kept": None}
        described = await asyncio.to_thread(_described, document.body)
        self._about[monitor] = {"version": document.version, **described}
        return self._about[monitor]

    async def file(self, monitor: MonitorId) -> ReferenceFile | None:
        """The current version as a file on this machine, or None when the monitor has no reference."""
        version = await self.version(monitor)
        if version is None:
            return None
        known = self._files.get(monitor)
        if known is not None and known.version == version:
            return known
        await asyncio.to_thread(sweep, self._directory)
        with Scratch(self._directory) as scratch:
            version = await self._buffer.documents.pour(KIND, monitor, scratch.take)
            if version is None:
                return None
            path = await asyncio.to_thread(self._keep, monitor, scratch)
        self._files[monitor] = ReferenceFile(version, str(path))
        return self._files[monitor]

    def drop(self, monitor: MonitorId) -> None:
        """Its files on this machine go: there is no such monitor any more."""
        self._files.pop(monitor, None)
        self._about.pop(monitor, None)
        for path in self._of(monitor):
            path.unlink(missing_ok=True)

    def _of(self, monitor: MonitorId) -> list[Path]:
        found = self._directory.glob(f"{glob.escape(monitor)}-*.parquet")
        return [path for path in found if _CONTENT.fullmatch(path.stem.removeprefix(f"{monitor}-"))]

    def _keep(self, monitor: MonitorId, scratch: Scratch) -> Path:
        """Name it, and remove those that nobody reads any more. Other processes may be doing the same."""
        path = scratch.keep(f"{monitor}-{{digest}}.parquet")
        others = [(_modified_ns(each), each) for each in self._of(monitor) if each != path]
        for _, each in sorted(others, reverse=True)[KEPT_FILES - 1 :]:
            each.unlink(missing_ok=True)
        return path


def _profile_only(monitor: Monitor) -> bool:
    return monitor.reference is not None and monitor.reference.keep == "profile"


def _described(parquet: bytes) -> Mapping[str, object]:
    file = pq.ParquetFile(io.BytesIO(parquet))
    profile = (file.schema_arrow.metadata or {}).get(PROFILE_MARK)
    if profile is not None:
        about = orjson.loads(profile)
        return {"rows": about["rows"], "columns": about["columns"], "kept": "profile"}
    return {"rows": file.metadata.num_rows, "columns": list(map(str, file.schema_arrow.names)), "kept": "rows"}


def _modified_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
