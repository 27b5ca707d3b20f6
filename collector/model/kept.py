"""What the store keeps to be asked for again: snapshots, and documents."""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.model.names import MonitorId, SnapshotId


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """A snapshot as it is stored: what lists show, and the whole JSON.

    `summary` is the JSON of the list entry plus "values", the numbers that the page plots over time: `summary_of` joins them.
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


_VALUES = b',"values":['
"""In a text it would stand with its quotes escaped, and no part of a value is a list."""


def summary_of(entry: bytes, values: bytes) -> bytes:
    """A list entry, a JSON object with something in it, with the values, a JSON array, at its end.

    >>> summary_of(b'{"id":"a"}', b'[{"value":1}]')
    b'{"id":"a","values":[{"value":1}]}'
    """
    return entry.removesuffix(b"}") + _VALUES + values.removeprefix(b"[") + b"}"


def entry_of(summary: bytes) -> bytes:
    """The list entry alone. The values of a wide window are a hundred times as much, and nobody parses them to leave them out.

    >>> entry_of(b'{"id":"a","values":[{"value":1}]}')
    b'{"id":"a"}'
    """
    entry, found, _ = summary.rpartition(_VALUES)
    return entry + b"}" if found else summary


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
