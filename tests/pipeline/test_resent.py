"""A request that is sent again under its key, when other windows are open by then: its rows count once."""

from pathlib import Path

import pytest
import pytest_asyncio

from collector.clock import ManualClock
from collector.model import SECOND_US, Judged, MonitorId, Receipt, Table
from collector.monitor import Monitor
from collector.ports import Buffer
from tests.pipeline.conftest import CountingEvaluator
from tests.pipeline.harness import Pipeline

pytestmark = pytest.mark.asyncio

HOUR = 3600 * SECOND_US
START = 1_714_521_600_000_000
ROWS = 100
"""More than one chunk holds, see below."""


def monitor(**window: object) -> Monitor:
    columns = {"timestamp": "at"} if window.get("time") == "event" else {}
    reports = [{"name": "r", "metrics": ["M"]}]
    return Monitor.model_validate({"id": "m", "columns": columns, "window": window, "reports": reports})


@pytest_asyncio.fixture
async def pipeline(buffer: Buffer, clock: ManualClock, tmp_path: Path) -> Pipeline:
    return Pipeline(buffer, CountingEvaluator(), clock, tmp_path)


async def send(pipeline: Pipeline, wish: Monitor, key: str, rows: int = 2) -> Receipt:
    """Rows without ids, of event times in two hours."""
    events = [START + n % 2 * HOUR for n in range(rows)]
    table = Table({"at": events, "x": [float(n) for n in range(rows)]}, rows)
    return await pipeline.intake.take(wish, Judged(table, events, None, (), 0), request_key=key)


@pytest.mark.parametrize("rows", [2, ROWS])
@pytest.mark.parametrize("window", [{"every": "1h"}, {"rows": 2}, {"every": "1h", "time": "event"}])
async def test_it_is_a_duplicate_hours_later(
    pipeline: Pipeline, window: dict[str, object], rows: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("collector.pipeline.intake.pieces.chunk_rows", lambda columns: 30)
    wish = monitor(**window)
    await pipeline.watch(wish)
    assert (await send(pipeline, wish, "k", rows)).accepted == rows
    for _ in range(3):
        pipeline.clock.advance(seconds=3 * 3600)
        await pipeline.housekeeping.close_due_windows()
        again = await send(pipeline, wish, "k", rows)
        assert (again.accepted, again.duplicates) == (0, rows)
    assert (await send(pipeline, wish, "other", rows)).accepted == rows


async def test_it_is_a_duplicate_when_its_window_was_evaluated_and_forgotten(pipeline: Pipeline):
    wish = monitor(every="1h")
    await pipeline.watch(wish)
    await send(pipeline, wish, "k")
    pipeline.clock.advance(seconds=3 * 3600)
    assert await pipeline.work() == 1
    await pipeline.housekeeping.forget_old_rows()
    assert (await pipeline.buffer.rows.state(MonitorId(wish.id))).panes == ()
    again = await send(pipeline, wish, "k")
    assert (again.accepted, again.duplicates) == (0, 2)
    pipeline.clock.advance(seconds=24 * 3600)
    assert (await send(pipeline, wish, "k")).accepted == 2


async def test_it_is_a_duplicate_when_the_windows_are_others_by_then(pipeline: Pipeline):
    await pipeline.watch(monitor(rows=100))
    await send(pipeline, monitor(rows=100), "k")
    await pipeline.watch(monitor(every="1m"))
    again = await send(pipeline, monitor(every="1m"), "k")
    assert (again.accepted, again.duplicates) == (0, 2)
