"""Requests and responses that come one by one meet once, in any order, and nothing that was kept is lost silently."""

import asyncio

import pytest

from collector.buffer import Limits
from collector.buffer.policy import HALF_BYTES_AT_ONCE, HALVES_AT_ONCE, offered_at_once
from collector.errors import Backpressure
from collector.model import Half, Meeting, Met, MonitorId, Side
from collector.ports import Buffer
from tests.buffer.conftest import Store

M, OTHER = MonitorId("flights"), MonitorId("other")
WAITS, KNOWN = Met(Meeting.WAITING), Met(Meeting.KNOWN)


def request(key: bytes = b"a", body: bytes = b"in", until_us: int = 100) -> Half:
    return Half(key, Side.REQUEST, body, until_us)


def response(key: bytes = b"a", body: bytes = b"out", until_us: int = 100) -> Half:
    return Half(key, Side.RESPONSE, body, until_us)


@pytest.mark.parametrize(("first", "second"), [(request(), response()), (response(), request())])
@pytest.mark.asyncio
async def test_halves_meet_in_any_order(buffer: Buffer, first: Half, second: Half) -> None:
    assert await buffer.halves.offer(M, [first]) == [WAITS]
    assert await buffer.halves.offer(M, [second]) == [Met(Meeting.MET, first.body)]


@pytest.mark.asyncio
async def test_halves_of_one_call_meet_too(buffer: Buffer) -> None:
    offered = [request(b"a"), response(b"b"), response(b"a"), request(b"a"), request(b"b", b"\x00\xff")]
    met = await buffer.halves.offer(M, offered)
    assert met == [WAITS, WAITS, Met(Meeting.MET, b"in"), KNOWN, Met(Meeting.MET, b"out")]


@pytest.mark.asyncio
async def test_a_half_that_comes_twice_is_known(buffer: Buffer) -> None:
    assert await buffer.halves.offer(M, [request()]) == [WAITS]
    assert await buffer.halves.offer(M, [request(body=b"again")]) == [KNOWN]
    assert await buffer.halves.offer(M, [response()]) == [Met(Meeting.MET, b"in")]


@pytest.mark.asyncio
async def test_a_counterpart_stays_until_the_pair_is_finished(buffer: Buffer) -> None:
    await buffer.halves.offer(M, [request()])
    for _ in range(2):  # who asked first may have crashed before its row was stored
        assert await buffer.halves.offer(M, [response()]) == [Met(Meeting.MET, b"in")]
    await buffer.halves.finish(M, [b"a"], until_us=200)
    assert await buffer.halves.offer(M, [response(), request()]) == [KNOWN, KNOWN]


@pytest.mark.asyncio
async def test_a_finished_pair_is_forgotten_at_its_end(buffer: Buffer) -> None:
    await buffer.halves.offer(M, [request()])
    await buffer.halves.finish(M, [b"a"], until_us=200)
    await buffer.halves.finish(M, [b"a"], until_us=200)
    assert await buffer.halves.expire(M, now_us=199) == {}
    assert await buffer.halves.offer(M, [request()]) == [KNOWN]
    assert await buffer.halves.expire(M, now_us=200) == {}
    assert await buffer.halves.offer(M, [request()]) == [WAITS]


@pytest.mark.asyncio
async def test_what_waited_in_vain_is_counted_by_side_and_gone(buffer: Buffer) -> None:
    await buffer.halves.offer(M, [request(b"a"), request(b"b"), response(b"c"), request(b"d", until_us=101)])
    assert await buffer.halves.waiting(M) == 4
    assert await buffer.halves.expire(M, now_us=99) == {}
    assert await buffer.halves.expire(M, now_us=100) == {Side.REQUEST: 2, Side.RESPONSE: 1}
    assert await buffer.halves.expire(M, now_us=100) == {}
    assert await buffer.halves.waiting(M) == 1
    assert await buffer.halves.offer(M, [response(b"a")]) == [WAITS]


@pytest.mark.asyncio
async def test_many_expire_at_once(buffer: Buffer) -> None:
    await buffer.halves.offer(M, [request(b"%d" % number) for number in range(5_001)])
    assert await buffer.halves.expire(M, now_us=100) == {Side.REQUEST: 5_001}
    assert await buffer.halves.waiting(M) == 0


@pytest.mark.asyncio
async def test_monitors_do_not_meet(buffer: Buffer) -> None:
    await buffer.halves.offer(M, [request()])
    assert await buffer.halves.offer(OTHER, [response()]) == [WAITS]
    assert await buffer.halves.expire(OTHER, now_us=100) == {Side.RESPONSE: 1}
    assert await buffer.halves.waiting(M) == 1


