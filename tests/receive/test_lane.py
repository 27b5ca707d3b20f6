"""The short way answers as the long way does; what is unusual goes the long way, byte for byte."""

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from collector.errors import Backpressure, Unavailable
from collector.model import Receipt
from collector.receive.admission.keys import Keys
from collector.receive.connections.lane import MOST_BODY_BYTES
from collector.receive.routes import ROUTES
from collector.receive.routes.rows import INFERENCES
from tests.receive.street import (
    GOOD,
    LIVEZ,
    ONE,
    ROWS,
    Answer,
    Hesitant,
    Street,
    answer_from,
    asked,
    connected,
    said,
    street,
    until,
)

MANY = orjson.dumps([{**GOOD, "id": f"r{n}", "note": "x" * 100} for n in range(200)])


def essence(answers: list[Answer]) -> list[tuple[int, str, bytes]]:
    """What both ways must agree on: not the date, nor the server's name."""
    return [(each.status, each.content_type, each.body) for each in answers]


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
    "another route": LIVEZ,
    "the last one": asked(head="Connection: close\r\n"),
    "an old client": asked(line=f"POST {ROWS} HTTP/1.0"),
    "no HTTP": b"hello\r\n\r\n",
    "larger than the short way takes": asked(b" " * (MOST_BODY_BYTES + 1) + ONE),
    "many headers": asked(head="".join(f"X-{n}: 1\r\n" for n in range(100))),
    "more headers than anybody takes": asked(head="".join(f"X-{n}: 1\r\n" for n in range(1000))),
}


def values(judged):
    return {name: list(column) for name, column in judged.table.columns.items()}


@pytest.mark.asyncio
@pytest.mark.parametrize("name", REQUESTS)
async def test_the_short_way_answers_as_the_long_way_does(name):
    async with street() as both:
        assert essence(await said(both.short, REQUESTS[name])) == essence(await said(both.long, REQUESTS[name]))
        short, long = both.house.intake.taken[:1], both.house.intake.taken[1:]
        assert list(map(values, short)) == list(map(values, long))
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
            assert essence(short) == essence(await said(both.long, request))

    asyncio.run(both_ways())


@pytest.mark.asyncio
async def test_requests_on_one_connection_are_answered_in_order_and_counted():
    async with street() as both:
        unknown = asked(line="POST /v1/monitors/flight/inferences HTTP/1.1")
        found = await said(both.short, asked(), asked(MANY), asked(), unknown, asked(), answers=5)
        assert [each.status for each in found] == [202, 202, 202, 404, 202]
        assert [each.table.rows for each in both.house.intake.taken] == [1, 200, 1, 1]
        text = both.house.telemetry.text().decode()
        assert 'requests_total{route="/v1/monitors/{monitor}/inferences",status="202"} 4.0' in text
        assert 'request_seconds_count{route="/v1/monitors/{monitor}/inferences"} 5.0' in text


@pytest.mark.asyncio
async def test_a_connection_stays_on_the_short_way_until_something_is_unusual():
    async with street() as both, connected(both.short) as (reader, writer):
        for _ in range(3):
            writer.write(asked())
            assert (await answer_from(reader)).status == 202
            assert len(both.lanes.open) == 1
        writer.write(LIVEZ)
        assert (await answer_from(reader)).status == 200
        assert not both.lanes.open


@pytest.mark.asyncio
async def test_several_requests_in_one_breath_are_all_answered():
    async with street() as both:
        found = await said(both.short, asked() * 3, answers=3)
        assert [each.status for each in found] == [202] * 3
        assert len(both.house.intake.taken) == 3


@asynccontextmanager
async def under_way() -> AsyncIterator[tuple[Street, Hesitant, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A request on the short way that waits for its answer."""
    async with street() as both, connected(both.short) as (reader, writer):
        hesitant = Hesitant(both.house)
        writer.write(asked())
        await hesitant.heard()
        yield both, hesitant, reader, writer


@pytest.mark.asyncio
async def test_the_next_request_waits_for_the_answer_to_the_one_before():
    async with under_way() as (_, hesitant, reader, writer):
        writer.write(asked())
        for _turn in range(20):
            await asyncio.sleep(0)
        assert len(hesitant.told) == 1
        hesitant.told[0](Receipt(accepted=1))
        await hesitant.heard(2)
        hesitant.told[1](Receipt(duplicates=1))
        answers = [orjson.loads((await answer_from(reader)).body) for _ in range(2)]
        assert [each["accepted"] for each in answers] == [1, 0]


@pytest.mark.asyncio
async def test_what_is_under_way_is_answered_when_the_service_stops_and_idle_connections_end():
    async with under_way() as (both, hesitant, reader, _), connected(both.short) as (idle, _writer):
        await until(lambda: len(both.lanes.open) == 2)
        closing = asyncio.create_task(both.lanes.close(5))
        assert await idle.read() == b""
        assert not closing.done()
        hesitant.told[0](Receipt(accepted=1))
        assert (await answer_from(reader)).status == 202
        assert await reader.read() == b""
        await closing


@pytest.mark.asyncio
async def test_a_connection_that_was_accepted_just_before_the_port_closed_is_answered():
    """The loop tells of it only after the lanes were asked to close, which is over when no lane is open."""
    async with street() as both:
        await both.lanes.close(0)
        async with connected(both.short) as (reader, writer):
            await until(lambda: both.lanes.long or both.lanes.open)
            assert not both.lanes.open
            writer.write(asked())
            assert (await answer_from(reader)).status == 202


@pytest.mark.asyncio
async def test_what_is_never_answered_is_cut_off_in_the_end():
    async with under_way() as (both, hesitant, reader, _):
        await both.lanes.close(0)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        hesitant.told[0](Receipt(accepted=1))  # and nobody minds


@pytest.mark.asyncio
async def test_a_client_that_went_away_disturbs_nobody():
    async with under_way() as (both, hesitant, _, writer):
        writer.transport.abort()
        await until(lambda: not both.lanes.open)
        hesitant.told[0](Receipt(accepted=1))
        assert (await said(both.long, LIVEZ))[0].status == 200


@pytest.mark.asyncio
async def test_a_client_that_does_not_read_its_answers_is_not_read_either_and_cut_off_in_the_end():
    async with street() as both, connected(both.short) as (reader, writer):
        writer.write(asked())
        assert (await answer_from(reader)).status == 202
        (lane,) = both.lanes.open
        lane.pause_writing()
        writer.write(asked())
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(both.house.intake.taken) == 1
        lane.resume_writing()
        assert (await answer_from(reader)).status == 202
        lane.pause_writing()
        lane.look(lane.since + 61)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)


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
        assert (await answer_from(reader)).status == 202


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
        assert essence(short) == essence(long)
        assert short[0].status == status


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
            assert essence(short) == essence(long)
            assert short[0].status == status
        assert (await said(both.short, asked()))[0].status == 401
        assert (await said(both.short, asked(head="evidently-secret: sesame-open\r\n")))[0].status == 202
        assert len(both.house.intake.taken) == 3


def test_the_short_way_is_a_route_of_the_table_that_takes_rows_with_the_scope_ingest():
    (route,) = [each for each in ROUTES if (each.method, each.path) == ("POST", INFERENCES)]
    assert (route.scope, route.also, route.body) == ("ingest", None, "rows")
