"""What is kept to be asked for again: snapshots, and documents."""

from collections.abc import Callable
from typing import Protocol

from collector.model import Document, MonitorId, SnapshotId, SnapshotPage, SnapshotQuery


class Snapshots(Protocol):
    """The snapshots that the service made, for the API and the pages."""

    async def list(self, query: SnapshotQuery) -> SnapshotPage:
        """Newest first, by instant and id; `from_us` is within, `to_us` is not. Pages stay whole when more come.

        Raises Invalid (a cursor that no page gave).
        """
        ...

    async def get(self, snapshot: SnapshotId) -> bytes | None: ...

    async def data(self, snapshot: SnapshotId) -> bytes | None:
        """The rows that were stored with it, as Parquet; they go with it, or are replaced with it."""
        ...

    async def delete(self, snapshot: SnapshotId) -> bool: ...

    async def trim(self, monitor: MonitorId, *, keep: int, newer_than_us: int, keep_data_bytes: int) -> int:
        """Forget all but the newest `keep`, and those older than an instant. Says how many went.

        Of the others the newest keep their rows, as many as have no more than `keep_data_bytes` together.
        """
        ...


class Documents(Protocol):
    """Monitors and references, the same for every replica."""

    async def put(self, kind: str, key: str, body: bytes) -> int:
        """Store the next version and say its number; an equal body keeps the version it has."""
        ...

    async def get(self, kind: str, key: str) -> Document | None: ...

    async def pour(self, kind: str, key: str, take: Callable[[bytes], object]) -> int | None:
        """Give a large body to `take`, in a thread, piece by piece where the store can; say its version, or None.

        As one value it would be copied while the event loop cannot run.
        """
        ...

    async def versions(self, kind: str) -> dict[str, int]:
        """The version of every document of a kind: a cheap look at what has changed."""
        ...

    async def delete(self, kind: str, key: str) -> bool:
        """A document put after it goes on counting: a version never means two bodies."""
        ...
