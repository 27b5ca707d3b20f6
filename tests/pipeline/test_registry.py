"""What each replica knows of the monitors that others configured."""

from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from collector.clock import ManualClock
from collector.errors import UnknownMonitor
from collector.monitor import Monitor
from collector.pipeline.monitors.registry import KIND
from collector.ports import Buffer
from tests.pipeline.conftest import CountingEvaluator
from tests.pipeline.harness import Pipeline

pytestmark = pytest.mark.asyncio

NEWER = orjson.dumps({"origin": "api", "monitor": {"id": "middle", "columns": {"id": "id"}, "of_next_year": 1}})


@pytest_asyncio.fixture
async def twins(buffer: Buffer, clock: ManualClock, tmp_path: Path) -> list[Pipeline]:
    return [Pipeline(buffer, CountingEvaluator(), clock, tmp_path / name) for name in ("here", "there")]


def monitor(name: str, **more: object) -> Monitor:
    return Monitor.model_validate({"id": name, "reports": [{"name": "r", "metrics": ["DatasetSummaryMetric"]}], **more})


async def test_a_monitor_that_only_a_newer_release_understands_stops_no_other_one(
    buffer: Buffer, twins: list[Pipeline], caplog: pytest.LogCaptureFixture
):
    here, there = twins
    await buffer.documents.put(KIND, "middle", NEWER)
    for name in ("first", "zeta"):
        await there.registry.put(monitor(name))
    for _ in range(3):
        await here.registry.refresh()
    assert here.registry.ids() == ["first", "zeta"]
    with pytest.raises(UnknownMonitor):
        here.registry.get("middle")
    told = [record.getMessage() for record in caplog.records if "middle" in record.getMessage()]
    assert sum("of_next_year" in each for each in told) == len(twins)  # once by each replica


async def test_a_monitor_that_is_changed_by_a_newer_release_goes_on_as_it_was(buffer: Buffer, twins: list[Pipeline]):
    here, there = twins
    await here.registry.put(monitor("middle", tags=["old"]))
    await buffer.documents.put(KIND, "middle", NEWER)
    await here.registry.refresh()
    assert here.registry.get("middle").tags == ("old",)
    await there.registry.put(monitor("middle", tags=["again"]))
    await here.registry.refresh()
    assert here.registry.get("middle").tags == ("again",)


async def test_a_monitor_that_is_deleted_and_comes_back_is_known_again(twins: list[Pipeline]):
    here, there = twins
    for _ in range(2):
        await there.registry.put(monitor("m"))
        await here.registry.refresh()
        assert here.registry.ids() == ["m"]
        await there.registry.delete("m")
        await here.registry.refresh()
        assert here.registry.ids() == []
