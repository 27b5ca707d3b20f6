"""A leased delivery -> its destination. The snapshot is read when it is sent: of two revisions the newest goes."""

import time
from collections.abc import Mapping

import orjson

from collector.errors import Permanent
from collector.model import DestinationName, Lease, Settlement, SnapshotId
from collector.pipeline.errors import LastErrors
from collector.pipeline.work import Effects
from collector.ports import Buffer, Destination
from collector.telemetry import Telemetry


class ForwardHandler:
    """`work.Handler` of one destination's outbox."""

    def __init__(
        self,
        *,
        name: DestinationName,
        destinations: Mapping[str, Destination],
        buffer: Buffer,
        errors: LastErrors,
        telemetry: Telemetry,
    ) -> None:
        self._name = name
        self._destinations = destinations
        self._buffer = buffer
        self._errors = errors
        self._telemetry = telemetry

    async def handle(self, lease: Lease) -> Effects:
        destination = self._destinations.get(self._name)
        if destination is None:
            raise Permanent(f"the destination {self._name!r} is configured no more")
        body = await self._buffer.snapshots.get(SnapshotId(orjson.loads(lease.payload)["snapshot"]))
        if body is None:  # deleted on purpose, or past its retention
            return Effects()
        began = time.perf_counter()
        await destination.deliver(body)
        self._telemetry.observe("collector_forward_seconds", time.perf_counter() - began, to=self._name)
        return Effects()

    def buried(self, lease: Lease) -> Settlement | None:  # noqa: ARG002 - a delivery settles no rows
        return None

    async def ended(self, lease: Lease, outcome: str, reason: str | None) -> None:
        word = "delivered" if outcome == "done" else outcome
        self._telemetry.count("collector_forward_snapshots_total", to=self._name, outcome=word)
        if reason is not None:
            await self._errors.put(lease.monitor, stage=f"forward to {self._name}", reason=reason, snapshot=lease.key)
