"""Alerts: told once, repeated as wished, taken back when it is over, whoever looks and however often."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio

from collector.clock import ManualClock
from collector.errors import Invalid, Permanent, Transient
from collector.model import SECOND_US, MonitorId, SnapshotRecord
from collector.monitor import Monitor
from collector.pipeline.alerts.alerts import ALERT_QUEUE
from collector.ports import Buffer, Job
from collector.snapshot import iso, snapshot_id
from tests.pipeline.conftest import CountingEvaluator
from tests.pipeline.harness import Pipeline

pytestmark = pytest.mark.asyncio

HOUR = 3600 * SECOND_US
START = 1_714_521_600_000_000


class TestingEvaluator(CountingEvaluator):
    """A snapshot per report whose one test fails in the hours that the test names."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__()
        self.failing: set[int] = set()

    async def evaluate(self, job: Job) -> Sequence[SnapshotRecord]:
        start_us = job.window.pane.start_us or 0
        status = "FAIL" if (start_us - START) // HOUR in self.failing else "SUCCESS"
        made = []
        for report in job.monitor.reports:
            made_id = snapshot_id(job.monitor.id, report.name, job.window.key, None)
            about = {
                "id": made_id, "report": report.name, "revision": job.revision, "segment": None,
                "timestamp": iso(start_us), "window": {"start": iso(start_us), "end": iso(start_us + HOUR)},
            }  # fmt: skip
            counts = {"SUCCESS": 0, "FAIL": 0, "WARNING": 0, "ERROR": 0, "SKIPPED": 0}
            counts[status] = len(report.tests)
            tests = [{"name": test.name, "description": "why", "status": status} for test in report.tests]
            made.append(
                SnapshotRecord(
                    id=made_id, monitor=MonitorId(job.monitor.id), revision=job.revision, timestamp_us=start_us,
                    segment="null", tags=(), summary=orjson.dumps(about | {"tests": counts}),
                    body=orjson.dumps(about | {"tests": tests}),
                )
            )  # fmt: skip
        return made


def monitor(*alerts: dict[str, Any], **more: Any) -> Monitor:
    return Monitor.model_validate(
        {
            "id": "m",
            "columns": {"id": "id", "timestamp": "at"},
            "window": {"every": "1h"},
            "reports": [
                {"name": "drift", "metrics": ["M"]},
                {"name": "stability", "tests": ["TestShareOfMissingValues"]},
            ],
            "alerts": alerts,
        }
        | more
    )


FAILED = {"when": "test_failed", "to": "hook"}
NO_DATA = {"when": "no_data", "after": "30m", "to": "hook"}


@pytest.fixture
def evaluator() -> TestingEvaluator:
    return TestingEvaluator()


@pytest_asyncio.fixture
async def pipeline(buffer: Buffer, evaluator: TestingEvaluator, clock: ManualClock, tmp_path: Path) -> Pipeline:
    return Pipeline(buffer, evaluator, clock, tmp_path)


async def hour(pipeline: Pipeline, number: int, name: str = "r") -> None:
    """A row of an hour of the only monitor, evaluated at once."""
    (watched,) = pipeline.registry.all()
    await pipeline.send(watched, [f"{name}{number}"], [START + number * HOUR])
    await pipeline.intake.flush(watched)
    await pipeline.work()


async def tick(pipeline: Pipeline, seconds: float = 10) -> None:
    pipeline.clock.advance(seconds=seconds)
    await pipeline.housekeeping.look_after_alerts()
    await pipeline.work()


def told(pipeline: Pipeline) -> list[tuple[str, str]]:
    return [(message["alert"], message["state"]) for message in pipeline.received.messages]


async def test_a_failed_test_is_told_once_and_taken_back_when_the_tests_pass(
    pipeline: Pipeline, evaluator: TestingEvaluator
):
    await pipeline.watch(monitor(FAILED))
    evaluator.failing = {1, 2}
    for number in range(4):
        await hour(pipeline, number)
        await tick(pipeline)
    firing, resolved = pipeline.received.messages
    assert (firing["state"], resolved["state"]) == ("firing", "resolved")
    assert firing["report"] == "stability"
    assert firing["text"] == "m: 1 test of stability did not pass in the window that began at 2024-05-01T01:00:00Z"
    assert firing["snapshots"][0]["tests"] == [
        {"name": "TestShareOfMissingValues", "description": "why", "status": "FAIL"}
    ]
    assert resolved["text"] == "m: all tests of stability pass again in the window that began at 2024-05-01T03:00:00Z"
    assert firing["since"] == resolved["since"]
    assert firing["key"] != resolved["key"]


