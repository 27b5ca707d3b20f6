"""The port: opened for a site, and closed so that nobody loses an answer."""

import asyncio
import logging
import resource
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import web

from collector.errors import Unavailable
from collector.receive import http
from collector.receive.connections import tls
from collector.settings import Settings

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.05
HANDSHAKE_SECONDS = 10.0
"""A connection counts among the others once its handshake is done: it has less time for it than for a request."""

_OTHER_FILES = 256
"""Descriptors for everything but connections: stores, destinations, files, processes."""


def scheme(settings: Settings) -> str:
    """What the port speaks."""
    return "http" if settings.tls_cert_file is None else "https"


@asynccontextmanager
async def listening(
    site: web.Application, settings: Settings, host: str, port: int, *, share_port: bool = False
) -> AsyncIterator[None]:
    """Take connections while the context is entered; leaving it answers what is under way.

    Raises OSError, Invalid (the certificate cannot be used).
    """
    certificates = tls.context_of(settings)
    _make_room(settings.max_connections + _OTHER_FILES)
    runner = web.AppRunner(
        site,
        **dict[str, Any](http.RUNNER_OPTIONS),
        access_log=None,
        shutdown_timeout=settings.shutdown_seconds,
        handle_signals=False,
    )
    await runner.setup()
    lanes = http.lanes(site, runner)
    opened = await asyncio.get_running_loop().create_server(
        lanes.connection,
        host,
        port,
        backlog=1024,
        reuse_port=True if share_port else None,
        ssl=certificates,
        ssl_handshake_timeout=None if certificates is None else HANDSHAKE_SECONDS,
    )
    try:
        yield
    finally:
        opened.close()
        await lanes.close(settings.shutdown_seconds / 2)
        # aiohttp hears nothing more once it cleans up: bodies that are still coming have half of the patience before.
        with suppress(TimeoutError):
            async with asyncio.timeout(settings.shutdown_seconds / 2):
                while _unfinished(runner):  # noqa: ASYNC110 - nobody tells when a body has arrived
                    await asyncio.sleep(_LOOK_SECONDS)
        # Their senders are told to repeat them: a connection that is cut says nothing.
        for request in _unfinished(runner):
            request.content.set_exception(Unavailable("the service is stopping, and the body has not arrived"))
        await runner.cleanup()


def _make_room(files: int) -> None:
    """So many files may be open. The usual limit, 1024, is for programs that wait with `select`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= files:
        return
    possible = files if hard == resource.RLIM_INFINITY else min(files, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    if possible < files:
        log.warning("only %d files may be open (ulimit -n): fewer connections than COLLECTOR_MAX_CONNECTIONS", possible)


def _unfinished(runner: web.AppRunner) -> Sequence[web.BaseRequest]:
    """Requests whose bodies have not arrived."""
    connections = runner.server.connections if runner.server is not None else ()
    requests = [connection._current_request for connection in connections]  # noqa: SLF001 - it is told nowhere else
    return [request for request in requests if request is not None and not request.content.is_eof()]
