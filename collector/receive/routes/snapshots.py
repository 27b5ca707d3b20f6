"""Snapshots: what the service computed, newest first."""

import asyncio

import orjson
from aiohttp import hdrs, web

from collector.model import MonitorId, SnapshotId, SnapshotQuery, entry_of
from collector.receive.decoders.json_text import document
from collector.receive.door import door_of, grant_of
from collector.receive.problems import BadParameter, Forbidden, Malformed, NotFound
from collector.receive.rows.times import NotAnInstant, instant_us
from collector.snapshot import Snapshot

PARQUET = "application/vnd.apache.parquet"
MOST = 1_000
_USUAL = 100
_KNOWN = ("monitor", "segment", "tag", "from", "to", "limit", "after", "values")


async def list_some(request: web.Request) -> web.Response:
    """A page of summaries. `next`, when it is not null, is the `after` of the page that follows."""
    query = _query(request)
    grant = grant_of(request)
    if query.monitor is not None:
        grant.require(query.monitor)
    elif grant.monitors is not None:
        raise Forbidden(f"the key {grant.name!r} is for some monitors only: name one with ?monitor=")
    page = await door_of(request).buffer.snapshots.list(query)
    # They are JSON already: a thousand of wide windows take seconds to parse, and every request would wait.
    listed = page.summaries if _flag(request, "values") else map(entry_of, page.summaries)
    body = b'{"snapshots":[%b],"next":%b}' % (b",".join(listed), orjson.dumps(page.next))
    return web.Response(body=body, headers={hdrs.CONTENT_TYPE: "application/json"})


async def get(request: web.Request) -> web.Response:
    return web.Response(body=await _body(request), headers={hdrs.CONTENT_TYPE: "application/json"})


async def report(request: web.Request) -> web.Response:
    """The snapshot as one HTML page that needs no network."""
    from collector.render.html import page  # noqa: PLC0415 - a receiver that shows nothing stays small

    body = await _body(request)
    html = await asyncio.to_thread(lambda: page(Snapshot.from_json(body)))
    return web.Response(text=html, content_type="text/html", charset="utf-8")


async def data(request: web.Request) -> web.Response:
    """The rows that the snapshot was computed from, as Parquet. Raises NotFound where none were stored."""
    await _body(request)
    rows = await door_of(request).buffer.snapshots.data(SnapshotId(request.match_info["snapshot"]))
    if rows is None:
        snapshot = request.match_info["snapshot"]
        sentence = (
            f"no rows are kept of snapshot {snapshot!r}: its monitor needs include_data, and they are kept for a time"
        )
        raise NotFound(sentence, snapshot=snapshot)
    name = f'attachment; filename="{request.match_info["snapshot"]}.parquet"'
    return web.Response(body=rows, headers={hdrs.CONTENT_TYPE: PARQUET, hdrs.CONTENT_DISPOSITION: name})


async def delete(request: web.Request) -> web.Response:
    await _body(request)
    if not await door_of(request).buffer.snapshots.delete(SnapshotId(request.match_info["snapshot"])):
        raise _not_found(request)
    return web.Response(status=204)


async def _body(request: web.Request) -> bytes:
    """The stored JSON, if there is one and the key is for its monitor. Raises NotFound, Forbidden."""
    body = await door_of(request).buffer.snapshots.get(SnapshotId(request.match_info["snapshot"]))
    if body is None:
        raise _not_found(request)
    require(request, body)
    return body


def require(request: web.Request, body: bytes) -> None:
    """Raises Forbidden when the key is not for the monitor of this snapshot."""
    grant = grant_of(request)
    if grant.monitors is not None:
        grant.require(str(orjson.loads(body).get("monitor")))


def _not_found(request: web.Request) -> NotFound:
    snapshot = request.match_info["snapshot"]
    return NotFound(f"there is no snapshot {snapshot!r}", snapshot=snapshot)


def _query(request: web.Request) -> SnapshotQuery:
    """Raises BadParameter with the parameter's name."""
    given = request.query
    for name in given:
        if name not in _KNOWN:
            raise BadParameter(f"{name!r} is no parameter; known: {', '.join(_KNOWN)}", parameter=name)
    monitor = given.get("monitor")
    return SnapshotQuery(
        monitor=None if monitor is None else MonitorId(monitor),
        segment=_segment(given.get("segment")),
        tag=given.get("tag"),
        from_us=_instant(request, "from"),
        to_us=_instant(request, "to"),
        after=given.get("after"),
        limit=_limit(given.get("limit")),
    )


def _segment(text: str | None) -> str | None:
    """Canonical JSON, as it is stored: keys sorted."""
    if text is None:
        return None
    try:
        value = document(text.encode())
    except (Malformed, UnicodeEncodeError):
        value = ()
    if value is not None and not isinstance(value, dict):
        raise BadParameter('segment: expected a JSON object such as {"origin":"JFK"}, or null', parameter="segment")
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _instant(request: web.Request, name: str) -> int | None:
    text = request.query.get(name)
    if text is None:
        return None
    try:
        return instant_us(text.replace(" ", "+"))  # a + that was not escaped arrives as a blank
    except NotAnInstant:
        pass
    try:
        return instant_us(text)
    except NotAnInstant as error:
        raise BadParameter(f"{name}: {error}", parameter=name) from error


def _limit(text: str | None) -> int:
    if text is None:
        return _USUAL
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 4 and 1 <= int(text) <= MOST):
        raise BadParameter(f"limit: expected a whole number from 1 to {MOST}", parameter="limit")
    return int(text)


def _flag(request: web.Request, name: str) -> bool:
    text = request.query.get(name, "false").lower()
    if text not in ("true", "false"):
        raise BadParameter(f"{name}: expected true or false", parameter=name)
    return text == "true"
