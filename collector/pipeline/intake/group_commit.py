"""Rows that arrive together share one round trip to the buffer, and those of one window one chunk.

One write is in flight at a time; what arrives meanwhile gathers for the next one. With nobody waiting, rows are
written in the next turn of the loop: there is no timer to wait for.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain, islice

from collector import chunks
from collector.errors import Backpressure
from collector.model import Append, Appended, MonitorId, Pane, RequestPart
from collector.pipeline.intake.request import Request
from collector.pipeline.intake.room import Room
from collector.telemetry import Telemetry
from collector.tracing import MOST_LINKS

MAX_GATHERED_ROWS = 500_000
"""Rows that may wait for the write in flight; beyond it requests are refused, so that memory stays bounded."""
MAX_CHUNK_ROWS = 10_000
"""Rows of one chunk: a worker reads chunks whole, even when its window needs a few of their rows, and a store decides
on the ids of one chunk at a time, while others wait."""
MAX_CHUNK_CELLS = 100_000
"""Cells of one chunk, under a megabyte: whoever copies a chunk on its way to or from a store holds the interpreter's
lock meanwhile, and every request waits."""
_PACK_ON_LOOP_CELLS = 200_000
"""A write of more cells than this is packed in a thread: about 2 ms of the loop's time."""


@dataclass(slots=True)
class Piece:
    """Rows of one pane on their way: those of one request, or of several that were judged together.

    `parts` says how many of the rows, one after another, came with which request; `first` tells pieces of one request
    and pane apart.
    """

    monitor: MonitorId
    pane: Pane
    columns: chunks.Typed
    ids: Sequence[bytes] | None
    max_event_us: int | None
    parts: Sequence[tuple[Request, int]]
    first: int = 0


Load = Callable[[], Awaitable[Sequence[Piece]]]
"""Asked for its pieces when their write begins. It raises nothing: it tells its requests itself."""


@dataclass(slots=True)
class _Group:
    """Pieces that share a chunk."""

    pieces: list[Piece] = field(default_factory=list)
    rows: int = 0


class GroupCommit:
    """Gathers loads while a write is in flight, then writes them all in one round trip.

    State: the loads that wait, and the one task that writes.
    """

    def __init__(self, room: Room, telemetry: Telemetry) -> None:
        self._room = room
        self._telemetry = telemetry
        self._waiting: list[Load] = []
        self._waiting_rows = 0
        self._writer: asyncio.Task[None] | None = None

    def reserve(self, monitor: MonitorId, rows: int) -> None:
        """Room for so many more rows in the next write. Raises Backpressure when too much waits already."""
        if self._waiting and self._waiting_rows + rows > MAX_GATHERED_ROWS:
            self._count(monitor, refused=rows)
            raise Backpressure("too many rows wait to be written", retry_after_seconds=1)
        self._waiting_rows += rows

    def submit(self, load: Load) -> None:
        """Queue a load, whose rows were reserved, for the next write."""
        self._waiting.append(load)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="group commit")

    async def drain(self) -> None:
        """Wait until nothing is in flight."""
        while self._writer is not None and not self._writer.done():
            await asyncio.wait([self._writer])

    async def _write(self) -> None:
        while self._waiting:
            # One turn of the loop: who was just answered asks again, and shares this write instead of the next one.
            await asyncio.sleep(0)
            loads, self._waiting, self._waiting_rows = self._waiting, [], 0
            pieces: list[Piece] = []
            for load in loads:
                pieces += await load()
            if not pieces:
                continue
            groups = _group(pieces)
            try:
                appends = await _encode(groups)
                if self._telemetry.traces:
                    appends = _traced(appends, groups)
                began = time.perf_counter()
                rows = sum(group.rows for group in groups)
                with self._telemetry.span("append", links=_traces(groups), chunks=len(appends), rows=rows):
                    answers = await self._room.append(appends)
                self._telemetry.observe("collector_buffer_append_seconds", time.perf_counter() - began)
            except Exception as error:  # noqa: BLE001 - one write failed: its requests are told, the next ones go on
                for group in groups:
                    self._failed(group, error)
                continue
            for group, answer in zip(groups, answers, strict=True):
                self._answered(group, answer)

    def _failed(self, group: _Group, error: Exception) -> None:
        self._count(group.pieces[0].monitor, refused=group.rows)
        for piece in group.pieces:
            for request, _ in piece.parts:
                request.failed(error)

    def _answered(self, group: _Group, answer: Appended) -> None:
        """Tell every request what became of its own rows."""
        monitor = group.pieces[0].monitor
        if answer.refused is not None:
            self._failed(group, answer.refused)
        elif answer.late:
            self._count(monitor, late=group.rows)
            for piece in group.pieces:
                for request, rows in piece.parts:
                    request.stored(late=rows)
        else:
            self._count(monitor, accepted=answer.accepted, duplicate=len(answer.duplicates))
            _share(group, sorted(answer.duplicates))

    def _count(self, monitor: MonitorId, **outcomes: int) -> None:
        for outcome, rows in outcomes.items():
            self._telemetry.count("collector_receive_rows_total", rows, monitor=monitor, outcome=outcome)


