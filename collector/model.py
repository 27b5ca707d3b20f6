"""The nouns. Frozen data only: no I/O, no clock, no third-party library.

Instants are microseconds since the epoch, UTC, and their names end in `_us`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from collector.errors import Backpressure, Unavailable

MonitorId = NewType("MonitorId", str)
SnapshotId = NewType("SnapshotId", str)
DestinationName = NewType("DestinationName", str)

SECOND_US = 1_000_000
DIGEST_BYTES = 12
"""96 bits: two of a billion inference ids collide with a probability below 1e-11."""


class Phase(StrEnum):
    """What a window is evaluated for: its rows alone, or its rows joined with the labels."""

    ROWS = "rows"
    LABELS = "labels"


def digest(inference_id: str) -> bytes:
    """The fixed-size name under which an inference id is remembered and joined.

    >>> len(digest("AA-100-2013-02-01"))
    12
    """
    return hashlib.blake2b(inference_id.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


# ---------------------------------------------------------------- receive


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row was not taken. `row` counts from 0 in the request."""

    row: int
    column: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one request as plain columns of equal length, not yet judged. None is a missing value."""

    columns: Mapping[str, Sequence[object]]
    rows: int


@dataclass(frozen=True, slots=True)
class Judged:
    """The good rows of a request, and what was wrong with the others.

    `event_us` and `ids` are aligned with the rows of `table`; `ids` is None when the monitor has no id column. `types`
    are those of the values of a column, neither more nor fewer; of a column that it does not name they are not known.
    """

    table: Table
    event_us: Sequence[int] | None
    ids: Sequence[bytes] | None
    errors: Sequence[RowError]
    rejected: int
    types: Mapping[str, AbstractSet[type]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Label:
    """A target for an inference, by the digest of its id. `target` is a JSON scalar, encoded."""

    id: bytes
    target: bytes
    at_us: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a request's rows. accepted + rejected + duplicates + late = rows sent."""

    accepted: int = 0
    rejected: int = 0
    duplicates: int = 0
    late: int = 0
    errors: Sequence[RowError] = ()


# ---------------------------------------------------------------- buffer: rows


@dataclass(frozen=True, slots=True, order=True)
class Pane:
    """A half-open span of a monitor's time. Rows are appended to it in order of arrival.

    The endless pane (both ends None) serves monitors whose windows are formed by row count alone.

    >>> Pane(0, 60_000_000).key
    '0-60000000'
    >>> Pane.parse("all")
    Pane(start_us=None, end_us=None)
    """

    start_us: int | None
    end_us: int | None

    @property
    def key(self) -> str:
        return "all" if self.start_us is None else f"{self.start_us}-{self.end_us}"

    @staticmethod
    def parse(key: str) -> "Pane":
        if key == "all":
            return Pane(None, None)
        start, _, end = key.rpartition("-")
        return Pane(int(start), int(end))


@dataclass(frozen=True, slots=True)
class Window:
    """A slice of a pane: its rows from `first_row` up to, not including, `stop_row` (None: to the end).

    A pane without a row limit has one window, part 0. With a limit of n rows, part k holds rows [k*n, (k+1)*n).
    The key is derived from the data's identity, so that every repeat of any step meets the same window.
    """

    pane: Pane
    part: int = 0
    first_row: int = 0
    stop_row: int | None = None

    @property
    def key(self) -> str:
        return f"{self.pane.key}#{self.part}"


@dataclass(frozen=True, slots=True)
class RequestPart:
    """Consecutive rows of a chunk that came in one request. `key` makes a resend of that request harmless.

    All rows of one request that go to one pane travel in one part: a second part of the same key and pane is a resend.
    """

    rows: int
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Append:
    """A chunk on its way into a pane. Rows of several requests may share it (group commit).

    `ids` holds `DIGEST_BYTES` per row, or nothing when the monitor has no id column.
    """

    monitor: MonitorId
    pane: Pane
    data: bytes
    parts: Sequence[RequestPart]
    ids: bytes = b""
    max_event_us: int | None = None

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append did. `duplicates` are row indexes of the chunk that were known already and are not counted.

    `late`: the pane was purged before; nothing was stored. `refused`: nothing of this monitor was stored, and its sender
    hears why: it is full, or the part of the store that holds it did not take it, or did not say so. Other monitors of
    the same call are not touched by it. Rows = accepted + duplicates + late, unless refused.
    """

    accepted: int
    duplicates: Sequence[int] = ()
    late: int = 0
    refused: Backpressure | Unavailable | None = None


@dataclass(frozen=True, slots=True)
class Labelled:
    """What became of labels: joined to a known inference, waiting for it, or equal to what we had.

    `first` are the joined ones that are the first label of their inference, by its pane.
    """

    joined: int = 0
    waiting: int = 0
    unchanged: int = 0
    first: Mapping[Pane, int] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as read back. `take` are the row indexes that belong to the window, in order; None means all."""

    data: bytes
    ids: bytes = b""
    take: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class WindowRows:
    """Everything the buffer knows of a window at one instant."""

    chunks: Sequence[StoredChunk]
    rows: int
    labels: Mapping[bytes, bytes]
    """digest of the inference id -> JSON scalar"""
    label_changes: int = 0
    """`PaneState.label_changes`, not later than the labels were read"""


