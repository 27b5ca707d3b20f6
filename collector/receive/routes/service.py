"""The service about itself: alive, ready, measured, described."""

from collections.abc import Sequence

import orjson
from aiohttp import hdrs, web

from collector import __version__
from collector.receive import openapi
from collector.receive.door import door_of, json_answer
from collector.receive.route import Handler, Route


async def livez(request: web.Request) -> web.Response:  # noqa: ARG001 - the process answers: that is all it says
    return json_answer({"status": "alive"})


async def readyz(request: web.Request) -> web.Response:
    """Raises Unavailable while the buffer takes no writes, or the service is stopping."""
    await door_of(request).ready()
    return json_answer({"status": "ready"})


async def metrics(request: web.Request) -> web.Response:
    body = door_of(request).telemetry.text()
    return web.Response(body=body, headers={hdrs.CONTENT_TYPE: "text/plain; version=0.0.4; charset=utf-8"})


def described(routes: Sequence[Route]) -> tuple[Handler, Handler]:
    """The handlers of `/openapi.json` and `/docs`. Both answers are made once: the table does not change."""
    document = orjson.dumps(openapi.document(routes, version=__version__))
    page = openapi.page(routes)

    async def openapi_json(request: web.Request) -> web.Response:  # noqa: ARG001 - always the same
        return web.Response(body=document, headers={hdrs.CONTENT_TYPE: "application/json"})

    async def docs(request: web.Request) -> web.Response:  # noqa: ARG001 - always the same
        return web.Response(text=page, content_type="text/html", charset="utf-8")

    return openapi_json, docs
