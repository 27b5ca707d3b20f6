"""A full buffer: who is refused, who gives way, and that each row of it is counted."""

import asyncio
from pathlib import Path

import pytest
import pytest_asyncio

from collector.clock import ManualClock
from collector.errors import Backpressure
from collector.model import SECOND_US
from collector.monitor import Monitor
from collector.pipeline.intake.room import DROPPED
from collector.ports import Buffer
from tests.pipeline.conftest import CountingEvaluator
from tests.pipeline.harness import Pipeline

pytestmark = pytest.mark.asyncio

HOUR = 3600 * SECOND_US
START = 1_714_521_600_000_000
WISH = {
    "id": "proud",
    "columns": {"id": "id", "timestamp": "at"},
    "window": {"every": "1h"},
    "reports": [{"name": "r", "metrics": ["M"]}],
}
PROUD = Monitor.model_validate(WISH)
YIELDING = Monitor.model_validate(WISH | {"id": "yielding", "when_full": "drop_oldest"})


@pytest_asyncio.fixture
async def pipeline(buffer: Buffer, clock: ManualClock, tmp_path: Path) -> Pipeline:
    made = Pipeline(buffer, CountingEvaluator(), clock, tmp_path)  # 1,000 rows a monitor, 2,000 in all
    await made.watch(PROUD, YIELDING)
    return made


def ids(first: int, count: int) -> list[str]:
    return [f"r{number}" for number in range(first, first + count)]


async def test_the_oldest_rows_give_way_and_are_counted(pipeline: Pipeline):
    for number in range(6):
        receipt = await pipeline.send(YIELDING, ids(number * 300, 300), [START + number * HOUR] * 300)
        assert receipt.accepted == 300
    rows = await pipeline.rows(YIELDING)
    assert rows["accepted"] == 1800
    assert rows["waiting"] + rows["dropped"][DROPPED] == 1800
    assert 700 <= rows["waiting"] <= 1000
    await pipeline.intake.flush(YIELDING)
    await pipeline.work()
    kept = {snapshot["timestamp"]: snapshot["rows"] for snapshot in await pipeline.snapshots(YIELDING)}
    assert kept["2024-05-01T05:00:00Z"] == 300  # the newest are whole
    assert "2024-05-01T00:00:00Z" not in kept
    assert (await pipeline.rows(YIELDING))["evaluated"] == sum(kept.values()) == rows["waiting"]


async def test_rows_that_were_evaluated_do_not_give_way_for_those_that_wait(pipeline: Pipeline):
    await pipeline.send(YIELDING, ids(0, 900), [START] * 900)
    await pipeline.intake.flush(YIELDING)
    await pipeline.work()
    await pipeline.send(YIELDING, ids(1000, 900), [START] * 900)
    await pipeline.send(YIELDING, ids(2000, 300), [START + HOUR] * 300)
    rows = await pipeline.rows(YIELDING)
    assert rows["evaluated"] == 900
    assert rows["dropped"] == {DROPPED: 300}  # as many as came, and no more
    assert rows["waiting"] == 900


async def test_a_monitor_that_did_not_wish_it_refuses(pipeline: Pipeline):
    await pipeline.send(PROUD, ids(0, 990), [START] * 990)
    with pytest.raises(Backpressure):
        await pipeline.send(PROUD, ids(1000, 20), [START] * 20)
    assert await pipeline.rows(PROUD) == {"accepted": 990, "evaluated": 0, "dead": 0, "dropped": {}, "waiting": 990}


async def test_a_request_larger_than_the_bound_is_refused_also_where_others_give_way(pipeline: Pipeline):
    with pytest.raises(Backpressure):
        await pipeline.send(YIELDING, ids(0, 1001), [START] * 1001)


async def test_requests_of_both_in_one_write_do_not_touch_each_other(pipeline: Pipeline):
    await pipeline.send(PROUD, ids(0, 990), [START] * 990)
    await pipeline.send(YIELDING, ids(0, 990), [START] * 990)
    refused, taken = await asyncio.gather(
        pipeline.send(PROUD, ids(1000, 50), [START] * 50),
        pipeline.send(YIELDING, ids(1000, 50), [START] * 50),
        return_exceptions=True,
    )
    assert isinstance(refused, Backpressure)
    assert not isinstance(taken, BaseException)
    assert taken.accepted == 50


async def test_all_monitors_together_have_a_bound_and_come_back_below_it(pipeline: Pipeline):
    names = [Monitor.model_validate(WISH | {"id": f"m{number}"}) for number in range(4)]
    await pipeline.watch(*names)
    for each in names[:2]:
        await pipeline.send(each, ids(0, 1000), [START] * 1000)
    with pytest.raises(Backpressure, match=r"2000 rows with .* wait in all monitors together") as refused:
        await pipeline.send(names[2], ids(0, 1), [START])
    assert refused.value.retry_after_seconds == 5
    await pipeline.housekeeping.set_gauges()
    assert "collector_buffer_fill_ratio 1.0" in pipeline.telemetry.text().decode()
    await pipeline.intake.flush(names[0])
    await pipeline.work()
    await pipeline.housekeeping.set_gauges()
    assert (await pipeline.send(names[2], ids(0, 1), [START])).accepted == 1


async def test_a_bound_that_was_reached_opens_again_below_nine_tenths_only(pipeline: Pipeline):
    pipeline.bound.counted(2000, 0)
    assert pipeline.bound.refusal() is not None
    pipeline.bound.counted(1900, 0)
    assert pipeline.bound.refusal() is not None
    pipeline.bound.counted(1799, 0)
    assert pipeline.bound.refusal() is None
    pipeline.bound.counted(1900, 0)
    assert pipeline.bound.refusal() is None
    pipeline.bound.counted(0, 10_000_000)
    assert pipeline.bound.refusal() is not None
