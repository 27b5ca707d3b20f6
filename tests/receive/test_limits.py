"""Nothing that comes in is without a bound, and whoever reaches one is told which."""

import asyncio
from typing import Any

import pytest

from collector.model import Receipt
from collector.receive.connections.connection import Connection
from collector.receive.connections.lane import Lane
from tests.receive.street import LIVEZ, METRICS, ONE, ROWS, Hesitant, answer_from, asked, connected, said, street, until

pytestmark = pytest.mark.asyncio

WAYS = pytest.mark.parametrize("way", ["short", "long"])
MONITORS = "GET /v1/monitors HTTP/1.1"


def refusals(text: str, reason: str) -> float:
    lines = [
        line for line in text.splitlines() if line.startswith(f'collector_receive_refusals_total{{reason="{reason}"')
    ]
    return float(lines[0].split()[-1]) if lines else 0.0


# ---------------------------------------------------------------- heads


@WAYS
@pytest.mark.parametrize("line", [f"POST {ROWS} HTTP/1.1", MONITORS])
async def test_more_headers_than_the_limit_are_refused_with_431_and_as_many_are_taken(way, line):
    body = ONE if line.startswith("POST") else b""
    own = 2  # Host and Content-Length
    async with street(max_headers=10) as both:
        just, many = (
            asked(body, "".join(f"X-{n}: 1\r\n" for n in range(count)), line=line) for count in (10 - own, 11 - own)
        )
        assert (await said(getattr(both, way), just))[0].status in (200, 202)
        (answer,) = await said(getattr(both, way), many)
        assert answer.status == 431
        assert answer.problem["type"] == "/problems/head-too-large"
        assert answer.problem["limit"] == 10
        assert refusals(both.house.telemetry.text().decode(), "head") == 1


@WAYS
@pytest.mark.parametrize(
    "head",
    ["X-Long: " + "x" * 3000 + "\r\n", "".join(f"X-{n}: {'y' * 100}\r\n" for n in range(30))],
    ids=["one long header", "many short ones"],
)
@pytest.mark.parametrize("ended", [True, False], ids=["whole", "without an end"])
async def test_a_head_of_more_bytes_than_the_limit_is_refused_with_431(way, head, ended):
    request = asked(head=head)
    async with street(max_head_bytes=2048) as both:
        port = getattr(both, way)
        async with connected(port) as (reader, writer):
            writer.write(request if ended else request.removesuffix(b"\r\n\r\n" + ONE))
            if way == "short" and not ended:
                await until(lambda: both.lanes.open)
                await until(lambda: next(iter(both.lanes.open)).came)
                next(iter(both.lanes.open)).look(float("inf"))
            answer = await answer_from(reader)
            assert answer.status == 431
            assert answer.problem["limit"] == 2048
            assert both.house.intake.taken == []


@WAYS
async def test_a_large_body_is_no_head_however_it_comes_in(way):
    """A request that has just begun is not yet the current one of its connection: more of its body may come before."""
    async with street(max_head_bytes=2048) as both:
        body = ONE + b" " * 2_000_000
        (answer,) = await said(getattr(both, way), asked(body))
        assert answer.status == 202


EXPECTS = "Content-Type: application/json\r\nExpect: 100-continue\r\n"


@WAYS
async def test_a_client_that_waits_is_asked_for_its_body_unless_it_is_too_large(way):
    async with street(max_body_bytes=1000) as both:
        async with connected(getattr(both, way)) as (reader, writer):
            writer.write(asked(b"", EXPECTS, length=len(ONE)))
            assert (await reader.readline()).split()[1] == b"100"
            await reader.readline()
            writer.write(ONE)
            assert (await answer_from(reader)).status == 202
        async with connected(getattr(both, way)) as (reader, writer):
            writer.write(asked(b"", EXPECTS, length=1001))
            assert (await reader.readline()).split()[1] == b"413"


@WAYS
async def test_what_else_a_client_expects_is_passed_over(way):
    async with street() as both:
        (answer,) = await said(getattr(both, way), asked(ONE, "Expect: a-miracle\r\n"))
        assert answer.status == 202


async def test_an_address_longer_than_the_limit_is_refused_with_431():
    async with street(max_head_bytes=2048) as both:
        (answer,) = await said(both.short, asked(line=f"POST {ROWS}?{'a' * 3000} HTTP/1.1"))
        assert (answer.status, answer.problem["limit"]) == (431, 2048)


