"""A monitor with thousands of windows, as after a backfill: what it costs grows no faster than they do."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from collector.batch.windows import windows_of
from collector.clock import ManualClock
from collector.model import SECOND_US, WORK_QUEUE, MonitorId, MonitorState, PaneState, Window
from collector.monitor import Monitor
from collector.pipeline import states
from collector.pipeline.monitors import registry
from collector.pipeline.upkeep import pace, schedule
from collector.ports import Buffer
from tests.pipeline.conftest import CountingEvaluator
from tests.pipeline.harness import Pipeline

pytestmark = pytest.mark.asyncio

WINDOWS = 12
START = 1_714_521_600_000_000
HISTORY = Monitor.model_validate(
    {
        "id": "history",
        "columns": {"id": "id", "timestamp": "at"},
        "window": {"every": "1s"},
        "reports": [{"name": "r", "metrics": ["M"]}],
    }
)


@pytest_asyncio.fixture
async def pipeline(buffer: Buffer, clock: ManualClock, tmp_path: Path) -> Pipeline:
    made = Pipeline(buffer, CountingEvaluator(), clock, tmp_path)
    await made.watch(HISTORY)
    await made.send(HISTORY, [f"r{n}" for n in range(WINDOWS)], [START + n * SECOND_US for n in range(WINDOWS)])
    clock.advance(seconds=60)
    return made


async def waiting(pipeline: Pipeline) -> int:
    (depth,) = await pipeline.buffer.queue.depths(WORK_QUEUE, [MonitorId("history")])
    return depth.items


async def looks(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> list[MonitorId]:
    """Grows with each look at all panes of a monitor."""
    seen: list[MonitorId] = []
    state = pipeline.buffer.rows.state

    async def noted(monitor: MonitorId) -> MonitorState:
        seen.append(monitor)
        return await state(monitor)

    monkeypatch.setattr(pipeline.buffer.rows, "state", noted)
    return seen


async def test_evaluating_a_window_looks_at_its_own_pane_only(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch):
    await pipeline.housekeeping.close_due_windows()
    seen = await looks(pipeline, monkeypatch)
    while await pipeline.evaluating.step():
        pass
    assert seen == []
    assert (await pipeline.rows(HISTORY))["evaluated"] == WINDOWS


async def test_one_look_puts_so_many_windows_to_work_the_oldest_first_and_none_is_forgotten(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(schedule, "DUE_AT_ONCE", 5)
    done = []
    for _ in range(4):
        await pipeline.housekeeping.close_due_windows()
        done.append(await waiting(pipeline))
        while await pipeline.evaluating.step():
            pass
    assert done == [5, 5, 2, 0]
    assert [each["revision"] for each in await pipeline.snapshots(HISTORY)] == [1] * WINDOWS


@pytest.mark.parametrize("job", ["close_due_windows", "forget_old_rows", "set_gauges"])
async def test_a_monitor_of_many_panes_is_looked_at_less_often_and_others_as_ever(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, job: str
):
    monkeypatch.setattr(pace, "PANES_EACH_TIME", 4)
    other = HISTORY.model_copy(update={"id": "other"})
    await pipeline.watch(HISTORY, other)
    await pipeline.send(other, ["a"], [START])
    seen = await looks(pipeline, monkeypatch)
    for _ in range(8):
        await getattr(pipeline.housekeeping, job)()
    assert seen.count(MonitorId("history")) == 2  # of 12 panes: one look, three times passed over, and again
    assert seen.count(MonitorId("other")) == 8


async def test_many_open_windows_are_listed_beside_the_loop(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch):
    threads: set[threading.Thread] = set()

    def noted(monitor: Monitor, pane: PaneState) -> Iterator[Window]:
        threads.add(threading.current_thread())
        return windows_of(monitor, pane)

    monkeypatch.setattr(registry, "windows_of", noted)
    few = (await pipeline.registry.describe(HISTORY))["open_windows"]
    assert threads == {threading.main_thread()}
    threads.clear()
    monkeypatch.setattr(states, "FEW_PANES", WINDOWS - 1)
    assert (await pipeline.registry.describe(HISTORY))["open_windows"] == few
    assert threads
    assert threading.main_thread() not in threads
