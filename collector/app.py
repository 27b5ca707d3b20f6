"""The composition root: settings -> adapters -> stages -> run. Started in order, stopped in reverse."""

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from collector import __version__
from collector.buffer import Limits, open_buffer
from collector.clock import SystemClock
from collector.errors import Unavailable
from collector.listening import listening, scheme
from collector.model import MonitorId
from collector.monitor import Configuration, EvidentlyDestination, Monitor
from collector.pages import StoredPages
from collector.pipeline.errors import LastErrors
from collector.pipeline.intake.intake import BufferedIntake
from collector.pipeline.intake.room import Room, TotalBound
from collector.pipeline.monitors.forgetting import Forgetting
from collector.pipeline.monitors.registry import MonitorRegistry
from collector.pipeline.references.references import References
from collector.pipeline.upkeep.departed import Departed
from collector.pipeline.upkeep.keep import Keep
from collector.pipeline.upkeep.outboxes import Outboxes
from collector.pipeline.upkeep.schedule import Housekeeping, scheduler
from collector.ports import Buffer, Evaluator
from collector.receive import http
from collector.receive.admission.keys import Keys
from collector.receive.routes import snapshots
from collector.receive.rows.privacy import Protector
from collector.reloading import Reload, reload_until
from collector.settings import Settings
from collector.shifts import Shifts, Shop
from collector.telemetry import Telemetry
from collector.tracing import spans
from collector.workspace import pages

if TYPE_CHECKING:
    from collector.evaluate.windows.cluster import DaskEvaluator
    from collector.evaluate.windows.pool import PoolEvaluator

log = logging.getLogger(__name__)

WAIT_SECONDS = 60.0
"""How long a buffer that is away is waited for at the start: shorter than whoever started us has patience."""
_OBJECTS_BETWEEN_COLLECTIONS = 20_000
"""More than one write of requests leaves behind at once."""

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


def check_monitor(monitor: Monitor, protector: Protector) -> None:
    """Raises Invalid when a metric, a test or a parameter of theirs does not exist, with the near miss, and when columns are
    to be hashed without a key.
    """
    protector.check(monitor)
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


async def run(
    configuration: Configuration,
    settings: Settings,
    serving: Serving,
    stop: asyncio.Event,
    reload: Reload | None = None,
) -> None:
    """Run until `stop` is set, then drain: answer what is in flight, finish what is leased, close."""
    async with AsyncExitStack() as stack:
        clock = SystemClock()
        telemetry = Telemetry(stack.enter_context(spans(__version__)) if settings.tracing else None)
        buffer = _buffer(settings, clock)
        if not await _is_there(buffer, stop):
            return
        stack.push_async_callback(buffer.close)
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
            check=partial(check_monitor, protector=Protector.of(settings)),
            forgetting=forgetting,
            gone=gone,
        )
        await registry.load(configuration.monitors)
        wake, deliver = asyncio.Event(), asyncio.Event()
        deliveries: tuple[Outboxes, Departed] | None = None
        bound = TotalBound(settings.max_total_rows, settings.max_total_bytes, telemetry)
        room = Room(buffer.rows, registry.get, bound)
        intake = BufferedIntake(
            buffer=buffer, room=room, references=references, telemetry=telemetry, clock=clock, wake=wake
        )
        shifts: Shifts | None = None
        if serving.works:
            evaluator = await stack.enter_async_context(_started_evaluator(settings))
            shop = Shop(
                buffer=buffer,
                registry=registry,
                references=references,
                errors=errors,
                evaluator=evaluator,
                telemetry=telemetry,
                clock=clock,
                settings=settings,
                wake=wake,
                deliver=deliver,
            )
            shifts = await stack.enter_async_context(Shifts(shop, configuration))
            outboxes = Outboxes(
                queue=buffer.queue,
                registry=registry,
                destinations=shifts.destinations,
                telemetry=telemetry,
                clock=clock,
                most=settings.forward_max_waiting,
                give_up_seconds=settings.forward_give_up_seconds,
            )
            departed = Departed(
                queue=buffer.queue,
                documents=buffer.documents,
                registry=registry,
                destinations=shifts.destinations,
                telemetry=telemetry,
                clock=clock,
            )
            deliveries = outboxes, departed
        housekeeping = Housekeeping(
            buffer=buffer,
            registry=registry,
            wake=wake,
            telemetry=telemetry,
            clock=clock,
            bound=bound,
            forgetting=forgetting,
            keep=Keep.of(settings),
        )
        jobs = scheduler(housekeeping, deliveries, tick_seconds=settings.tick_seconds)
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
            extra_routes=pages.routes(StoredPages(registry, buffer), snapshots.require),
            workspaces=_workspaces(configuration),
        )
        await stack.enter_async_context(
            listening(site, settings, serving.host, serving.port, share_port=serving.share_port)
        )
        _calm_garbage_collector()
        log.info("listening on %s://%s:%d as %s, rows are durable as %s", scheme(settings), serving.host, serving.port,
                 serving.role, buffer.durability())  # fmt: skip
        await reload_until(stop, reload, registry, shifts, telemetry)
        log.info("stopping: requests in flight are answered, work in hand is finished")
        ready.stopping.set()
        await asyncio.sleep(settings.drain_seconds)


