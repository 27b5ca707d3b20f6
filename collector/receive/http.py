"""The application: the table of routes behind one gate that checks keys, turns errors into answers, and counts."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

import aiohttp
from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Middleware

from collector import ports
from collector.clock import Clock, SystemClock
from collector.errors import Invalid
from collector.receive import problems
from collector.receive.decoders.table import Limits
from collector.receive.door import DOOR, GRANT, Door, door_of, problem_answer, too_large
from collector.receive.events import MEETINGS, Meetings
from collector.receive.judge import Judge
from collector.receive.keys import Keys, Scope
from collector.receive.lane import Lanes
from collector.receive.problems import NotFound, Problem
from collector.receive.privacy import Protector
from collector.receive.routes import ROUTES
from collector.receive.routes.evidently import SECRET_HEADER, WORKSPACES
from collector.settings import Settings
from collector.telemetry import Telemetry

log = logging.getLogger(__name__)

RUNNER_OPTIONS: Mapping[str, bool] = {"auto_decompress": False}
"""For the AppRunner that serves the application: bodies come as they were sent, and are decompressed here, with a cap."""

KEYS = web.AppKey[Keys | None]("keys")
_LARGE_AT_ONCE = 4
"""So many large bodies are decoded at a time; each may take many times its size in memory."""
_REFERENCE_ROWS = 20_000_000
"""A reference may have more rows than a request: Parquet packs millions into a body of the same size."""
_REFERENCE_UNPACKED_TIMES = 16
"""So many times the limit of a body a reference may have when it is unpacked: it comes from an administrator."""
_UNROUTED = "none"
"""The route in the telemetry of requests that no route takes: paths are the client's choice, series are not."""

Scopes = Mapping[tuple[str, str], tuple[Scope | None, Scope | None]]


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
    monitor, any other for keys of all monitors. `workspaces` are destinations by the URL of their Evidently service.
    """
    application = web.Application(client_max_size=settings.max_body_bytes, middlewares=[_gate(keys)])
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
    )
    application[KEYS] = keys
    application[MEETINGS] = Meetings(buffer.halves)
    application[WORKSPACES] = workspaces
    for route in ROUTES:
        application.router.add_route(route.method, route.path, route.handler)
        if route.method == hdrs.METH_GET:
            application.router.add_route(hdrs.METH_HEAD, route.path, route.handler)
    application.router.add_routes(list(extra_routes))
    return application


def lanes(application: web.Application, runner: web.AppRunner) -> Lanes:
    """Where connections to a running application begin. For the loop's `create_server`."""
    if runner.server is None:
        raise RuntimeError("the runner was not set up")
    return Lanes(application[DOOR], application[KEYS], runner.server)


def _gate(keys: Keys | None) -> Middleware:
    scopes: dict[tuple[str, str], tuple[Scope | None, Scope | None]] = {
        (route.method, route.path): (route.scope, route.also) for route in ROUTES
    }
    scopes |= {(hdrs.METH_HEAD, path): scope for (method, path), scope in scopes.items() if method == hdrs.METH_GET}

    @web.middleware
    async def gate(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        began = time.perf_counter()
        resource = request.match_info.route.resource
        path = _UNROUTED if resource is None else resource.canonical
        try:
            if keys is not None and resource is not None:
                _admit(keys, request, scopes, path)
            with request.app[DOOR].telemetry.span("receive", method=request.method, route=path):
                answer = await handler(request)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the one place where errors become answers
            answer = _answer(error, request)
        telemetry = request.app[DOOR].telemetry
        telemetry.count("collector_receive_requests_total", route=path, status=str(answer.status))
        telemetry.observe("collector_receive_request_seconds", time.perf_counter() - began, route=path)
        return answer

    return gate


def _admit(keys: Keys, request: web.Request, scopes: Scopes, path: str) -> None:
    """Raises Unauthorized, Forbidden."""
    scope, also = scopes.get((request.method, path), (Scope.READ, None))
    if scope is None:
        return
    authorization = request.headers.get(hdrs.AUTHORIZATION)
    if authorization is None and SECRET_HEADER in request.headers:
        authorization = f"Bearer {request.headers[SECRET_HEADER]}"
    grant = keys.grant(authorization, scope, also)
    request[GRANT] = grant
    monitor = request.match_info.get("monitor")
    if monitor is not None:
        grant.require(monitor)
    elif (request.method, path) not in scopes and grant.monitors is not None:
        raise problems.Forbidden(f"the key {grant.name!r} is for some monitors only: this page shows all of them")


def _answer(error: Exception, request: web.Request) -> web.StreamResponse:
    if isinstance(error, web.HTTPException):
        return _of_http(error, request)
    problem = problems.of_error(error)
    if problem is None and isinstance(error, _BROKEN_REQUESTS):
        problem = Problem(problems.kind("request-refused"), "the request's body did not arrive as HTTP says")
    if problem is None:
        log.error("unexpected error in %s %s", request.method, request.match_info.route.resource, exc_info=error)
        problem = problems.internal()
    return problem_answer(problem)


_BROKEN_REQUESTS = (aiohttp.ClientPayloadError, web.RequestPayloadError, HttpProcessingError, ConnectionError)
"""The client went away, or its chunks are no chunks."""


def _of_http(error: web.HTTPException, request: web.Request) -> web.StreamResponse:
    """What aiohttp answers by itself, as a problem."""
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted({*error.allowed_methods, hdrs.METH_OPTIONS}))
        if request.method == hdrs.METH_OPTIONS:
            return web.Response(status=204, headers={hdrs.ALLOW: allowed})
        kind = problems.kind("method-not-allowed")
        detail = f"{request.path} does not take {request.method}; it takes {allowed}"
        return problem_answer(Problem(kind, detail, headers={hdrs.ALLOW: allowed}))
    if isinstance(error, web.HTTPNotFound):
        return _known(NotFound(f"there is nothing at {request.path}; /docs lists the addresses"))
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return _known(too_large(door_of(request).settings.max_body_bytes))
    if error.status < 400:
        raise error
    kind = problems.kind("request-refused")
    problem = problem_answer(Problem(kind, error.reason or "the request was refused"))
    problem.set_status(error.status)
    return problem


def _known(error: Invalid) -> web.Response:
    problem = problems.of_error(error)
    assert problem is not None  # noqa: S101 - every Invalid has one
    return problem_answer(problem)
