"""The application: the table of routes behind one gate, and where its connections begin."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from aiohttp import hdrs, web

from collector import ports
from collector.clock import Clock, SystemClock
from collector.receive.admission.cors import Cors
from collector.receive.admission.crowd import Crowd
from collector.receive.admission.gate import gate
from collector.receive.admission.keys import Keys
from collector.receive.connections.lanes import Lanes
from collector.receive.decoders.table import Limits
from collector.receive.door import DOOR, KEYS, Door, door_of
from collector.receive.routes import ROUTES
from collector.receive.routes.evidently import WORKSPACES
from collector.receive.rows.judge import Judge
from collector.receive.rows.privacy import Protector
from collector.receive.servers.events import MEETINGS, Meetings
from collector.settings import Settings
from collector.telemetry import Telemetry

RUNNER_OPTIONS: Mapping[str, bool] = {"auto_decompress": False}
"""For the AppRunner that serves the application: bodies come as they were sent, and are decompressed here, with a cap."""

_LARGE_AT_ONCE = 4
"""So many large bodies are decoded at a time; each may take many times its size in memory."""
_REFERENCE_ROWS = 20_000_000
"""A reference may have more rows than a request: Parquet packs millions into a body of the same size."""
_REFERENCE_UNPACKED_TIMES = 16
"""So many times the limit of a body a reference may have when it is unpacked: it comes from an administrator."""


def build(
    *,
    monitors: ports.Monitors,
    intake: ports.Intake,
    buffer: ports.Buffer,
    settings: Settings,
    ready: Callable[[], Awaitable[None]],
    telemetry: Telemetry,
    keys: Keys | None = None,
    extra_routes: Iterable[web.RouteDef] = (),
    workspaces: Mapping[str, str] = MappingProxyType({}),
    clock: Clock | None = None,
) -> web.Application:
    """The application, ready to be served by a runner with `RUNNER_OPTIONS`.

    With `keys`, `extra_routes` (the pages) need the scope read; one whose path has `{monitor}` is for keys of that
    monitor, one of a snapshot asks for its monitor itself, files of style are for any, all others for keys of all monitors.
    `workspaces` are destinations by the URL of their Evidently service.
    """
    application = web.Application(
        client_max_size=settings.max_body_bytes, middlewares=[gate(keys, Cors(settings.cors_origins))]
    )
    limits = Limits(
        settings.max_request_rows, settings.max_columns, settings.max_body_bytes, settings.max_string_length
    )
    application[DOOR] = Door(
        monitors=monitors,
        intake=intake,
        buffer=buffer,
        settings=settings,
        ready=ready,
        telemetry=telemetry,
        clock=clock or SystemClock(),
        judge=Judge(
            max_future_seconds=settings.max_future_seconds,
            max_text=settings.max_string_length,
            protector=Protector.of(settings),
        ),
        limits=limits,
        reference_limits=replace(
            limits, rows=_REFERENCE_ROWS, bytes=settings.max_body_bytes * _REFERENCE_UNPACKED_TIMES
        ),
        large=asyncio.Semaphore(_LARGE_AT_ONCE),
        crowd=Crowd(settings.max_concurrent_requests),
    )
    application[KEYS] = keys
    application[MEETINGS] = Meetings(buffer.halves)
    application[WORKSPACES] = workspaces
    for route in ROUTES:
        application.router.add_route(route.method, route.pattern, route.handler, expect_handler=_expected)
        if route.method == hdrs.METH_GET:
            application.router.add_route(hdrs.METH_HEAD, route.pattern, route.handler)
    application.router.add_routes(list(extra_routes))
    application.on_response_prepare.append(_unsigned)
    return application


async def _unsigned(_: web.Request, response: web.StreamResponse) -> None:
    """Which versions of which libraries answer helps only those who look for a weak one."""
    response.headers.popall(hdrs.SERVER, None)


async def _expected(request: web.Request) -> None:
    """Ask for the body, if it is not too large already. What else a client may expect is none of our business."""
    announced = request.content_length or 0
    if request.headers[hdrs.EXPECT].lower() == "100-continue" and announced <= door_of(request).settings.max_body_bytes:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the answer has not begun


def lanes(application: web.Application, runner: web.AppRunner) -> Lanes:
    """Where connections to a running application begin. For the loop's `create_server`."""
    if runner.server is None:
        raise RuntimeError("the runner was not set up")
    return Lanes(application[DOOR], application[KEYS], runner.server)
