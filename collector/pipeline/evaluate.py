"""A leased window -> its snapshots, and their deliveries in the outbox, all in one ack."""

import asyncio
import time
from collections.abc import Callable, Sequence

import orjson

from collector.clock import Clock
from collector.errors import Permanent, UnknownMonitor
from collector.model import DestinationName, Item, Lease, Outcome, Settlement, SnapshotRecord, outbox
from collector.monitor import Monitor
from collector.pipeline.errors import LastErrors
from collector.pipeline.references import References
from collector.pipeline.windows import WindowTask
from collector.pipeline.work import Effects
from collector.ports import Buffer, Evaluator, Job
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
    ) -> None:
        self._buffer = buffer
        self._evaluator = evaluator
        self._references = references
        self._monitor_of = monitor_of
        self._errors = errors
        self._deliver = deliver
        self._telemetry = telemetry
        self._clock = clock

    async def handle(self, lease: Lease) -> Effects:
        task = WindowTask.load(lease.payload)
        monitor = self._monitor(lease)
        read_us = self._clock.now_us()
        rows = await self._buffer.rows.read(lease.monitor, task.window)
        if rows.rows == 0:  # purged or dropped since it was put: there is nothing left to evaluate
            return Effects()
        reference = await self._references.file(lease.monitor)
        began = time.perf_counter()
        job = Job(monitor, task.phase, task.window, rows, task.revision, reference, read_us)
        records = await self._evaluator.evaluate(job)
        self._telemetry.observe("collector_evaluate_seconds", time.perf_counter() - began, monitor=monitor.id)
        self._count_failed_metrics(monitor, records)
        settlement = Settlement(
            window=task.window,
            phase=task.phase,
            outcome=Outcome.EVALUATED,
            rows=rows.rows,
            labelled=len(rows.labels),
            revision=task.revision if records else task.revision - 1,  # no snapshot, no revision: no target came yet
            counts_rows=task.phase is monitor.phases[0],
            at_us=read_us,
        )
        return Effects(settlement, records, self._deliveries(monitor, records))

    def buried(self, lease: Lease) -> Settlement | None:
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
        word = "evaluated" if outcome == "done" else outcome
        self._telemetry.count("collector_evaluate_windows_total", monitor=lease.monitor, outcome=word)
        if outcome == "done":
            now = self._clock.now_us() / 1e6
            self._telemetry.set("collector_last_success_timestamp_seconds", now, monitor=lease.monitor)
            self._deliver.set()
        elif reason is not None:
            window = WindowTask.load(lease.payload).window.key
            await self._errors.put(lease.monitor, stage="evaluate", reason=reason, window=window)

    def _monitor(self, lease: Lease) -> Monitor:
        try:
            return self._monitor_of(lease.monitor)
        except UnknownMonitor as error:
            raise Permanent(f"the monitor {lease.monitor!r} was deleted while its window waited") from error

    def _deliveries(self, monitor: Monitor, records: Sequence[SnapshotRecord]) -> list[Item]:
        now_us = self._clock.now_us()
        return [
            Item(
                queue=outbox(DestinationName(destination)),
                monitor=record.monitor,
                key=record.id,
                payload=orjson.dumps({"snapshot": record.id, "revision": record.revision}),
                ready_us=now_us,
            )
            for destination in monitor.forward
            for record in records
        ]

    def _count_failed_metrics(self, monitor: Monitor, records: Sequence[SnapshotRecord]) -> None:
        failed = sum(orjson.loads(record.summary)["tests"]["ERROR"] for record in records)
        self._telemetry.count("collector_evaluate_failed_metrics_total", failed, monitor=monitor.id)
