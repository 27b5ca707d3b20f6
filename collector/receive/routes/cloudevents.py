"""CloudEvents in: answered with 200 once everything that can be taken is durable."""

from collections.abc import Mapping, Sequence

from aiohttp import hdrs, web

from collector.errors import Invalid
from collector.receive.admission.keys import Scope
from collector.receive.decoders import cloudevents
from collector.receive.door import KEYS, charge, door_of, grant_of, json_answer, monitor_of
from collector.receive.problems import NoValidRows, row_errors
from collector.receive.rows.faults import MOST_LISTED
from collector.receive.servers.events import MEETINGS, Taker, Tally
from collector.receive.servers.senders import Sighting, all_sighted, of_modelmesh
from collector.receive.servers.unpacked import aside, unpacked


async def take(request: web.Request) -> web.Response:
    """Events of any monitor, or of the one that the address names. Good events are taken whatever the others are."""
    door = door_of(request)
    body = await unpacked(request)
    headers = dict(request.headers)
    return await _take(
        request, await aside(door, len(body), lambda: all_sighted(cloudevents.decode(headers, body, door.limits)))
    )


async def handshake(request: web.Request) -> web.Response:
    """What a webhook's sender asks before it sends: whoever has a key may, as often as that key."""
    headers: dict[str, str] = {hdrs.ALLOW: f"{hdrs.METH_OPTIONS}, {hdrs.METH_POST}"}
    origin = request.headers.get("WebHook-Request-Origin")
    if origin is not None:
        headers |= {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": _allowed_rate(request)}
    return web.Response(headers=headers)


def _allowed_rate(request: web.Request) -> str:
    """Requests a minute, or `*`: of the key that comes with the question, if one does."""
    keys = request.app[KEYS]
    try:
        pace = keys.grant(request.headers.get(hdrs.AUTHORIZATION), Scope.INGEST).pace if keys else None
    except Invalid:
        pace = None
    per_second = None if pace is None else pace.rate.requests_per_second
    return "*" if per_second is None else str(max(1, int(per_second * 60)))


async def modelmesh(request: web.Request) -> web.Response:
    """One request or response that ModelMesh logged."""
    door, body = door_of(request), await unpacked(request)
    return await _take(request, [await aside(door, len(body), lambda: of_modelmesh(body, door.limits))])


async def _take(request: web.Request, events: Sequence[Sighting | Invalid]) -> web.Response:
    monitor = monitor_of(request) if "monitor" in request.match_info else None
    taker = Taker(door_of(request), request.app[MEETINGS], grant_of(request), monitor)
    tally = await taker.take(events)
    charge(request, tally.accepted + tally.rejected + tally.duplicates + tally.late)
    if len(tally.faults) == len(events):
        raise _refusal(tally)
    return json_answer(answer_of(tally))


def answer_of(tally: Tally) -> Mapping[str, object]:
    errors: list[Mapping[str, object]] = [
        {"event": place, **each} for place, error in tally.row_errors for each in row_errors([error])
    ]
    for place, fault in tally.faults:
        inner = row_errors(fault.errors) if isinstance(fault, NoValidRows) else []
        errors += [{"event": place, **each} for each in inner] or [
            {"event": place, "row": None, "column": None, "reason": str(fault)}
        ]
    return {
        "accepted": tally.accepted,
        "rejected": tally.rejected,
        "duplicates": tally.duplicates,
        "late": tally.late,
        "errors": errors[:MOST_LISTED],
        "events": dict(tally.events),
    }


def _refusal(tally: Tally) -> Invalid:
    """Of one event, its own reason; of several, a list."""
    if not tally.faults:
        return Invalid("no events: the batch is empty")
    if len(tally.faults) == 1:
        return tally.faults[0][1]
    return Invalid(f"none of the {len(tally.faults)} events can be taken", **answer_of(tally))
