"""Rows leave the buffer with their snapshot where the monitor includes them, and wait for every destination."""

import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from collector.clock import ManualClock
from collector.errors import Transient
from collector.model import SECOND_US, MonitorId, SnapshotId
from collector.monitor import Monitor
from collector.ports import Buffer
from tests.pipeline.harness import DESTINATION, Pipeline
from tests.pipeline.inline import InlineEvaluator

pytestmark = pytest.mark.asyncio
START = 1_714_521_600_000_000
HOUR_US = 3600 * SECOND_US


def wish(**more: Any) -> Monitor:
    return Monitor.model_validate(
        {
            "id": "flights",
            "columns": {"id": "id", "timestamp": "at", "target": "y", "prediction": "x", "task": "regression"},
            "window": {"every": "1h", "lateness": "10m"},
            "labels": {"wait": "1h", "keep": "2h"},
            "reports": [
                {"name": "drift", "metrics": ["DatasetSummaryMetric"]},
                {"name": "quality", "metrics": ["RegressionQualityMetric"], "needs_target": True},
            ],
            "include_data": True,
            "forward": [DESTINATION],
        }
        | more
    )


async def watching(buffer: Buffer, clock: ManualClock, folder: Path, monitor: Monitor) -> Pipeline:
    made = Pipeline(buffer, InlineEvaluator(), clock, folder)
    await made.watch(monitor)
    return made


async def an_hour(pipeline: Pipeline, monitor: Monitor) -> None:
    await pipeline.send(monitor, ["a", "b", "c"], [START, START + 1, START + 2])
    pipeline.clock.advance(seconds=2 * 3600)


def rows(data: bytes | None) -> pd.DataFrame:
    assert data is not None
    return pd.read_parquet(io.BytesIO(data)).set_index("id")


async def test_rows_wait_for_a_destination_longer_than_the_window_itself(
    buffer: Buffer, clock: ManualClock, tmp_path: Path
) -> None:
    monitor = wish()
    pipeline = await watching(buffer, clock, tmp_path, monitor)
    await an_hour(pipeline, monitor)
    pipeline.received.fail = [Transient("down")]
    await pipeline.work()
    assert pipeline.received.bodies == []
    clock.advance(seconds=3 * 24 * 3600)
    await pipeline.housekeeping.forget_old_rows()
    assert not (await buffer.rows.state(MonitorId("flights"))).panes
    await pipeline.housekeeping.trim_snapshots()
    await pipeline.work()
    assert [body["report"] for body in pipeline.received.bodies] == ["drift"]
    assert rows(pipeline.received.rows[0])["x"].to_dict() == {"a": 0.0, "b": 1.0, "c": 2.0}


async def test_each_revision_brings_its_own_rows_with_the_targets_known_then(
    buffer: Buffer, clock: ManualClock, tmp_path: Path
) -> None:
    monitor = wish()
    pipeline = await watching(buffer, clock, tmp_path, monitor)
    await an_hour(pipeline, monitor)
    await pipeline.label(monitor, "a", target=7)
    await pipeline.work()
    await pipeline.send(monitor, ["late"], [START + 3])
    await pipeline.label(monitor, "b", target=8)
    clock.advance(seconds=3600)
    await pipeline.work()
    last = {body["report"]: data for body, data in zip(pipeline.received.bodies, pipeline.received.rows, strict=True)}
    assert sorted(rows(last["drift"]).index) == ["a", "b", "c", "late"]
    assert "y" not in rows(last["drift"])
    assert rows(last["quality"])["y"].dropna().to_dict() == {"a": 7, "b": 8}
    for body in pipeline.received.bodies:
        stored = await buffer.snapshots.data(SnapshotId(body["id"]))
        assert stored == last[body["report"]]


async def test_no_row_leaves_when_the_monitor_does_not_include_them(
    buffer: Buffer, clock: ManualClock, tmp_path: Path
) -> None:
    monitor = wish(include_data=False)
    pipeline = await watching(buffer, clock, tmp_path, monitor)
    await an_hour(pipeline, monitor)
    await pipeline.work()
    assert pipeline.received.rows == [None]
    (snapshot,) = await pipeline.snapshots(monitor)
    assert await buffer.snapshots.data(SnapshotId(snapshot["id"])) is None


async def test_a_monitor_that_stops_including_rows_takes_back_those_of_the_next_revision(
    buffer: Buffer, clock: ManualClock, tmp_path: Path
) -> None:
    monitor = wish()
    pipeline = await watching(buffer, clock, tmp_path, monitor)
    await an_hour(pipeline, monitor)
    await pipeline.work()
    await pipeline.watch(wish(include_data=False))
    await pipeline.send(monitor, ["late"], [START + 3])
    clock.advance(seconds=3600)
    await pipeline.work()
    assert [body["revision"] for body in pipeline.received.bodies] == [1, 2]
    assert [data is None for data in pipeline.received.rows] == [False, True]
    assert await buffer.snapshots.data(SnapshotId(pipeline.received.bodies[0]["id"])) is None
