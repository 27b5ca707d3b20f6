"""Events of model servers into rows: find their monitor, let halves meet, hand over what is whole.

A half is durable in the buffer before its sender is answered, and stays there until the row that it became is durable
too: a crash at any point loses nothing that was acknowledged, and a repeat of any event is known.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from collector.durations import microseconds
from collector.errors import Invalid
from collector.model import Half, Meeting, Met, MonitorId, Receipt, RowError, Side
from collector.monitor import Monitor
from collector.ports import Halves
from collector.receive.admission.keys import Grant
from collector.receive.decoders import json_rows
from collector.receive.decoders.table import Decoded
from collector.receive.door import Door
from collector.receive.problems import NoValidRows
from collector.receive.rows.faults import MOST_LISTED
from collector.receive.servers import pairs
from collector.receive.servers.feedback import label_rows
from collector.receive.servers.senders import Content, Sighting, monitor_of
from collector.receive.servers.unpacked import aside
from collector.receive.shared import Shared

_AT_ONCE = 256
"""Events of one request that are on their way at a time."""


class Meetings:
    """Halves on their way to each other; what arrives together shares a round trip to the buffer. State: what is on its way."""

    def __init__(self, halves: Halves) -> None:
        async def finish(monitor: MonitorId, finished: Sequence[tuple[bytes, int]]) -> Sequence[None]:
            await halves.finish(monitor, [key for key, _ in finished], until_us=max(until for _, until in finished))
            return [None] * len(finished)

        self.offer: Shared[Half, Met] = Shared(halves.offer)
        self.finish: Shared[tuple[bytes, int], None] = Shared(finish)


MEETINGS = web.AppKey("meetings", Meetings)


@dataclass(slots=True)
class Tally:
    """What became of the events of one request, and of the rows that came of them. `faults` are by place in the request."""

    accepted: int = 0
    rejected: int = 0
    duplicates: int = 0
    late: int = 0
    events: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, Invalid]] = field(default_factory=list)
    row_errors: list[tuple[int, RowError]] = field(default_factory=list)

    def add(self, place: int, receipt: Receipt) -> None:
        self.accepted += receipt.accepted
        self.rejected += receipt.rejected
        self.duplicates += receipt.duplicates
        self.late += receipt.late
        self.row_errors += [(place, each) for each in receipt.errors[: MOST_LISTED - len(self.row_errors)]]


class Taker:
    """Takes the events of one request. State: their tally."""

    def __init__(self, door: Door, meetings: Meetings, grant: Grant, monitor: Monitor | None) -> None:
        """`monitor`: the one that the address names; without it each event finds its own."""
        self.tally = Tally()
        self._door = door
        self._meetings = meetings
        self._grant = grant
        self._monitor = monitor

    async def take(self, events: Sequence[Sighting | Invalid]) -> Tally:
        """One bad event stops no other. Raises Backpressure, Unavailable: then the sender repeats the request, and what was
        taken already is known.
        """
        for first in range(0, len(events), _AT_ONCE):
            some = enumerate(events[first : first + _AT_ONCE], start=first)
            for result in await asyncio.gather(
                *(self._one(place, each) for place, each in some), return_exceptions=True
            ):
                if isinstance(result, BaseException):
                    raise result
        self.tally.faults.sort(key=lambda each: each[0])
        self.tally.row_errors.sort(key=lambda each: (each[0], each[1].row))
        return self.tally

    async def _one(self, place: int, sighting: Sighting | Invalid) -> None:
        monitor = None
        try:
            if isinstance(sighting, Invalid):
                raise sighting
            monitor = self._monitor or monitor_of(sighting, self._door.monitors.all())
            if monitor is None:
                outcome = "ignored"
            else:
                self._grant.require(monitor.id)
                outcome = await self._take_content(place, sighting, monitor)
        except Invalid as error:
            self.tally.faults.append((place, error))
            outcome = "rejected"
        self.tally.events[outcome] += 1
        if monitor is not None:
            self._door.telemetry.count("collector_receive_events_total", monitor=monitor.id, outcome=outcome)

    async def _take_content(self, place: int, sighting: Sighting, monitor: Monitor) -> str:
        if sighting.content is Content.ROWS:
            return await self._rows(place, sighting, monitor)
        if sighting.content is Content.FEEDBACK:
            return await self._feedback(place, sighting, monitor)
        return await self._half(place, sighting, monitor)

    # ------------------------------------------------------------ halves

    async def _half(self, place: int, sighting: Sighting, monitor: Monitor) -> str:
        """Read it before it is kept: what is wrong with it is told to its own sender."""
        if not monitor.source.takes(sighting.side):
            return "ignored"
        part = await self._part(monitor, sighting.side, sighting.body, sighting.time_us)
        if monitor.source.events != "both":
            await self._store_pair(place, sighting, monitor, {sighting.side: part})
            return "whole"
        until_us = self._door.clock.now_us() + microseconds(monitor.source.wait)
        key = self._key(sighting, monitor)
        body = pairs.pack(sighting, part, self._door.judge.protection(monitor))
        half = Half(key, sighting.side, body, until_us)
        met = await self._meetings.offer(MonitorId(monitor.id), half)
        if met.meeting is not Meeting.MET:
            return met.meeting.value
        other = Side.RESPONSE if sighting.side is Side.REQUEST else Side.REQUEST
        try:
            counterpart = await self._kept_part(monitor, other, met.other)
            parts = {sighting.side: part, other: counterpart}
            await self._store_pair(place, sighting, monitor, parts)
        except Invalid:  # the two do not fit, and never will
            self._door.telemetry.count(
                "collector_receive_dropped_halves_total", monitor=monitor.id, side=other, reason="unfit"
            )
            await self._meetings.finish(MonitorId(monitor.id), (key, until_us))
            raise
        await self._meetings.finish(MonitorId(monitor.id), (key, until_us))
        return met.meeting.value

    async def _part(self, monitor: Monitor, side: Side, body: bytes, time_us: int | None) -> pairs.Part:
        limits = self._door.limits
        return await aside(self._door, len(body), lambda: pairs.part_of(monitor, side, body, time_us, limits))

    async def _kept_part(self, monitor: Monitor, side: Side, data: bytes) -> pairs.Part:
        limits = self._door.limits
        return await aside(self._door, len(data), lambda: pairs.unpack(monitor, side, data, limits))

    def _key(self, sighting: Sighting, monitor: Monitor) -> bytes:
        """What names the inference in the buffer: nothing from which its id could be found, when that is hashed."""
        protection = self._door.judge.protection(monitor)
        return sighting.key if protection is None else protection.key(sighting.key, monitor.columns.id)

    async def _store_pair(
        self, place: int, sighting: Sighting, monitor: Monitor, parts: Mapping[Side, pairs.Part]
    ) -> None:
        rows = pairs.joined(
            monitor, parts, inference=sighting.inference, origin=sighting.origin, now_us=self._door.clock.now_us()
        )
        await self._store(place, monitor, rows, key=self._key(sighting, monitor))

    # ------------------------------------------------------------ whole events

    async def _rows(self, place: int, sighting: Sighting, monitor: Monitor) -> str:
        """Rows as our own format has them. One row without an id is named after its event."""
        decoded = await aside(
            self._door, len(sighting.body), lambda: json_rows.decode(sighting.body, self._door.limits)
        )
        columns = dict(decoded.table.columns)
        now_us = self._door.clock.now_us()
        time_us = now_us if sighting.time_us is None else sighting.time_us
        pairs.completed(
            columns, decoded.table.rows, monitor, inference=sighting.inference, origin=sighting.origin, time_us=time_us
        )
        table = type(decoded.table)(columns, decoded.table.rows)
        await self._store(
            place, monitor, Decoded(table, decoded.errors, decoded.numbers), key=self._key(sighting, monitor)
        )
        return "whole"

    async def _feedback(self, place: int, sighting: Sighting, monitor: Monitor) -> str:
        labels, errors = self._door.judge.labels(label_rows(sighting, self._door.limits), monitor)
        if not labels:
            raise NoValidRows(f"none of the {len(errors)} labels can be taken", rejected=len(errors), errors=errors)
        self.tally.add(place, await self._door.intake.label(monitor, labels, errors))
        return "whole"

    async def _store(self, place: int, monitor: Monitor, rows: Decoded, *, key: bytes) -> None:
        door = self._door
        judged = await aside(
            door,
            len(rows.table.columns) * rows.table.rows * 8,
            lambda: door.judge.judge(rows, monitor, now_us=door.clock.now_us()),
        )
        if judged.table.rows == 0:
            door.telemetry.count(
                "collector_receive_rows_total", judged.rejected, monitor=monitor.id, outcome="rejected"
            )
            self.tally.rejected += judged.rejected
            raise NoValidRows(
                f"none of the {judged.rejected} rows can be taken", rejected=judged.rejected, errors=judged.errors
            )
        self.tally.add(place, await door.intake.take(monitor, judged, request_key=key.hex()))
