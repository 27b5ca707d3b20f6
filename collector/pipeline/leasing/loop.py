"""lease -> renew -> handle -> ack | nack | dead-letter, written once, for windows and deliveries alike.

An ack comes after the effect, in one step with what follows from it. A lease that was lost has no effect any more.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from collector import logs
from collector.clock import Clock
from collector.errors import CollectorError, LeaseLost, Permanent, Unavailable
from collector.model import WORK_QUEUE, Item, Lease, MonitorId, Settlement, SnapshotRecord
from collector.pipeline.leasing.patience import Patience
from collector.ports import Queue

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5
"""How long an idle worker waits when nobody wakes it: work of other processes is found by looking."""
_AFTER_A_FAULT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Effects:
    """What a finished item leaves behind, together with its ack."""

    settlement: Settlement | None = None
    snapshots: Sequence[SnapshotRecord] = ()
    then: Sequence[Item] = field(default=())


class Handler(Protocol):
    """Does the work of one kind of item."""

    async def handle(self, lease: Lease) -> Effects:
        """Raises Transient (repeat with backoff) or Permanent (set aside at once)."""
        ...

    def buried(self, lease: Lease) -> Settlement | None:
        """What a dead letter settles."""
        ...

    async def ended(self, lease: Lease, outcome: str, reason: str | None) -> None:
        """Told once per attempt: done, retried, dead or lost. For telemetry and the last error."""
        ...


class Worker:
    """Takes items of one queue, one at a time. Run several for more.

    State: where in the round of monitors it is, so that a busy monitor cannot starve a quiet one.
    """

    def __init__(
        self,
        *,
        queue: Queue,
        name: str,
        owner: str,
        handler: Handler,
        monitors: Callable[[], Sequence[MonitorId]],
        wake: asyncio.Event,
        clock: Clock,
        patience: Patience,
        lease_seconds: float = 30.0,
    ) -> None:
        self._queue = queue
        self._name = name
        self._owner = owner
        self._handler = handler
        self._monitors = monitors
        self._wake = wake
        self._clock = clock
        self._patience = patience
        self._lease_seconds = lease_seconds
        self._next = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until told to stop; the item in hand is finished first."""
        while not stopping.is_set():
            try:
                busy = await self.step()
            except Unavailable as error:
                log.warning("queue %s cannot be reached: %s", self._name, error)
                await _pause(stopping, error.retry_after_seconds)
                continue
            except Exception:  # whatever it was, it must not be the end of this queue's work
                log.exception("queue %s: the worker failed, and goes on", self._name)
                await _pause(stopping, _AFTER_A_FAULT_SECONDS)
                continue
            if not busy:
                await self._idle(stopping)

    async def step(self) -> bool:
        """Do one item, if there is one. Says whether there was."""
        monitors = self._patience.admitted(self._monitors())
        if not monitors:
            return False
        at = self._next % len(monitors)
        lease = await self._queue.lease(
            self._name, [*monitors[at:], *monitors[:at]], owner=self._owner, seconds=self._lease_seconds
        )
        if lease is None:
            return False
        self._next = monitors.index(lease.monitor) + 1
        with logs.about(
            monitor=lease.monitor, queue=self._name, **_item(lease), lease=lease.token, attempt=lease.attempt
        ):
            await self._do(lease)
        return True

    async def _do(self, lease: Lease) -> None:
        try:
            if (reason := self._patience.expired(lease)) is not None:
                raise Permanent(reason)
            effects = await self._renewing(lease)
            await self._queue.ack(lease, settlement=effects.settlement, snapshots=effects.snapshots, then=effects.then)
        except asyncio.CancelledError:  # the service stops and this took too long: somebody else may begin at once
            with suppress(LeaseLost, Unavailable):
                await self._queue.nack(lease, reason="the service stopped", retry_us=self._clock.now_us())
            raise
        except LeaseLost:
            log.warning("lost the lease of %s %s: another worker has it", self._name, lease.key)
            await self._handler.ended(lease, "lost", None)
        except Unavailable:
            raise  # the lease expires by itself, and the item comes back
        except Exception as error:  # noqa: BLE001 - one item must not stop the others
            await self._failed(lease, error)
        else:
            await self._handler.ended(lease, "done", None)
            for monitor in self._patience.succeeded(lease):
                await self._queue.restore(self._name, monitor)

    async def _failed(self, lease: Lease, error: Exception) -> None:
        reason = f"{error}" if isinstance(error, CollectorError) else f"{type(error).__name__}: {error}"
        retry_us = self._patience.failed(lease, error)
        dead = retry_us is None
        log.warning(
            "%s %s of %s failed (attempt %d): %s", self._name, lease.key, lease.monitor, lease.attempt, reason,
            exc_info=None if isinstance(error, CollectorError) else error,
        )  # fmt: skip
        with suppress(LeaseLost):
            settlement = self._handler.buried(lease) if dead else None
            await self._queue.nack(lease, reason=reason, retry_us=retry_us, settlement=settlement)
        await self._handler.ended(lease, "dead" if dead else "retried", reason)

    async def _renewing(self, lease: Lease) -> Effects:
        """Handle the item while a second task prolongs its lease. When that fails, the work is dropped."""
        work = asyncio.create_task(self._handler.handle(lease), name=f"{self._name} {lease.key}")
        renewal = asyncio.create_task(self._renew(lease), name=f"renew {lease.key}")
        try:
            await asyncio.wait([work, renewal], return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            renewal.result()  # it ends only by raising
            raise AssertionError("a renewal never ends by itself")
        finally:
            for task in (work, renewal):
                task.cancel()
            await asyncio.gather(work, renewal, return_exceptions=True)

    async def _renew(self, lease: Lease) -> None:
        while True:
            await asyncio.sleep(self._lease_seconds / 3)
            with suppress(Unavailable):  # the next renewal may still come in time; if not, the lease is lost
                lease = await self._queue.renew(lease, seconds=self._lease_seconds)

    async def _idle(self, stopping: asyncio.Event) -> None:
        woken = asyncio.create_task(self._wake.wait())
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait([woken, stop], timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        self._wake.clear()
        for task in (woken, stop):
            task.cancel()
        await asyncio.gather(woken, stop, return_exceptions=True)


def _item(lease: Lease) -> dict[str, str]:
    """What the item is, in words for the log."""
    if lease.queue == WORK_QUEUE:
        window, _, phase = lease.key.rpartition("/")
        return {"window": window, "phase": phase}
    return {"item": lease.key}


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
