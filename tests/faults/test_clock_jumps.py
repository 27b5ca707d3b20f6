"""The clock of a machine jumps: rows and windows are neither lost nor counted twice, and no lease outlives its token."""

from pathlib import Path

import pytest
import pytest_asyncio

from collector.clock import ManualClock
from collector.errors import LeaseLost
from collector.model import SECOND_US, WORK_QUEUE, MonitorId
from collector.monitor import Monitor, WindowSettings
from collector.ports import Buffer
from tests.pipeline.conftest import CountingEvaluator, buffer, clock  # noqa: F401 - fixtures
from tests.pipeline.harness import Pipeline

pytestmark = pytest.mark.asyncio

HOUR = 3600 * SECOND_US
WISH = Monitor.model_validate(
    {"id": "m", "columns": {"id": "id"}, "window": {"every": "1h"}, "reports": [{"name": "r", "metrics": ["M"]}]}
)  # by time of arrival: the clock decides the window


@pytest_asyncio.fixture
async def pipeline(buffer: Buffer, clock: ManualClock, tmp_path: Path) -> Pipeline:  # noqa: F811
    made = Pipeline(buffer, CountingEvaluator(), clock, tmp_path)
    await made.watch(WISH)
    return made


async def send(pipeline: Pipeline, name: str, count: int = 5, monitor: Monitor = WISH) -> None:
    receipt = await pipeline.send(monitor, [f"{name}{n}" for n in range(count)], [pipeline.clock.now_us()] * count)
    assert receipt.accepted == count


@pytest.mark.parametrize("seconds", [-7200, -60, 60, 7200, 10 * 86_400])
async def test_every_row_is_evaluated_once_although_the_clock_jumps(pipeline: Pipeline, seconds: float):
    await send(pipeline, "before")
    await pipeline.housekeeping.close_due_windows()
    pipeline.clock.advance(seconds=seconds)
    await send(pipeline, "after")
    await pipeline.work()
    for _ in range(12):  # time goes on from wherever it is
        pipeline.clock.advance(seconds=1800)
        await pipeline.work()
    rows = await pipeline.rows(WISH)
    assert (rows["accepted"], rows["evaluated"], rows["waiting"]) == (10, 10, 0)
    assert sum(snapshot["rows"] for snapshot in await pipeline.snapshots(WISH)) == 10


async def test_a_window_that_waits_when_the_clock_goes_back_is_evaluated_with_the_next_tick(pipeline: Pipeline):
    full = WISH.model_copy(update={"window": WindowSettings(rows=5)})
    await pipeline.watch(full)
    await send(pipeline, "r", monitor=full)
    await pipeline.housekeeping.close_due_windows()
    pipeline.clock.advance(seconds=-7200)
    assert not await pipeline.evaluating.step()
    assert await pipeline.work() == 1
    assert (await pipeline.rows(full))["evaluated"] == 5


async def test_a_jump_ahead_ends_leases_and_their_holders_can_do_nothing_any_more(pipeline: Pipeline):
    await send(pipeline, "r")
    await pipeline.intake.flush(WISH)
    held = await pipeline.buffer.queue.lease(WORK_QUEUE, [MonitorId("m")], owner="held", seconds=30)
    assert held is not None
    pipeline.clock.advance(seconds=86_400)
    await pipeline.work()  # somebody else does it
    with pytest.raises(LeaseLost):
        await pipeline.buffer.queue.ack(held)
    assert (await pipeline.rows(WISH))["evaluated"] == 5


async def test_a_jump_back_lets_no_stale_lease_pass(pipeline: Pipeline):
    await send(pipeline, "r")
    await pipeline.intake.flush(WISH)
    stale = await pipeline.buffer.queue.lease(WORK_QUEUE, [MonitorId("m")], owner="stale", seconds=1)
    assert stale is not None
    pipeline.clock.advance(seconds=2)
    fresh = await pipeline.buffer.queue.lease(WORK_QUEUE, [MonitorId("m")], owner="fresh", seconds=30)
    assert fresh is not None
    pipeline.clock.advance(seconds=-3600)
    for deed in (pipeline.buffer.queue.ack(stale), pipeline.buffer.queue.renew(stale, seconds=30)):
        with pytest.raises(LeaseLost):
            await deed
    await pipeline.buffer.queue.ack(fresh)
