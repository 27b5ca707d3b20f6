"""Requests and responses whose counterpart does not come are given up in time, and counted; they are no rows."""

from pathlib import Path

import pytest
import pytest_asyncio

from collector.clock import ManualClock
from collector.model import SECOND_US, Half, Meeting, MonitorId, Side
from collector.monitor import Monitor
from collector.ports import Buffer
from tests.pipeline.conftest import CountingEvaluator
from tests.pipeline.harness import Pipeline

pytestmark = pytest.mark.asyncio
MONITOR = Monitor.model_validate({"id": "flights", "reports": [{"name": "rows", "tests": ["TestNumberOfRows"]}]})


@pytest_asyncio.fixture
async def pipeline(buffer: Buffer, clock: ManualClock, tmp_path: Path) -> Pipeline:
    return Pipeline(buffer, CountingEvaluator(), clock, tmp_path)


async def test_what_waits_in_vain_is_dropped_and_counted_by_side(pipeline: Pipeline) -> None:
    await pipeline.watch(MONITOR)
    key = MonitorId(MONITOR.id)
    until_us = pipeline.clock.now_us() + 60 * SECOND_US
    halves = [Half(b"a", Side.REQUEST, b"", until_us), Half(b"b", Side.REQUEST, b"", until_us),
              Half(b"c", Side.RESPONSE, b"", until_us)]  # fmt: skip
    await pipeline.buffer.halves.offer(key, halves)
    await pipeline.housekeeping.drop_unpaired()
    await pipeline.housekeeping.set_gauges()
    assert "collector_receive_dropped_halves_total{" not in pipeline.telemetry.text().decode()
    assert 'collector_receive_waiting_halves{monitor="flights"} 3.0' in pipeline.telemetry.text().decode()

    pipeline.clock.advance(seconds=60)
    for _ in range(2):  # what is gone is not counted again
        await pipeline.housekeeping.drop_unpaired()
    await pipeline.housekeeping.set_gauges()
    text = pipeline.telemetry.text().decode()
    for side, count in (("request", 2), ("response", 1)):
        labels = f'monitor="flights",reason="unpaired",side="{side}"'
        assert f"collector_receive_dropped_halves_total{{{labels}}} {count}.0" in text
    assert 'collector_receive_waiting_halves{monitor="flights"} 0.0' in text
    assert await pipeline.rows(MONITOR) == {"accepted": 0, "evaluated": 0, "dead": 0, "dropped": {}, "waiting": 0}
    assert [met.meeting for met in await pipeline.buffer.halves.offer(key, halves[:1])] == [Meeting.WAITING]
