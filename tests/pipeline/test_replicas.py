"""Workers that look at the same clock: what is scheduled happens once per tick in effect, and nobody takes another's turn."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
import pytest_asyncio

from collector.clock import ManualClock
from collector.model import SECOND_US, WORK_QUEUE, MonitorId
from collector.monitor import Monitor
from collector.pipeline.alerts.alerts import ALERT_QUEUE
from collector.ports import Buffer
from tests.pipeline.conftest import CountingEvaluator
from tests.pipeline.harness import DESTINATION, Pipeline

pytestmark = pytest.mark.asyncio

HOUR = 3600 * SECOND_US
START = 1_714_521_600_000_000
WISH = Monitor.model_validate(
    {"id": "m", "columns": {"id": "id", "timestamp": "at"}, "window": {"every": "1h"},
     "reports": [{"name": "r", "metrics": ["M"]}], "forward": [DESTINATION],
     "alerts": [{"when": "no_data", "after": "30m", "to": DESTINATION}]}
)  # fmt: skip


@pytest_asyncio.fixture
async def evaluator() -> CountingEvaluator:
    return CountingEvaluator()


@pytest_asyncio.fixture
async def twins(buffer: Buffer, evaluator: CountingEvaluator, clock: ManualClock, tmp_path: Path) -> list[Pipeline]:
    """Two workers on one buffer, and one evaluator, which sees what both ask for."""
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(Pipeline(buffer, evaluator, clock, tmp_path / name))
    await made[0].watch(WISH)
    await made[1].registry.refresh()
    return made


async def test_a_tick_of_two_workers_puts_each_window_to_work_once(twins: list[Pipeline], evaluator: CountingEvaluator):
    one, two = twins
    for hour in range(4):
        await one.send(WISH, [f"{hour}"], [START + hour * HOUR])
    one.clock.advance(seconds=5 * 3600)
    for _ in range(3):
        await asyncio.gather(*(each.housekeeping.close_due_windows() for each in twins))
        one.clock.advance(seconds=1)
        (depth,) = await one.buffer.queue.depths(WORK_QUEUE, [MonitorId("m")])
        assert depth.items == 4
    await asyncio.gather(one.work(), two.work())
    await asyncio.gather(one.work(), two.work())
    evaluated = Counter(job.window.key for job in evaluator.jobs)
    assert sorted(evaluated.values()) == [1, 1, 1, 1]
    assert len(one.received.bodies) + len(two.received.bodies) == 4
    assert (await one.rows(WISH))["evaluated"] == 4


async def test_a_tick_of_two_workers_looks_at_the_alerts_once(twins: list[Pipeline]):
    one, two = twins
    for _ in range(3):
        await asyncio.gather(*(each.housekeeping.look_after_alerts() for each in twins))
        (depth,) = await one.buffer.queue.depths(ALERT_QUEUE, [MonitorId("m")])
        assert depth.items == 1
    await asyncio.gather(one.work(), two.work())  # watched from now on
    one.clock.advance(seconds=1801)
    for _ in range(3):
        await asyncio.gather(*(each.housekeeping.look_after_alerts() for each in twins))
        await asyncio.gather(one.work(), two.work())
    assert len(one.received.messages) + len(two.received.messages) == 1


async def test_two_workers_that_forget_at_the_same_time_drop_and_count_nothing_twice(twins: list[Pipeline]):
    one, _ = twins
    await one.send(WISH, ["a", "b"], [START, START])
    one.clock.advance(seconds=2 * 3600)
    await one.work()
    one.clock.advance(seconds=400 * 86_400)
    for _ in range(2):
        await asyncio.gather(*(each.housekeeping.forget_old_rows() for each in twins))
    assert not (await one.buffer.rows.state(MonitorId("m"))).panes
    assert await one.rows(WISH) == {"accepted": 2, "evaluated": 2, "dead": 0, "dropped": {}, "waiting": 0}


async def test_a_noisy_monitor_is_served_in_turn_with_a_quiet_one(twins: list[Pipeline], evaluator: CountingEvaluator):
    one, _ = twins
    quiet = WISH.model_copy(update={"id": "quiet", "alerts": ()})
    noisy = WISH.model_copy(update={"id": "noisy", "alerts": ()})
    await one.watch(noisy, quiet)
    for hour in range(60):
        await one.send(noisy, [f"n{hour}"], [START + hour * HOUR])
    await one.send(quiet, ["q"], [START])
    for wish in (noisy, quiet):
        await one.intake.flush(wish)
    for _ in range(2):
        assert await one.evaluating.step()
    assert [job.monitor.id for job in evaluator.jobs].count("quiet") == 1
    for _ in range(2):
        assert await one.forwarding.step()
    (of_quiet,) = await one.snapshots(quiet)
    assert [body["id"] for body in one.received.bodies].count(of_quiet["id"]) == 1
