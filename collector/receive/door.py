"""What every handler may use, and the small deeds that they share: read, decode, answer."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import orjson
from aiohttp import hdrs, web

from collector import ports
from collector.clock import Clock
from collector.errors import TooLarge
from collector.model import Judged
from collector.monitor import Monitor
from collector.receive import compression, decoders
from collector.receive.admission.crowd import Crowd
from collector.receive.admission.keys import EVERYTHING, Grant, Keys
from collector.receive.connections.heads import too_slow
from collector.receive.decoders import json_rows
from collector.receive.decoders.json_text import document
from collector.receive.decoders.table import AsText, Decoded, Limits
from collector.receive.problems import BadParameter, Limited, Problem
from collector.receive.rows.judge import Judge
from collector.settings import Settings
from collector.telemetry import Telemetry

T = TypeVar("T")

ON_THE_LOOP_BYTES = 256 * 1024
"""A larger body is decoded and judged in a thread: it would hold up the other requests for milliseconds."""
_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Door:
    """The pipeline as the handlers see it, and how to judge what comes in."""

    monitors: ports.Monitors
    intake: ports.Intake
    buffer: ports.Buffer
    settings: Settings
    ready: Callable[[], Awaitable[None]]
    telemetry: Telemetry
    clock: Clock
    judge: Judge
    limits: Limits
    reference_limits: Limits
    large: asyncio.Semaphore
    crowd: Crowd

    def judging(self, size: int) -> ports.Judge:
        """How a JSON body of so many bytes is judged once it is parsed. In one that is no longer than a text may be, no text
        is longer.
        """
        return self._judge_short if size <= self.limits.text else self._judge_any

    def _judge_short(self, monitor: Monitor, body: ports.Unjudged) -> Judged:
        rows = json_rows.tabled(body, self.limits)
        return self.judge.judge(rows, monitor, now_us=self.clock.now_us(), long_texts=False)

    def _judge_any(self, monitor: Monitor, body: ports.Unjudged) -> Judged:
        return self.judge.judge(json_rows.tabled(body, self.limits), monitor, now_us=self.clock.now_us())

    def limited(self, error: Limited) -> None:
        """Count a request that is answered so."""
        self.telemetry.count("collector_receive_refusals_total", reason=error.reason)


DOOR = web.AppKey("door", Door)
KEYS = web.AppKey[Keys | None]("keys")
GRANT = web.RequestKey("grant", Grant)


def door_of(request: web.Request) -> Door:
    return request.app[DOOR]


def monitor_of(request: web.Request) -> Monitor:
    """The monitor that the address names. Raises UnknownMonitor."""
    return request.app[DOOR].monitors.get(request.match_info["monitor"])


def grant_of(request: web.Request) -> Grant:
    """What the request's key opens; everything when no keys are configured."""
    grant: Grant = request.get(GRANT, EVERYTHING)
    return grant


def charge(request: web.Request, rows: int) -> None:
    """The request turned out to have so many rows: its key's next ones may have to wait for it."""
    pace = grant_of(request).pace
    if pace is not None:
        pace.charge(rows)


async def read(request: web.Request) -> bytes:
    """The whole body as it was sent. Raises TooLarge, by its announced length or while it comes in; TooSlow."""
    settings = request.app[DOOR].settings
    length = request.content_length
    if length is not None and length > settings.max_body_bytes:
        raise too_large(settings.max_body_bytes)
    if request.content.is_eof():  # it is here, as most are
        return await request.read()
    try:
        async with asyncio.timeout(settings.body_timeout_seconds):
            return await request.read()
    except TimeoutError as error:
        raise too_slow("body", settings) from error


def too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is larger than {limit} bytes", limit=limit)


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body as it was sent, and how to understand it."""

    data: bytes
    decode: decoders.Decoder
    encoding: str | None

    @property
    def is_small(self) -> bool:
        """Whether it is decoded in no time. What is compressed may be large however small it looks."""
        return len(self.data) <= (ON_THE_LOOP_BYTES if self.encoding is None else ON_THE_LOOP_BYTES // 32)

    @property
    def is_plain_json(self) -> bool:
        return self.encoding is None and self.decode is json_rows.decode


async def body_of(request: web.Request) -> Body:
    """Raises UnknownEncoding, TooLarge."""
    decode = decoders.find(request.headers.get(hdrs.CONTENT_TYPE, ""))
    return Body(await read(request), decode, request.headers.get(hdrs.CONTENT_ENCODING))


async def decoded(door: Door, body: Body, then: Callable[[Decoded], T], *, as_text: AsText) -> T:
    """Decode the body, and go on with its rows; away from the event loop when the body is large.

    Raises Malformed, Invalid, TooLarge, UnknownEncoding, and what `then` raises.
    """

    def work() -> T:
        data = body.data
        if body.encoding is not None:
            data = compression.decompress(data, body.encoding, limit=door.settings.max_body_bytes)
        return then(body.decode(data, door.limits, as_text))

    if body.is_small:
        return work()
    async with door.large:
        return await asyncio.to_thread(work)


def idempotency_key(request: web.Request) -> str | None:
    """Raises BadParameter unless it is 1 to 255 visible ASCII characters."""
    value = request.headers.get("Idempotency-Key")
    if value is None or is_idempotency_key(value):
        return value
    raise BadParameter(
        "the header Idempotency-Key is not understood: expected 1 to 255 visible ASCII characters",
        parameter="Idempotency-Key",
    )


def is_idempotency_key(value: str) -> bool:
    return _VISIBLE.fullmatch(value) is not None


async def json_body(request: web.Request) -> object:
    """A small JSON document, which may be stored. Raises Malformed, TooLarge."""
    body = await read(request)
    encoding = request.headers.get(hdrs.CONTENT_ENCODING)
    if encoding is not None:
        body = compression.decompress(body, encoding, limit=request.app[DOOR].settings.max_body_bytes)
    return document(body)


def json_answer(value: object, *, status: int = 200) -> web.Response:
    body = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    return web.Response(status=status, body=body, headers={hdrs.CONTENT_TYPE: "application/json"})


def problem_answer(problem: Problem) -> web.Response:
    headers, body = problem_parts(problem)
    return web.Response(status=problem.kind.status, body=body, headers=headers)


def problem_parts(problem: Problem) -> tuple[dict[str, str], bytes]:
    """Headers and body."""
    headers = {hdrs.CONTENT_TYPE: "application/problem+json", **problem.headers}
    return headers, orjson.dumps(problem.as_dict(), default=str, option=orjson.OPT_NON_STR_KEYS)
