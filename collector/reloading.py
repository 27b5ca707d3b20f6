"""The configuration is read again while the service runs, when somebody asks."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from collector.errors import CollectorError, Unavailable
from collector.monitor import Configuration
from collector.pipeline.monitors.registry import MonitorRegistry
from collector.shifts import Shifts
from collector.telemetry import Telemetry

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reload:
    """How the configuration is read again: when `asked` is set, by `read` (raises Invalid); `taken` hears the new one."""

    asked: asyncio.Event
    read: Callable[[], Configuration]
    taken: Callable[[Configuration], None] = lambda _: None


async def reload_until(
    stop: asyncio.Event, reload: Reload | None, registry: MonitorRegistry, shifts: Shifts | None, telemetry: Telemetry
) -> None:
    """Take over each configuration that is asked for, until `stop` is set."""
    stopped = asyncio.create_task(stop.wait())
    while reload is not None and not stopped.done():
        asked = asyncio.create_task(reload.asked.wait())
        await asyncio.wait([stopped, asked], return_when=asyncio.FIRST_COMPLETED)
        if asked.done() and not stopped.done():
            reload.asked.clear()
            outcome = "taken" if await _reloaded(reload, registry, shifts, stopped) else "refused"
            telemetry.count("collector_configuration_reloads_total", outcome=outcome)
        asked.cancel()
    await stopped


async def _reloaded(
    reload: Reload, registry: MonitorRegistry, shifts: Shifts | None, stopped: "asyncio.Task[bool]"
) -> bool:
    """Take over what the file says now, or leave all as it is and say why.

    What can be wrong is found before anything changes. After that only the store may be away, and it is waited for: half
    a configuration would send windows to destinations that nobody serves any more.
    """
    try:
        configuration = await asyncio.to_thread(reload.read)
        if shifts is not None:
            await shifts.change(configuration)
    except CollectorError as error:
        log.error("the configuration stays as it was: %s", error)  # noqa: TRY400 - the sentence says it all
        return False
    while True:
        try:
            await registry.load(configuration.monitors, configuration.destinations)
            break
        except Unavailable as error:
            log.warning("the new configuration is not stored yet: %s; trying again", error)
            await asyncio.wait([stopped], timeout=error.retry_after_seconds)
            if stopped.done():
                return False
    reload.taken(configuration)
    log.info("the configuration was read again: %d monitors, %d destinations", len(configuration.monitors),
             len(configuration.destinations))  # fmt: skip
    return True
