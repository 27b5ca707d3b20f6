"""OTLP/HTTP logs in. Answers are OTLP's own, in the encoding of the request: full success, partial success, or a Status."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from aiohttp import hdrs, web

from collector.errors import Backpressure, Invalid, Unavailable
from collector.model import RowError, digest
from collector.monitor import Monitor
from collector.receive import problems
from collector.receive.decoders import otlp
from collector.receive.door import Door, charge, door_of, grant_of, monitor_of
from collector.receive.problems import NoValidRows
from collector.receive.routes import cloudevents
from collector.receive.servers.log_rows import LoggedRow, rejected, row_of, rows_of
from collector.receive.servers.senders import monitor_named
from collector.receive.servers.unpacked import aside, unpacked

_STATUS_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 413: 3, 415: 3, 422: 3, 429: 8, 503: 14}
"""HTTP statuses as those of gRPC, which a Status carries: 3 is a bad argument, 8 and 14 may be repeated."""


async def take(request: web.Request) -> web.Response:
    """Records of any monitor, or of the one that the address names. Records that are no rows are rejected, others taken."""
    media = otlp.media_of(request.headers.get(hdrs.CONTENT_TYPE, ""))
    try:
        return await _take(request, media)
    except (Invalid, Backpressure, Unavailable) as error:
        return _status(error, media)


async def root(request: web.Request) -> web.Response:
    """`POST /`: events, unless the body says that it is OTLP: some exporters add no path to their endpoint."""
    if request.headers.get(hdrs.CONTENT_TYPE, "").lower().startswith(otlp.PROTOBUF):
        return await take(request)
    return await cloudevents.take(request)


@dataclass(slots=True)
class _Outcome:
    """What became of the records. `fault`: why those of a monitor, or without one, could not be taken at all."""

    taken: int = 0
    errors: list[RowError] = field(default_factory=list)
    rejected: int = 0
    fault: Invalid | None = None

    def refuse(self, error: Invalid, places: Sequence[int]) -> None:
        self.fault = self.fault or error
        self.rejected += len(places)
        self.errors += [RowError(place, None, str(error)) for place in places]


async def _take(request: web.Request, media: str) -> web.Response:
    door = door_of(request)
    monitor = monitor_of(request) if "monitor" in request.match_info else None
    body = await unpacked(request)
    records = await aside(door, len(body), lambda: otlp.decode(media, body, door.limits))
    charge(request, len(records))
    outcome = _Outcome()
    by_monitor: dict[str, list[LoggedRow]] = defaultdict(list)
    found: dict[str, Monitor] = {}
    for place, record in enumerate(records):
        try:
            row = row_of(record, place)
            watching = monitor or monitor_named(row.services, row.origin, door.monitors.all())
            grant_of(request).require(watching.id)
        except Invalid as error:
            outcome.refuse(error, [place])
            continue
        found[watching.id] = watching
        by_monitor[watching.id].append(row)
    key = digest(body.decode("latin-1")).hex() if all(record.time_ns for record in records) else None
    await asyncio.gather(*(_store(door, found[name], rows, key, outcome) for name, rows in by_monitor.items()))
    if outcome.fault is not None and not outcome.taken and outcome.rejected == len(records):
        raise outcome.fault
    errors = sorted(outcome.errors, key=lambda each: each.row)
    return _answer(media, outcome.rejected, rejected(errors))


async def _store(door: Door, monitor: Monitor, rows: Sequence[LoggedRow], key: str | None, outcome: _Outcome) -> None:
    now_us = door.clock.now_us()
    try:
        judged = await aside(
            door,
            len(rows) * len(rows[0].cells) * 8,
            lambda: door.judge.judge(rows_of(monitor, rows, door.limits, now_us=now_us), monitor, now_us=now_us),
        )
    except Invalid as error:
        outcome.refuse(error, [each.place for each in rows])
        return
    if judged.table.rows == 0:
        door.telemetry.count("collector_receive_rows_total", judged.rejected, monitor=monitor.id, outcome="rejected")
        sentence = f"none of the {judged.rejected} rows can be taken: {rejected(judged.errors)}"
        outcome.fault = outcome.fault or NoValidRows(sentence, rejected=judged.rejected, errors=judged.errors)
    else:
        receipt = await door.intake.take(monitor, judged, request_key=key)
        outcome.taken += receipt.accepted + receipt.duplicates + receipt.late
    outcome.rejected += judged.rejected
    outcome.errors += judged.errors


def _answer(media: str, count: int, message: str) -> web.Response:
    if media == otlp.PROTOBUF:
        from collector.receive.decoders.otlp import protobuf  # noqa: PLC0415 - it is loaded: the request was read

        return web.Response(body=protobuf.answer(count, message), headers={hdrs.CONTENT_TYPE: media})
    from collector.receive.decoders.otlp import json_form  # noqa: PLC0415 - likewise

    return web.Response(body=json_form.answer(count, message), headers={hdrs.CONTENT_TYPE: media})


def _status(error: Exception, media: str) -> web.Response:
    """google.rpc.Status with the sentence that the problem has."""
    problem = problems.of_error(error)
    assert problem is not None  # noqa: S101 - every error that is caught here has one
    code = _STATUS_CODES.get(problem.kind.status, 2)
    if media == otlp.PROTOBUF:
        text = problem.detail.encode()[:16_000]
        body = bytes((0x08, code, 0x12)) + _varint(len(text)) + text
    else:
        body = orjson.dumps({"code": code, "message": problem.detail} | dict(problem.as_dict()), default=str)
    headers: Mapping[str, str] = {hdrs.CONTENT_TYPE: media, **problem.headers}
    return web.Response(status=problem.kind.status, body=body, headers=headers)


def _varint(number: int) -> bytes:
    r"""Seven bits a byte, the lowest first.

    >>> _varint(300)
    b'\xac\x02'
    """
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
