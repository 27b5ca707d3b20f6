"""The server that Sentinels call the primary."""

import asyncio
from contextlib import suppress
from typing import Any

from redis import exceptions as redis_errors
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel, SentinelConnectionPool

from collector.buffer.redis.faults import REDIS_ERRORS
from collector.buffer.redis.server import Server

LOOK_SECONDS = 0.5


class Sentinels(Sentinel):
    """Asked by name, as they wish to be: whoever leads a failover says the new primary as soon as it takes writes."""

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        for each in self.sentinels:
            with suppress(redis_errors.ConnectionError, redis_errors.TimeoutError):
                address: Any = await each.sentinel_get_master_addr_by_name(service_name)
                if address is not None:
                    return address[0].decode(), address[1]
        raise MasterNotFoundError(f"No master found for {service_name!r}: its Sentinels know none, or are away")


class Primary(Server):
    """A new connection asks the Sentinels where it is; those that there are are given up when it is elsewhere.

    Nobody closes them else: a primary that was deposed goes on taking rows for ten seconds or more, until the
    Sentinels tell it so, and they would be lost. State: where it was when they were last asked, and the task
    that asks.
    """

    def __init__(self, pool: SentinelConnectionPool, sentinels: Sentinels, *, answer_seconds: float) -> None:
        super().__init__(pool, answer_seconds=answer_seconds)
        self._at = pool
        self._address: tuple[str, int] | None = None
        self._sentinels = sentinels
        self._watching: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._watching = asyncio.create_task(self._watch(), name="watch the Redis primary")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            with suppress(*REDIS_ERRORS):  # Sentinels that are away say nothing new
                address = await self._at.get_master_address()  # type: ignore[no-untyped-call]
                if address != self._address:
                    self._address = address
                    await self.lost("")

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await super().close()
        await self._sentinels.aclose()
