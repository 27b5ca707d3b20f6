"""A circuit breaker per destination: one that is down costs an attempt now and then, and no delivery its place.

While a destination answers, a delivery that fails for now keeps its place: it holds back the later ones of its monitor
for a growing wait, and no other monitor; after `attempts` it lets them pass, until the destination took one: then it
has its place again. After `OPENS_AFTER` failures in a row the circuit is open: nothing is tried until a growing wait is
over, then one delivery, the probe. A destination that says when to come back (Retry-After) opens it at once, for so
long.

A delivery is given up in two ways only. After `attempts` it failed right after the destination took another one: then
it is this one that cannot be delivered. Or it waited for `give_up_seconds`: a destination may be down for as long as
that, and gets everything afterwards.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

from collector.clock import Clock
from collector.durations import format_duration
from collector.errors import Permanent, Transient
from collector.model import SECOND_US, Lease, MonitorId
from collector.pipeline.leasing.patience import wait_seconds

OPENS_AFTER = 5
"""Failures in a row, of any monitors: by chance that is rare, and at a destination that is down it takes seconds."""


class CircuitState(IntEnum):
    """As shown in the telemetry."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


@dataclass(frozen=True, slots=True)
class CircuitSettings:
    attempts: int = 5
    retry_seconds: float = 1.0
    give_up_seconds: float = 3 * 86_400.0


class Circuit:
    """`patience.Patience` of one destination's outbox in one process.

    State: failures in a row, whether the last delivery was taken, until when nothing is tried, until when each monitor
    is held back, and of which monitors deliveries let others pass.
    """

    def __init__(self, clock: Clock, settings: CircuitSettings, on_state: Callable[[CircuitState], None]) -> None:
        self._clock = clock
        self._settings = settings
        self._on_state = on_state
        self._failures = 0
        self._took_last = False
        self._open_until_us: int | None = None
        self._held_until_us: dict[MonitorId, int] = {}
        self._passed: set[MonitorId] = set()
        on_state(CircuitState.CLOSED)

    def admitted(self, monitors: Sequence[MonitorId]) -> Sequence[MonitorId]:
        now_us = self._clock.now_us()
        if self._open_until_us is not None:
            if now_us < self._open_until_us:
                return ()
            self._on_state(CircuitState.HALF_OPEN)
            return monitors  # the worker takes one, and its outcome decides
        return [each for each in monitors if self._held_until_us.get(each, 0) <= now_us]

    def expired(self, lease: Lease) -> str | None:
        """Of an old item the last word is not ours to wait for: its attempts may have ended in crashes."""
        if self._tried_enough(lease) and self._too_old(lease):
            patience = format_duration(timedelta(seconds=self._settings.give_up_seconds))
            return f"given up: not delivered within {patience}"
        return None

    def succeeded(self, lease: Lease) -> Collection[MonitorId]:
        self._took_last = True
        self._close()
        self._held_until_us.pop(lease.monitor, None)
        passed, self._passed = self._passed, set()
        return passed

    def failed(self, lease: Lease, error: Exception) -> int | None:
        if isinstance(error, Permanent):
            if self.expired(lease) is None:  # an answer, and a final one: the destination is there
                self._close()
            return None
        took_last, self._took_last = self._took_last, False
        self._failures += 1
        self._open(error)
        wait = wait_seconds(lease.attempt, self._settings.retry_seconds, error)
        until_us = self._clock.now_us() + round(wait * SECOND_US)
        if not self._tried_enough(lease):
            self._hold(lease.monitor, until_us)
            return lease.wanted_us  # the oldest of its monitor still: nothing overtakes it
        if took_last or self._too_old(lease):
            return None
        self._passed.add(lease.monitor)
        return until_us

    def _tried_enough(self, lease: Lease) -> bool:
        return lease.attempt >= self._settings.attempts

    def _too_old(self, lease: Lease) -> bool:
        return self._clock.now_us() - lease.wanted_us >= self._settings.give_up_seconds * SECOND_US

    def _hold(self, monitor: MonitorId, until_us: int) -> None:
        now_us = self._clock.now_us()
        self._held_until_us = {each: until for each, until in self._held_until_us.items() if until > now_us}
        self._held_until_us[monitor] = until_us

    def _open(self, error: Exception) -> None:
        asked = isinstance(error, Transient) and error.retry_after_seconds is not None
        beyond = self._failures - OPENS_AFTER + 1
        if beyond < 1 and not asked and self._open_until_us is None:
            return
        wait = wait_seconds(max(beyond, 1), self._settings.retry_seconds, error)
        self._open_until_us = self._clock.now_us() + round(wait * SECOND_US)
        self._on_state(CircuitState.OPEN)

    def _close(self) -> None:
        self._failures = 0
        if self._open_until_us is not None:
            self._open_until_us = None
            self._on_state(CircuitState.CLOSED)
