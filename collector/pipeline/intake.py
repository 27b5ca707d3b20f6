"""Judged rows -> the buffer. Requests that arrive together share one round trip, and rows of one window one chunk.

One write is in flight at a time; what arrives meanwhile gathers for the next one. A request is answered after its
rows are durable, never before. With nobody waiting, a request is written at once: there is no timer to wait for.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from collector import chunks
from collector.batch.due import open_now
from collector.batch.panes import panes_of
from collector.clock import Clock
from collector.errors import Backpressure, CollectorError, Unavailable
from collector.model import (
    Append,
    Appended,
    Judged,
    Label,
    MonitorId,
    Pane,
    Receipt,
    RequestPart,
    RowError,
    Table,
)
from collector.monitor import Monitor
from collector.pipeline.references import References
from collector.pipeline.windows import work_items
from collector.ports import Buffer
from collector.telemetry import Telemetry

MAX_GATHERED_ROWS = 500_000
"""Rows that may wait for the write in flight; beyond it requests are refused, so that memory stays bounded."""
MAX_CHUNK_ROWS = 50_000
"""Rows of one chunk: a worker reads chunks whole, even when its window needs a few of their rows."""
_ENCODE_ON_LOOP_CELLS = 50_000
"""More cells than this are encoded in a thread: about 2 ms of the loop's time."""


@dataclass(slots=True)
class _Piece:
    """The rows of one request that belong to one pane, on their way."""

    monitor: MonitorId
    pane: Pane
    table: Table
    ids: Sequence[bytes] | None
    key: str | None
    times: frozenset[str]
    max_event_us: int | None
    done: "asyncio.Future[Receipt]"


@dataclass(slots=True)
class _Group:
    """Pieces that share a chunk."""

    pieces: list[_Piece] = field(default_factory=list)
    rows: int = 0


class GroupCommit:
    """Gathers pieces while a write is in flight, then writes them all in one round trip.

    State: the pieces that wait, and the one task that writes.
    """

    def __init__(self, buffer: Buffer, telemetry: Telemetry) -> None:
        self._buffer = buffer
        self._telemetry = telemetry
        self._waiting: list[_Piece] = []
        self._waiting_rows = 0
        self._writer: asyncio.Task[None] | None = None

    def submit(self, pieces: Sequence[_Piece]) -> None:
        """Queue pieces of one request for the next write. Raises Backpressure when too much waits already."""
        rows = sum(piece.table.rows for piece in pieces)
        if self._waiting and self._waiting_rows + rows > MAX_GATHERED_ROWS:
            raise Backpressure("too many rows wait to be written", retry_after_seconds=1)
        self._waiting.extend(pieces)
        self._waiting_rows += rows
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="group commit")

    async def drain(self) -> None:
        """Wait until nothing is in flight."""
        while self._writer is not None and not self._writer.done():
            await asyncio.wait([self._writer])

    async def _write(self) -> None:
        while self._waiting:
            pieces, self._waiting, self._waiting_rows = self._waiting, [], 0
            groups = _group(pieces)
            try:
                appends = await _encode(groups)
                began = time.perf_counter()
                answers = await self._buffer.rows.append(appends)
                self._telemetry.observe("collector_buffer_append_seconds", time.perf_counter() - began)
            except Exception as error:  # noqa: BLE001 - one write failed: its requests are told, the next ones go on
                for piece in pieces:
                    _fail(piece, error)
                continue
            for group, answer in zip(groups, answers, strict=True):
                _answer(group, answer)


def _group(pieces: Sequence[_Piece]) -> list[_Group]:
    groups: dict[tuple[MonitorId, Pane], list[_Group]] = defaultdict(list)
    for piece in pieces:
        open_groups = groups[piece.monitor, piece.pane]
        if not open_groups or open_groups[-1].rows + piece.table.rows > MAX_CHUNK_ROWS:
            open_groups.append(_Group())
        open_groups[-1].pieces.append(piece)
        open_groups[-1].rows += piece.table.rows
    return [group for of_pane in groups.values() for group in of_pane]


async def _encode(groups: Sequence[_Group]) -> list[Append]:
    appends = []
    for group in groups:
        if group.rows * len(group.pieces[0].table.columns) > _ENCODE_ON_LOOP_CELLS:
            appends.append(await asyncio.to_thread(_append_of, group))
        else:
            appends.append(_append_of(group))
    return appends


def _append_of(group: _Group) -> Append:
    first = group.pieces[0]
    events = [piece.max_event_us for piece in group.pieces if piece.max_event_us is not None]
    return Append(
        monitor=first.monitor,
        pane=first.pane,
        data=chunks.encode(_joined(group), group.rows, times=first.times),
        parts=[RequestPart(piece.table.rows, piece.key) for piece in group.pieces],
        ids=b"".join(b"".join(piece.ids) for piece in group.pieces if piece.ids is not None),
        max_event_us=max(events, default=None),
    )


def _joined(group: _Group) -> Mapping[str, Sequence[object]]:
    """The pieces' columns one below the other; a column that a piece lacks is missing in its rows."""
    first = group.pieces[0].table.columns
    if len(group.pieces) == 1:
        return first
    tables = [piece.table.columns for piece in group.pieces]
    if all(table.keys() == first.keys() for table in tables):
        return {name: list(chain.from_iterable([table[name] for table in tables])) for name in first}
    columns: dict[str, list[object]] = {}
    rows = 0
    for piece in group.pieces:
        for name, values in piece.table.columns.items():
            column = columns.setdefault(name, [])
            if len(column) < rows:
                column.extend([None] * (rows - len(column)))
            column.extend(values)
        rows += piece.table.rows
    for column in columns.values():
        column.extend([None] * (rows - len(column)))
    return columns


