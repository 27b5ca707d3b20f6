"""In whatever order rows and labels come, and whenever windows are computed meanwhile: the last snapshots are those of
sorted arrival.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from collector.buffer import Limits, open_buffer
from collector.clock import ManualClock
from collector.model import SECOND_US, Judged, Label, Table, digest
from collector.monitor import Monitor
from tests.pipeline.harness import Pipeline
from tests.pipeline.inline import InlineEvaluator, whole_snapshots

MINUTE = 60 * SECOND_US
START = 1_714_521_600_000_000
HOURS = 5
SHAPES: dict[str, dict[str, Any]] = {
    "tumbling": {},
    "segments": {"segments": ["origin"]},
    "arms": {"compare": {"column": "origin", "baseline": "JFK"}},
    "sliding": {"window": {"every": "1h", "over": "3h", "lateness": "5m"}},
    "previous window": {"reference": {"previous_window": True}},
    "two hours ago": {"reference": {"window_ago": "2h"}},
}


@dataclass(frozen=True)
class Row:
    minute: int
    x: float
    origin: str | None
    id: str

    @property
    def at_us(self) -> int:
        return START + self.minute * MINUTE


@dataclass(frozen=True)
class Truth:
    """A label, or its correction: the one with the later instant holds."""

    id: str
    target: float
    at_us: int


def wish(shape: str) -> Monitor:
    return Monitor.model_validate(
        {
            "id": "m",
            "columns": {"id": "id", "timestamp": "at", "target": "y", "prediction": "x", "task": "regression",
                        "numerical_features": [], "categorical_features": ["origin"]},
            "window": {"every": "1h", "lateness": "5m"},
            "labels": {"wait": "30m", "coverage": 0.8},
            "reports": [
                {"name": "quality-of-data", "metrics": [{"ColumnSummaryMetric": {"column_name": "x"}},
                                                        {"ColumnSummaryMetric": {"column_name": "origin"}}],
                 "tests": [{"TestColumnDrift": {"column_name": "x", "stattest": "ks"}}]},
                {"name": "quality", "metrics": ["RegressionQualityMetric"], "needs_target": True},
            ],
            **SHAPES[shape],
        }
    )  # fmt: skip


Event = Row | Truth


async def final_snapshots(shape: str, arrivals: Sequence[tuple[Sequence[Event], int]]) -> list[dict[str, Any]]:
    """Each batch arrives, time passes, and what is due is computed; in the end everything is."""
    clock, monitor = ManualClock(now_us=START + 24 * 60 * MINUTE), wish(shape)
    with tempfile.TemporaryDirectory() as folder:
        buffer = open_buffer(f"sqlite://{folder}/b.db", clock=clock, limits=Limits(max_rows=10_000, max_bytes=10**8),
                             sqlite_synchronous="OFF")  # fmt: skip
        await buffer.open()
        try:
            pipeline = Pipeline(buffer, InlineEvaluator(), clock, Path(folder))
            await pipeline.watch(monitor)
            for batch, pause_seconds in arrivals:
                await _send(pipeline, monitor, [each for each in batch if isinstance(each, Row)])
                await _label(pipeline, monitor, [each for each in batch if isinstance(each, Truth)])
                clock.advance(seconds=pause_seconds)
                await pipeline.work()
            clock.advance(seconds=24 * 3600)
            for _ in range(3):
                clock.advance(seconds=90)
                await pipeline.work()
            assert await pipeline.work() == 0
            return await whole_snapshots(buffer, monitor)
        finally:
            await buffer.close()


async def _send(pipeline: Pipeline, monitor: Monitor, rows: Sequence[Row]) -> None:
    if not rows:
        return
    at = [row.at_us for row in rows]
    columns: dict[str, list[object]] = {"id": [row.id for row in rows], "at": list(at), "x": [row.x for row in rows],
                                        "origin": [row.origin for row in rows]}  # fmt: skip
    ids = [digest(row.id) for row in rows]
    receipt = await pipeline.intake.take(monitor, Judged(Table(columns, len(rows)), at, ids, (), 0))
    assert receipt.accepted == len(rows)


async def _label(pipeline: Pipeline, monitor: Monitor, labels: Sequence[Truth]) -> None:
    await pipeline.intake.label(
        monitor, [Label(digest(each.id), orjson.dumps(each.target), each.at_us) for each in labels]
    )


def same(one: Any, other: Any, place: str = "") -> None:
    """Equal but for the revision, and for the last bits of sums that were added in another order."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), place
        for key in one.keys() - {"revision"}:
            same(one[key], other[key], f"{place}.{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), place
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            same(left, right, f"{place}[{index}]")
    elif isinstance(one, float):
        assert other == pytest.approx(one, rel=1e-9, abs=1e-12), place
    elif isinstance(one, str) and place.endswith("description"):
        return  # says the numbers once more
    else:
        assert one == other, place


@st.composite
def days(draw: st.DrawFn) -> tuple[list[Row], list[Truth]]:
    minutes = draw(st.lists(st.integers(0, HOURS * 60 - 1), min_size=1, max_size=30))
    rows = [
        Row(minute, draw(st.integers(-50, 50)) / 7, draw(st.sampled_from(["JFK", "LGA", None])), f"r{number}")
        for number, minute in enumerate(minutes)
    ]
    truths: list[Truth] = []
    for row in rows:
        targets = draw(st.lists(st.integers(-50, 50), max_size=2))
        truths += [
            Truth(row.id, target / 3, row.at_us + number * MINUTE) for number, target in enumerate(targets, start=1)
        ]
    return rows, truths


@st.composite
def arrivals(draw: st.DrawFn, events: Sequence[Event]) -> list[tuple[list[Event], int]]:
    order = draw(st.permutations(events))
    batches, at = [], 0
    while at < len(order):
        size = draw(st.integers(1, 12))
        batches.append((list(order[at : at + size]), draw(st.sampled_from([0, 1, 10, 70, 4000]))))
        at += size
    return batches


@pytest.mark.timeout(300)
@pytest.mark.parametrize("shape", sorted(SHAPES))
@given(data=st.data())
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_order_of_arrival_gives_the_snapshots_of_sorted_arrival(shape: str, data: st.DataObject) -> None:
    rows, truths = data.draw(days())
    ordered = sorted(rows, key=lambda row: (row.at_us, row.id)), sorted(truths, key=lambda each: each.at_us)
    expected = asyncio.run(final_snapshots(shape, [(ordered[0], 0), (ordered[1], 0)]))
    found = asyncio.run(final_snapshots(shape, data.draw(arrivals([*rows, *truths]))))
    assert {each["report"] for each in expected} >= {"quality-of-data"}
    same(expected, found)
