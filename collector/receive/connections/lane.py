"""The short way for the request that matters most: rows for a monitor, as JSON, small, and whole.

Making a request, a task and a response object costs more than all that is done with the row in it. So a connection
begins here, where `POST /v1/monitors/{monitor}/inferences` is read, gathered and answered without them. Whatever is
unusual about a request, from its address to its first byte that is no JSON, is none of this module's business: the
connection is handed over to aiohttp then, with every byte that has not been answered, and stays there. So nothing is
refused here before the rows were judged, and an answer here is the answer that aiohttp's handler would have given.
"""

import asyncio
import time
from typing import TYPE_CHECKING, cast

import httptools
from aiohttp.tcp_helpers import tcp_keepalive

from collector.errors import CollectorError
from collector.model import Receipt
from collector.ports import rows_in
from collector.receive import decoders
from collector.receive.connections.heads import head_bytes
from collector.receive.decoders import json_rows
from collector.receive.door import ON_THE_LOOP_BYTES, is_idempotency_key
from collector.receive.routes.rows import INFERENCES

if TYPE_CHECKING:
    from collector.receive.connections.lanes import Lanes

MOST_BODY_BYTES = ON_THE_LOOP_BYTES
"""A larger body is decoded in a thread, beside which the price of a request object is nothing."""
_MOST_HEAD_BYTES = 8 * 1024
_MOST_HEADERS = 64
_PATIENCE_SECONDS = 1.0
"""A request that is not whole by then is handed over: whoever is slow is watched over there."""
_UNUSUAL = frozenset(
    {b"content-encoding", b"transfer-encoding", b"expect", b"upgrade", b"te", b"evidently-secret", b"origin"}
)
_TELLING = frozenset({b"content-type", b"authorization", b"idempotency-key", b"traceparent"})
"""Headers that say what to do; the same one twice is unusual."""
_KEEP_ALIVE = b"keep-alive"


