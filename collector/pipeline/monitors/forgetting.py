"""A monitor that is deleted leaves nothing behind, also when the deletion is cut short or rows are still on their way.

What is to go is noted before anything goes. A replica that has not heard of it yet may store rows for some seconds
more; so everything is forgotten once more after `GRACE_SECONDS`, and then the note goes too.
"""

import logging

import orjson

from collector.clock import Clock
from collector.model import SECOND_US, MonitorId
from collector.pipeline import errors
from collector.pipeline.alerts import state as alert_state
from collector.pipeline.references import first_windows, references
from collector.ports import Buffer

log = logging.getLogger(__name__)

KIND = "forgotten"
GRACE_SECONDS = 60.0
"""Every replica takes over what others changed with each tick; requests in flight end within this too."""
DOCUMENTS = (references.KIND, first_windows.KIND, alert_state.KIND, errors.KIND)
"""What is kept of a monitor beside its rows."""


class Forgetting:
    """State: none of its own."""

    def __init__(self, buffer: Buffer, clock: Clock) -> None:
        self._buffer = buffer
        self._clock = clock

    async def begin(self, monitor: MonitorId) -> None:
        """Note that it is to go. From here on it goes, whatever happens to us."""
        await self._buffer.documents.put(KIND, monitor, orjson.dumps({"at_us": self._clock.now_us()}))

    async def stop(self, monitor: MonitorId) -> None:
        """There is a monitor of this id again: what it gets is not to be forgotten."""
        await self._buffer.documents.delete(KIND, monitor)

    async def forget(self, monitor: MonitorId) -> int:
        """Forget it now. Says how many of its rows still waited."""
        waiting = (await self._buffer.account(monitor)).waiting
        await self._buffer.forget(monitor)
        for kind in DOCUMENTS:
            await self._buffer.documents.delete(kind, monitor)
        log.info("monitor %s was deleted; %d rows that waited are dropped with it", monitor, waiting)
        return waiting

    async def finish(self, monitor_kind: str) -> None:
        """Forget once more what was noted some time ago. Harmless on several replicas at once."""
        now_us = self._clock.now_us()
        for monitor in map(MonitorId, await self._buffer.documents.versions(KIND)):
            note = await self._buffer.documents.get(KIND, monitor)
            if note is None or now_us - orjson.loads(note.body)["at_us"] < GRACE_SECONDS * SECOND_US:
                continue
            if await self._buffer.documents.get(monitor_kind, monitor) is None:
                await self.forget(monitor)
            await self._buffer.documents.delete(KIND, monitor)
