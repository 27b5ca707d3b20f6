"""Destinations that left the configuration: nobody will deliver what waits for them, so that it is set aside.

Who serves a destination says so in the buffer, every few seconds. One of which nobody has said so for `GRACE_SECONDS`
has left: not while an older replica still delivers, as during a rollout, nor where workers serve different ones. What
waited for it becomes dead letters, so many at a time; they can be replayed once the destination is back.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

import orjson

from collector.clock import Clock
from collector.errors import LeaseLost
from collector.model import SECOND_US, DestinationName, outbox
from collector.pipeline.monitors.registry import MonitorRegistry
from collector.ports import Documents, Queue
from collector.telemetry import Telemetry

log = logging.getLogger(__name__)

KIND = "destination"
SAY_SECONDS = 10.0
GRACE_SECONDS = 30.0
"""Three times not heard of."""
MOST_AT_ONCE = 500
"""Deliveries of one destination that one look sets aside: the next look goes on."""
_OWNER = "departed"
_LEASE_SECONDS = 30.0


class Departed:
    """The job of one replica. State: none of its own."""

    def __init__(
        self,
        *,
        queue: Queue,
        documents: Documents,
        registry: MonitorRegistry,
        destinations: Callable[[], Sequence[DestinationName]],
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        self._queue = queue
        self._documents = documents
        self._registry = registry
        self._destinations = destinations
        self._telemetry = telemetry
        self._clock = clock

    async def look_after_departed(self) -> None:
        """Say which destinations are served here; set aside what waits for those that nobody serves."""
        served = set(self._destinations())
        for name in served:
            seen_us = await self._seen_us(name)
            if seen_us is None or abs(self._clock.now_us() - seen_us) >= SAY_SECONDS * SECOND_US:
                await self._documents.put(KIND, name, orjson.dumps({"seen_us": self._clock.now_us()}))
        for name in map(DestinationName, await self._documents.versions(KIND)):
            if name in served:
                continue
            self._telemetry.forget("to", name)
            seen_us = await self._seen_us(name)
            if seen_us is not None and self._clock.now_us() - seen_us >= GRACE_SECONDS * SECOND_US:
                await self._set_aside(name)

    async def _set_aside(self, name: DestinationName) -> None:
        reason = f"the destination {name!r} left the configuration"
        monitors = self._registry.ids()
        count = 0
        while count < MOST_AT_ONCE:
            lease = await self._queue.lease(outbox(name), monitors, owner=_OWNER, seconds=_LEASE_SECONDS)
            if lease is None:
                break
            with suppress(LeaseLost):
                await self._queue.nack(lease, reason=reason, retry_us=None)
            count += 1
        if count:
            log.warning("%s: %d deliveries that waited for it are dead letters now", reason, count)
            self._telemetry.count("collector_forward_snapshots_total", count, to=name, outcome="dead")

    async def _seen_us(self, name: DestinationName) -> int | None:
        document = await self._documents.get(KIND, name)
        return None if document is None else int(orjson.loads(document.body)["seen_us"])
