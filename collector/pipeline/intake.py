"""Judged rows -> the buffer: which pane each belongs to, and what the sender is told. Answered when they are durable."""

import asyncio
from collections.abc import Sequence

from collector.batch.due import open_now
from collector.batch.panes import panes_of
from collector.clock import Clock
from collector.errors import Backpressure, Unavailable
from collector.model import Judged, Label, MonitorId, Receipt, RowError, Table
from collector.monitor import Monitor
from collector.pipeline.group_commit import MAX_CHUNK_ROWS, GroupCommit, Piece
from collector.pipeline.references import References
from collector.pipeline.windows import work_items
from collector.ports import Buffer
from collector.telemetry import Telemetry


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

    def _pieces(self, monitor: Monitor, judged: Judged, request_key: str | None) -> list[Piece]:
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
                    Piece(
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
