"""What both adapters promise alike: limits, retention, and the shapes that they share. Pure: no store is known here."""

import hashlib
import re
from array import array
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import zstandard

from collector.errors import Invalid
from collector.model import (
    DIGEST_BYTES,
    SECOND_US,
    Append,
    Half,
    Item,
    Lease,
    MonitorId,
    Settlement,
    SnapshotRecord,
    Window,
)

REQUEST_KEY_US = 24 * 3600 * SECOND_US
"""How long a pane remembers a request key: longer than any sender keeps repeating one."""
ORPHAN_US = 7 * 24 * 3600 * SECOND_US
"""How long a label waits for its inference."""
TOMBSTONES = 1_000
"""Purged panes that a monitor remembers, the newest: rows of those are late, rows of older ones begin anew."""
PURGE_ROWS = 10_000
"""Rows that one step of a purge forgets: tens of milliseconds, between which other callers have their turn."""
HALVES_AT_ONCE = 1_000
"""Halves in one step, and how many bytes of them: some milliseconds, between which other callers have their turn."""
HALF_BYTES_AT_ONCE = 8 * 1024 * 1024
PURGED = "purged"
LETTER_DELETED = "dead_letter_deleted"
LETTER_EXPIRED = "dead_letter_expired"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one monitor may wait for its evaluation; appends above it are refused."""

    max_rows: int
    max_bytes: int

    def refusal(self, *, waiting_rows: int, waiting_bytes: int, rows: int, size: int) -> str | None:
        """Why so many new rows of so many bytes do not fit, or None.

        >>> Limits(max_rows=10, max_bytes=100).refusal(waiting_rows=8, waiting_bytes=0, rows=3, size=1)
        '8 rows wait and 3 more would pass the limit of 10 rows'
        """
        if waiting_rows + rows > self.max_rows:
            return f"{waiting_rows} rows wait and {rows} more would pass the limit of {self.max_rows} rows"
        if waiting_bytes + size > self.max_bytes:
            return f"{waiting_bytes} bytes wait and {size} more would pass the limit of {self.max_bytes} bytes"
        return None


def halves_refusal(limits: Limits, *, waiting: int, size: int) -> str | None:
    """Why so many halves of so many bytes may not wait, or None. Halves have the limits of rows, and share nothing with
    them: a sender whose responses are lost fills its own share only.
    """
    if waiting > limits.max_rows:
        return f"{limits.max_rows} requests and responses wait for their counterpart, and no more may"
    if size > limits.max_bytes:
        return f"{limits.max_bytes} bytes of requests and responses wait for their counterpart, and no more may"
    return None


def offered_at_once(halves: Sequence[Half]) -> Iterator[Sequence[Half]]:
    """The halves in order, so many and so many bytes in one step; one that is larger by itself has its own."""
    some: list[Half] = []
    size = 0
    for half in halves:
        if some and (len(some) == HALVES_AT_ONCE or size + len(half.body) > HALF_BYTES_AT_ONCE):
            yield some
            some, size = [], 0
        some.append(half)
        size += len(half.body)
    if some:
        yield some


def finished_at_once(keys: Collection[bytes]) -> Iterator[Sequence[bytes]]:
    remaining = iter(keys)
    while some := list(islice(remaining, HALVES_AT_ONCE)):
        yield some


def check_append(append: Append) -> None:
    """Raises ValueError when ids and rows do not fit together: a mistake of the caller, not of the sender."""
    if append.rows <= 0 or any(part.rows < 0 for part in append.parts):
        raise ValueError(f"an append holds at least one row, not {append.rows}")
    if append.ids and len(append.ids) != append.rows * DIGEST_BYTES:
        raise ValueError(f"{len(append.ids)} bytes of ids do not fit {append.rows} rows of {DIGEST_BYTES} bytes each")


def check_ack(lease: Lease, snapshots: Sequence[SnapshotRecord], then: Sequence[Item]) -> None:
    """Raises ValueError: what happens together must stand together, and a monitor is what stands together."""
    others = {each.monitor for each in snapshots} | {each.monitor for each in then}
    if others - {lease.monitor}:
        raise ValueError(f"an ack of {lease.monitor} stores snapshots and items of {lease.monitor} only, not {others}")


def check_nack(retry_us: int | None, settlement: Settlement | None) -> None:
    """Raises ValueError when the caller says two things at once."""
    if retry_us is not None and settlement is not None:
        raise ValueError("a window that is tried again is not settled yet")


def digests(ids: bytes) -> list[bytes]:
    return [ids[start : start + DIGEST_BYTES] for start in range(0, len(ids), DIGEST_BYTES)]


def indexes_to_bytes(indexes: Sequence[int]) -> bytes:
    """Row indexes as the stores keep them: 32 bits each, little-endian."""
    return array("I", indexes).tobytes()


def indexes_from_bytes(data: bytes) -> Sequence[int]:
    indexes = array("I")
    indexes.frombytes(data)
    return indexes


def take(window: Window, *, first_row: int, rows: int, skipped: Sequence[int]) -> Sequence[int] | None:
    """The row indexes of a chunk that belong to a window; None means all of them.

    The chunk's accepted rows have the ordinals `first_row` and following; `skipped` are its rows that were not taken.

    >>> from collector.model import Pane
    >>> take(Window(Pane(None, None), 0, 2, 4), first_row=1, rows=4, skipped=[0])
    [2, 3]
    """
    begin = max(window.first_row - first_row, 0)
    end = rows if window.stop_row is None else min(window.stop_row - first_row, rows)
    if not skipped:
        return None if begin == 0 and end == rows else range(begin, max(begin, end))
    left_out = set(skipped)
    kept = [index for index in range(rows + len(left_out)) if index not in left_out]
    return kept[begin:end]


def share(size: int, *, waiting: int, present: int) -> int:
    """The part of a pane's bytes that belongs to its waiting rows.

    >>> share(100, waiting=1, present=4)
    25
    """
    return size * waiting // present if present > 0 else 0


def letter_id(queue: str, monitor: MonitorId, key: str) -> str:
    """The id of an item's dead letter: it names its monitor, so that it is found without asking all of them."""
    name = hashlib.blake2b(f"{queue}\0{key}".encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return f"{monitor}:{name}"


def pack(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=3).compress(body)


def unpack(packed: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(packed)


def to_cursor(timestamp_us: int, snapshot: str) -> str:
    return f"{timestamp_us}:{snapshot}"


def from_cursor(cursor: str) -> tuple[int, str]:
    """Raises Invalid when no page gave this cursor."""
    timestamp, colon, snapshot = cursor.partition(":")
    if not colon or not re.fullmatch(r"-?[0-9]{1,18}", timestamp):
        raise Invalid(f"{cursor!r} is not a cursor: expected the value that the last page gave as next", key="after")
    return int(timestamp), snapshot