async def test_a_failure_that_lasts_is_repeated_as_wished_also_by_a_service_that_was_restarted(
    pipeline: Pipeline, evaluator: TestingEvaluator, clock: ManualClock, tmp_path: Path
):
    await pipeline.watch(monitor(FAILED | {"repeat": "6h"}))
    evaluator.failing = {0, 1}
    await hour(pipeline, 0)
    await hour(pipeline, 1)
    await tick(pipeline, 6 * 3600 - 60)
    assert len(pipeline.received.messages) == 1
    again = Pipeline(pipeline.buffer, evaluator, clock, tmp_path)
    await again.registry.refresh()
    await tick(again, 120)
    await tick(again, 120)
    assert [message["times"] for message in again.received.messages] == [2]
    assert again.received.messages[0]["since"] == pipeline.received.messages[0]["since"]


async def test_replicas_that_look_at_the_same_time_tell_it_once(
    pipeline: Pipeline, evaluator: TestingEvaluator, clock: ManualClock, tmp_path: Path
):
    await pipeline.watch(monitor(NO_DATA))
    twin = Pipeline(pipeline.buffer, evaluator, clock, tmp_path)
    await twin.registry.refresh()
    await tick(pipeline)
    clock.advance(seconds=1801)
    for each in (pipeline, twin):
        await each.housekeeping.look_after_alerts()
    await pipeline.work()
    await twin.housekeeping.look_after_alerts()  # the item is done, and put once more
    await twin.work()
    assert told(pipeline) + told(twin) == [("no_data", "firing")]


async def test_a_message_whose_ack_was_lost_is_put_again_under_the_same_key(
    pipeline: Pipeline, evaluator: TestingEvaluator
):
    await pipeline.watch(monitor(FAILED))
    evaluator.failing = {0}
    (watched,) = pipeline.registry.all()
    await pipeline.send(watched, ["r"], [START])
    await pipeline.intake.flush(watched)
    while await pipeline.evaluating.step():
        pass
    lost = await pipeline.buffer.queue.lease(ALERT_QUEUE, [MonitorId("m")], owner="dies", seconds=1)
    assert lost is not None
    first = await pipeline.alerting._handler.handle(lost)  # and never acks
    pipeline.clock.advance(seconds=5)
    await pipeline.work()
    assert [item.key for item in first.then] == [pipeline.received.messages[0]["key"].removeprefix("m/")]
    assert told(pipeline) == [("test_failed", "firing")]


async def test_no_data_is_told_after_the_time_and_taken_back_with_the_next_row(pipeline: Pipeline):
    await pipeline.watch(monitor(NO_DATA))
    await hour(pipeline, 0)
    await tick(pipeline)
    await tick(pipeline, 1700)
    assert told(pipeline) == []
    await tick(pipeline, 200)
    await tick(pipeline, 4000)
    assert told(pipeline) == [("no_data", "firing")]
    assert pipeline.received.messages[0]["text"] == "m: no row for 30m; the last came at 2024-05-01T00:00:00Z"
    await hour(pipeline, 9)
    await tick(pipeline)
    assert told(pipeline) == [("no_data", "firing"), ("no_data", "resolved")]


async def test_a_new_monitor_has_its_time_before_it_is_told_that_nothing_came(pipeline: Pipeline):
    await pipeline.watch(monitor(NO_DATA))
    await tick(pipeline)
    await tick(pipeline, 1700)
    assert told(pipeline) == []
    await tick(pipeline, 200)
    assert pipeline.received.messages[0]["text"] == "m: no row for 30m; the last came never"


