"""What the store keeps to be asked for again: snapshots, and documents."""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.model.names import MonitorId, SnapshotId


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """A snapshot as it is stored: what lists show, and the whole JSON.

    `summary` is the JSON of the list entry plus "values", the numbers that the page plots over time.
    """

    id: SnapshotId
    monitor: MonitorId
    revision: int
    timestamp_us: int
    segment: str
    """canonical JSON of the segment, "null" for all rows"""
    tags: Sequence[str]
    summary: bytes
    body: bytes
    data: bytes = b""
    """The rows as Parquet, when the monitor includes them; empty: none."""


@dataclass(frozen=True, slots=True)
class SnapshotQuery:
    """Which snapshots to list, newest first. `after` is the cursor that the last page gave as `next`."""

    monitor: MonitorId | None = None
    segment: str | None = None
    tag: str | None = None
    from_us: int | None = None
    to_us: int | None = None
    after: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class SnapshotPage:
    summaries: Sequence[bytes]
    next: str | None


@dataclass(frozen=True, slots=True)
class Document:
    """A small named thing that every replica must see alike: a monitor, a reference. Versions grow by one."""

    kind: str
    key: str
    version: int
    body: bytes
