"""The short way for the request that matters most: rows for a monitor, as JSON, small, and whole.

Making a request, a task and a response object costs more than all that is done with the row in it. So a connection
begins here, where `POST /v1/monitors/{monitor}/inferences` is read, gathered and answered without them. Whatever is
unusual about a request, from its address to its first byte that is no JSON, is none of this module's business: the
connection is handed over to aiohttp then, with every byte that has not been answered, and stays there. So nothing is
refused here before the rows were judged, and an answer here is the answer that aiohttp's handler would have given.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import cast

import httptools
from aiohttp.tcp_helpers import tcp_keepalive

from collector.errors import CollectorError
from collector.model import Receipt
from collector.monitor import Monitor
from collector.receive import decoders
from collector.receive.answers import Answers
from collector.receive.decoders import json_rows
from collector.receive.door import ON_THE_LOOP_BYTES, Door, is_idempotency_key
from collector.receive.keys import Keys, Scope
from collector.receive.routes.rows import INFERENCES

MOST_BODY_BYTES = ON_THE_LOOP_BYTES
"""A larger body is decoded in a thread, beside which the price of a request object is nothing."""
_MOST_HEAD_BYTES = 8 * 1024
_PATIENCE_SECONDS = 1.0
"""A request that is not whole by then is handed over: whoever is slow is watched over there."""
_IDLE_SECONDS = 3630.0
"""As long as aiohttp keeps a connection on which nothing is asked."""
_SWEEP_SECONDS = 0.5
_PREFIX, _SUFFIX = (part.encode() for part in INFERENCES.split("{monitor}"))
_UNUSUAL = frozenset({b"content-encoding", b"transfer-encoding", b"expect", b"upgrade", b"te", b"evidently-secret"})
_TELLING = frozenset({b"content-type", b"authorization", b"idempotency-key"})
"""Headers that say what to do; the same one twice is unusual."""
_KEEP_ALIVE = b"keep-alive"


class Lanes:
    """The connections that are still on the short way. State: them."""

    def __init__(self, door: Door, keys: Keys | None, server: Callable[[], asyncio.BaseProtocol]) -> None:
        """`server` makes aiohttp's protocol of a connection."""
        self.door = door
        self.keys = keys
        self.server = server
        self.open: set[Lane] = set()
        self.closing = False
        self._all_gone = asyncio.Event()
        self._observe = door.telemetry.observer("collector_receive_request_seconds", route=INFERENCES)
        self._count = lru_cache(maxsize=64)(self._counter)
        self._answers = Answers()
        self._sweeper = asyncio.create_task(self._sweep(), name="sweep connections")

    def connection(self) -> asyncio.Protocol:
        """A protocol for a new connection."""
        return Lane(self)

    async def close(self, seconds: float) -> None:
        """Let go of all connections: idle ones end, what is not whole is aiohttp's, what is under way is answered.

        What is not answered after so many seconds is cut off.
        """
        self.closing = True
        self._sweeper.cancel()
        for lane in list(self.open):
            lane.let_go()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                self._look_around()
                await self._all_gone.wait()
        for lane in list(self.open):
            lane.cut_off()

    def forget(self, lane: "Lane") -> None:
        self.open.discard(lane)
        self._look_around()

    def _look_around(self) -> None:
        if self.closing and not self.open:
            self._all_gone.set()

    def monitor(self, address: bytes, authorization: str | None) -> Monitor | None:
        """The monitor of an address, if there is one and the key opens it."""
        if not (address.startswith(_PREFIX) and address.endswith(_SUFFIX)):
            return None
        try:
            monitor = self.door.monitors.get(address[len(_PREFIX) : -len(_SUFFIX)].decode("ascii"))
            if self.keys is not None:
                self.keys.grant(authorization, Scope.INGEST).require(monitor.id)
        except (CollectorError, UnicodeDecodeError):
            return None
        return monitor

    def answer(self, outcome: Receipt | Exception, seconds: float) -> bytes:
        """The whole answer, counted."""
        status, answer = self._answers.of(outcome)
        self._observe(seconds)
        self._count(status)(1)
        return answer

    def _counter(self, status: int) -> Callable[[float], None]:
        return self.door.telemetry.counter("collector_receive_requests_total", route=INFERENCES, status=str(status))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            now = time.monotonic()
            for lane in list(self.open):
                lane.look(now)


class Lane(asyncio.Protocol):
    """One connection on the short way. State: the request that comes in, or the one that is under way."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._transport: asyncio.Transport
        self._parser = httptools.HttpRequestParser(self)
        self.since = time.monotonic()
        self._under_way = False
        self.came: list[bytes] = []
        self._begin()

    # ------------------------------------------------------------ the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        tcp_keepalive(self._transport)
        self._lanes.open.add(self)
        if self._lanes.closing:  # it was accepted before the port closed, and is told of it only now
            self._hand_over()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        self._lanes.forget(self)

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
        if self._under_way:
            return
        if self.came:
            if now - self.since > _PATIENCE_SECONDS:
                self._hand_over()
        elif now - self.since > _IDLE_SECONDS:
            self._transport.close()

    def _is_much(self) -> bool:
        return sum(map(len, self.came)) > MOST_BODY_BYTES + _MOST_HEAD_BYTES

    def let_go(self) -> None:
        if self._under_way:
            return
        if self.came:
            self._hand_over()
        else:
            self._transport.close()

    def cut_off(self) -> None:
        self._transport.abort()

    def _hand_over(self) -> None:
        lanes, transport = self._lanes, self._transport
        lanes.forget(self)
        inner = cast("asyncio.Protocol", lanes.server())
        transport.set_protocol(inner)
        inner.connection_made(transport)
        transport.resume_reading()
        if self.came:
            inner.data_received(b"".join(self.came))

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
        size = head = 0
        told: dict[bytes, str] = {}
        for name, value in self._headers:
            head += len(name) + len(value)
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
        if size > MOST_BODY_BYTES or head > _MOST_HEAD_BYTES or len(self._headers) > 64:
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
        monitor = self._lanes.monitor(self._address, self._authorization)
        if monitor is None or len(body) > door.settings.max_body_bytes:
            return False
        try:
            if decoders.find(self._content_type) is not json_rows.decode:
                return False
            parsed = json_rows.parse(body)
        except CollectorError:
            return False
        self._under_way = True
        self.came = []
        try:
            door.intake.gather(monitor, parsed, door.judging(len(body)), self._told, request_key=self._key)
        except Exception as error:  # noqa: BLE001 - as anywhere at the door: what is raised becomes the answer
            self._told(error)
        return True

    def _told(self, outcome: Receipt | Exception) -> None:
        """Answer, and go on with what came meanwhile."""
        transport = self._transport
        answer = self._lanes.answer(outcome, time.monotonic() - self.since)
        self._under_way = False
        self.since = time.monotonic()
        if transport.is_closing():  # the client went away; its rows are stored all the same
            return
        transport.write(answer)
        if self._lanes.closing:
            transport.close()
            return
        self._begin()
        if self.came:
            came, self.came = b"".join(self.came), []
            transport.resume_reading()
            self.data_received(came)