async def test_windows_older_than_the_newest_tell_nothing(pipeline: Pipeline, evaluator: TestingEvaluator):
    await pipeline.watch(monitor(FAILED))
    evaluator.failing = {0, 1, 2}
    await hour(pipeline, 5)
    for number in range(3):
        await hour(pipeline, number)
    assert told(pipeline) == []


async def test_a_late_row_that_mends_the_newest_window_takes_its_alert_back(
    pipeline: Pipeline, evaluator: TestingEvaluator
):
    await pipeline.watch(monitor(FAILED))
    evaluator.failing = {0}
    await hour(pipeline, 0)
    evaluator.failing = set()
    pipeline.clock.advance(seconds=10)
    await hour(pipeline, 0, "late")
    assert told(pipeline) == [("test_failed", "firing"), ("test_failed", "resolved")]


async def test_two_rules_do_not_know_of_each_other(pipeline: Pipeline, evaluator: TestingEvaluator):
    await pipeline.watch(monitor(FAILED, NO_DATA))
    evaluator.failing = {0}
    await hour(pipeline, 0)
    await tick(pipeline)
    await tick(pipeline, 1900)
    assert told(pipeline) == [("test_failed", "firing"), ("no_data", "firing")]


async def test_a_rule_that_was_taken_out_is_silent(pipeline: Pipeline, evaluator: TestingEvaluator):
    await pipeline.watch(monitor(FAILED | {"repeat": "1h"}, NO_DATA))
    evaluator.failing = {0}
    await hour(pipeline, 0)
    await pipeline.watch(monitor(NO_DATA))
    await tick(pipeline, 20 * 60)
    assert told(pipeline) == [("test_failed", "firing")]


async def test_a_webhook_that_is_down_is_told_later_and_receives_it_in_order(
    pipeline: Pipeline, evaluator: TestingEvaluator
):
    await pipeline.watch(monitor(FAILED, forward=["hook"]))
    evaluator.failing = {0}
    pipeline.received.fail = [Transient("down")] * 2
    await hour(pipeline, 0)
    evaluator.failing = set()
    await hour(pipeline, 1)
    for _ in range(20):
        pipeline.clock.advance(seconds=1)
        await pipeline.work()
    assert told(pipeline) == [("test_failed", "firing"), ("test_failed", "resolved")]


async def test_a_destination_that_takes_no_messages_is_told_at_the_configuration(pipeline: Pipeline):
    with pytest.raises(Invalid, match=r"alerts\[0\].to: 'local' is a workspace, which takes snapshots only"):
        await pipeline.registry.put(monitor(FAILED | {"to": "local"}))
    with pytest.raises(Invalid, match=r"alerts\[0\].to: 'hok' \(did you mean 'hook'\?\) is no destination"):
        await pipeline.registry.put(monitor(FAILED | {"to": "hok"}))


async def test_a_message_for_a_workspace_becomes_a_dead_letter(pipeline: Pipeline, evaluator: TestingEvaluator):
    await pipeline.watch(monitor(FAILED))
    evaluator.failing = {0}
    pipeline.received.fail = [Permanent("it takes no messages")]
    await hour(pipeline, 0)
    (letter,) = await pipeline.buffer.dead_letters.list()
    assert letter.key.startswith("alert/test_failed>hook/stability/")


@pytest.mark.parametrize(
    ("alert", "sentence"),
    [
        ({"when": "no_data", "to": "hook"}, "no_data needs a time without rows"),
        ({"when": "test_failed", "to": "hook", "after": "1h"}, "it takes no after"),
        ({"when": "test_failed", "to": "hook", "repeat": "1ms"}, "every 1s at most"),
        ({"when": "drift", "to": "hook"}, "test_failed"),
        ({"when": "test_failed"}, "to"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(alert: dict[str, Any], sentence: str):
    with pytest.raises(ValueError, match=sentence):
        monitor(alert)


async def test_a_rule_about_tests_needs_tests():
    with pytest.raises(ValueError, match="no report of this monitor has tests"):
        monitor(FAILED, reports=[{"name": "drift", "metrics": ["M"]}])


async def test_the_same_rule_twice_is_refused():
    with pytest.raises(ValueError, match="is there already"):
        monitor(FAILED, FAILED | {"repeat": "1h"})
