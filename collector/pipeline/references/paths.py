"""References that are named by a path: read at the start, and again after each `refresh`.

What is wrong with a path is told at the start. An object store that is away stops nothing: rows are received, windows
of a monitor that never had its reference wait, those of one that had it are compared with the last version, and the
store is asked again and again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from collector.errors import CollectorError, Transient, Unavailable
from collector.locations import is_remote
from collector.model import MonitorId
from collector.monitor import Monitor
from collector.pipeline.errors import LastErrors
from collector.pipeline.references.references import References

log = logging.getLogger(__name__)

START_SECONDS = 15.0
"""So long the start waits for object stores; then it goes on, and so do they."""
FIRST_RETRY_SECONDS = 2.0
MOST_RETRY_SECONDS = 300.0


class ReferencePaths:
    """State: the monitors that still wait for their first reference.

    `read`: the rows at a monitor's path as Parquet; blocks. Raises Invalid, or Transient when a store is away.
    """

    def __init__(
        self,
        *,
        read: Callable[[Monitor, str], bytes],
        references: References,
        errors: LastErrors,
        wake: asyncio.Event,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._read = read
        self._references = references
        self._errors = errors
        self._wake = wake
        self._sleep = sleep
        self._waiting: set[MonitorId] = set()

    def ready(self, monitors: Sequence[MonitorId]) -> Sequence[MonitorId]:
        """Those whose windows may be evaluated now."""
        return [monitor for monitor in monitors if monitor not in self._waiting] if self._waiting else monitors

    @asynccontextmanager
    async def watching(self, monitors: Sequence[Monitor]) -> AsyncIterator[None]:
        """Read all of them, then keep them fresh. Raises Invalid, with the place, when one cannot be a reference."""
        named = [(each, each.reference.path) for each in monitors if each.reference and each.reference.path]
        for monitor, path in named:
            if is_remote(path) and await self._references.version(MonitorId(monitor.id)) is None:
                self._waiting.add(MonitorId(monitor.id))
        loop = asyncio.get_running_loop()
        firsts = [loop.create_future() for _ in named]
        watches = [
            asyncio.create_task(self._watch(monitor, path, first), name=f"reference of {monitor.id}")
            for (monitor, path), first in zip(named, firsts, strict=True)
        ]
        try:
            await self._begin([path for _, path in named], firsts)
            yield
        finally:
            for task in watches:
                task.cancel()
            await asyncio.gather(*watches, return_exceptions=True)

    async def _begin(self, paths: Sequence[str], firsts: Sequence["asyncio.Future[None]"]) -> None:
        """Until all are read, or all but the stores that keep silent."""
        slow = [first for path, first in zip(paths, firsts, strict=True) if is_remote(path)]
        if slow:
            await asyncio.wait(slow, timeout=START_SECONDS)
        for first in slow:
            if not first.done():
                first.set_result(None)
        await asyncio.gather(*firsts)

    async def _watch(self, monitor: Monitor, path: str, first: "asyncio.Future[None]") -> None:
        """Take it, and again. `first` hears how the first time went."""
        failures = 0
        while True:
            try:
                await self._take(monitor, path)
                failures = 0
            except Exception as error:  # noqa: BLE001 - the reference of one monitor must not stop that of another
                if not first.done() and not (isinstance(error, Transient) and is_remote(path)):
                    first.set_exception(error)
                    return
                failures += 1
                await self._failed(monitor, error)
            if not first.done():
                first.set_result(None)
            seconds = _pause_seconds(monitor, failures)
            if seconds is None:
                return
            await self._sleep(seconds)

    async def _take(self, monitor: Monitor, path: str) -> None:
        parquet = await asyncio.to_thread(self._read, monitor, path)
        await self._references.put(monitor, parquet)
        self._go_on(monitor)

    async def _failed(self, monitor: Monitor, error: Exception) -> None:
        reason = f"{error}" if isinstance(error, CollectorError) else f"{type(error).__name__} while it was read"
        log.warning("the reference of monitor %s: %s", monitor.id, reason)
        await self._errors.put(MonitorId(monitor.id), stage="reference", reason=reason)
        with suppress(Unavailable):
            if await self._references.version(MonitorId(monitor.id)) is not None:  # by another replica, or before
                self._go_on(monitor)

    def _go_on(self, monitor: Monitor) -> None:
        self._waiting.discard(MonitorId(monitor.id))
        self._wake.set()


def _pause_seconds(monitor: Monitor, failures: int) -> float | None:
    """Until the path is read again; None: never."""
    wish = monitor.reference
    refresh = None if wish is None or wish.refresh is None else wish.refresh.total_seconds()
    if not failures:
        return refresh
    retry = min(FIRST_RETRY_SECONDS * 2.0 ** min(failures - 1, 10), MOST_RETRY_SECONDS)
    return retry if refresh is None else min(retry, refresh)
