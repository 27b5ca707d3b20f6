"""How often work is tried again, and when it is given up: what a worker asks when something failed."""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from collector.clock import Clock
from collector.errors import Permanent, Transient
from collector.model import SECOND_US, Lease, MonitorId

MAX_RETRY_SECONDS = 300.0


def backoff_seconds(attempt: int, first_seconds: float, jitter: float) -> float:
    """Doubles with every attempt up to five minutes; `jitter` in [0, 1) takes away up to half.

    >>> backoff_seconds(3, 1.0, 0.0)
    4.0
    """
    return float(min(first_seconds * 2 ** min(attempt - 1, 20), MAX_RETRY_SECONDS) * (1 - jitter / 2))


def wait_seconds(attempt: int, first_seconds: float, error: Exception) -> float:
    """How long to wait after this error: the backoff, or as long as the other side asked for, if that is longer."""
    wait = backoff_seconds(attempt, first_seconds, random.random())  # noqa: S311 - jitter
    asked = error.retry_after_seconds if isinstance(error, Transient) else None
    return wait if asked is None else max(wait, asked)


class Patience(Protocol):
    """What a worker does about failures of the items of its queue."""

    def admitted(self, monitors: Sequence[MonitorId]) -> Sequence[MonitorId]:
        """Those of the monitors whose items may be tried now."""
        ...

    def expired(self, lease: Lease) -> str | None:
        """Why this item is not even tried any more, or None."""
        ...

    def succeeded(self, lease: Lease) -> Collection[MonitorId]:
        """An item was done. Says of which monitors those that let others pass are to have their places again."""
        ...

    def failed(self, lease: Lease, error: Exception) -> int | None:
        """From when the item may be tried again; None sets it aside."""
        ...


@dataclass(frozen=True, slots=True)
class Attempts:
    """So many attempts with growing waits, each item for itself: windows fail by themselves, not together."""

    clock: Clock
    most: int = 5
    retry_seconds: float = 1.0

    def admitted(self, monitors: Sequence[MonitorId]) -> Sequence[MonitorId]:
        return monitors

    def expired(self, lease: Lease) -> str | None:
        if lease.attempt <= self.most:
            return None
        return f"given up: {lease.attempt - 1} attempts ended without a word, as in a crash"

    def succeeded(self, lease: Lease) -> Collection[MonitorId]:  # noqa: ARG002
        """Says nothing of other items."""
        return ()

    def failed(self, lease: Lease, error: Exception) -> int | None:
        if isinstance(error, Permanent) or lease.attempt >= self.most:
            return None
        return self.clock.now_us() + round(wait_seconds(lease.attempt, self.retry_seconds, error) * SECOND_US)