async def test_what_is_no_http_is_a_problem_that_shows_nothing_of_it():
    async with street() as both:
        for junk in (b"hello there-is-a-key\r\n\r\n", asked(head="Bad header there-is-a-key\x00: 1\r\n")):
            (answer,) = await said(both.short, junk)
            assert (answer.status, answer.problem["type"]) == (400, "/problems/request-refused")
            assert b"there-is-a-key" not in answer.body


# ---------------------------------------------------------------- time


@WAYS
@pytest.mark.parametrize("before", [b"", LIVEZ], ids=["a new connection", "one that asked before"])
async def test_a_head_that_does_not_end_in_time_is_refused_with_408_and_the_connection_ends(way, before):
    async with street(body_timeout_seconds=30) as both, connected(getattr(both, way)) as (reader, writer):
        if before:
            writer.write(before)
            assert (await answer_from(reader)).status == 200
        writer.write(asked()[:40])
        await until(
            lambda: any(lane.came for lane in both.lanes.open) or any(each.head_bytes for each in both.lanes.long)
        )
        waiting: list[Lane | Connection] = [*both.lanes.open, *both.lanes.long]
        for each in waiting:
            each.since -= 10  # so long ago
        now = asyncio.get_running_loop().time()
        both.lanes.look(now)  # the short way has less patience, and hands over
        both.lanes.look(now + 19)
        assert len(both.lanes.long) == 1
        both.lanes.look(now + 21)
        answer = await answer_from(reader)
        assert (answer.status, answer.headers["connection"]) == (408, "close")
        assert answer.problem["type"] == "/problems/too-slow"
        assert answer.problem["limit"] == 30
        assert await reader.read() == b""
        assert refusals(both.house.telemetry.text().decode(), "slow") == 1


async def test_bytes_that_drip_in_do_not_prolong_the_time_of_a_head():
    async with street(body_timeout_seconds=30) as both, connected(both.long) as (reader, writer):
        await until(lambda: both.lanes.long)
        (connection,) = both.lanes.long
        writer.write(b"G")
        await until(lambda: connection.head_bytes == 1)
        connection.since -= 29  # so long ago
        writer.write(b"E")
        await until(lambda: connection.head_bytes == 2)
        connection.look(asyncio.get_running_loop().time())
        writer.write(b"T")
        await until(lambda: connection.head_bytes == 3)
        connection.look(asyncio.get_running_loop().time() + 2)
        assert (await answer_from(reader)).status == 408


@WAYS
async def test_a_body_that_does_not_arrive_in_time_is_refused_with_408_and_the_connection_ends(way):
    async with street(body_timeout_seconds=0.05) as both, connected(getattr(both, way)) as (reader, writer):
        writer.write(asked(length=1000))
        if way == "short":
            await until(lambda: any(lane.came for lane in both.lanes.open))
            both.lanes.look(asyncio.get_running_loop().time() + 2)
        answer = await answer_from(reader)
        assert (answer.status, answer.headers["connection"]) == (408, "close")
        assert answer.problem["limit"] == 0.05
        assert await asyncio.wait_for(reader.read(), 5) == b""  # nobody waits for the rest of the body
        assert both.house.intake.taken == []
        assert refusals(both.house.telemetry.text().decode(), "slow") == 1


@WAYS
async def test_a_connection_on_which_nothing_is_ever_asked_ends(way):
    async with street(body_timeout_seconds=30) as both, connected(getattr(both, way)) as (reader, _):
        await until(lambda: both.lanes.open or both.lanes.long)
        now = asyncio.get_running_loop().time()
        both.lanes.look(now + 29)
        assert both.lanes.open or both.lanes.long
        both.lanes.look(now + 31)
        assert await reader.read() == b""


async def test_a_connection_that_was_used_may_rest_for_as_long_as_the_setting_says():
    limits: dict[str, Any] = {"body_timeout_seconds": 30, "keep_alive_seconds": 1000}
    async with street(**limits) as both, connected(both.short) as (reader, writer):
        writer.write(asked())
        assert (await answer_from(reader)).status == 202
        now = asyncio.get_running_loop().time()
        both.lanes.look(now + 999)
        assert both.lanes.open
        both.lanes.look(now + 1001)
        assert await reader.read() == b""


