"""Judged rows -> the buffer: which pane each belongs to, and what the sender is told. Answered when they are durable."""

import asyncio
from collections.abc import Sequence

from collector.batch.due import open_now
from collector.clock import Clock
from collector.errors import CollectorError
from collector.model import SECOND_US, Judged, Label, Labelled, MonitorId, Receipt, RowError
from collector.monitor import Monitor
from collector.pipeline.intake.gathering import Gathering
from collector.pipeline.intake.group_commit import GroupCommit, Piece
from collector.pipeline.intake.pieces import Parts, expect, pieces_of
from collector.pipeline.intake.request import Request
from collector.pipeline.intake.room import Room
from collector.pipeline.references.references import References
from collector.pipeline.windows import work_items
from collector.ports import Buffer, Judge, Told, Unjudged, rows_in, told_to
from collector.telemetry import Telemetry

_ON_THE_LOOP_LABELS = 2000
"""More first labels than this are counted in a thread: the library observes them one by one."""


_FEW_ROWS = 32
"""Requests of more rows are judged one by one: they share what is left of a write, its chunk and its round trip."""
_ENCODE_ON_LOOP_CELLS = 50_000
"""More cells than this are encoded in a thread: about 2 ms of the loop's time."""


class BufferedIntake:
    """`ports.Intake`: what a request asks of the pipeline. State: what gathers for the next write, by monitor."""

    def __init__(
        self,
        *,
        buffer: Buffer,
        room: Room,
        references: References,
        telemetry: Telemetry,
        clock: Clock,
        wake: asyncio.Event,
    ) -> None:
        self._buffer = buffer
        self._references = references
        self._telemetry = telemetry
        self._clock = clock
        self._wake = wake
        self._commit = GroupCommit(room, telemetry)
        self._gatherings: dict[str, Gathering] = {}

    async def take(self, monitor: Monitor, judged: Judged, *, request_key: str | None = None) -> Receipt:
        """Store the good rows; answered once they are durable."""
        answer: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        rows = judged.table.rows
        self._commit.reserve(MonitorId(monitor.id), rows)
        parts, now_us = (
            [(Request(told_to(answer), request_key, self._telemetry.traceparent()), rows)],
            self._clock.now_us(),
        )
        if rows * len(judged.table.columns) > _ENCODE_ON_LOOP_CELLS:
            self._submit(judged, parts, await asyncio.to_thread(pieces_of, monitor, judged, parts, now_us=now_us))
        else:
            self._submit(judged, parts, pieces_of(monitor, judged, parts, now_us=now_us))
        self._count(monitor, "collector_receive_rows_total", rejected=judged.rejected)
        return await answer

    def gather(
        self, monitor: Monitor, body: Unjudged, judge: Judge, told: Told, *, request_key: str | None = None
    ) -> None:
        """Store rows that nobody has judged yet: a few together with those of other requests, when their write begins."""
        rows = rows_in(body)
        self._commit.reserve(MonitorId(monitor.id), rows)
        request = Request(told, request_key, self._telemetry.traceparent())
        if rows > _FEW_ROWS:
            self._take_many(monitor, body, judge, request)
            return
        gathering = self._gatherings.get(monitor.id)
        if gathering is None or gathering.does_not_suit(monitor, judge, rows):
            gathering = self._gatherings[monitor.id] = Gathering(
                monitor, judge, telemetry=self._telemetry, clock=self._clock, closed=self._forget
            )
            self._commit.submit(gathering.pieces)
        gathering.add(request, body, rows)

    def _take_many(self, monitor: Monitor, body: Unjudged, judge: Judge, request: Request) -> None:
        """At once, while they are in the processor's cache: as a table of their own they are judged as well as with others."""
        try:
            judged = judge(monitor, body)
        except CollectorError as error:
            request.refused(error)
            return
        parts = [(request, judged.table.rows)]
        self._submit(judged, parts, pieces_of(monitor, judged, parts, now_us=self._clock.now_us()))
        self._count(monitor, "collector_receive_rows_total", rejected=judged.rejected)

    def _submit(self, judged: Judged, parts: Parts, pieces: Sequence[Piece]) -> None:
        async def load() -> Sequence[Piece]:
            return pieces

        if pieces:
            self._commit.submit(load)
        expect(pieces, parts, judged)

    def _forget(self, gathering: Gathering) -> None:
        if self._gatherings.get(gathering.monitor.id) is gathering:
            del self._gatherings[gathering.monitor.id]

    async def label(self, monitor: Monitor, labels: Sequence[Label], errors: Sequence[RowError] = ()) -> Receipt:
        """Store labels; those of unknown inferences wait for them, and are accepted too."""
        rejected = len({error.row for error in errors})
        outcome = await self._buffer.rows.add_labels(MonitorId(monitor.id), labels)
        if outcome.joined > _ON_THE_LOOP_LABELS:
            await asyncio.to_thread(self._observe_delays, monitor, labels, outcome)
        else:
            self._observe_delays(monitor, labels, outcome)
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

    def _observe_delays(self, monitor: Monitor, labels: Sequence[Label], outcome: Labelled) -> None:
        """How long after their window the labels came: by their own instants, or by the clock when they have none."""
        own = [label.at_us for label in labels if label.at_us is not None]
        came_us = max(own) if own and len(own) == len(labels) else self._clock.now_us()
        for pane, first in outcome.first.items():
            if pane.end_us is not None:
                delay = max(came_us - pane.end_us, 0) / SECOND_US
                self._telemetry.observe("collector_label_delay_seconds", delay, times=first, monitor=monitor.id)

    def _count(self, monitor: Monitor, series: str, **outcomes: int) -> None:
        for outcome, amount in outcomes.items():
            self._telemetry.count(series, amount, monitor=monitor.id, outcome=outcome)
