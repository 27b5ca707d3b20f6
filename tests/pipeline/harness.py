"""The whole pipeline without HTTP and without processes: rows in, snapshots out, one step at a time."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from collector.clock import ManualClock
from collector.model import (
    WORK_QUEUE,
    DestinationName,
    Judged,
    Label,
    MonitorId,
    Receipt,
    SnapshotQuery,
    Table,
    digest,
    outbox,
)
from collector.monitor import DestinationSettings, LocalDestination, Monitor, WebhookDestination
from collector.pipeline.alerts.alerts import ALERT_QUEUE, AlertHandler
from collector.pipeline.errors import LastErrors
from collector.pipeline.intake.intake import BufferedIntake
from collector.pipeline.intake.room import Room, TotalBound
from collector.pipeline.leasing.loop import Handler, Worker
from collector.pipeline.leasing.patience import Attempts, Patience
from collector.pipeline.monitors.forgetting import Forgetting
from collector.pipeline.monitors.registry import MonitorRegistry
from collector.pipeline.references.references import References
from collector.pipeline.upkeep.keep import Keep
from collector.pipeline.upkeep.schedule import Housekeeping
from collector.pipeline.work.circuit import Circuit, CircuitSettings, CircuitState
from collector.pipeline.work.evaluate import EvaluateHandler
from collector.pipeline.work.forward import ForwardHandler
from collector.ports import Buffer, Evaluator
from collector.telemetry import Telemetry
from collector.tracing import Spans

DESTINATION = DestinationName("hook")
DESTINATIONS: dict[str, DestinationSettings] = {
    DESTINATION: WebhookDestination(type="webhook", url="http://127.0.0.1:9"),
    "local": LocalDestination(type="local"),
}


class Received:
    """A destination that keeps what it got. `fail` holds errors to raise first."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.rows: list[bytes | None] = []
        self.messages: list[dict[str, Any]] = []
        self.fail: list[Exception] = []

    async def deliver(self, body: bytes, data: bytes | None = None) -> None:
        if self.fail:
            raise self.fail.pop(0)
        self.bodies.append(orjson.loads(body))
        self.rows.append(data)

    async def notify(self, body: bytes, *, key: str) -> None:
        if self.fail:
            raise self.fail.pop(0)
        self.messages.append(orjson.loads(body) | {"key": key})

    async def close(self) -> None:
        return None


class Pipeline:
    """State: one replica of everything but the doors."""

    def __init__(
        self,
        buffer: Buffer,
        evaluator: Evaluator,
        clock: ManualClock,
        directory: Path,
        *,
        most_rows: int = 1_000_000,
        tracer: Any = None,
    ) -> None:
        self.buffer = buffer
        self.clock = clock
        self.received = Received()
        self.telemetry = Telemetry(None if tracer is None else Spans(tracer))
        self.references = References(buffer, directory)
        self.errors = LastErrors(buffer, clock)
        self.wake, self.deliver = asyncio.Event(), asyncio.Event()
        forgetting = Forgetting(buffer, clock)
        self.registry = MonitorRegistry(
            buffer=buffer, references=self.references, errors=self.errors, destinations=DESTINATIONS,
            check=lambda monitor: None, forgetting=forgetting, gone=self.references.drop,
        )  # fmt: skip
        self.bound = TotalBound(2000, 10_000_000, self.telemetry)
        self.intake = BufferedIntake(
            buffer=buffer,
            room=Room(buffer.rows, self.registry.get, self.bound),
            references=self.references,
            telemetry=self.telemetry,
            clock=clock,
            wake=self.wake,
        )
        self.housekeeping = Housekeeping(
            buffer=buffer, registry=self.registry, wake=self.wake, telemetry=self.telemetry, clock=clock,
            bound=self.bound, forgetting=forgetting,
            keep=Keep(
                rows=100_000, letters=50, letters_age=timedelta(days=30), snapshots=100, snapshots_age=timedelta(days=30),
                data_bytes=10_000_000,
            ),
        )  # fmt: skip
        self.evaluating = self.worker(
            WORK_QUEUE,
            Attempts(clock, 3),
            EvaluateHandler(
                buffer=buffer, evaluator=evaluator, references=self.references, monitor_of=self.registry.get,
                errors=self.errors, deliver=self.deliver, telemetry=self.telemetry, clock=clock, most_rows=most_rows,
            ),
        )  # fmt: skip
        self.alerting = self.worker(
            ALERT_QUEUE,
            Attempts(clock, 3),
            AlertHandler(
                buffer=buffer, monitor_of=self.registry.get, errors=self.errors, telemetry=self.telemetry, clock=clock
            ),
        )
        self.circuit_states: list[CircuitState] = []
        self.forwarding = self.worker(
            outbox(DESTINATION),
            Circuit(clock, CircuitSettings(attempts=3, give_up_seconds=86_400), self.circuit_states.append),
            ForwardHandler(
                name=DESTINATION, destinations={DESTINATION: self.received}, buffer=buffer, errors=self.errors,
                telemetry=self.telemetry,
            ),
        )  # fmt: skip

    def worker(self, queue: str, patience: Patience, handler: Handler) -> Worker:
        return Worker(
            queue=self.buffer.queue, name=queue, owner="test", handler=handler, monitors=self.registry.ids,
            wake=self.wake, clock=self.clock, patience=patience,
        )  # fmt: skip

    async def watch(self, *monitors: Monitor) -> None:
        await self.registry.load(monitors)

    async def send(self, monitor: Monitor, ids: Sequence[str], at_us: Sequence[int], **options: Any) -> Receipt:
        table = Table({"id": list(ids), "at": list(at_us), "x": [float(i) for i in range(len(ids))]}, len(ids))
        judged = Judged(table, list(at_us), [digest(each) for each in ids], (), 0)
        return await self.intake.take(monitor, judged, **options)

    async def label(self, monitor: Monitor, *ids: str, target: object = 1) -> Receipt:
        return await self.intake.label(monitor, [Label(digest(each), orjson.dumps(target)) for each in ids])

    async def work(self) -> int:
        """A tick, then everything that is ready; says how many windows were taken."""
        await self.housekeeping.close_due_windows()
        steps = 0
        while await self.evaluating.step():
            steps += 1
        while await self.alerting.step():
            pass
        while await self.forwarding.step():
            pass
        return steps

    async def snapshots(self, monitor: Monitor) -> list[dict[str, Any]]:
        page = await self.buffer.snapshots.list(SnapshotQuery(monitor=MonitorId(monitor.id), limit=1000))
        return [orjson.loads(summary) for summary in page.summaries]

    async def rows(self, monitor: Monitor) -> dict[str, Any]:
        account = await self.buffer.account(MonitorId(monitor.id))
        assert account.balanced, account
        return {"accepted": account.accepted, "evaluated": account.evaluated, "dead": account.dead,
                "dropped": dict(account.dropped), "waiting": account.waiting}  # fmt: skip