def _calm_garbage_collector() -> None:
    """What was made until now stays: it is not walked again. Rows come and go without cycles, so that looking for some
    after every 700 objects, as is the default, only costs time, a hundredth of a second at the worst moment.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 20, 20)


def _buffer(settings: Settings, clock: SystemClock) -> Buffer:
    return open_buffer(
        settings.buffer_url.get_secret_value(),
        clock=clock,
        limits=Limits(max_rows=settings.max_buffered_rows, max_bytes=settings.max_buffered_bytes),
        sqlite_synchronous=settings.sqlite_synchronous,
    )


async def _is_there(buffer: Buffer, stop: asyncio.Event) -> bool:
    """Open the buffer; a server that is away, or still loads its data, is waited for. Says no when we are stopped before.

    Raises Unavailable when it does not come, Invalid when it cannot be used.
    """
    until = time.monotonic() + WAIT_SECONDS
    while not stop.is_set():
        try:
            await buffer.open()
        except Unavailable as error:
            if time.monotonic() > until:
                raise
            log.warning("waiting for the buffer: %s", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), error.retry_after_seconds)
        else:
            return True
    return False


def _evaluator(settings: Settings) -> "DaskEvaluator | PoolEvaluator":
    """A pure receiver stays free of pandas, and nobody needs Dask who does not use it."""
    if settings.evaluate_executor != "processes":
        from collector.evaluate.windows.cluster import DaskEvaluator  # noqa: PLC0415

        address = settings.evaluate_executor.removeprefix("dask://")
        return DaskEvaluator(f"tcp://{address}", timeout_seconds=settings.evaluate_timeout_seconds)
    from collector.evaluate.windows.pool import PoolEvaluator  # noqa: PLC0415

    return PoolEvaluator(processes=settings.evaluate_processes, timeout_seconds=settings.evaluate_timeout_seconds)


@asynccontextmanager
async def _started_evaluator(settings: Settings) -> AsyncIterator[Evaluator]:
    evaluator = _evaluator(settings)
    # Importing the statistics takes seconds; rows are received meanwhile, and the first window waits for it.
    starting = asyncio.create_task(evaluator.start(), name="start evaluation processes")
    try:
        yield evaluator
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await evaluator.close()


def _workspaces(configuration: Configuration) -> dict[str, str]:
    """Which destination is the Evidently service of a URL."""
    wishes = configuration.destinations.items()
    return {wish.url.rstrip("/"): name for name, wish in wishes if isinstance(wish, EvidentlyDestination)}
