"""The outboxes as a whole: how much waits for each destination, and that it stays bounded however long one is down."""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

from collector.clock import Clock
from collector.durations import format_duration
from collector.errors import CollectorError, LeaseLost
from collector.model import SECOND_US, Depth, DestinationName, Lease, MonitorId, outbox
from collector.pipeline.monitors.registry import MonitorRegistry
from collector.ports import Queue
from collector.telemetry import Telemetry

log = logging.getLogger(__name__)

_OWNER = "sweep"
_LEASE_SECONDS = 30.0
_MOST_AT_ONCE = 500
"""Deliveries of one outbox and monitor that one sweep sets aside: the next sweep goes on."""


class Outboxes:
    """The jobs of one replica that look after deliveries which nobody can make."""

    def __init__(
        self,
        *,
        queue: Queue,
        registry: MonitorRegistry,
        destinations: Callable[[], Sequence[DestinationName]],
        telemetry: Telemetry,
        clock: Clock,
        most: int,
        give_up_seconds: float,
    ) -> None:
        self._queue = queue
        self._registry = registry
        self._destinations = destinations
        self._telemetry = telemetry
        self._clock = clock
        self._most = most
        self._give_up_seconds = give_up_seconds

    async def set_outbox_gauges(self) -> None:
        """Copy the depth and the age of every outbox into its series."""
        for name in self._destinations():
            depths = await self._queue.depths(outbox(name), self._registry.ids())
            self._telemetry.set("collector_forward_waiting_snapshots", sum(each.items for each in depths), to=name)
            oldest_us = min((each.oldest_us for each in depths if each.oldest_us is not None), default=None)
            age = 0.0 if oldest_us is None else max(self._age_seconds(oldest_us), 0.0)
            self._telemetry.set("collector_forward_oldest_wait_seconds", age, to=name)

    async def sweep_outboxes(self) -> None:
        """Set aside what waited too long, and the oldest of what is too much. Both can be replayed."""
        for name in self._destinations():
            for monitor in self._registry.ids():
                try:
                    (depth,) = await self._queue.depths(outbox(name), [monitor])
                    await self._sweep(name, monitor, depth)
                except CollectorError as error:  # the server of one monitor may be away, and others there
                    log.warning("%s: what waits for %s cannot be looked through: %s", monitor, name, error)

    async def _sweep(self, name: DestinationName, monitor: MonitorId, depth: Depth) -> None:
        too_many = max(depth.items - self._most, 0)
        for done in range(_MOST_AT_ONCE):
            if done >= too_many and (depth.oldest_us is None or not self._too_old(depth.oldest_us)):
                return
            lease = await self._queue.lease(outbox(name), [monitor], owner=_OWNER, seconds=_LEASE_SECONDS)
            if lease is None:
                return
            if self._too_old(lease.wanted_us):
                patience = format_duration(timedelta(seconds=self._give_up_seconds))
                await self._set_aside(name, lease, f"given up: not delivered within {patience}")
            elif done < too_many:
                await self._set_aside(name, lease, f"given up: more than {self._most} deliveries wait for {name}")
            else:  # the old one is in somebody's hands
                await self._give_back(lease)
                return

    async def _set_aside(self, name: DestinationName, lease: Lease, reason: str) -> None:
        try:
            await self._queue.nack(lease, reason=reason, retry_us=None)
        except LeaseLost:
            return
        log.warning("%s of %s: %s", lease.key, lease.monitor, reason)
        self._telemetry.count("collector_forward_snapshots_total", to=name, outcome="dead")

    async def _give_back(self, lease: Lease) -> None:
        try:
            await self._queue.nack(lease, reason="looked at", retry_us=lease.wanted_us)
        except LeaseLost:
            return

    def _age_seconds(self, wanted_us: int) -> float:
        return (self._clock.now_us() - wanted_us) / SECOND_US

    def _too_old(self, wanted_us: int) -> bool:
        return self._age_seconds(wanted_us) >= self._give_up_seconds
