"""The composition root: settings -> adapters -> stages -> run. Started in order, stopped in reverse."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from aiohttp import web

from collector import __version__, forward
from collector.buffer import Limits, open_buffer
from collector.clock import SystemClock
from collector.errors import Unavailable
from collector.model import WORK_QUEUE, DestinationName, MonitorId, outbox
from collector.monitor import Configuration, EvidentlyDestination, Monitor
from collector.pages import StoredPages
from collector.pipeline.alerts import ALERT_QUEUE, AlertHandler
from collector.pipeline.circuit import Circuit, CircuitSettings, CircuitState
from collector.pipeline.errors import LastErrors
from collector.pipeline.evaluate import EvaluateHandler
from collector.pipeline.forgetting import Forgetting
from collector.pipeline.forward import ForwardHandler
from collector.pipeline.intake import BufferedIntake
from collector.pipeline.outboxes import Outboxes
from collector.pipeline.patience import Attempts, Patience
from collector.pipeline.references import References
from collector.pipeline.registry import MonitorRegistry
from collector.pipeline.room import Room, TotalBound
from collector.pipeline.schedule import Housekeeping, scheduler
from collector.pipeline.work import Handler, Worker
from collector.ports import Buffer, Destination, Evaluator
from collector.receive import http, reference
from collector.receive.keys import Keys
from collector.settings import Settings
from collector.telemetry import Telemetry
from collector.workspace import pages

log = logging.getLogger(__name__)

_OUTBOXES = outbox(DestinationName(""))

Role = Literal["all", "receive", "work"]


@dataclass(frozen=True, slots=True)
class Serving:
    """Where and as what this process runs."""

    role: Role = "all"
    host: str = "0.0.0.0"  # noqa: S104 - a service in a container is reached from outside it
    port: int = 8001
    share_port: bool = False

    @property
    def works(self) -> bool:
        return self.role in ("all", "work")


def check_monitor(monitor: Monitor) -> None:
    """Raises Invalid when a metric, a test or a parameter of theirs does not exist, with the near miss."""
    from collector.evaluate import catalogue  # noqa: PLC0415 - a pure receiver stays free of pandas

    catalogue.check(monitor)


class Readiness:
    """Ready while the buffer takes writes and nobody asked us to stop. State: whether we are stopping."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self.stopping = asyncio.Event()

    async def __call__(self) -> None:
        if self.stopping.is_set():
            raise Unavailable("the service is stopping")
        await self._buffer.ping()


