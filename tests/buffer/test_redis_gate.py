"""While a server is away, one call now and then looks whether it is back, and the others do not wait for it."""

import asyncio

import pytest

from collector.buffer.redis import gate as gates
from collector.buffer.redis.append import IDS_TOGETHER, _rounds, _together
from collector.buffer.redis.gate import Gate
from collector.errors import Unavailable
from collector.model import Append, RequestPart
from tests.buffer.making import OTHER, PANE, M, nameless

pytestmark = pytest.mark.asyncio


async def fails(gate: Gate) -> None:
    began = asyncio.get_running_loop().time()
    async with gate.passed():
        gate.failed(began, "it is away")


async def test_one_failure_closes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(calls=2, patience_seconds=1)
    await fails(gate)
    async with gate.passed():
        gate.answered()


async def test_a_server_that_stays_away_is_left_alone_for_a_while_and_callers_are_told_how_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gates, "FIRST_WAIT_SECONDS", 60.0)
    monkeypatch.setattr(gates, "LONGEST_WAIT_SECONDS", 60.0)
    gate = Gate(calls=2, patience_seconds=1)
    await fails(gate)
    await fails(gate)
    with pytest.raises(Unavailable, match="it is away; it is tried again in") as caught:
        await fails(gate)
    assert 29 < caught.value.retry_after_seconds <= 60


async def test_one_caller_looks_and_the_others_do_not_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "FIRST_WAIT_SECONDS", 0.0)
    gate = Gate(calls=2, patience_seconds=1)
    await fails(gate)
    await fails(gate)
    async with gate.passed():
        with pytest.raises(Unavailable, match="it is away"):
            await fails(gate)
        gate.answered()
    async with gate.passed(), gate.passed():
        pass


async def test_calls_that_were_under_way_together_fail_once() -> None:
    gate = Gate(calls=5, patience_seconds=1)
    began = asyncio.get_running_loop().time()
    for _ in range(5):
        gate.failed(began, "it is away")
    async with gate.passed():
        gate.answered()


async def test_a_caller_waits_for_a_free_connection_for_so_long() -> None:
    gate = Gate(calls=1, patience_seconds=0.01)
    async with gate.passed():
        with pytest.raises(Unavailable, match="all connections are busy"):
            await fails(gate)


def with_ids(rows: int, monitor: str = M) -> Append:
    return Append(monitor, PANE, b"", (RequestPart(rows),), b"\0" * 12 * rows)  # type: ignore[arg-type]


async def test_rows_without_ids_of_one_monitor_always_share_a_script() -> None:
    assert _together([nameless(10**6), nameless(10**6, monitor=OTHER), nameless(10**6)]) == [[0, 2], [1]]


async def test_neither_a_script_nor_a_round_trip_decides_on_more_ids_than_others_can_wait_for() -> None:
    appends = [with_ids(3_000) for _ in range(9)] + [with_ids(4_000, OTHER), with_ids(50_000), nameless(7)]
    groups = _together(appends)
    assert sorted(at for group in groups for at in group) == list(range(12))
    for together in (groups, [[at for group in few for at in group] for few in _rounds(appends, groups)]):
        for places in together:
            ids = sum(appends[at].rows for at in places if appends[at].ids)
            assert ids <= IDS_TOGETHER or len([at for at in places if appends[at].ids]) == 1
