"""The service about itself: alive, ready, measured, described."""

from aiohttp import hdrs, web

from collector.receive.door import door_of, json_answer


async def livez(request: web.Request) -> web.Response:  # noqa: ARG001 - the process answers: that is all it says
    return json_answer({"status": "alive"})


async def readyz(request: web.Request) -> web.Response:
    """Raises Unavailable while the buffer takes no writes, or the service is stopping."""
    await door_of(request).ready()
    return json_answer({"status": "ready"})


async def metrics(request: web.Request) -> web.Response:
    body = door_of(request).telemetry.text()
    return web.Response(body=body, headers={hdrs.CONTENT_TYPE: "text/plain; version=0.0.4; charset=utf-8"})