async def run(configuration: Configuration, settings: Settings, serving: Serving, stop: asyncio.Event) -> None:
    """Run until `stop` is set, then drain: answer what is in flight, finish what is leased, close."""
    async with AsyncExitStack() as stack:
        clock, telemetry = SystemClock(), Telemetry()
        buffer = await stack.enter_async_context(_opened_buffer(settings, clock))
        telemetry.set("collector_build_info", 1, version=__version__, durability=buffer.durability())
        ready = Readiness(buffer)
        references = References(buffer, settings.data_dir)
        errors = LastErrors(buffer, clock)
        forgetting = Forgetting(buffer, clock)

        def gone(monitor: MonitorId) -> None:
            references.drop(monitor)
            telemetry.forget("monitor", monitor)

        registry = MonitorRegistry(
            buffer=buffer,
            references=references,
            errors=errors,
            destinations=configuration.destinations,
            check=check_monitor,
            forgetting=forgetting,
            gone=gone,
        )
        await registry.load(configuration.monitors)
        wake, deliver = asyncio.Event(), asyncio.Event()
        outboxes: Outboxes | None = None
        bound = TotalBound(settings.max_total_rows, settings.max_total_bytes, telemetry)
        room = Room(buffer.rows, registry.get, bound)
        intake = BufferedIntake(
            buffer=buffer, room=room, references=references, telemetry=telemetry, clock=clock, wake=wake
        )
        if serving.works:
            await _load_references(configuration.monitors, intake)
            evaluator = await stack.enter_async_context(_started_evaluator(settings))
            destinations = await stack.enter_async_context(_built_destinations(configuration))
            handlers: dict[str, Handler] = {
                WORK_QUEUE: EvaluateHandler(
                    buffer=buffer,
                    evaluator=evaluator,
                    references=references,
                    monitor_of=registry.get,
                    errors=errors,
                    deliver=deliver,
                    telemetry=telemetry,
                    clock=clock,
                ),
                ALERT_QUEUE: AlertHandler(
                    buffer=buffer, monitor_of=registry.get, errors=errors, telemetry=telemetry, clock=clock
                ),
            }
            for name in map(DestinationName, destinations):
                handlers[outbox(name)] = ForwardHandler(
                    name=name, destinations=destinations, buffer=buffer, errors=errors, telemetry=telemetry
                )
            patience = _patience(handlers, settings, telemetry, clock)
            workers = _workers(buffer, handlers, patience, registry, settings, wake, deliver, clock)
            await stack.enter_async_context(_working(workers, settings))
            outboxes = Outboxes(
                queue=buffer.queue,
                registry=registry,
                destinations=[DestinationName(name) for name in destinations],
                telemetry=telemetry,
                clock=clock,
                most=settings.forward_max_waiting,
                give_up_seconds=settings.forward_give_up_seconds,
            )
        housekeeping = Housekeeping(
            buffer=buffer,
            registry=registry,
            wake=wake,
            telemetry=telemetry,
            clock=clock,
            bound=bound,
            keep_letters=settings.keep_dead_letters,
            keep_letters_age=timedelta(days=settings.keep_dead_letters_days),
            forgetting=forgetting,
            keep_snapshots=settings.keep_snapshots,
            keep_snapshots_age=timedelta(days=settings.keep_snapshots_days),
            keep_data_bytes=settings.keep_data_bytes,
        )
        jobs = scheduler(housekeeping, outboxes, tick_seconds=settings.tick_seconds)
        jobs.start()
        stack.callback(jobs.shutdown, wait=False)
        stack.push_async_callback(intake.close)
        site = http.build(
            monitors=registry,
            intake=intake,
            buffer=buffer,
            settings=settings,
            keys=None if settings.api_keys_file is None else Keys(settings.api_keys_file),
            ready=ready,
            telemetry=telemetry,
            extra_routes=pages.routes(StoredPages(registry, buffer)),
            workspaces=_workspaces(configuration),
        )
        await stack.enter_async_context(_listening(site, settings, serving))
        log.info("listening on http://%s:%d as %s, rows are durable as %s", serving.host, serving.port, serving.role,
                 buffer.durability())  # fmt: skip
        await stop.wait()
        log.info("stopping: requests in flight are answered, work in hand is finished")
        ready.stopping.set()
        await asyncio.sleep(settings.drain_seconds)


@asynccontextmanager
async def _opened_buffer(settings: Settings, clock: SystemClock) -> AsyncIterator[Buffer]:
    buffer = open_buffer(
        settings.buffer_url.get_secret_value(),
        clock=clock,
        limits=Limits(max_rows=settings.max_buffered_rows, max_bytes=settings.max_buffered_bytes),
        sqlite_synchronous=settings.sqlite_synchronous,
    )
    await buffer.open()
    try:
        yield buffer
    finally:
        await buffer.close()


@asynccontextmanager
async def _started_evaluator(settings: Settings) -> AsyncIterator[Evaluator]:
    from collector.evaluate.pool import PoolEvaluator  # noqa: PLC0415 - a pure receiver stays free of pandas

    evaluator = PoolEvaluator(processes=settings.evaluate_processes, timeout_seconds=settings.evaluate_timeout_seconds)
    # Importing the statistics takes seconds; rows are received meanwhile, and the first window waits for it.
    starting = asyncio.create_task(evaluator.start(), name="start evaluation processes")
    try:
        yield evaluator
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await evaluator.close()


