"""Rows that arrive together share one round trip to the buffer, and those of one window one chunk.

One write is in flight at a time; what arrives meanwhile gathers for the next one. With nobody waiting, rows are
written at once: there is no timer to wait for.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from collector import chunks
from collector.errors import Backpressure, CollectorError, Unavailable
from collector.model import Append, Appended, MonitorId, Pane, Receipt, RequestPart, Table
from collector.ports import Buffer
from collector.telemetry import Telemetry

MAX_GATHERED_ROWS = 500_000
"""Rows that may wait for the write in flight; beyond it requests are refused, so that memory stays bounded."""
MAX_CHUNK_ROWS = 20_000
"""Rows of one chunk: a worker reads chunks whole, even when its window needs a few of their rows, and a store decides
on the ids of one chunk at a time, while others wait."""
_ENCODE_ON_LOOP_CELLS = 50_000
"""More cells than this are encoded in a thread: about 2 ms of the loop's time."""


@dataclass(slots=True)
class Piece:
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

    pieces: list[Piece] = field(default_factory=list)
    rows: int = 0


class GroupCommit:
    """Gathers pieces while a write is in flight, then writes them all in one round trip.

    State: the pieces that wait, and the one task that writes.
    """

    def __init__(self, buffer: Buffer, telemetry: Telemetry) -> None:
        self._buffer = buffer
        self._telemetry = telemetry
        self._waiting: list[Piece] = []
        self._waiting_rows = 0
        self._writer: asyncio.Task[None] | None = None

    def submit(self, pieces: Sequence[Piece]) -> None:
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


def _group(pieces: Sequence[Piece]) -> list[_Group]:
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
            piece.done.set_exception(answer.refused)
        elif answer.late:
            piece.done.set_result(Receipt(late=piece.table.rows))
        else:
            piece.done.set_result(Receipt(accepted=piece.table.rows - known, duplicates=known))
        first = stop


def _fail(piece: Piece, error: Exception) -> None:
    if piece.done.done():
        return
    known = isinstance(error, CollectorError)
    piece.done.set_exception(error if known else Unavailable(f"the rows could not be stored: {type(error).__name__}"))
