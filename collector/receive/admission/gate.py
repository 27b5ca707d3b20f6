"""What every request passes: limits and keys before its handler, and after it errors that become answers, and counts."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import urlsplit

import aiohttp
from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Middleware

from collector.errors import Invalid
from collector.receive import problems
from collector.receive.admission.cors import Cors, is_preflight
from collector.receive.admission.keys import Keys, Scope
from collector.receive.connections.connection import Connection
from collector.receive.connections.heads import check_head
from collector.receive.door import DOOR, GRANT, door_of, problem_answer, too_large
from collector.receive.problems import Limited, NotFound, Overloaded, Problem, TooSlow
from collector.receive.routes import ROUTES
from collector.receive.routes.evidently import SECRET_HEADER

log = logging.getLogger(__name__)

_OF_ONE = frozenset({"/static/{name}", "/snapshots/{snapshot}"})
"""What no table of routes lists, and yet shows no other monitors: files of style, and a page that asks for its monitor."""
_UNROUTED = "none"
"""The route in the telemetry of requests that no route takes: paths are the client's choice, series are not."""

Scopes = Mapping[tuple[str, str], tuple[Scope | None, Scope | None]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def gate(keys: Keys | None, cors: Cors) -> Middleware:
    """The only middleware. What is not in the table of routes (the pages) needs the scope read."""
    scopes: dict[tuple[str, str], tuple[Scope | None, Scope | None]] = {
        (route.method, route.path): (route.scope, route.also) for route in ROUTES
    }
    scopes |= {(hdrs.METH_HEAD, path): scope for (method, path), scope in scopes.items() if method == hdrs.METH_GET}

    @web.middleware
    async def passed(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.perf_counter()
        resource = request.match_info.route.resource
        path = _UNROUTED if resource is None else resource.canonical
        telemetry = request.app[DOOR].telemetry
        if cors.is_on and is_preflight(request):
            answer: web.StreamResponse = cors.preflight(request, await _shared_methods(request, scopes))
        else:
            try:
                answer = await _guarded(request, handler, keys, scopes, path)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - the one place where errors become answers
                answer = _answer(error, request)
            cors.tell(request, answer, shared=_is_shared(scopes, request.method, path))
        if _is_surplus(request):
            answer.force_close()
        telemetry.count("collector_receive_requests_total", route=path, status=str(answer.status))
        telemetry.observe("collector_receive_request_seconds", time.perf_counter() - began, route=path)
        return answer

    return passed


async def _guarded(
    request: web.Request, handler: Handler, keys: Keys | None, scopes: Scopes, path: str
) -> web.StreamResponse:
    """The handler's answer. Raises HeadTooLarge, Unauthorized, Forbidden, TooFast, Overloaded, and what it raises."""
    door = request.app[DOOR]
    check_head(request.raw_path, request.raw_headers, door.settings)
    if scopes.get((request.method, path), (Scope.READ, None))[0] is None:  # health answers however full it is
        return await handler(request)
    if _is_surplus(request):
        limit = door.settings.max_connections
        raise Overloaded(
            f"{limit} connections are open, and there may be no more at once", reason="connections", limit=limit
        )
    if keys is not None and path != _UNROUTED:
        _admit(keys, request, scopes, path)
    door.crowd.enter()
    try:
        parent = request.headers.get("traceparent")
        with door.telemetry.span("receive", parent=parent, method=request.method, route=path):
            return await handler(request)
    finally:
        door.crowd.leave()


def _is_surplus(request: web.Request) -> bool:
    connection = request.protocol
    return isinstance(connection, Connection) and connection.surplus


def _is_shared(scopes: Scopes, method: str, path: str) -> bool:
    """Whether pages of other origins may use it, where the settings name them: what reads and what sends rows."""
    return (method, path) in scopes and scopes[method, path][0] is not Scope.ADMIN


async def _shared_methods(request: web.Request, scopes: Scopes) -> Sequence[str]:
    found = []
    for method in (hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_POST):
        match = await request.app.router.resolve(request.clone(method=method))
        resource = match.route.resource
        if resource is not None and _is_shared(scopes, method, resource.canonical):
            found.append(method)
    return found


def _admit(keys: Keys, request: web.Request, scopes: Scopes, path: str) -> None:
    """Raises Unauthorized, Forbidden, TooFast."""
    scope, also = scopes.get((request.method, path), (Scope.READ, None))
    assert scope is not None  # noqa: S101 - open routes need no key
    authorization = request.headers.get(hdrs.AUTHORIZATION)
    if authorization is None and SECRET_HEADER in request.headers:
        authorization = f"Bearer {request.headers[SECRET_HEADER]}"
    if _is_of_another_page(request, authorization):
        raise problems.Forbidden("a page of another origin sent this with the key that the browser keeps")
    grant = keys.grant(authorization, scope, also)
    if grant.pace is not None:
        grant.pace.admit()
    request[GRANT] = grant
    monitor = request.match_info.get("monitor")
    if monitor is not None:
        grant.require(monitor)
    elif (request.method, path) not in scopes and path not in _OF_ONE and grant.monitors is not None:
        raise problems.Forbidden(f"the key {grant.name!r} is for some monitors only: this page shows all of them")


def _is_of_another_page(request: web.Request, authorization: str | None) -> bool:
    """Browsers add a password that they keep to whatever any page makes them send; reading the answer they forbid."""
    origin = request.headers.get(hdrs.ORIGIN)
    kept = (authorization or "").lstrip().lower().startswith("basic ")
    changes = request.method not in (hdrs.METH_GET, hdrs.METH_HEAD)
    return kept and changes and origin is not None and urlsplit(origin).netloc != request.host


def _is_of_a_page(request: web.Request) -> bool:
    """Whether a browser asks for a page, or for what one is made of."""
    return "text/html" in request.headers.get(hdrs.ACCEPT, "") or request.path.startswith("/static/")


def _answer(error: Exception, request: web.Request) -> web.StreamResponse:
    if isinstance(error, web.HTTPException):
        return _of_http(error, request)
    problem = problems.of_error(error)
    if problem is None and isinstance(error, _BROKEN_REQUESTS):
        problem = Problem(problems.kind("request-refused"), "the request's body did not arrive as HTTP says")
    if problem is None:
        log.error("unexpected error in %s %s", request.method, request.match_info.route.resource, exc_info=error)
        problem = problems.internal()
    answer = problem_answer(problem)
    if isinstance(error, problems.Unauthorized) and _is_of_a_page(request):  # a browser asks its user then
        answer.headers[hdrs.WWW_AUTHENTICATE] = 'Basic realm="collector", charset="UTF-8"'
    if isinstance(error, Limited):
        door_of(request).limited(error)
    if isinstance(error, TooSlow):
        answer.force_close()
        if isinstance(request.protocol, Connection):
            request.protocol.hang_up()
    return answer


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
        slashes = ", which have no slash at their end" if request.path.endswith("/") else ""
        return _known(NotFound(f"there is nothing at {request.path}; /docs lists the addresses{slashes}"))
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