@pytest.mark.parametrize("limits", [Limits(max_rows=2, max_bytes=1_000), Limits(max_rows=100, max_bytes=4)])
@pytest.mark.asyncio
async def test_too_many_are_refused_and_leave_no_trace(store: Store, limits: Limits) -> None:
    buffer = await store.open(limits)
    await buffer.halves.offer(M, [request(b"a"), request(b"b")])
    with pytest.raises(Backpressure, match="wait for their counterpart"):
        await buffer.halves.offer(M, [request(b"c"), response(b"d")])
    assert await buffer.halves.waiting(M) == 2
    # What makes room is always taken.
    assert await buffer.halves.offer(M, [response(b"a")]) == [Met(Meeting.MET, b"in")]
    await buffer.halves.finish(M, [b"a"], until_us=200)
    assert await buffer.halves.offer(M, [request(b"c")]) == [WAITS]


@pytest.mark.asyncio
async def test_a_half_survives_the_process_that_took_it(store: Store) -> None:
    first = await store.open()
    await first.halves.offer(M, [request()])
    await first.close()
    second = await store.open()
    assert await second.halves.offer(M, [response()]) == [Met(Meeting.MET, b"in")]


@pytest.mark.asyncio
async def test_of_two_replicas_that_get_one_half_each_one_meets(store: Store) -> None:
    one, two = await store.open(), await store.open()
    keys = [b"%d" % number for number in range(50)]
    met = await asyncio.gather(
        *(one.halves.offer(M, [request(key)]) for key in keys), *(two.halves.offer(M, [response(key)]) for key in keys)
    )
    for index in range(50):
        pair = sorted([met[index][0].meeting, met[index + 50][0].meeting])
        assert pair == [Meeting.MET, Meeting.WAITING]


@pytest.mark.asyncio
async def test_many_go_in_steps_and_each_is_answered_in_order(buffer: Buffer) -> None:
    keys = [b"%d" % number for number in range(2 * HALVES_AT_ONCE + 1)]
    assert await buffer.halves.offer(M, [request(key) for key in keys]) == [WAITS] * len(keys)
    met = await buffer.halves.offer(M, [response(key) for key in reversed(keys)])
    assert met == [Met(Meeting.MET, b"in")] * len(keys)
    await buffer.halves.finish(M, keys, until_us=200)
    assert await buffer.halves.waiting(M) == 0
    assert await buffer.halves.offer(M, [request(keys[0]), request(keys[-1])]) == [KNOWN, KNOWN]


@pytest.mark.asyncio
async def test_what_was_kept_before_the_refusal_of_many_is_known_when_they_come_again(store: Store) -> None:
    buffer = await store.open(Limits(max_rows=HALVES_AT_ONCE + 500, max_bytes=10**9))
    halves = [request(b"%d" % number) for number in range(2 * HALVES_AT_ONCE)]
    with pytest.raises(Backpressure, match="wait for their counterpart"):
        await buffer.halves.offer(M, halves)
    assert await buffer.halves.waiting(M) == HALVES_AT_ONCE
    assert await buffer.halves.offer(M, halves[:HALVES_AT_ONCE]) == [KNOWN] * HALVES_AT_ONCE


@pytest.mark.asyncio
async def test_no_more_pairs_are_known_again_than_rows_may_wait(store: Store) -> None:
    buffer = await store.open(Limits(max_rows=2, max_bytes=1_000))
    for key in (b"a", b"b", b"c"):
        await buffer.halves.offer(M, [request(key)])
        for _ in range(2):  # whoever finished it first may have crashed before it was told
            await buffer.halves.finish(M, [key], until_us=200)
    assert await buffer.halves.offer(M, [request(b"a"), request(b"b"), request(b"c")]) == [KNOWN, KNOWN, WAITS]
    await buffer.halves.expire(M, now_us=200)
    await buffer.halves.offer(M, [request(b"d")])
    await buffer.halves.finish(M, [b"d"], until_us=300)
    assert await buffer.halves.offer(M, [request(b"d")]) == [KNOWN]


def test_a_step_has_so_many_halves_and_so_many_bytes() -> None:
    assert [len(some) for some in offered_at_once([request()] * (HALVES_AT_ONCE + 1))] == [HALVES_AT_ONCE, 1]
    large = request(body=b"x" * (HALF_BYTES_AT_ONCE // 2))
    assert [len(some) for some in offered_at_once([large, large, large, request(body=b"x" * HALF_BYTES_AT_ONCE)])] == [
        2, 1, 1,
    ]  # fmt: skip
    assert list(offered_at_once([])) == []
