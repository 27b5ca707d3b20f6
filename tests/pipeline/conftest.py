"""The pipeline on a real embedded buffer, with a clock that is moved by hand and an evaluator that only counts."""

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import orjson
import pytest_asyncio

from collector.buffer import Limits, open_buffer
from collector.clock import ManualClock
from collector.model import MonitorId, Phase, SnapshotId, SnapshotRecord, WindowRows
from collector.monitor import Monitor
from collector.ports import Buffer, Job
from collector.snapshot import iso, snapshot_id


class CountingEvaluator:
    """One record per report that says how many rows and labels it saw; none without a target, as the real one.

    `fail` may raise instead.
    """

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.fail: Callable[[Job], None] = lambda job: None

    async def evaluate(self, job: Job) -> Sequence[SnapshotRecord]:
        self.jobs.append(job)
        self.fail(job)
        if job.phase is not job.monitor.phases[0] and not job.rows.labels:
            return []
        return [self._record(job, report.name) for report in job.monitor.reports_of(job.phase)]

    async def table(self, monitor: Monitor, phase: Phase, rows: WindowRows) -> bytes:
        return orjson.dumps([phase, rows.rows, len(rows.labels)])

    async def close(self) -> None:
        return None

    def _record(self, job: Job, report: str) -> SnapshotRecord:
        made: SnapshotId = snapshot_id(job.monitor.id, report, job.window.key, None)
        body = orjson.dumps(
            {"id": made, "rows": job.rows.rows, "labels": len(job.rows.labels), "revision": job.revision,
             "report": report, "timestamp": iso(job.window.pane.start_us or 0), "tests": {"ERROR": 0}}
        )  # fmt: skip
        return SnapshotRecord(
            id=made, monitor=MonitorId(job.monitor.id), revision=job.revision,
            timestamp_us=job.window.pane.start_us or 0, segment="null", tags=(), summary=body, body=body,
        )  # fmt: skip


@pytest_asyncio.fixture
async def buffer(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Buffer]:
    made = open_buffer(
        f"sqlite://{tmp_path / 'buffer.db'}",
        clock=clock,
        limits=Limits(max_rows=1000, max_bytes=10_000_000),
        sqlite_synchronous="OFF",
    )
    await made.open()
    yield made
    await made.close()


@pytest_asyncio.fixture
async def clock() -> ManualClock:
    return ManualClock(now_us=1_714_521_600_000_000)  # 2024-05-01T00:00:00Z
