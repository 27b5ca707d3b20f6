"""The real evaluation without processes, and the last revision of what it made."""

from collections.abc import Sequence
from typing import Any

import orjson

from collector.evaluate.references.loaded import References
from collector.evaluate.windows.job import run, table
from collector.model import MonitorId, Phase, SnapshotId, SnapshotQuery, SnapshotRecord, WindowRows
from collector.monitor import Monitor
from collector.ports import Buffer, Job


class InlineEvaluator:
    """`ports.Evaluator` in this very process."""

    def __init__(self) -> None:
        self._references = References()

    async def evaluate(self, job: Job) -> Sequence[SnapshotRecord]:
        return run(job, self._references)

    async def table(self, monitor: Monitor, phase: Phase, rows: WindowRows) -> bytes:
        return table(monitor, phase, rows)

    async def close(self) -> None:
        return None


async def whole_snapshots(buffer: Buffer, monitor: Monitor) -> list[dict[str, Any]]:
    """Every snapshot of a monitor, whole, oldest first."""
    page = await buffer.snapshots.list(SnapshotQuery(monitor=MonitorId(monitor.id), limit=1000))
    assert page.next is None
    found = []
    for summary in page.summaries:
        body = await buffer.snapshots.get(SnapshotId(orjson.loads(summary)["id"]))
        assert body is not None
        found.append(orjson.loads(body))
    return sorted(found, key=lambda each: (each["timestamp"], each["report"], str(each["segment"])))
