"""A monitor's windows become others while rows of the ones before wait: each row is evaluated once, and told once."""

from pathlib import Path

import pytest
import pytest_asyncio

from collector.clock import ManualClock
from collector.model import Judged, Table
from collector.monitor import Monitor
from collector.ports import Buffer
from tests.pipeline.conftest import CountingEvaluator
from tests.pipeline.harness import Pipeline

pytestmark = pytest.mark.asyncio

WINDOWS: list[dict[str, object]] = [
    {"rows": 3}, {"every": "1m"}, {"rows": 2}, {"every": "1m", "rows": 4}, {"rows": 3}, {"every": "1h"}
]  # fmt: skip


def monitor(window: dict[str, object]) -> Monitor:
    reports = [{"name": "r", "metrics": ["M"]}]
    return Monitor.model_validate({"id": "m", "window": {**window, "keep": "1d"}, "reports": reports})


@pytest_asyncio.fixture
async def pipeline(buffer: Buffer, clock: ManualClock, tmp_path: Path) -> Pipeline:
    return Pipeline(buffer, CountingEvaluator(), clock, tmp_path)


async def test_rows_are_told_once_whatever_the_windows_become(pipeline: Pipeline):
    sent = 0
    for window in WINDOWS:
        wish = monitor(window)
        await pipeline.watch(wish)
        await pipeline.intake.take(wish, Judged(Table({"x": [1.0] * 7}, 7), None, None, (), 0))
        sent += 7
        pipeline.clock.advance(seconds=70)
        await pipeline.work()
        await pipeline.work()
    pipeline.clock.advance(seconds=3700)
    await pipeline.work()
    rows = await pipeline.rows(wish)
    assert (rows["accepted"], rows["evaluated"], rows["waiting"]) == (sent, sent, 0)
    told = {each["id"]: each["rows"] for each in await pipeline.snapshots(wish)}
    assert sum(told.values()) == sent
