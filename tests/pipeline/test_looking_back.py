"""Windows that slide and windows that are compared with earlier ones, from the intake to the snapshot."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from scipy import stats

from collector.clock import ManualClock
from collector.errors import Permanent
from collector.model import SECOND_US, Judged, Phase, Table, WindowRows, digest
from collector.monitor import Monitor
from collector.ports import Buffer
from collector.snapshot import iso
from tests.pipeline.harness import DESTINATION, Pipeline
from tests.pipeline.inline import InlineEvaluator, whole_snapshots

pytestmark = pytest.mark.asyncio

HOUR = 3600 * SECOND_US
START = 1_714_521_600_000_000
DRIFT = {
    "name": "drift",
    "metrics": [{"ColumnDriftMetric": {"column_name": "x", "stattest": "ks"}}, {"ColumnSummaryMetric": {"column_name": "x"}}],
}  # fmt: skip
QUALITY = {"name": "quality", "metrics": ["RegressionQualityMetric"], "needs_target": True}


class FailingTable(InlineEvaluator):
    """Evaluates, but cannot make a reference."""

    async def table(self, monitor: Monitor, phase: Phase, rows: WindowRows) -> bytes:
        raise Permanent("this table cannot be written")


@pytest_asyncio.fixture
async def pipeline(buffer: Buffer, clock: ManualClock, tmp_path: Path) -> Pipeline:
    return Pipeline(buffer, InlineEvaluator(), clock, tmp_path)


def wish(*reports: dict[str, Any], **changes: Any) -> Monitor:
    return Monitor.model_validate(
        {
            "id": "m",
            "columns": {"id": "id", "timestamp": "at", "target": "y", "prediction": "p", "task": "regression",
                        "numerical_features": ["x"], "categorical_features": []},
            "window": {"every": "1h"},
            "labels": {"wait": "2h"},
            "reports": list(reports or [DRIFT]),
            "forward": [DESTINATION],
            **changes,
        }
    )  # fmt: skip


def values_of(hour: int, rows: int = 5) -> list[float]:
    return [round(float(value), 6) for value in np.random.default_rng(hour).normal(hour, 2.0, rows)]


async def send(pipeline: Pipeline, monitor: Monitor, hour: int, rows: int = 5, prefix: str = "") -> list[float]:
    x = values_of(hour, rows)
    ids = [f"{prefix}{hour}-{row}" for row in range(rows)]
    at = [START + hour * HOUR + row * SECOND_US for row in range(rows)]
    table = Table({"id": ids, "at": at, "x": x, "p": x}, rows)
    receipt = await pipeline.intake.take(monitor, Judged(table, at, [digest(each) for each in ids], (), 0))
    assert receipt.accepted == rows
    return x


async def settle(pipeline: Pipeline) -> None:
    """Everything that is due now or becomes due by itself within minutes."""
    for _ in range(4):
        pipeline.clock.advance(seconds=61)
        await pipeline.work()


def result(snapshot: dict[str, Any], metric: str) -> dict[str, Any]:
    (found,) = [each for each in snapshot["metrics"] if each["metric"] == metric]
    return found["result"] if "result" in found else {"error": found["error"]}


async def test_a_sliding_window_holds_the_rows_of_its_whole_span_and_counts_each_row_once(pipeline):
    monitor = wish(window={"every": "1h", "over": "3h"})
    await pipeline.watch(monitor)
    sent = {hour: await send(pipeline, monitor, hour) for hour in range(6)}
    pipeline.clock.advance(seconds=24 * 3600)
    await settle(pipeline)
    snapshots = await whole_snapshots(pipeline.buffer, monitor)
    assert [each["rows"] for each in snapshots] == [5, 10, 15, 15, 15, 15]
    last = snapshots[-1]
    assert last["window"] == {"start": iso(START + 3 * HOUR), "end": iso(START + 6 * HOUR)}
    assert result(last, "ColumnSummaryMetric")["current_characteristics"]["mean"] == pytest.approx(
        np.mean([*sent[3], *sent[4], *sent[5]]), rel=1e-12
    )
    assert await pipeline.rows(monitor) == {
        "accepted": 30, "evaluated": 30, "dead": 0, "dropped": {}, "waiting": 0,
    }  # fmt: skip


async def test_late_rows_change_every_sliding_window_that_they_belong_to_and_no_other(pipeline):
    monitor = wish(window={"every": "1h", "over": "3h"})
    await pipeline.watch(monitor)
    for hour in range(6):
        await send(pipeline, monitor, hour)
    pipeline.clock.advance(seconds=10 * 3600)
    await settle(pipeline)
    await send(pipeline, monitor, 1, rows=2, prefix="late")
    await settle(pipeline)
    snapshots = await whole_snapshots(pipeline.buffer, monitor)
    assert [(each["rows"], each["revision"]) for each in snapshots] == [
        (5, 1), (12, 2), (17, 2), (17, 2), (15, 1), (15, 1),
    ]  # fmt: skip
    assert len({each["id"] for each in pipeline.received.bodies}) == 6


async def test_a_window_is_compared_with_the_one_before_it(pipeline):
    monitor = wish(reference={"previous_window": True})
    await pipeline.watch(monitor)
    sent = {hour: await send(pipeline, monitor, hour, rows=30) for hour in (0, 1, 5)}
    pipeline.clock.advance(seconds=24 * 3600)
    await settle(pipeline)
    first, second, third = await whole_snapshots(pipeline.buffer, monitor)
    assert first["reference"] is None
    assert second["reference"] == {
        "version": None, "rows": 30, "window": {"start": iso(START), "end": iso(START + HOUR)},
    }  # fmt: skip
    assert third["reference"]["window"]["start"] == iso(START + HOUR)
    for snapshot, before, now in ((second, 0, 1), (third, 1, 5)):
        expected = stats.ks_2samp(sent[before], sent[now]).pvalue
        assert result(snapshot, "ColumnDriftMetric")["drift_score"] == pytest.approx(expected, rel=1e-9)


async def test_late_rows_of_the_window_before_change_the_comparison(pipeline):
    monitor = wish(reference={"previous_window": True})
    await pipeline.watch(monitor)
    for hour in range(3):
        await send(pipeline, monitor, hour)
    pipeline.clock.advance(seconds=10 * 3600)
    await settle(pipeline)
    await send(pipeline, monitor, 0, rows=3, prefix="late")
    await settle(pipeline)
    found = await whole_snapshots(pipeline.buffer, monitor)
    assert [(each["revision"], each["reference"] and each["reference"]["rows"]) for each in found] == [
        (2, None), (2, 8), (1, 5),
    ]  # fmt: skip


async def test_a_window_is_compared_with_the_same_hour_of_the_day_before(pipeline):
    monitor = wish(reference={"window_ago": "1d"})
    await pipeline.watch(monitor)
    for hour in (0, 1, 24, 25, 26):
        await send(pipeline, monitor, hour)
        pipeline.clock.advance(seconds=10)
        await pipeline.housekeeping.forget_old_rows()
    pipeline.clock.advance(seconds=30 * 3600)
    await settle(pipeline)
    found = await whole_snapshots(pipeline.buffer, monitor)
    assert [each["reference"] and each["reference"]["window"]["start"] for each in found] == [
        None, None, iso(START), iso(START + HOUR), None,
    ]  # fmt: skip


async def test_the_first_windows_become_the_reference_of_all_that_follow(pipeline):
    monitor = wish(reference={"first_windows": 2})
    await pipeline.watch(monitor)
    sent = [await send(pipeline, monitor, hour, rows=20) for hour in range(4)]
    pipeline.clock.advance(seconds=24 * 3600)
    await settle(pipeline)
    found = await whole_snapshots(pipeline.buffer, monitor)
    assert [each["reference"] for each in found] == [None, None, {"version": 1, "rows": 40}, {"version": 1, "rows": 40}]
    for snapshot, now in zip(found[2:], sent[2:], strict=True):
        expected = stats.ks_2samp([*sent[0], *sent[1]], now).pvalue
        assert result(snapshot, "ColumnDriftMetric")["drift_score"] == pytest.approx(expected, rel=1e-9)


async def test_the_reference_of_first_windows_is_made_again_with_their_labels(pipeline):
    monitor = wish(DRIFT, QUALITY, reference={"first_windows": 2})
    await pipeline.watch(monitor)
    for hour in range(4):
        await send(pipeline, monitor, hour)
        await pipeline.label(monitor, *[f"{hour}-{row}" for row in range(5)], target=0.5)
    pipeline.clock.advance(seconds=24 * 3600)
    await settle(pipeline)
    found = {(each["report"], each["timestamp"]): each for each in await whole_snapshots(pipeline.buffer, monitor)}
    assert len(found) == 8
    assert await pipeline.references.version(monitor.id) == 2
    await send(pipeline, monitor, 30)
    await pipeline.label(monitor, *[f"30-{row}" for row in range(5)], target=0.5)
    pipeline.clock.advance(seconds=48 * 3600)
    await settle(pipeline)
    last = (await whole_snapshots(pipeline.buffer, monitor))[-1]
    assert (last["report"], last["reference"]) == ("quality", {"version": 2, "rows": 10})
    assert result(last, "RegressionQualityMetric")["reference"]["mean_abs_error"] > 0


async def test_a_reference_that_cannot_be_made_is_told_and_holds_no_window_up(buffer, clock, tmp_path):
    pipeline = Pipeline(buffer, FailingTable(), clock, tmp_path)
    monitor = wish(reference={"first_windows": 1})
    await pipeline.watch(monitor)
    for hour in range(3):
        await send(pipeline, monitor, hour)
    pipeline.clock.advance(seconds=24 * 3600)
    await settle(pipeline)
    assert len(await whole_snapshots(buffer, monitor)) == 3
    error = await pipeline.errors.get(monitor.id)
    assert isinstance(error, dict)
    assert (error["stage"], error["reason"]) == ("reference", "this table cannot be written")
    assert len(await buffer.dead_letters.list()) == 1


async def test_rows_that_others_read_are_forgotten_in_the_end(pipeline):
    monitor = wish(window={"every": "1h", "over": "3h"}, reference={"previous_window": True})
    await pipeline.watch(monitor)
    for hour in range(6):
        await send(pipeline, monitor, hour)
    pipeline.clock.advance(seconds=10 * 3600)
    await settle(pipeline)
    await pipeline.housekeeping.forget_old_rows()
    assert len((await pipeline.buffer.rows.state(monitor.id)).panes) == 6
    pipeline.clock.advance(seconds=5 * 24 * 3600)
    await pipeline.housekeeping.forget_old_rows()
    assert not (await pipeline.buffer.rows.state(monitor.id)).panes
    assert (await pipeline.rows(monitor))["evaluated"] == 30