class Lane(asyncio.Protocol):
    """One connection on the short way. State: the request that comes in, or the one that is under way."""

    def __init__(self, lanes: "Lanes") -> None:
        settings = lanes.door.settings
        self._lanes = lanes
        self._transport: asyncio.Transport
        self._parser = httptools.HttpRequestParser(self)
        self.since = time.monotonic()
        self._idle_seconds = settings.body_timeout_seconds
        self._patience_seconds = min(_PATIENCE_SECONDS, settings.body_timeout_seconds)
        self._most_headers = min(_MOST_HEADERS, settings.max_headers)
        self._most_head_bytes = min(_MOST_HEAD_BYTES, settings.max_head_bytes)
        self._under_way = False
        self._choked = False
        self.came: list[bytes] = []
        self._begin()

    # ------------------------------------------------------------ the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        lanes = self._lanes
        self._transport = cast("asyncio.Transport", transport)
        tcp_keepalive(self._transport)
        lanes.open.add(self)
        if lanes.are_full:
            self._transport.abort()
        elif lanes.closing:  # it was accepted before the port closed, and is told of it only now
            self._hand_over()
        elif lanes.above_limit > 0:
            self._hand_over(surplus=True)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        self._lanes.forget(self)

    def pause_writing(self) -> None:
        """The client does not read its answers: nothing more is read from it until it does."""
        self._choked = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._choked = False
        if not self._under_way:
            self._go_on()

    def data_received(self, data: bytes) -> None:
        self.came.append(data)
        if self._under_way:  # the next request before the answer to this one: it waits for its turn
            self._transport.pause_reading()
            return
        if len(self.came) == 1:
            self.since = time.monotonic()
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._unusual = True
        if self._unusual or self._messages > 1 or (not self._take() if self._whole else self._is_much()):
            self._hand_over()

    def look(self, now: float) -> None:
        """Hand over what takes too long to come in; end what has been idle for too long."""
        waited = now - self.since
        if self._under_way:
            return
        if self._choked:
            if waited > self._lanes.door.settings.body_timeout_seconds:
                self._transport.abort()
        elif self.came:
            if waited > self._patience_seconds:
                self._hand_over()
        elif waited > self._idle_seconds:
            self._transport.close()

    @property
    def _came_bytes(self) -> int:
        return sum(map(len, self.came))

    def _is_much(self) -> bool:
        return self._came_bytes > MOST_BODY_BYTES + _MOST_HEAD_BYTES

    def let_go(self) -> None:
        if self._under_way:
            return
        if self.came:
            self._hand_over()
        else:
            self._transport.close()

    def cut_off(self) -> None:
        self._transport.abort()

    def _hand_over(self, *, surplus: bool = False) -> None:
        lanes, transport = self._lanes, self._transport
        inner = lanes.long_way(surplus=surplus)
        transport.set_protocol(inner)
        inner.connection_made(transport)
        lanes.forget(self)
        if self._choked:
            inner.pause_writing()
        transport.resume_reading()
        if self.came:
            inner.data_received(b"".join(self.came))
            inner.since = self.since

    # ------------------------------------------------------------ one request, as the parser tells it

    def _begin(self) -> None:
        self._address = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = b""
        self._messages = 0
        self._whole = False
        self._unusual = False

    def on_message_begin(self) -> None:
        self._messages += 1

    def on_url(self, url: bytes) -> None:
        self._address += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser = self._parser
        self._unusual = parser.get_method() != b"POST" or parser.get_http_version() != "1.1"
        size = 0
        told: dict[bytes, str] = {}
        for name, value in self._headers:
            if name in _TELLING:
                self._unusual = self._unusual or name in told
                told[name] = value.decode("latin-1")
            elif name == b"content-length":
                size = int(value)
            elif name in _UNUSUAL or (name == b"connection" and value.lower() != _KEEP_ALIVE):
                self._unusual = True
        self._content_type = told.get(b"content-type", "")
        self._authorization = told.get(b"authorization")
        self._key = told.get(b"idempotency-key")
        self._traceparent = told.get(b"traceparent")
        if (
            size > MOST_BODY_BYTES
            or len(self._headers) > self._most_headers
            or (
                self._came_bytes > self._most_head_bytes
                and head_bytes(self._address, self._headers) > self._most_head_bytes
            )
        ):
            self._unusual = True

    def on_body(self, body: bytes) -> None:
        self._body = self._body + body if self._body else body

    def on_message_complete(self) -> None:
        self._whole = True

    # ------------------------------------------------------------ its rows

    def _take(self) -> bool:
        """Take the rows; False when there is anything to say against the request: nothing was done then."""
        door, body = self._lanes.door, self._body
        if self._key is not None and not is_idempotency_key(self._key):
            return False
        found = self._lanes.find(self._address, self._authorization)
        if found is None or len(body) > door.settings.max_body_bytes:
            return False
        monitor, grant = found
        refusal = self._lanes.refusal(grant.pace)
        if refusal is not None:
            self.came = []
            self._answer(refusal)
            return True
        try:
            if decoders.find(self._content_type) is not json_rows.decode:
                return False
            parsed = json_rows.parse(body)
        except CollectorError:
            return False
        if grant.pace is not None:
            grant.pace.let_in()
            grant.pace.charge(rows_in(parsed))
        door.crowd.let_in()
        self._under_way = True
        self.came = []
        self._span = door.telemetry.begin("receive", parent=self._traceparent, method="POST", route=INFERENCES)
        try:
            with door.telemetry.within(self._span):
                door.intake.gather(monitor, parsed, door.judging(len(body)), self._told, request_key=self._key)
        except Exception as error:  # noqa: BLE001 - as anywhere at the door: what is raised becomes the answer
            self._told(error)
        return True

    def _told(self, outcome: Receipt | Exception) -> None:
        """What became of the request that is under way."""
        self._lanes.door.crowd.leave()
        self._lanes.door.telemetry.end(self._span, outcome if isinstance(outcome, Exception) else None)
        self._under_way = False
        self._answer(outcome)

    def _answer(self, outcome: Receipt | Exception) -> None:
        """Answer, and go on with what came meanwhile."""
        transport = self._transport
        now = time.monotonic()
        answer = self._lanes.answer(outcome, now - self.since)
        self.since = now
        self._idle_seconds = self._lanes.door.settings.keep_alive_seconds
        if transport.is_closing():  # the client went away; its rows are stored all the same
            return
        self._begin()
        transport.write(answer)
        if self._lanes.closing:
            transport.close()
        elif self.came and not self._choked:
            self._go_on()

    def _go_on(self) -> None:
        self._transport.resume_reading()
        if self.came:
            came, self.came = b"".join(self.came), []
            self.data_received(came)