def _share(group: _Group, duplicates: Sequence[int]) -> None:
    """The accepted and the known rows among the requests that brought them."""
    known: Counter[int] = Counter()
    if duplicates:
        owners = [place for place, rows in enumerate(_part_rows(group)) for _ in range(rows)]
        known.update(owners[index] for index in duplicates)
    for place, (request, rows) in enumerate(chain.from_iterable(piece.parts for piece in group.pieces)):
        request.stored(accepted=rows - known[place], duplicates=known[place])


def _part_rows(group: _Group) -> Sequence[int]:
    return [rows for piece in group.pieces for _, rows in piece.parts]


def chunk_rows(columns: int) -> int:
    """How many rows of so many columns a chunk may hold.

    >>> chunk_rows(2), chunk_rows(50), chunk_rows(1_000_000)
    (10000, 2000, 1)
    """
    return max(1, min(MAX_CHUNK_ROWS, MAX_CHUNK_CELLS // max(1, columns)))


def _group(pieces: Sequence[Piece]) -> list[_Group]:
    """Rows of one pane share a chunk, if they have the same columns of the same kinds."""
    groups: dict[object, list[_Group]] = defaultdict(list)
    for piece in pieces:
        rows = piece.columns.rows
        open_groups = groups[piece.monitor, piece.pane, piece.columns.names, piece.columns.kinds]
        if not open_groups or open_groups[-1].rows + rows > chunk_rows(len(piece.columns.names)):
            open_groups.append(_Group())
        open_groups[-1].pieces.append(piece)
        open_groups[-1].rows += rows
    return [group for alike in groups.values() for group in alike]


async def _encode(groups: Sequence[_Group]) -> list[Append]:
    cells = sum(group.rows * len(group.pieces[0].columns.names) for group in groups)
    if cells > _PACK_ON_LOOP_CELLS:
        return await asyncio.to_thread(_appends_of, groups)
    return _appends_of(groups)


def _appends_of(groups: Sequence[_Group]) -> list[Append]:
    return [_append_of(group) for group in groups]


def _append_of(group: _Group) -> Append:
    first = group.pieces[0]
    events = [piece.max_event_us for piece in group.pieces if piece.max_event_us is not None]
    return Append(
        monitor=first.monitor,
        pane=first.pane,
        data=chunks.packed(chunks.joined([piece.columns for piece in group.pieces])),
        parts=[
            _part(rows, None if request.key is None else _key(piece, request.key))
            for piece in group.pieces
            for request, rows in piece.parts
        ],
        ids=b"".join([b"".join(piece.ids) for piece in group.pieces if piece.ids is not None]),
        max_event_us=max(events, default=None),
    )


def _key(piece: Piece, key: str) -> str:
    """Of these rows of the request, the same whenever it is sent: rows without event time may come to another pane then."""
    return f"{'' if piece.max_event_us is None else piece.pane.key}{key}/{piece.first}"


def _traces(groups: Sequence[_Group]) -> Iterator[str]:
    """The spans of the requests."""
    requests = (request for group in groups for piece in group.pieces for request, _ in piece.parts)
    return (request.trace for request in requests if request.trace is not None)


def _traced(appends: Sequence[Append], groups: Sequence[_Group]) -> list[Append]:
    """Chunks that remember some of their requests, so that their windows know where they come from."""
    return [
        replace(append, data=chunks.traced(append.data, list(islice(_traces([group]), MOST_LINKS))))
        for append, group in zip(appends, groups, strict=True)
    ]


def _part(rows: int, key: str | None) -> RequestPart:
    return _keyless(rows) if key is None else RequestPart(rows, key)


_keyless = lru_cache(maxsize=1024)(RequestPart)
