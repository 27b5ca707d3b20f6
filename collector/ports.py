"""Where the stages meet: what the pipeline asks of a buffer, an evaluator and a destination.

Every method may raise `Unavailable` (the store does not answer) besides what is named at it.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from collector.model import (
    Account,
    Append,
    Appended,
    DeadLetter,
    Depth,
    Document,
    Half,
    Item,
    Judged,
    Label,
    Labelled,
    Lease,
    Met,
    MonitorId,
    MonitorState,
    Pane,
    Phase,
    Receipt,
    RowError,
    Settlement,
    Side,
    SnapshotId,
    SnapshotPage,
    SnapshotQuery,
    SnapshotRecord,
    Window,
    WindowRows,
)
from collector.monitor import Monitor


class Rows(Protocol):
    """Rows and labels wait here for their window."""

    async def append(self, appends: Sequence[Append]) -> Sequence[Appended]:
        """Store chunks, all in one round trip; answered in order, once durable.

        Duplicates are decided together with the storing: a request key that the pane has seen within 24 hours, an
        inference id that the monitor knows (until its pane is purged), and either of them twice in the call.

        The appends of one monitor are stored together or not at all, so that no request is half stored: it is full for
        all of them, or cannot store any (`Appended.refused`; raised when no monitor's could be stored). Only when they
        have more than 10,000 ids may some be stored without the others: a repeat finds them by their ids.
        """
        ...

    async def add_labels(self, monitor: MonitorId, labels: Sequence[Label]) -> Labelled:
        """Join labels to their inferences, or keep them until those come, for seven days at most.

        The last label of an id wins, unless both have an instant and the new one's is older. Raises Backpressure
        when as many labels wait for an inference as rows may wait.
        """
        ...

    async def state(self, monitor: MonitorId) -> MonitorState:
        """All panes that hold rows, oldest first; panes purged whole are not among them."""
        ...

    async def read(self, monitor: MonitorId, window: Window) -> WindowRows:
        """The window's rows in order of arrival, duplicates left out, and the labels of those rows."""
        ...

    async def purge(
        self,
        monitor: MonitorId,
        pane: Pane,
        *,
        before_row: int | None,
        seen_rows: int | None = None,
        reason: str = "purged",
    ) -> bool:
        """Forget the pane's rows, ids and labels: all (None; later rows are late), or those before a row.

        Settlements of windows that lie wholly before that row are forgotten with it (`PaneState.trimmed`). Rows that
        no settlement counted are dropped{reason}. The endless pane is never late: purged whole, it goes on
        after its last row. A purge that was cut short is finished by repeating it.

        False, and nothing happens, while a window of the pane is a dead letter (replay or delete that first), or when
        it holds more than `seen_rows`: rows that came after the caller looked are not to be lost.
        """
        ...

    async def forget_requests(self, monitor: MonitorId, *, seen_until_us: int, most: int) -> None:
        """Forget the keys of requests that came until then, and the oldest of more than so many. A day is the longest
        that any of them is known.
        """
        ...


class Halves(Protocol):
    """Requests and responses that come one by one wait here for each other, whichever replica they came to."""

    async def offer(self, monitor: MonitorId, halves: Sequence[Half]) -> Sequence[Met]:
        """Keep each half, or give it its counterpart; answered in order, once durable.

        The counterpart stays until `finish`: who crashes between the two has lost nothing. Raises Backpressure when
        as many halves wait as rows may wait, or bytes. Some of many may have been kept then: the repeat knows them.
        """
        ...

    async def finish(self, monitor: MonitorId, keys: Collection[bytes], *, until_us: int) -> None:
        """The pairs are rows now: forget them, but know them again until an instant, as many as rows may wait."""
        ...

    async def expire(self, monitor: MonitorId, *, now_us: int) -> Mapping[Side, int]:
        """Drop the halves that waited until now in vain; says how many of each side."""
        ...

    async def waiting(self, monitor: MonitorId) -> int:
        """How many halves wait."""
        ...


class Queue(Protocol):
    """Items wait here to be done: windows to evaluate, snapshots to deliver."""

    async def put(self, items: Sequence[Item]) -> None:
        """Add items. A known key with an equal payload changes nothing; with another payload it is done again, also
        when it is leased right now: then it is ready once more after the ack. An item that waits for its retry keeps
        its attempts and its instant; one that nobody tried yet is ready at the earliest instant that it was put for,
        so that one from before a clock went back need not wait for its own.
        """
        ...

    async def lease(self, queue: str, monitors: Sequence[MonitorId], *, owner: str, seconds: float) -> Lease | None:
        """The item that has been ready longest, of the first monitor that has one.

        An expired lease makes its item ready again, at the instant of its expiry. Tokens of a monitor only grow.
        """
        ...

    async def renew(self, lease: Lease, *, seconds: float) -> Lease:
        """Prolong, from now on. Raises LeaseLost.

        An expired lease that nobody took since is still its owner's: it can be renewed, acked, nacked.
        """
        ...

    async def ack(
        self,
        lease: Lease,
        *,
        settlement: Settlement | None = None,
        snapshots: Sequence[SnapshotRecord] = (),
        then: Sequence[Item] = (),
    ) -> None:
        """Done for good, together with its effects, or not at all. Raises LeaseLost.

        Settlement, snapshots and items belong to the lease's monitor. A snapshot replaces one of the same id unless
        that has a higher revision. A dead letter of the same item is taken away: it has been done after all.
        """
        ...

    async def nack(
        self, lease: Lease, *, reason: str, retry_us: int | None, settlement: Settlement | None = None
    ) -> None:
        """Give back until `retry_us`; None sets it aside as a dead letter, settled as told. Raises LeaseLost."""
        ...

    async def restore(self, queue: str, monitor: MonitorId) -> None:
        """Items that wait for their retry are ready, in the order in which they were wanted; their attempts stay."""
        ...

    async def depths(self, queue: str, monitors: Sequence[MonitorId]) -> Sequence[Depth]:
        """What each of these monitors has in a queue: what is leased, or waits for its retry, is counted too."""
        ...


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


class DeadLetters(Protocol):
    """Items that were set aside."""

    async def list(self, monitor: MonitorId | None = None) -> Sequence[DeadLetter]:
        """Newest first."""
        ...

    async def get(self, letter: str) -> DeadLetter | None: ...

    async def replay(self, letter: str, *, now_us: int) -> bool:
        """Put it back with fresh attempts; its rows wait again. False when there is none of this id."""
        ...

    async def delete(self, letter: str) -> bool:
        """Drop it on purpose; its rows are counted as dropped{reason="dead_letter_deleted"}."""
        ...

    async def trim(self, monitor: MonitorId, *, keep: int, newer_than_us: int) -> int:
        """Drop all but the newest `keep`, and those that died before an instant; says how many went.

        Their rows are counted as dropped{reason="dead_letter_expired"}.
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


class Buffer(Protocol):
    """One adapter: everything that waits, safely."""

    rows: Rows
    halves: Halves
    queue: Queue
    snapshots: Snapshots
    dead_letters: DeadLetters
    documents: Documents

    async def open(self) -> None:
        """Connect and prepare. Raises Invalid when the store cannot be used as it is, with what to do."""
        ...

    async def close(self) -> None: ...

    async def ping(self) -> None:
        """Raises Unavailable when a write would fail now."""
        ...

    async def account(self, monitor: MonitorId) -> Account: ...

    async def forget(self, monitor: MonitorId) -> None:
        """Leave nothing of a monitor behind: rows, ids, labels, halves, items, letters, snapshots, its account.

        Leases of its items are lost at once. A monitor of the same id begins anew, also while this is under way; its
        tokens still grow. Documents are not the monitor's: they stay.
        """
        ...

    def durability(self) -> str:
        """What an acknowledged row survives, in a word: sqlite, redis, redis+aof, ..."""
        ...


class Destination(Protocol):
    """Takes snapshots. Delivering one again replaces what is there."""

    async def deliver(self, body: bytes, data: bytes | None = None) -> None:
        """Deliver a snapshot's JSON, and its rows as Parquet if it has some. Raises Transient or Permanent."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class Notifiable(Protocol):
    """A destination that takes messages for people too. Some do not: a workspace keeps snapshots only."""

    async def notify(self, body: bytes, *, key: str) -> None:
        """Tell it. Equal keys are one message. Raises Transient or Permanent."""
        ...


PROFILE_MARK = b"collector.profile"
"""In the metadata of a reference's Parquet file: it holds no rows, but the profile of so many (JSON: rows, columns)."""


@dataclass(frozen=True, slots=True)
class ReferenceFile:
    """A prepared reference on this machine's disk: Parquet, named after its version."""

    version: int
    path: str


@dataclass(frozen=True, slots=True)
class EarlierRows:
    """The rows of an earlier window as a reference, and its span; None without one, as in the endless pane."""

    rows: WindowRows
    start_us: int | None
    end_us: int | None


@dataclass(frozen=True, slots=True)
class Job:
    """One window of one monitor in one phase, with everything that its evaluation needs. Picklable.

    `rows` are all that it reads; of a sliding window, also those of the steps before, from `start_us` on. Of a window
    too large for memory they are a sample of `sampled_of` rows.
    """

    monitor: Monitor
    phase: Phase
    window: Window
    rows: WindowRows
    revision: int
    reference: ReferenceFile | EarlierRows | None
    now_us: int
    start_us: int | None = None
    sampled_of: int | None = None


class Evaluator(Protocol):
    """Computes windows away from the event loop."""

    async def evaluate(self, job: Job) -> Sequence[SnapshotRecord]:
        """One record per report (and segment) of the job's phase.

        Raises Transient (its process died, its time ran out) or Permanent.
        """
        ...

    async def table(self, monitor: Monitor, phase: Phase, rows: WindowRows) -> bytes:
        """The rows as Parquet, with their labels in the second phase, without ids. Raises as `evaluate`."""
        ...

    async def close(self) -> None: ...


class Monitors(Protocol):
    """The monitors that are watched now, and what is known of them."""

    def get(self, monitor: str) -> Monitor:
        """Raises UnknownMonitor, with the near miss."""
        ...

    def all(self) -> Sequence[Monitor]: ...

    async def put(self, monitor: Monitor) -> bool:
        """Add or replace; says whether it is new. Raises Invalid (an unknown metric, destination, parameter)."""
        ...

    async def delete(self, monitor: str) -> int:
        """Forget it and all that is kept of it. Says how many rows still waited. Raises UnknownMonitor."""
        ...

    async def describe(self, monitor: Monitor) -> Mapping[str, object]:
        """Its state as JSON: account, open windows, last snapshot, last error, reference."""
        ...


Unjudged = Sequence[object] | Mapping[str, object]
"""The body of a request as it was parsed: a list of rows, or columns by name. Nothing is known of what stands in it."""


def rows_in(body: Unjudged) -> int:
    """How many rows it seems to have. Nobody has looked at them yet.

    >>> rows_in([{"a": 1}, {"a": 2}]), rows_in({"a": [1, 2], "b": [1]})
    (2, 2)
    """
    if isinstance(body, Mapping):
        return max((len(values) for values in body.values() if isinstance(values, list | tuple)), default=0)
    return len(body)


Told = Callable[[Receipt | Exception], None]
"""Hears once what became of a request. It must not raise."""


def told_to(answer: "asyncio.Future[Receipt]") -> Told:
    """For whoever would rather wait: sets the future, unless the client went away meanwhile."""

    def told(outcome: Receipt | Exception) -> None:
        if answer.done():
            return
        if isinstance(outcome, Exception):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)

    return told


class Judge(Protocol):
    """Which rows of a request are taken, and what is wrong with the others. Pure; raises Invalid, TooLarge."""

    def __call__(self, monitor: Monitor, body: Unjudged, /) -> Judged: ...


class Intake(Protocol):
    """What a request asks of the pipeline. Answers come once the effect is durable. All raise Backpressure."""

    async def take(self, monitor: Monitor, judged: Judged, *, request_key: str | None = None) -> Receipt: ...

    def gather(
        self,
        monitor: Monitor,
        body: Unjudged,
        judge: Judge,
        told: Told,
        *,
        request_key: str | None = None,
    ) -> None:
        """As `take`, for not many rows, which nobody has judged yet: requests that arrive together are judged together.

        `told` hears what the request would have been told alone, or the error.
        """
        ...

    async def label(self, monitor: Monitor, labels: Sequence[Label], errors: Sequence[RowError] = ()) -> Receipt: ...

    async def flush(self, monitor: Monitor) -> Sequence[str]:
        """Close the open windows now; says their keys."""
        ...

    async def set_reference(self, monitor: Monitor, parquet: bytes) -> int:
        """Replace the reference; says its version. Raises Invalid (a column of the monitor is missing)."""
        ...
