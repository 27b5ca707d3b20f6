"""A configuration that is read again is taken whole or not at all, also while the store is away."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from collector.errors import Invalid, Unavailable
from collector.monitor import Configuration
from collector.pipeline.monitors.registry import MonitorRegistry
from collector.reloading import Reload, reload_until
from collector.shifts import Shifts
from collector.telemetry import Telemetry

NEW = Configuration()
AWAY = Unavailable("the store does not answer", retry_after_seconds=0)


class Registry:
    """Fails as it is told to, then says that it has loaded."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.loaded = 0

    async def load(self, *_: Any) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.loaded += 1


class Shift:
    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.changed = 0

    async def change(self, _: Configuration) -> None:
        if self.failure:
            raise self.failure
        self.changed += 1


async def reloaded(
    registry: Registry, shift: Shift, read: Callable[[], Configuration] = lambda: NEW
) -> tuple[bool, str]:
    """Ask once, stop when it is counted; says whether it was taken, and how it was counted."""
    stop, asked = asyncio.Event(), asyncio.Event()
    taken: list[Configuration] = []
    telemetry = Telemetry()
    asked.set()
    task = asyncio.create_task(
        reload_until(
            stop,
            Reload(asked, read, taken.append),
            cast("MonitorRegistry", registry),
            cast("Shifts", shift),
            telemetry,
        )
    )
    counted: list[str] = []
    while not counted and not task.done():
        await asyncio.sleep(0)
        lines = telemetry.text().decode().splitlines()
        counted = [line for line in lines if line.startswith("collector_configuration_reloads_total{")]
    stop.set()
    await task
    return taken == [NEW], counted[0]


@pytest.mark.asyncio
async def test_a_store_that_is_away_for_a_moment_does_not_leave_half_a_configuration():
    registry, shift = Registry(AWAY, AWAY), Shift()
    assert await reloaded(registry, shift) == (True, 'collector_configuration_reloads_total{outcome="taken"} 1.0')
    assert (registry.loaded, shift.changed) == (1, 1)


@pytest.mark.asyncio
@pytest.mark.parametrize("failure", [Invalid("no such metric"), AWAY])
async def test_what_fails_before_the_shift_has_changed_changes_nothing(failure: Exception):
    def wrong() -> Configuration:
        raise failure

    refused = (False, 'collector_configuration_reloads_total{outcome="refused"} 1.0')
    registry, shift = Registry(), Shift()
    assert await reloaded(registry, shift, wrong) == refused
    assert (registry.loaded, shift.changed) == (0, 0)
    assert await reloaded(registry, Shift(failure)) == refused
    assert registry.loaded == 0


@pytest.mark.asyncio
async def test_a_service_that_is_stopped_does_not_wait_for_its_store():
    stop, asked = asyncio.Event(), asyncio.Event()

    class Stopping(Registry):
        async def load(self, *_: Any) -> None:
            stop.set()
            raise Unavailable("the store does not answer", retry_after_seconds=3600)

    asked.set()
    taken: list[Configuration] = []
    reload = Reload(asked, lambda: NEW, taken.append)
    await reload_until(stop, reload, cast("MonitorRegistry", Stopping()), None, Telemetry())
    assert taken == []
