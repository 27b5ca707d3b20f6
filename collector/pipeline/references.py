"""References: stored once for every replica, kept as a file on the disk of each worker that uses them."""

import asyncio
import glob
import hashlib
import os
import re
from pathlib import Path

from collector.model import MonitorId
from collector.monitor import Monitor
from collector.ports import Buffer, ReferenceFile

KIND = "reference"
_CONTENT = re.compile("[0-9a-f]{16}")
"""How a file's name ends: a monitor's id may begin like another one's."""


class References:
    """State: which file holds which version. A file is named after its content and never changes."""

    def __init__(self, buffer: Buffer, directory: Path) -> None:
        self._buffer = buffer
        self._directory = directory / "references"
        self._files: dict[MonitorId, ReferenceFile] = {}

    async def put(self, monitor: Monitor, parquet: bytes) -> int:
        """Replace the monitor's reference; an equal one keeps its version."""
        return await self._buffer.documents.put(KIND, monitor.id, parquet)

    async def version(self, monitor: MonitorId) -> int | None:
        return (await self._buffer.documents.versions(KIND)).get(monitor)

    async def file(self, monitor: MonitorId) -> ReferenceFile | None:
        """The current version as a file on this machine, or None when the monitor has no reference."""
        version = await self.version(monitor)
        if version is None:
            return None
        known = self._files.get(monitor)
        if known is not None and known.version == version:
            return known
        document = await self._buffer.documents.get(KIND, monitor)
        if document is None:
            return None
        name = f"{monitor}-{hashlib.blake2b(document.body, digest_size=8).hexdigest()}.parquet"
        path = self._directory / name
        await asyncio.to_thread(_write_atomically, path, document.body)
        self._files[monitor] = ReferenceFile(document.version, str(path))
        return self._files[monitor]


    def drop(self, monitor: MonitorId) -> None:
        """Its files on this machine go: there is no such monitor any more."""
        self._files.pop(monitor, None)
        for path in self._directory.glob(f"{glob.escape(monitor)}-*.parquet"):
            if _CONTENT.fullmatch(path.stem.removeprefix(f"{monitor}-")):
                path.unlink(missing_ok=True)


def _write_atomically(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_bytes(body)
    temporary.replace(path)
