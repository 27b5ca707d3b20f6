"""A served application with both of its ways, and requests to it byte by byte."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

from collector.monitor import Monitor
from collector.ports import Judge, Told, Unjudged
from collector.receive import http
from collector.receive.connections.lanes import Lanes
from tests.receive.doubles import House, opened

ROWS = "/v1/monitors/flights/inferences"
GOOD = {"id": "a", "time": "2013-02-01T10:00:00Z", "distance": 733, "score": 0.3}
ONE = orjson.dumps(GOOD)


@dataclass(frozen=True)
class Street:
    """`short` is the port as it is; behind `long`, every connection goes the long way from its first byte."""

    house: House
    lanes: Lanes
    short: int
    long: int


@asynccontextmanager
async def street(ssl: SSLContext | None = None, **options: Any) -> AsyncIterator[Street]:
    async with opened(**options) as house:
        server = house.client.server
        assert isinstance(server, TestServer)
        runner = server.runner
        assert isinstance(runner, web.AppRunner)
        lanes = http.lanes(runner.app, runner)
        loop = asyncio.get_running_loop()
        ports = [
            await loop.create_server(protocol, "127.0.0.1", 0, ssl=ssl)
            for protocol in (lanes.connection, lanes.long_way)
        ]
        try:
            yield Street(house, lanes, *(port.sockets[0].getsockname()[1] for port in ports))
        finally:
            for port in ports:
                port.close()
            await lanes.close(5)


class Hesitant:
    """An intake that answers when it is told to."""

    def __init__(self, house: House) -> None:
        self.told: list[Told] = []

        def gather(
            monitor: Monitor, body: Unjudged, judge: Judge, told: Told, *, request_key: str | None = None
        ) -> None:
            self.told.append(told)

        house.intake.gather = gather  # type: ignore[method-assign]

    async def heard(self, times: int = 1) -> None:
        await until(lambda: len(self.told) >= times)


def asked(
    body: bytes = ONE, head: str = "", *, line: str = f"POST {ROWS} HTTP/1.1", length: int | None = None
) -> bytes:
    """A request. `length` says another one than the body's; -1: none."""
    size = f"Content-Length: {len(body) if length is None else length}\r\n" if length != -1 else ""
    return f"{line}\r\nHost: here\r\n{size}{head}\r\n".encode() + body


LIVEZ = asked(b"", line="GET /livez HTTP/1.1")
METRICS = asked(b"", line="GET /metrics HTTP/1.1")

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(port: int, ssl: SSLContext | None = None) -> AsyncIterator[Ends]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=ssl)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - the other side of the socket tells nobody
            await asyncio.sleep(0)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def problem(self) -> dict[str, Any]:
        assert self.content_type == "application/problem+json", (self.status, self.body)
        return dict(orjson.loads(self.body))


async def answer_from(reader: asyncio.StreamReader) -> Answer:
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        status = int(head[0].split()[1])
        if status == 100:
            return await answer_from(reader)
        return Answer(status, headers, await reader.readexactly(int(headers.get("content-length", 0))))


async def said(port: int, *pieces: bytes, answers: int = 1, ssl: SSLContext | None = None) -> list[Answer]:
    """Each answer to what is sent, piece by piece, on one connection."""
    async with connected(port, ssl) as (reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return [await answer_from(reader) for _ in range(answers)]
