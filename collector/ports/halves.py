"""Requests and responses wait here for each other."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from collector.model import Half, Met, MonitorId, Side


class Halves(Protocol):
    """Requests and responses that come one by one wait here for each other, whichever replica they came to."""

    async def offer(self, monitor: MonitorId, halves: Sequence[Half]) -> Sequence[Met]:
        """Keep each half, or give it its counterpart; answered in order, once durable.

        The counterpart stays until `finish`: who crashes between the two has lost nothing. Raises Backpressure when
        as many halves wait as rows may wait, or bytes. Some of many may have been kept then: the repeat knows them.
        """
        ...

    async def finish(self, monitor: MonitorId, keys: Collection[bytes], *, until_us: int) -> None:
        """The pairs are rows now: forget them, but know them again until an instant, as many as rows may wait."""
        ...

    async def expire(self, monitor: MonitorId, *, now_us: int) -> Mapping[Side, int]:
        """Drop the halves that waited until now in vain; says how many of each side."""
        ...

    async def waiting(self, monitor: MonitorId) -> int:
        """How many halves wait."""
        ...
