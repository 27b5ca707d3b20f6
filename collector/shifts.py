"""What a working process does for one configuration: destinations, references, and the workers of every queue.

A new configuration is a new shift. It begins before the old one ends, so that a configuration that cannot work changes
nothing, and the old one finishes what it holds: leases keep the two from doing the same item.
"""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Self

from collector import forward
from collector.clock import Clock
from collector.model import WORK_QUEUE, DestinationName, MonitorId, outbox
from collector.monitor import Configuration, Monitor
from collector.pipeline.alerts.alerts import ALERT_QUEUE, AlertHandler
from collector.pipeline.errors import LastErrors
from collector.pipeline.leasing.loop import Handler, Worker
from collector.pipeline.leasing.patience import Attempts, Patience
from collector.pipeline.monitors.registry import MonitorRegistry
from collector.pipeline.references.paths import ReferencePaths
from collector.pipeline.references.references import References
from collector.pipeline.work.circuit import Circuit, CircuitSettings, CircuitState
from collector.pipeline.work.evaluate import EvaluateHandler
from collector.pipeline.work.forward import ForwardHandler
from collector.ports import Buffer, Destination, Evaluator
from collector.receive.references import reference
from collector.receive.rows.privacy import Protector
from collector.settings import Settings
from collector.telemetry import Telemetry

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shop:
    """What every shift works with, and what outlasts it."""

    buffer: Buffer
    registry: MonitorRegistry
    references: References
    errors: LastErrors
    evaluator: Evaluator
    telemetry: Telemetry
    clock: Clock
    settings: Settings
    wake: asyncio.Event
    deliver: asyncio.Event


class Shifts:
    """State: the shift that works now, and the names of its destinations."""

    def __init__(self, shop: Shop, configuration: Configuration) -> None:
        self._shop = shop
        self._configuration = configuration
        self._now: AsyncExitStack | None = None

    async def __aenter__(self) -> Self:
        await self.change(self._configuration)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._now is not None:
            await self._now.aclose()

    async def change(self, configuration: Configuration) -> None:
        """Begin a shift, then end the one before. Raises Invalid when it cannot begin; then that one goes on."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(_shift(self._shop, configuration))
            before, self._now = self._now, stack.pop_all()
        self._configuration = configuration
        if before is not None:
            await before.aclose()

    def destinations(self) -> Sequence[DestinationName]:
        return [DestinationName(name) for name in self._configuration.destinations]


@asynccontextmanager
async def _shift(shop: Shop, configuration: Configuration) -> AsyncIterator[None]:
    protector = Protector.of(shop.settings)

    def read(monitor: Monitor, path: str) -> bytes:
        protection = protector.of_monitor(monitor)
        return reference.from_location(monitor, path, protection, max_text=shop.settings.max_string_length)

    paths = ReferencePaths(read=read, references=shop.references, errors=shop.errors, wake=shop.wake)
    for monitor in configuration.monitors:
        await shop.references.settle(monitor)
    async with (
        paths.watching(configuration.monitors),
        _built_destinations(configuration) as destinations,
        _working(_workers(shop, paths, destinations), shop.settings.shutdown_seconds),
    ):
        yield


@asynccontextmanager
async def _built_destinations(configuration: Configuration) -> AsyncIterator[Mapping[str, Destination]]:
    destinations = {name: forward.build(name, wish) for name, wish in configuration.destinations.items()}
    try:
        yield destinations
    finally:
        for destination in destinations.values():
            await destination.close()


def _workers(shop: Shop, paths: ReferencePaths, destinations: Mapping[str, Destination]) -> Sequence[Worker]:
    """A worker per evaluation process, one for alerts, one per outbox: a destination gets one delivery at a time."""
    settings, clock, registry = shop.settings, shop.clock, shop.registry
    attempts = Attempts(clock, settings.max_attempts, settings.retry_seconds)
    circuit = CircuitSettings(settings.max_attempts, settings.retry_seconds, settings.forward_give_up_seconds)
    owner = f"{socket.gethostname()}/{os.getpid()}"
    numbers = iter(range(settings.evaluate_processes + 1 + len(destinations)))

    def worker(
        queue: str,
        handler: Handler,
        patience: Patience = attempts,
        monitors: Callable[[], Sequence[MonitorId]] = registry.ids,
        wake: asyncio.Event = shop.deliver,
    ) -> Worker:
        return Worker(
            queue=shop.buffer.queue,
            name=queue,
            owner=f"{owner}/{next(numbers)}",
            handler=handler,
            monitors=monitors,
            wake=wake,
            clock=clock,
            patience=patience,
            lease_seconds=settings.lease_seconds,
        )

    def with_reference() -> Sequence[MonitorId]:
        return paths.ready(registry.ids())

    def shown(to: str) -> Callable[[CircuitState], None]:
        return lambda state: shop.telemetry.set("collector_forward_breaker_state", state, to=to)

    evaluate = EvaluateHandler(
        buffer=shop.buffer,
        evaluator=shop.evaluator,
        references=shop.references,
        monitor_of=registry.get,
        errors=shop.errors,
        deliver=shop.deliver,
        telemetry=shop.telemetry,
        clock=clock,
        most_rows=settings.max_rows_in_memory,
    )
    alert = AlertHandler(
        buffer=shop.buffer, monitor_of=registry.get, errors=shop.errors, telemetry=shop.telemetry, clock=clock
    )
    return [
        *(
            worker(WORK_QUEUE, evaluate, monitors=with_reference, wake=shop.wake)
            for _ in range(settings.evaluate_processes)
        ),
        worker(ALERT_QUEUE, alert),
        *(
            worker(outbox(name), _forward(shop, name, destinations), Circuit(clock, circuit, shown(name)))
            for name in map(DestinationName, destinations)
        ),
    ]


def _forward(shop: Shop, name: DestinationName, destinations: Mapping[str, Destination]) -> ForwardHandler:
    return ForwardHandler(
        name=name, destinations=destinations, buffer=shop.buffer, errors=shop.errors, telemetry=shop.telemetry
    )


@asynccontextmanager
async def _working(workers: Sequence[Worker], shutdown_seconds: float) -> AsyncIterator[None]:
    """Run the workers; at the end they finish what they hold, for as long as the settings allow."""
    stopping = asyncio.Event()
    tasks = [asyncio.create_task(worker.run(stopping)) for worker in workers]
    try:
        yield
    finally:
        stopping.set()
        _, late = await asyncio.wait(tasks, timeout=shutdown_seconds)
        for task in late:  # its lease expires, and another worker takes the item
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                log.error("a worker ended with an error", exc_info=result)
