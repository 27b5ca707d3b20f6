"""The short way answers as the long way does; what is unusual goes the long way, byte for byte."""

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.errors import Backpressure, Unavailable
from collector.model import Receipt
from collector.monitor import Monitor
from collector.ports import Judge, Told, Unjudged
from collector.receive import http
from collector.receive.keys import Keys
from collector.receive.lane import MOST_BODY_BYTES, Lanes
from collector.receive.routes import ROUTES
from collector.receive.routes.rows import INFERENCES
from tests.receive.doubles import House, opened

ROWS = "/v1/monitors/flights/inferences"
GOOD = {"id": "a", "time": "2013-02-01T10:00:00Z", "distance": 733, "score": 0.3}
ONE = orjson.dumps(GOOD)
MANY = orjson.dumps([{**GOOD, "id": f"r{n}", "note": "x" * 100} for n in range(200)])


class Street:
    """Both ways to one application. `lanes` are those of the short one."""

    def __init__(self, house: House, lanes: Lanes, short: int, long: int) -> None:
        self.house = house
        self.lanes = lanes
        self.short = short
        self.long = long


@asynccontextmanager
async def street(**options: Any) -> AsyncIterator[Street]:
    async with opened(**options) as house:
        server = house.client.server
        assert isinstance(server, TestServer)
        runner = server.runner
        assert isinstance(runner, web.AppRunner)
        lanes = http.lanes(runner.app, runner)
        listening = await asyncio.get_running_loop().create_server(lanes.connection, "127.0.0.1", 0)
        try:
            yield Street(house, lanes, listening.sockets[0].getsockname()[1], int(server.port or 0))
        finally:
            listening.close()
            await lanes.close(5)


def asked(
    body: bytes = ONE, head: str = "", *, line: str = f"POST {ROWS} HTTP/1.1", length: int | None = None
) -> bytes:
    size = f"Content-Length: {len(body) if length is None else length}\r\n" if length != -1 else ""
    return f"{line}\r\nHost: here\r\n{size}{head}\r\n".encode() + body


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
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


