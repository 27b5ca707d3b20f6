"""Two monitors whose snapshots go to one destination, an hour a window."""

from pathlib import Path

from collector.clock import ManualClock
from collector.model import SECOND_US
from collector.monitor import Monitor
from collector.ports import Buffer
from tests.pipeline.conftest import CountingEvaluator
from tests.pipeline.harness import DESTINATION, Pipeline

HOUR = 3600 * SECOND_US
START = 1_714_521_600_000_000


def monitor(name: str) -> Monitor:
    return Monitor.model_validate(
        {"id": name, "columns": {"id": "id", "timestamp": "at"}, "window": {"every": "1h"},
         "reports": [{"name": "r", "metrics": ["M"]}], "forward": [DESTINATION]}
    )  # fmt: skip


A, B = monitor("a"), monitor("b")


async def watching(buffer: Buffer, clock: ManualClock, folder: Path) -> Pipeline:
    made = Pipeline(buffer, CountingEvaluator(), clock, folder)
    await made.watch(A, B)
    return made


async def evaluated(pipeline: Pipeline, wanted: Monitor, hours: int) -> None:
    """So many windows of a monitor, each a delivery that waits, an instant apart."""
    for hour in range(hours):
        await pipeline.send(wanted, [f"{wanted.id}{hour}"], [START + hour * HOUR])
        await pipeline.intake.flush(wanted)
        while await pipeline.evaluating.step():
            pass
        pipeline.clock.advance(seconds=0.001)