@asynccontextmanager
async def _built_destinations(configuration: Configuration) -> AsyncIterator[dict[str, Destination]]:
    destinations = {name: forward.build(name, wish) for name, wish in configuration.destinations.items()}
    try:
        yield destinations
    finally:
        for destination in destinations.values():
            await destination.close()


def _workspaces(configuration: Configuration) -> dict[str, str]:
    """Which destination is the Evidently service of a URL."""
    wishes = configuration.destinations.items()
    return {wish.url.rstrip("/"): name for name, wish in wishes if isinstance(wish, EvidentlyDestination)}


async def _load_references(monitors: Sequence[Monitor], intake: BufferedIntake) -> None:
    """References named by path are read at the start: a file that is not there is told now, not in the first window."""
    for monitor in monitors:
        if monitor.reference is not None and monitor.reference.path is not None:
            parquet = await asyncio.to_thread(reference.from_file, monitor, Path(monitor.reference.path))
            await intake.set_reference(monitor, parquet)


def _patience(
    handlers: dict[str, Handler], settings: Settings, telemetry: Telemetry, clock: SystemClock
) -> dict[str, Patience]:
    """Of each queue: windows fail one by one, deliveries with their destination."""
    circuit = CircuitSettings(settings.max_attempts, settings.retry_seconds, settings.forward_give_up_seconds)

    def shown(to: str) -> Callable[[CircuitState], None]:
        return lambda state: telemetry.set("collector_forward_breaker_state", state, to=to)

    return {
        queue: Circuit(clock, circuit, shown(queue.removeprefix(_OUTBOXES)))
        if queue.startswith(_OUTBOXES)
        else Attempts(clock, settings.max_attempts, settings.retry_seconds)
        for queue in handlers
    }


def _workers(
    buffer: Buffer,
    handlers: dict[str, Handler],
    patience: dict[str, Patience],
    registry: MonitorRegistry,
    settings: Settings,
    wake: asyncio.Event,
    deliver: asyncio.Event,
    clock: SystemClock,
) -> list[Worker]:
    owner = f"{socket.gethostname()}/{os.getpid()}"
    names = [WORK_QUEUE] * (settings.evaluate_processes - 1) + list(handlers)

    def monitors() -> Sequence[MonitorId]:
        return registry.ids()

    return [
        Worker(
            queue=buffer.queue,
            name=name,
            owner=f"{owner}/{number}",
            handler=handlers[name],
            monitors=monitors,
            wake=wake if name == WORK_QUEUE else deliver,
            clock=clock,
            patience=patience[name],
            lease_seconds=settings.lease_seconds,
        )
        for number, name in enumerate(names)
    ]


@asynccontextmanager
async def _working(workers: Sequence[Worker], settings: Settings) -> AsyncIterator[None]:
    """Run the workers; at the end they finish what they hold, for as long as the settings allow."""
    stopping = asyncio.Event()
    tasks = [asyncio.create_task(worker.run(stopping)) for worker in workers]
    try:
        yield
    finally:
        stopping.set()
        _, late = await asyncio.wait(tasks, timeout=settings.shutdown_seconds)
        for task in late:  # its lease expires, and another worker takes the item
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                log.error("a worker ended with an error", exc_info=result)


@asynccontextmanager
async def _listening(site: web.Application, settings: Settings, serving: Serving) -> AsyncIterator[None]:
    runner = web.AppRunner(
        site,
        **dict[str, Any](http.RUNNER_OPTIONS),
        access_log=None,
        shutdown_timeout=settings.shutdown_seconds,
        handle_signals=False,
    )
    await runner.setup()
    await web.TCPSite(
        runner, serving.host, serving.port, backlog=1024, reuse_port=True if serving.share_port else None
    ).start()
    try:
        yield
    finally:
        await runner.cleanup()
