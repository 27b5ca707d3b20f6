"""Time is passed in. Nothing below `app.py` reads the wall clock by itself."""

import time
from typing import Protocol


class Clock(Protocol):
    """Wall time in microseconds since the epoch, UTC."""

    def now_us(self) -> int: ...


class SystemClock:
    def now_us(self) -> int:
        return time.time_ns() // 1000


class ManualClock:
    """A clock for tests: it moves when told to.

    >>> clock = ManualClock(now_us=0)
    >>> clock.advance(seconds=1.5)
    >>> clock.now_us()
    1500000
    """

    def __init__(self, now_us: int = 1_700_000_000_000_000) -> None:
        self._now_us = now_us

    def now_us(self) -> int:
        return self._now_us

    def advance(self, *, seconds: float) -> None:
        self._now_us += round(seconds * 1_000_000)