async def said(port: int, *pieces: bytes, answers: int = 1) -> list[tuple[int, str, bytes]]:
    """Status, content type and body of each answer to what is sent, piece by piece, on one connection."""
    async with connected(port) as (reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return [await answer_from(reader) for _ in range(answers)]


async def answer_from(reader: asyncio.StreamReader) -> tuple[int, str, bytes]:
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        status = int(head[0].split()[1])
        if status == 100:
            return await answer_from(reader)
        return status, headers.get("content-type", ""), await reader.readexactly(int(headers.get("content-length", 0)))


REQUESTS = {
    "one row": asked(),
    "rows": asked(orjson.dumps([GOOD, {**GOOD, "id": "b"}])),
    "more than are gathered": asked(MANY),
    "columns": asked(orjson.dumps({"columns": {name: [value] for name, value in GOOD.items()}})),
    "a bad row beside a good one": asked(orjson.dumps([GOOD, {**GOOD, "distance": "far"}])),
    "bad rows only": asked(orjson.dumps([{"distance": 1}])),
    "many bad rows only": asked(orjson.dumps([{"note": "x" * 200}] * 200)),
    "no rows": asked(b"[]"),
    "rows that are none": asked(b"[1, 2]"),
    "columns of other lengths": asked(b'{"columns": {"id": ["a"], "distance": [1, 2]}}'),
    "nothing": asked(b""),
    "no length": asked(b"", length=-1),
    "no JSON": asked(b"{nothing}"),
    "a number": asked(b"5"),
    "NaN, as Python writes it": asked(ONE.replace(b"0.3", b"NaN")),
    "a key": asked(head="Idempotency-Key: once\r\n"),
    "a key that is none": asked(head="Idempotency-Key: a b\r\n"),
    "two keys": asked(head="Idempotency-Key: one\r\nIdempotency-Key: two\r\n"),
    "JSON, said in full": asked(head="Content-Type: Application/JSON; charset=utf-8\r\n"),
    "another encoding": asked(ONE + b"\n" + ONE, "Content-Type: application/x-ndjson\r\n"),
    "an unknown encoding": asked(head="Content-Type: application/msgpack\r\n"),
    "packed": asked(gzip.compress(ONE), "Content-Encoding: gzip\r\n"),
    "in chunks": asked(b"%x\r\n%b\r\n0\r\n\r\n" % (len(ONE), ONE), "Transfer-Encoding: chunked\r\n", length=-1),
    "first asks whether it may": asked(head="Expect: 100-continue\r\n"),
    "an unknown monitor": asked(line="POST /v1/monitors/flight/inferences HTTP/1.1"),
    "an address that is none": asked(line="POST /v1/monitors/\xff/inferences HTTP/1.1"),
    "a query": asked(line=f"POST {ROWS}?a=1 HTTP/1.1"),
    "a quoted address": asked(line="POST /v1/monitors/%66lights/inferences HTTP/1.1"),
    "another method": asked(b"", line=f"GET {ROWS} HTTP/1.1"),
    "another route": asked(b"", line="GET /livez HTTP/1.1"),
    "the last one": asked(head="Connection: close\r\n"),
    "an old client": asked(line=f"POST {ROWS} HTTP/1.0"),
    "no HTTP": b"hello\r\n\r\n",
    "larger than the short way takes": asked(b" " * (MOST_BODY_BYTES + 1) + ONE),
    "many headers": asked(head="".join(f"X-{n}: 1\r\n" for n in range(100))),
    "more headers than anybody takes": asked(head="".join(f"X-{n}: 1\r\n" for n in range(1000))),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("name", REQUESTS)
async def test_the_short_way_answers_as_the_long_way_does(name):
    async with street() as both:
        assert await said(both.short, REQUESTS[name]) == await said(both.long, REQUESTS[name])
        short, long = both.house.intake.taken[:1], both.house.intake.taken[1:]
        assert [each.table.columns for each in short] == [each.table.columns for each in long]
        assert both.house.intake.request_keys in ([], [None, None], ["once", "once"], ["one", "one"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    body=st.one_of(st.binary(max_size=30), st.sampled_from([ONE, b"[]", b"[{}]", b"{}", b"[NaN]", b'"\\ud800"'])),
    head=st.lists(
        st.sampled_from(
            ["Content-Type: text/csv", "Content-Encoding: zstd", "Connection: keep-alive", "Connection: upgrade",
             "Upgrade: websocket", "Accept: */*", "Idempotency-Key: k", "Content-Length: 1", " folded", "X:"]
        ),
        max_size=3,
    ),
    cut=st.integers(0, 200),
)  # fmt: skip
def test_whatever_is_sent_and_however_it_is_cut_both_ways_agree(body, head, cut):
    request = asked(body, "".join(f"{line}\r\n" for line in head))

    async def both_ways() -> None:
        async with street() as both:
            short = await said(both.short, request[:cut], request[cut:])
            assert short == await said(both.long, request)

    asyncio.run(both_ways())


@pytest.mark.asyncio
async def test_requests_on_one_connection_are_answered_in_order_and_counted():
    async with street() as both:
        unknown = asked(line="POST /v1/monitors/flight/inferences HTTP/1.1")
        found = await said(both.short, asked(), asked(MANY), asked(), unknown, asked(), answers=5)
        assert [status for status, _, _ in found] == [202, 202, 202, 404, 202]
        assert [each.table.rows for each in both.house.intake.taken] == [1, 200, 1, 1]
        text = both.house.telemetry.text().decode()
        assert 'requests_total{route="/v1/monitors/{monitor}/inferences",status="202"} 4.0' in text
        assert 'request_seconds_count{route="/v1/monitors/{monitor}/inferences"} 5.0' in text


@pytest.mark.asyncio
async def test_a_connection_stays_on_the_short_way_until_something_is_unusual():
    async with street() as both, connected(both.short) as (reader, writer):
        for _ in range(3):
            writer.write(asked())
            assert (await answer_from(reader))[0] == 202
            assert len(both.lanes.open) == 1
        writer.write(asked(b"", line="GET /livez HTTP/1.1"))
        assert (await answer_from(reader))[0] == 200
        assert not both.lanes.open


@pytest.mark.asyncio
async def test_several_requests_in_one_breath_are_all_answered():
    async with street() as both:
        found = await said(both.short, asked() * 3, answers=3)
        assert [status for status, _, _ in found] == [202] * 3
        assert len(both.house.intake.taken) == 3


class Hesitant:
    """An intake that answers when it is told to."""

    def __init__(self, house: House) -> None:
        self.told: list[Told] = []

        def gather(
            monitor: Monitor, body: Unjudged, judge: Judge, told: Told, *, request_key: str | None = None
        ) -> None:
            self.told.append(told)

        house.intake.gather = gather  # type: ignore[method-assign]

    async def asked(self, times: int = 1) -> None:
        await until(lambda: len(self.told) >= times)


@pytest.mark.asyncio
async def test_the_next_request_waits_for_the_answer_to_the_one_before():
    async with street() as both, connected(both.short) as (reader, writer):
        hesitant = Hesitant(both.house)
        writer.write(asked())
        await hesitant.asked()
        writer.write(asked())
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(hesitant.told) == 1
        hesitant.told[0](Receipt(accepted=1))
        await hesitant.asked(2)
        hesitant.told[1](Receipt(duplicates=1))
        answers = [orjson.loads((await answer_from(reader))[2]) for _ in range(2)]
        assert [each["accepted"] for each in answers] == [1, 0]


@pytest.mark.asyncio
async def test_what_is_under_way_is_answered_when_the_service_stops_and_idle_connections_end():
    async with street() as both, connected(both.short) as (idle, _), connected(both.short) as (reader, writer):
        hesitant = Hesitant(both.house)
        writer.write(asked())
        await hesitant.asked()
        closing = asyncio.create_task(both.lanes.close(5))
        assert await idle.read() == b""
        assert not closing.done()
        hesitant.told[0](Receipt(accepted=1))
        assert (await answer_from(reader))[0] == 202
        assert await reader.read() == b""
        await closing


@pytest.mark.asyncio
async def test_what_is_never_answered_is_cut_off_in_the_end():
    async with street() as both, connected(both.short) as (reader, writer):
        hesitant = Hesitant(both.house)
        writer.write(asked())
        await hesitant.asked()
        await both.lanes.close(0)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        hesitant.told[0](Receipt(accepted=1))  # and nobody minds


@pytest.mark.asyncio
async def test_a_client_that_went_away_disturbs_nobody():
    async with street() as both, connected(both.short) as (_, writer):
        hesitant = Hesitant(both.house)
        writer.write(asked())
        await hesitant.asked()
        writer.transport.abort()
        await until(lambda: not both.lanes.open)
        hesitant.told[0](Receipt(accepted=1))
        assert (await said(both.long, asked(b"", line="GET /livez HTTP/1.1")))[0][0] == 200


@pytest.mark.asyncio
async def test_what_does_not_come_whole_in_time_goes_the_long_way():
    async with street() as both, connected(both.short) as (reader, writer):
        request = asked()
        writer.write(request[:100])
        await until(lambda: both.lanes.open)
        (lane,) = both.lanes.open
        await until(lambda: lane.came)
        lane.look(lane.since + 0.5)
        assert both.lanes.open
        lane.look(lane.since + 1.5)
        assert not both.lanes.open
        writer.write(request[100:])
        assert (await answer_from(reader))[0] == 202


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("error", "status"),
    [(Backpressure("full", retry_after_seconds=7), 429), (Unavailable("away"), 503), (ValueError("a fault"), 500)],
)
@pytest.mark.parametrize("body", [ONE, MANY])
async def test_errors_of_the_intake_are_the_same_problems(error, status, body, caplog):
    caplog.set_level(logging.CRITICAL)
    async with street() as both:
        both.house.intake.fails = error
        short, long = await said(both.short, asked(body)), await said(both.long, asked(body))
        assert short == long
        assert short[0][0] == status


@pytest.mark.asyncio
async def test_keys_open_the_short_way_to_the_same_requests(tmp_path: Path):
    file = tmp_path / "keys.yaml"
    file.write_text(
        "keys:\n- {name: in, key: sesame-open, scopes: [ingest], monitors: [flights]}\n"
        "- {name: other, key: sesame-other, scopes: [ingest], monitors: [trains]}\n"
        "- {name: out, key: sesame-read, scopes: [read]}\n"
    )
    async with street(keys=Keys(file)) as both:
        for key, status in {"sesame-open": 202, "sesame-other": 403, "sesame-read": 403, "sesame": 401}.items():
            request = asked(head=f"Authorization: Bearer {key}\r\n")
            short, long = await said(both.short, request), await said(both.long, request)
            assert short == long
            assert short[0][0] == status
        assert (await said(both.short, asked()))[0][0] == 401
        assert (await said(both.short, asked(head="evidently-secret: sesame-open\r\n")))[0][0] == 202
        assert len(both.house.intake.taken) == 3


def test_the_short_way_is_a_route_of_the_table_that_takes_rows_with_the_scope_ingest():
    (route,) = [each for each in ROUTES if (each.method, each.path) == ("POST", INFERENCES)]
    assert (route.scope, route.also, route.body) == ("ingest", None, "rows")