def _answer(group: _Group, answer: Appended) -> None:
    """Tell every piece what became of its own rows."""
    duplicates = sorted(answer.duplicates)
    first = position = 0
    for piece in group.pieces:
        stop = first + piece.table.rows
        begin = position
        while position < len(duplicates) and duplicates[position] < stop:
            position += 1
        known = position - begin
        if piece.done.done():  # the client went away; its rows are stored all the same
            pass
        elif answer.refused is not None:
            piece.done.set_exception(Backpressure(answer.refused))
        elif answer.late:
            piece.done.set_result(Receipt(late=piece.table.rows))
        else:
            piece.done.set_result(Receipt(accepted=piece.table.rows - known, duplicates=known))
        first = stop


def _fail(piece: _Piece, error: Exception) -> None:
    if piece.done.done():
        return
    known = isinstance(error, CollectorError)
    piece.done.set_exception(error if known else Unavailable(f"the rows could not be stored: {type(error).__name__}"))


class BufferedIntake:
    """`ports.Intake`: what a request asks of the pipeline."""

    def __init__(
        self, *, buffer: Buffer, references: References, telemetry: Telemetry, clock: Clock, wake: asyncio.Event
    ) -> None:
        self._buffer = buffer
        self._references = references
        self._telemetry = telemetry
        self._clock = clock
        self._wake = wake
        self._commit = GroupCommit(buffer, telemetry)

    async def take(self, monitor: Monitor, judged: Judged, *, request_key: str | None = None) -> Receipt:
        """Store the good rows; answered once they are durable."""
        try:
            receipts = await self._store(monitor, judged, request_key)
        except (Backpressure, Unavailable):
            self._count(monitor, "collector_receive_rows_total", refused=judged.table.rows)
            raise
        receipt = Receipt(
            accepted=sum(each.accepted for each in receipts),
            rejected=judged.rejected,
            duplicates=sum(each.duplicates for each in receipts),
            late=sum(each.late for each in receipts),
            errors=judged.errors,
        )
        self._count(
            monitor,
            "collector_receive_rows_total",
            accepted=receipt.accepted,
            rejected=receipt.rejected,
            duplicate=receipt.duplicates,
            late=receipt.late,
        )
        return receipt

    async def label(self, monitor: Monitor, labels: Sequence[Label], errors: Sequence[RowError] = ()) -> Receipt:
        """Store labels; those of unknown inferences wait for them, and are accepted too."""
        rejected = len({error.row for error in errors})
        outcome = await self._buffer.rows.add_labels(MonitorId(monitor.id), labels)
        receipt = Receipt(
            accepted=outcome.joined + outcome.waiting, rejected=rejected, duplicates=outcome.unchanged, errors=errors
        )
        self._count(
            monitor,
            "collector_receive_labels_total",
            accepted=receipt.accepted,
            rejected=rejected,
            duplicate=receipt.duplicates,
        )
        return receipt

    async def flush(self, monitor: Monitor) -> Sequence[str]:
        """Put every window with something unseen to work, closed or not."""
        await self._commit.drain()
        state = await self._buffer.rows.state(MonitorId(monitor.id))
        found = open_now(monitor, state)
        await self._buffer.queue.put(work_items(monitor, state, found, self._clock.now_us()))
        self._wake.set()
        return sorted({each.window.key for each in found})

    async def set_reference(self, monitor: Monitor, parquet: bytes) -> int:
        return await self._references.put(monitor, parquet)

    async def close(self) -> None:
        await self._commit.drain()

    async def _store(self, monitor: Monitor, judged: Judged, request_key: str | None) -> Sequence[Receipt]:
        pieces = self._pieces(monitor, judged, request_key)
        if not pieces:
            return ()
        self._commit.submit(pieces)
        if len(pieces) == 1:
            return (await pieces[0].done,)
        return await asyncio.gather(*(piece.done for piece in pieces))

    def _pieces(self, monitor: Monitor, judged: Judged, request_key: str | None) -> list[_Piece]:
        rows = judged.table.rows
        events = judged.event_us if monitor.event_time else None
        instants = [self._clock.now_us()] * rows if events is None else events
        times = frozenset(
            name for name in (monitor.columns.timestamp, *(monitor.columns.datetime_features or ())) if name is not None
        )
        loop = asyncio.get_running_loop()
        found = []
        for pane, indexes in panes_of(monitor.window, instants).items():
            for first in range(0, len(indexes), MAX_CHUNK_ROWS):
                chosen = indexes[first : first + MAX_CHUNK_ROWS]
                whole = len(chosen) == rows
                found.append(
                    _Piece(
                        monitor=MonitorId(monitor.id),
                        pane=pane,
                        table=judged.table if whole else _select(judged.table, chosen),
                        ids=judged.ids if whole or judged.ids is None else [judged.ids[i] for i in chosen],
                        key=None if request_key is None else f"{request_key}/{first}",
                        times=times,
                        max_event_us=None if events is None else max(events[i] for i in chosen),
                        done=loop.create_future(),
                    )
                )
        return found

    def _count(self, monitor: Monitor, series: str, **outcomes: int) -> None:
        for outcome, amount in outcomes.items():
            self._telemetry.count(series, amount, monitor=monitor.id, outcome=outcome)


def _select(table: Table, indexes: Sequence[int]) -> Table:
    return Table({name: [values[i] for i in indexes] for name, values in table.columns.items()}, len(indexes))
