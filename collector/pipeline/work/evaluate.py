"""A leased window -> its snapshots, and their deliveries in the outbox, all in one ack."""

import asyncio
import time
from collections.abc import Callable, Sequence

import orjson

from collector import chunks
from collector.batch.reach import Lookback, Reach, looks_back
from collector.clock import Clock
from collector.errors import Permanent, UnknownMonitor
from collector.model import (
    DestinationName,
    Item,
    Lease,
    MonitorId,
    Outcome,
    Phase,
    Settlement,
    SnapshotRecord,
    Window,
    entry_of,
    outbox,
)
from collector.monitor import Monitor
from collector.pipeline.alerts.alerts import verdicts
from collector.pipeline.errors import LastErrors
from collector.pipeline.leasing.loop import Effects
from collector.pipeline.references.first_windows import ITEM_KEY, FirstWindows
from collector.pipeline.references.references import References
from collector.pipeline.sampling import Read, Sampled, sample
from collector.pipeline.windows import WindowTask
from collector.ports import Buffer, EarlierRows, Evaluator, Job, ReferenceFile
from collector.telemetry import Telemetry


class EvaluateHandler:
    """`work.Handler` of the work queue."""

    def __init__(
        self,
        *,
        buffer: Buffer,
        evaluator: Evaluator,
        references: References,
        monitor_of: Callable[[str], Monitor],
        errors: LastErrors,
        deliver: asyncio.Event,
        telemetry: Telemetry,
        clock: Clock,
        most_rows: int = 5_000_000,
    ) -> None:
        """`most_rows`: windows that read more are evaluated from a sample of so many; so is what they are compared with."""
        self._buffer = buffer
        self._evaluator = evaluator
        self._references = references
        self._monitor_of = monitor_of
        self._errors = errors
        self._deliver = deliver
        self._telemetry = telemetry
        self._first_windows = FirstWindows(buffer)
        self._clock = clock
        self._most_rows = most_rows

    async def handle(self, lease: Lease) -> Effects:
        with self._telemetry.span("evaluate", monitor=lease.monitor, item=lease.key, attempt=lease.attempt):
            return await self._evaluate(lease)

    async def _evaluate(self, lease: Lease) -> Effects:
        monitor = self._monitor(lease)
        if lease.key == ITEM_KEY:
            await self._first_windows.make(monitor, lease, self._references, self._evaluator, self._most_rows)
            return Effects()
        task = WindowTask.load(lease.payload)
        read_us = self._clock.now_us()
        pane = await self._buffer.rows.pane(lease.monitor, task.window)
        if pane is None:  # purged since it was put
            return Effects()
        task = task.after(pane)
        reach, seen = await self._reach(monitor, task)
        read = await self._read(lease.monitor, task, reach)
        self._telemetry.link(name for stored in reversed(read.rows.chunks) for name in chunks.traces(stored.data))
        own = read.each[-1]
        if own.rows == 0:  # dropped since it was put: there is nothing left to evaluate
            return Effects()
        if seen is None:
            seen = own.rows + own.label_changes * (task.phase is Phase.LABELS)
        job = await self._job(monitor, task, read, reach, read_us)
        began = time.perf_counter()
        records = await self._evaluator.evaluate(job)
        self._telemetry.observe("collector_evaluate_seconds", time.perf_counter() - began, monitor=monitor.id)
        self._count_failed_metrics(monitor, records)
        settlement = Settlement(
            window=task.window,
            phase=task.phase,
            outcome=Outcome.EVALUATED,
            rows=own.rows,
            labelled=own.labelled,
            revision=task.revision if records else task.revision - 1,  # no snapshot, no revision: no target came yet
            counts_rows=task.phase is monitor.phases[0],
            at_us=read_us,
            seen=seen,
        )
        judged = verdicts(monitor, task.window, records, self._clock.now_us())
        return Effects(settlement, records, [*self._deliveries(monitor, records), *judged])

    async def _reach(self, monitor: Monitor, task: WindowTask) -> tuple[Reach, int | None]:
        """What the window reads elsewhere, and how much there is to see for it: of a state from before any of it is read,
        so that what comes meanwhile counts as not seen. None when it reads its own rows alone: those say it themselves.
        """
        if not looks_back(monitor):
            return Reach(), None
        lookback = Lookback(monitor, await self._buffer.rows.state(MonitorId(monitor.id)))
        return lookback.of(task.window), lookback.seen(task.window, task.phase).count

    async def _read(self, monitor: MonitorId, task: WindowTask, reach: Reach) -> Sampled:
        """The window's own rows, after the earlier ones that it slides over."""
        if reach.rows or task.rows > self._most_rows:
            return await sample(self._buffer.rows, monitor, [*reach.rows, task.window], self._most_rows)
        rows = await self._buffer.rows.read(monitor, task.window)
        return Sampled(rows, rows.rows, [Read(rows.rows, len(rows.labels), rows.label_changes)])

    async def _job(self, monitor: Monitor, task: WindowTask, read: Sampled, reach: Reach, read_us: int) -> Job:
        """The window with all that it reads, and what it is compared with."""
        return Job(
            monitor=monitor,
            phase=task.phase,
            window=task.window,
            rows=read.rows,
            revision=task.revision,
            reference=await self._reference(monitor, task.window, reach),
            now_us=read_us,
            start_us=reach.start_us,
            sampled_of=read.of if read.of > read.rows.rows else None,
        )

    async def _reference(self, monitor: Monitor, window: Window, reach: Reach) -> ReferenceFile | EarlierRows | None:
        key = MonitorId(monitor.id)
        if reach.reference:
            first, last = reach.reference[0].pane, reach.reference[-1].pane
            earlier = await sample(self._buffer.rows, key, reach.reference, self._most_rows)
            return EarlierRows(earlier.rows, first.start_us, last.end_us)
        wish = monitor.reference
        if wish is not None and (wish.previous_window or wish.window_ago is not None):
            return None  # the first window has none before it
        if wish is not None and wish.first_windows is not None:
            made = await self._first_windows.made(monitor)
            if made is None or window.key in made.windows:  # it is part of the reference, or would be
                return None
        return await self._references.file(key)

    def buried(self, lease: Lease) -> Settlement | None:
        if lease.key == ITEM_KEY:
            return None
        task = WindowTask.load(lease.payload)
        try:
            first = self._monitor_of(lease.monitor).phases[0]
        except UnknownMonitor:
            first = task.phase
        return Settlement(
            window=task.window,
            phase=task.phase,
            outcome=Outcome.DEAD,
            rows=task.rows,
            labelled=task.labelled,
            revision=task.revision,
            counts_rows=task.phase is first,
            at_us=self._clock.now_us(),
        )

    async def ended(self, lease: Lease, outcome: str, reason: str | None) -> None:
        if lease.key == ITEM_KEY:
            await self._reference_ended(lease, outcome, reason)
            return
        word = "evaluated" if outcome == "done" else outcome
        self._telemetry.count("collector_evaluate_windows_total", monitor=lease.monitor, outcome=word)
        if outcome == "done":
            now = self._clock.now_us() / 1e6
            self._telemetry.set("collector_last_success_timestamp_seconds", now, monitor=lease.monitor)
            self._deliver.set()
        elif reason is not None:
            window = WindowTask.load(lease.payload).window.key
            await self._errors.put(lease.monitor, stage="evaluate", reason=reason, window=window)

    async def _reference_ended(self, lease: Lease, outcome: str, reason: str | None) -> None:
        if outcome == "dead":
            await self._first_windows.give_up(lease)
        if reason is not None:
            await self._errors.put(lease.monitor, stage="reference", reason=reason)

    def _monitor(self, lease: Lease) -> Monitor:
        try:
            return self._monitor_of(lease.monitor)
        except UnknownMonitor as error:
            raise Permanent(f"the monitor {lease.monitor!r} was deleted while its window waited") from error

    def _deliveries(self, monitor: Monitor, records: Sequence[SnapshotRecord]) -> list[Item]:
        now_us = self._clock.now_us()
        trace = self._telemetry.traceparent()
        traced = {} if trace is None else {"trace": trace}
        return [
            Item(
                queue=outbox(DestinationName(destination)),
                monitor=record.monitor,
                key=record.id,
                payload=orjson.dumps(
                    {"snapshot": record.id, "revision": record.revision, "data": bool(record.data), **traced}
                ),
                ready_us=now_us,
            )
            for destination in monitor.forward
            for record in records
        ]

    def _count_failed_metrics(self, monitor: Monitor, records: Sequence[SnapshotRecord]) -> None:
        failed = sum(orjson.loads(entry_of(record.summary))["tests"]["ERROR"] for record in records)
        self._telemetry.count("collector_evaluate_failed_metrics_total", failed, monitor=monitor.id)