class Outcome(StrEnum):
    """How a window was settled. WAITING: it was dead and is replayed; it has seen no row, and keeps its revision."""

    EVALUATED = "evaluated"
    DEAD = "dead"
    DROPPED = "dropped"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Settled:
    """The last settlement of one window in one phase: how many rows and labels it saw, and when it read them.

    `seen` counts all that it read, of its own pane and of others: rows, and label changes where they mattered.
    """

    outcome: Outcome
    rows: int
    labelled: int
    revision: int
    at_us: int
    seen: int = 0


@dataclass(frozen=True, slots=True)
class PaneState:
    """A pane as the scheduler sees it.

    `rows` are accepted rows since the pane began, also the first `trimmed` ones, which were purged since; `labelled`
    are those of all these rows that got a label, each counted once; `label_changes` counts their corrections too;
    `settled` is keyed by (part, phase).
    """

    pane: Pane
    rows: int
    labelled: int
    bytes: int
    first_append_us: int
    last_append_us: int
    last_label_us: int | None
    settled: Mapping[tuple[int, Phase], Settled] = field(default_factory=dict)
    trimmed: int = 0
    label_changes: int = 0


@dataclass(frozen=True, slots=True)
class MonitorState:
    """A monitor's panes, and how far its event time has come."""

    panes: Sequence[PaneState]
    max_event_us: int | None
    last_append_us: int | None


@dataclass(frozen=True, slots=True)
class Account:
    """Where a monitor's rows are: accepted = evaluated + dead + sum(dropped) + waiting, at every instant at rest.

    `waiting` is counted from the panes, the others are sums kept with every step; `balanced` compares the two.
    """

    accepted: int
    evaluated: int
    dead: int
    waiting: int
    waiting_bytes: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    oldest_append_us: int | None = None

    @property
    def balanced(self) -> bool:
        return self.accepted == self.evaluated + self.dead + sum(self.dropped.values()) + self.waiting


# ---------------------------------------------------------------- buffer: halves


class Side(StrEnum):
    """Half of an inference, as model servers log them: each in an event of its own."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class Half:
    """One side of an inference, on its way to its counterpart. `key` names the inference; only receivers read `body`.

    It waits until `until_us`, and is known as long.
    """

    key: bytes
    side: Side
    body: bytes
    until_us: int


class Meeting(StrEnum):
    """What an offered half found. WAITING: nobody, it is kept. MET: its counterpart. KNOWN: itself, or the whole pair."""

    WAITING = "waiting"
    MET = "met"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Met:
    """What became of an offered half; `other` is the counterpart's body when it met it."""

    meeting: Meeting
    other: bytes = b""


# ---------------------------------------------------------------- buffer: queues

WORK_QUEUE = "work"
"""Windows to evaluate. Deliveries wait in `outbox/<destination>`."""


def outbox(destination: DestinationName) -> str:
    return f"outbox/{destination}"


@dataclass(frozen=True, slots=True)
class Item:
    """Something to be done once in effect. Putting a known key with another payload asks for it to be done again."""

    queue: str
    monitor: MonitorId
    key: str
    payload: bytes
    ready_us: int


@dataclass(frozen=True, slots=True)
class Lease:
    """The exclusive right to an item until `until_us`. `token` fences: a stale lease can do nothing any more.

    `attempt` counts from 1. `wanted_us`: since when the item, as it is now, waits to be done.
    """

    queue: str
    monitor: MonitorId
    key: str
    payload: bytes
    token: int
    attempt: int
    owner: str
    until_us: int
    wanted_us: int


@dataclass(frozen=True, slots=True)
class Depth:
    """How much of one monitor waits in a queue: items, and since when the one that would be leased first is wanted."""

    items: int = 0
    oldest_us: int | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an ack, or a last nack, says of a window. `counts_rows` in the first phase only: a row is counted once.

    `at_us` is the instant at which the rows were read, `seen` how much was; both become `Settled`'s.
    `reason` says why, when the outcome is DROPPED; the account counts its rows under it.
    """

    window: Window
    phase: Phase
    outcome: Outcome
    rows: int
    labelled: int
    revision: int
    counts_rows: bool
    at_us: int = 0
    reason: str = "dropped"
    seen: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An item that was set aside, with the reason of its last attempt.

    An item has one letter at most, and its id is derived from the item: dying again replaces the letter, an ack of
    the same item takes it away. `rows` are those of the window that it failed to settle.
    """

    id: str
    queue: str
    monitor: MonitorId
    key: str
    payload: bytes
    reason: str
    attempts: int
    died_us: int
    rows: int = 0


# ---------------------------------------------------------------- buffer: snapshots


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
