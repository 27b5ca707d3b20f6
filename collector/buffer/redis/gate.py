"""The door to one server: so many calls at once; and while the server is away, one call now and then that looks."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from collector.errors import Unavailable

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 2.0
"""A server that is back is noticed within this time; until then it gets one connection per process in this time."""


class Gate:
    """State: how often in a row the server was not there, until when nobody tries, and who is trying now."""

    def __init__(self, *, calls: int, patience_seconds: float) -> None:
        self._slots = asyncio.Semaphore(calls)
        self._patience_seconds = patience_seconds
        self._failures = 0
        self._failed_at = 0.0
        self._closed_until = 0.0
        self._looking = False
        self._why = ""

    @asynccontextmanager
    async def passed(self) -> AsyncIterator[None]:
        """Raises Unavailable, at once while the server is away, or when no slot becomes free in time."""
        self._check()
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise Unavailable("Redis: all connections are busy", retry_after_seconds=1.0) from None
        looking = False
        try:
            self._check()
            looking = self._looking = self._is_away
            yield
        finally:
            if looking:
                self._looking = False
            self._slots.release()

    @property
    def _is_away(self) -> bool:
        # One failure may be no more than a connection that broke: the next call is to find out.
        return self._failures > 1

    def _check(self) -> None:
        wait = max(self._closed_until - asyncio.get_running_loop().time(), 0.0)
        if self._is_away and (self._looking or wait):
            raise Unavailable(f"{self._why}; it is tried again in {wait:.1f} s", retry_after_seconds=max(wait, 1.0))

    def answered(self) -> None:
        """The server is there."""
        self._failures = 0

    def failed(self, began: float, why: str) -> None:
        """A call that began then found nobody. Calls that were under way together fail once."""
        if began < self._failed_at:
            return
        now = asyncio.get_running_loop().time()
        self._failures += 1
        self._failed_at = now
        self._why = why
        wait = min(FIRST_WAIT_SECONDS * 2 ** min(self._failures - 2, 10), LONGEST_WAIT_SECONDS)
        self._closed_until = now + wait * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
