"""A leased delivery -> its destination. A snapshot is read when it is sent: of two revisions the newest goes. A message
of an alert stands in the item itself.
"""

import time
from collections.abc import Mapping
from typing import Any

import orjson

from collector.errors import Permanent
from collector.model import DestinationName, Lease, Settlement, SnapshotId
from collector.pipeline.errors import LastErrors
from collector.pipeline.leasing.loop import Effects
from collector.ports import Buffer, Destination, Notifiable
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
        wanted = orjson.loads(lease.payload)
        links = [wanted["trace"]] if "trace" in wanted else []
        with self._telemetry.span(
            "forward", links=links, monitor=lease.monitor, to=self._name, item=lease.key, attempt=lease.attempt
        ):
            return await self._forward(lease, wanted)

    async def _forward(self, lease: Lease, wanted: Mapping[str, Any]) -> Effects:
        destination = self._destinations.get(self._name)
        if destination is None:
            raise Permanent(f"the destination {self._name!r} is configured no more")
        began = time.perf_counter()
        if "alert" in wanted:
            await self._notify(destination, wanted["alert"], lease)
        else:
            body = await self._buffer.snapshots.get(SnapshotId(wanted["snapshot"]))
            if body is None:  # deleted on purpose, or past its retention
                return Effects()
            rows = await self._buffer.snapshots.data(SnapshotId(wanted["snapshot"])) if wanted.get("data") else None
            await destination.deliver(body, rows)
        self._telemetry.observe("collector_forward_seconds", time.perf_counter() - began, to=self._name)
        return Effects()

    async def _notify(self, destination: Destination, message: object, lease: Lease) -> None:
        if not isinstance(destination, Notifiable):
            raise Permanent(f"the destination {self._name!r} takes no messages")
        await destination.notify(orjson.dumps(message), key=f"{lease.monitor}/{lease.key}")

    def buried(self, lease: Lease) -> Settlement | None:  # noqa: ARG002 - a delivery settles no rows
        return None

    async def ended(self, lease: Lease, outcome: str, reason: str | None) -> None:
        word = "delivered" if outcome == "done" else outcome
        self._telemetry.count("collector_forward_snapshots_total", to=self._name, outcome=word)
        if reason is not None:
            await self._errors.put(lease.monitor, stage=f"forward to {self._name}", reason=reason, snapshot=lease.key)
