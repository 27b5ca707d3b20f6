"""A connection that aiohttp serves, with the limits that it does not know: how long a head may take, and how large it is."""

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from aiohttp import StreamReader, web
from aiohttp.http_exceptions import LineTooLong

from collector.receive import problems
from collector.receive.connections.heads import head_too_large, too_slow
from collector.receive.door import Door, problem_answer
from collector.receive.problems import Limited, Problem

if TYPE_CHECKING:
    from collector.receive.connections.lanes import Lanes

log = logging.getLogger(__name__)

_SURPLUS_PATIENCE_SECONDS = 5.0
_LAST_WORDS_SECONDS = 1.0
"""A connection that is closed while its client still sends may lose the answer: so long, what comes is thrown away."""
_SHORTEST_HEADER_BYTES = 4
_UNROUTED = "none"


class Connection(web.RequestHandler):
    """State: since when something comes in, how much of a head has come that is not whole, and the body that comes in."""

    __slots__ = ("_body", "_door", "_lanes", "head_bytes", "since", "surplus")

    def __init__(self, lanes: "Lanes", server: web.Server, *, surplus: bool) -> None:
        """`surplus`: there are too many connections; this one may ask how we are, and nothing else."""
        settings = lanes.door.settings
        options: dict[str, Any] = {
            "access_log": None,
            "auto_decompress": False,
            "keepalive_timeout": settings.keep_alive_seconds,
            # One line may be the whole head; how many there are is checked with the whole of it.
            "max_line_size": settings.max_head_bytes,
            "max_field_size": settings.max_head_bytes,
            "max_headers": settings.max_head_bytes // _SHORTEST_HEADER_BYTES,
        }
        super().__init__(server, loop=asyncio.get_running_loop(), **options)
        self.surplus = surplus
        self._lanes = lanes
        self._door: Door = lanes.door
        self.since = time.monotonic()
        self.head_bytes = 0
        self._body: StreamReader | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._lanes.long.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._lanes.long.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        requests, idle = self._request_count, self._is_idle()
        super().data_received(data)
        if self._request_count != requests:
            self.head_bytes = 0
            self._body = self._messages[-1][1]
        elif idle and data:
            if not self.head_bytes:
                self.since = time.monotonic()
            self.head_bytes += len(data)
            if self.head_bytes > self._door.settings.max_head_bytes:
                self._refuse(head_too_large(self._door.settings))

    def look(self, now: float) -> None:
        """End what comes in too slowly. A body has whoever reads it to watch over it."""
        settings = self._door.settings
        patience = min(settings.body_timeout_seconds, _SURPLUS_PATIENCE_SECONDS if self.surplus else float("inf"))
        if now - self.since <= patience or not self._is_idle():
            return
        if self.head_bytes:
            self._refuse(too_slow("head", settings))
        elif self._request_count == 0:  # it was opened, and nothing came: there is nobody to tell
            self.force_close()

    def hang_up(self) -> None:
        """Do not wait for the rest of the request that is being answered."""
        self._lingering_time = 0.0

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it may show what was sent, and so a key
    ) -> web.StreamResponse:
        """The answer to what is no request, or could not be answered otherwise. The connection ends with it."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun already")
        if isinstance(exc, LineTooLong):
            answer = problem_answer(self._counted(head_too_large(self._door.settings)))
        elif status < web.HTTPInternalServerError.status_code:
            answer = problem_answer(Problem(problems.kind("request-refused"), "this is not HTTP as it should be"))
        else:
            log.error("unexpected error beside the routes", exc_info=exc)
            answer = problem_answer(problems.internal())
        self._count(answer.status)
        answer.force_close()
        return answer

    def _is_idle(self) -> bool:
        """Nothing is being answered, and no body is coming in: what comes is a head. A request that has just begun is in no one
        place: it waits, then it has a task, then it is the current one; its body says it all the while.
        """
        body_comes = self._body is not None and not self._body.is_eof()
        return not body_comes and self._current_request is None and not self._messages and self._payload_parser is None

    def _refuse(self, error: Limited) -> None:
        """Answer what is no whole request yet, and end the connection."""
        transport = self.transport
        if transport is None or self._close or self._force_close:
            return
        status, answer = self._lanes.answers.of(error, close=True)
        self._counted(error)
        self._count(status)
        transport.write(answer)
        self.close()
        self._loop.call_later(_LAST_WORDS_SECONDS, self.force_close)

    def _counted(self, error: Limited) -> Problem:
        self._door.limited(error)
        problem = problems.of_error(error)
        assert problem is not None  # noqa: S101 - every Limited has one
        return problem

    def _count(self, status: int) -> None:
        self._door.telemetry.count("collector_receive_requests_total", route=_UNROUTED, status=str(status))
