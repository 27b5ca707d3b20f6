"""The last error of each monitor, the same for every replica: what `GET /v1/monitors/{id}` shows."""

import logging

import orjson

from collector.clock import Clock
from collector.errors import Unavailable
from collector.model import MonitorId
from collector.ports import Buffer
from collector.snapshot import iso

log = logging.getLogger(__name__)
KIND = "last_error"


class LastErrors:
    def __init__(self, buffer: Buffer, clock: Clock) -> None:
        self._buffer = buffer
        self._clock = clock

    async def put(self, monitor: MonitorId, *, stage: str, reason: str, **place: str) -> None:
        """Remember an error. It is for people, so that a store that does not answer is logged and passed over."""
        body = {"at": iso(self._clock.now_us()), "stage": stage, "reason": reason, **place}
        try:
            await self._buffer.documents.put(KIND, monitor, orjson.dumps(body))
        except Unavailable as error:
            log.warning("the last error of %s could not be stored: %s", monitor, error)

    async def get(self, monitor: str) -> object:
        document = await self._buffer.documents.get(KIND, monitor)
        return None if document is None else orjson.loads(document.body)
