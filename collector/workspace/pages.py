"""The built-in pages: monitors at a glance, a monitor over time, a snapshot's report. No network but this server.

`routes` is given a `PageSource`; the pages read nothing else, and write nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from aiohttp import web

from collector.errors import Unavailable
from collector.workspace import static, views
from collector.workspace.views import MonitorView

__all__ = ["MonitorView", "PageSource", "routes"]

MAX_SNAPSHOTS = 3_000
"""Read for one monitor's page, the newest ones: three reports a day for more than two years."""
GLANCE_SNAPSHOTS = 120
"""Read for each monitor of the first page."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
"""plotly writes style rules of its own, and exports images through blobs."""


class PageSource(Protocol):
    """What the pages show. May raise Unavailable."""

    async def monitors(self) -> Sequence[MonitorView]: ...

    async def monitor(self, monitor: str) -> MonitorView | None: ...

    async def summaries(self, monitor: str, *, limit: int) -> Sequence[bytes]:
        """`SnapshotRecord.summary` of the newest snapshots, newest first, at most `limit`."""
        ...

    async def snapshot(self, snapshot: str) -> bytes | None:
        """The whole JSON."""
        ...


Require = Callable[[web.Request, bytes], None]
"""Raises where the request may not see this snapshot."""


def routes(source: PageSource, require: Require = lambda request, snapshot: None) -> list[web.RouteDef]:  # noqa: ARG005
    """`GET /`, `/monitors/{id}`, `/snapshots/{id}` and `/static/{name}`. A snapshot's address does not tell whose it is:
    `require` is asked.
    """
    pages = _Pages(source, require)
    return [
        web.get("/", _guarded(pages.index)),
        web.get("/monitors/{monitor}", _guarded(pages.monitor)),
        web.get("/snapshots/{snapshot}", _guarded(pages.snapshot)),
        web.get("/static/{name}", static.serve),
    ]


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _guarded(handler: Handler) -> Handler:
    """A store that does not answer gives a page that says so."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Unavailable as error:
            response = _message(503, "The store does not answer", f"{error}. Reload this page in a moment.")
            response.headers["Retry-After"] = f"{error.retry_after_seconds:.0f}"
            return response

    return guarded


class _Pages:
    def __init__(self, source: PageSource, require: Require) -> None:
        self._source = source
        self._require = require

    async def index(self, _: web.Request) -> web.StreamResponse:
        found = []
        for monitor in await self._source.monitors():
            summaries = await self._source.summaries(monitor.id, limit=GLANCE_SNAPSHOTS)
            found.append((monitor, summaries))
        return await _off_the_loop(views.index, found)

    async def monitor(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["monitor"]
        monitor = await self._source.monitor(name)
        if monitor is None:
            return _message(404, "No such monitor", f"There is no monitor {name!r}. The first page lists all of them.")
        summaries = await self._source.summaries(monitor.id, limit=MAX_SNAPSHOTS)
        return await _off_the_loop(
            views.monitor_page, monitor, summaries, request.query.get("segment"), request.query.get("tag"),
            most=MAX_SNAPSHOTS,
        )  # fmt: skip

    async def snapshot(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["snapshot"]
        body = await self._source.snapshot(name)
        if body is None:
            sentence = f"There is no snapshot {name!r}: it was deleted, or is older than snapshots are kept."
            return _message(404, "No such snapshot", sentence)
        self._require(request, body)
        return await _off_the_loop(views.snapshot_page, body)


async def _off_the_loop(render: Callable[..., str], *arguments: object, **named: object) -> web.Response:
    return _page(await asyncio.to_thread(render, *arguments, **named))


def _page(body: str, status: int = 200) -> web.Response:
    headers = {
        "Content-Security-Policy": _POLICY,
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }
    response = web.Response(text=body, content_type="text/html", charset="utf-8", status=status, headers=headers)
    response.enable_compression()
    return response


def _message(status: int, title: str, sentence: str) -> web.Response:
    return _page(views.message(title, sentence), status)