# ---------------------------------------------------------------- how many at once


@WAYS
async def test_one_request_more_than_may_be_under_way_is_refused_with_503_and_health_still_answers(way):
    async with street(max_concurrent_requests=2) as both:
        hesitant = Hesitant(both.house)
        async with connected(getattr(both, way)) as (first, one), connected(getattr(both, way)) as (second, two):
            for writer in (one, two):
                writer.write(asked())
            await hesitant.heard(2)
            (answer,) = await said(getattr(both, way), asked())
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            assert answer.problem["type"] == "/problems/overloaded"
            assert answer.problem["limit"] == 2
            for probe in (LIVEZ, METRICS, asked(b"", line="GET /readyz HTTP/1.1")):
                assert (await said(getattr(both, way), probe))[0].status == 200
            for told in hesitant.told:
                told(Receipt(accepted=1))
            assert [(await answer_from(reader)).status for reader in (first, second)] == [202, 202]
            one.write(asked())
            await hesitant.heard(3)
            hesitant.told[2](Receipt(accepted=1))
            assert (await answer_from(first)).status == 202
        assert refusals(both.house.telemetry.text().decode(), "concurrent") == 1


@WAYS
async def test_whatever_became_of_a_request_its_place_is_free_again(way):
    async with street(max_concurrent_requests=1) as both:
        for request in (asked(b"{no json"), asked(line="POST /v1/monitors/none/inferences HTTP/1.1"), asked(b"[{}]")):
            await said(getattr(both, way), request)
        both.house.intake.fails = ValueError("a fault")
        assert (await said(getattr(both, way), asked()))[0].status == 500
        both.house.intake.fails = None
        assert (await said(getattr(both, way), asked()))[0].status == 202


async def test_a_request_on_the_long_way_takes_the_place_of_one_on_the_short_way():
    async with street(max_concurrent_requests=1) as both, connected(both.long) as (_, writer):
        hesitant = Hesitant(both.house)
        writer.write(asked())
        await hesitant.heard()
        assert (await said(both.short, asked()))[0].status == 503
        hesitant.told[0](Receipt(accepted=1))


async def test_one_connection_more_than_there_may_be_is_told_so_and_ends_and_health_still_answers():
    async with street(max_connections=2) as both, connected(both.short), connected(both.long):
        await until(lambda: len(both.lanes.open) + len(both.lanes.long) == 2)
        async with connected(both.short) as (reader, writer):
            writer.write(asked())
            answer = await answer_from(reader)
            assert (answer.status, answer.headers["connection"]) == (503, "close")
            assert answer.problem["limit"] == 2
            assert await reader.read() == b""
        assert both.house.intake.taken == []
        async with connected(both.short) as (reader, writer):
            writer.write(LIVEZ)
            answer = await answer_from(reader)
            assert (answer.status, answer.headers["connection"]) == (200, "close")
            assert await reader.read() == b""
        assert refusals(both.house.telemetry.text().decode(), "connections") == 1


async def test_a_flood_of_connections_is_cut_off_and_those_that_were_there_stay():
    async with street(max_connections=1) as both, connected(both.short) as (reader, writer):
        await until(lambda: both.lanes.open)
        flood = [await asyncio.open_connection("127.0.0.1", both.short) for _ in range(40)]
        await until(lambda: sum(other.at_eof() or other.exception() is not None for other, _ in flood) == 8)
        assert len(both.lanes.long) == 32
        writer.write(asked())
        assert (await answer_from(reader)).status == 202
        for _, other in flood:
            other.close()


# ---------------------------------------------------------------- handshake of webhooks


@pytest.mark.parametrize("path", ["/", "/cloudevents", "/cloudevents/flights"])
async def test_the_handshake_of_a_webhook_is_agreed_to(path):
    async with street() as both:
        (answer,) = await said(
            both.short, asked(b"", "WebHook-Request-Origin: events.example\r\n", line=f"OPTIONS {path} HTTP/1.1")
        )
        assert answer.status == 200
        assert answer.headers["webhook-allowed-origin"] == "events.example"
        assert answer.headers["webhook-allowed-rate"] == "*"
        assert "POST" in answer.headers["allow"]
        (answer,) = await said(both.short, asked(b"", line=f"OPTIONS {path} HTTP/1.1"))
        assert "webhook-allowed-origin" not in answer.headers
