"""A deleted monitor leaves nothing behind, however its deletion goes; one that only left the YAML keeps its rows."""

from pathlib import Path

import pytest
import pytest_asyncio

from collector.clock import ManualClock
from collector.errors import Permanent, Transient, UnknownMonitor
from collector.model import SECOND_US, WORK_QUEUE, Depth, MonitorId, SnapshotQuery, outbox
from collector.monitor import Monitor
from collector.pipeline.monitors import forgetting
from collector.pipeline.monitors.forgetting import GRACE_SECONDS
from collector.ports import Buffer
from tests.pipeline.conftest import CountingEvaluator
from tests.pipeline.harness import DESTINATION, Pipeline

pytestmark = pytest.mark.asyncio

START = 1_714_521_600_000_000
HOUR = 3600 * SECOND_US
WISH = {
    "id": "m",
    "columns": {"id": "id", "timestamp": "at"},
    "window": {"every": "1h"},
    "reports": [{"name": "r", "metrics": ["M"]}],
    "forward": [DESTINATION],
    "alerts": [{"when": "no_data", "after": "1m", "to": DESTINATION}],
}
M = MonitorId("m")


@pytest_asyncio.fixture
async def pipeline(buffer: Buffer, clock: ManualClock, tmp_path: Path) -> Pipeline:
    made = Pipeline(buffer, CountingEvaluator(), clock, tmp_path)
    await made.watch(Monitor.model_validate(WISH), Monitor.model_validate(WISH | {"id": "m-2"}))
    return made


async def fill(pipeline: Pipeline) -> None:
    """Evaluated rows, waiting rows, a delivery that waits, one that is dead, a reference, alerts, an error."""
    for name in ("m", "m-2"):
        watched = pipeline.registry.get(name)
        await pipeline.references.put(watched, name.encode())
        await pipeline.references.file(MonitorId(name))
        await pipeline.send(watched, [f"{name}-{n}" for n in range(3)], [START + n * HOUR for n in range(3)])
        await pipeline.intake.flush(watched)
        while await pipeline.evaluating.step():
            pass
        await pipeline.send(watched, [f"{name}-new-{n}" for n in range(4)], [START + 9 * HOUR] * 4)
    pipeline.received.fail = [Permanent("no"), Permanent("no"), Transient("later"), Transient("later")]
    await pipeline.housekeeping.look_after_alerts()
    while await pipeline.alerting.step():
        pass
    for _ in range(4):
        await pipeline.forwarding.step()


async def everything_of(pipeline: Pipeline, name: MonitorId) -> list[object]:
    buffer = pipeline.buffer
    documents = [await buffer.documents.get(kind, name) for kind in (*forgetting.DOCUMENTS, "monitor", forgetting.KIND)]
    account = await buffer.account(name)
    depths = [*await buffer.queue.depths(WORK_QUEUE, [name]), *await buffer.queue.depths(outbox(DESTINATION), [name])]
    return [
        *(document for document in documents if document is not None),
        *(await buffer.rows.state(name)).panes,
        *(await buffer.snapshots.list(SnapshotQuery(monitor=name))).summaries,
        *(await buffer.dead_letters.list(name)),
        *(depth for depth in depths if depth != Depth()),
        *(each for each in (account.accepted, account.waiting, account.dead) if each),
        *pipeline.references._directory.glob(f"{name}-????????????????.parquet"),
    ]


async def test_nothing_of_a_deleted_monitor_is_left_and_the_answer_says_what_waited(pipeline: Pipeline):
    await fill(pipeline)
    before = len(await everything_of(pipeline, MonitorId("m-2")))
    assert len(await everything_of(pipeline, M)) == before > 10
    assert await pipeline.registry.delete("m") == 4
    pipeline.clock.advance(seconds=GRACE_SECONDS)
    await pipeline.housekeeping.forget_deleted()
    assert await everything_of(pipeline, M) == []
    assert len(await everything_of(pipeline, MonitorId("m-2"))) == before  # whose name begins alike
    with pytest.raises(UnknownMonitor):
        pipeline.registry.get("m")


async def test_rows_that_another_replica_took_in_the_last_moment_go_too(pipeline: Pipeline):
    late = pipeline.registry.get("m")
    await pipeline.registry.delete("m")
    assert (await pipeline.send(late, ["late"], [START])).accepted == 1  # it has not heard of it yet
    pipeline.clock.advance(seconds=GRACE_SECONDS - 1)
    await pipeline.housekeeping.forget_deleted()
    assert (await pipeline.buffer.account(M)).waiting == 1
    pipeline.clock.advance(seconds=2)
    await pipeline.housekeeping.forget_deleted()
    assert await everything_of(pipeline, M) == []


async def test_a_deletion_that_was_cut_short_is_finished_by_whoever_comes_next(
    pipeline: Pipeline, clock: ManualClock, tmp_path: Path
):
    await fill(pipeline)
    await pipeline.registry._forgetting.begin(M)
    await pipeline.buffer.documents.delete("monitor", M)  # and the process died here
    other = Pipeline(pipeline.buffer, CountingEvaluator(), clock, tmp_path)
    await other.registry.refresh()
    clock.advance(seconds=GRACE_SECONDS)
    await other.housekeeping.forget_deleted()
    await pipeline.registry.refresh()
    assert await everything_of(pipeline, M) == []


async def test_a_monitor_that_comes_again_begins_anew_and_keeps_what_it_gets(pipeline: Pipeline):
    await fill(pipeline)
    await pipeline.registry.delete("m")
    again = Monitor.model_validate(WISH)
    assert await pipeline.registry.put(again)
    assert (await pipeline.send(again, ["m-0"], [START])).accepted == 1  # no duplicate of the old one
    pipeline.clock.advance(seconds=GRACE_SECONDS)
    await pipeline.housekeeping.forget_deleted()
    assert (await pipeline.rows(again))["accepted"] == 1


async def test_a_worker_that_evaluates_a_monitor_while_it_is_deleted_leaves_nothing(pipeline: Pipeline):
    await fill(pipeline)
    await pipeline.intake.flush(pipeline.registry.get("m"))
    lease = await pipeline.buffer.queue.lease(WORK_QUEUE, [M], owner="slow", seconds=30)
    assert lease is not None
    await pipeline.registry.delete("m")
    await pipeline.evaluating._do(lease)
    assert (await pipeline.buffer.snapshots.list(SnapshotQuery(monitor=M))).summaries == []


async def test_a_monitor_that_left_the_yaml_keeps_its_rows(pipeline: Pipeline):
    await fill(pipeline)
    await pipeline.watch(Monitor.model_validate(WISH | {"id": "m-2"}))
    pipeline.clock.advance(seconds=GRACE_SECONDS)
    await pipeline.housekeeping.forget_deleted()
    assert (await pipeline.buffer.account(M)).waiting == 4
    await pipeline.watch(Monitor.model_validate(WISH))
    assert (await pipeline.rows(pipeline.registry.get("m")))["accepted"] == 7


async def test_gauges_of_a_deleted_monitor_are_shown_no_more(pipeline: Pipeline):
    await fill(pipeline)
    await pipeline.housekeeping.set_gauges()
    pipeline.telemetry.forget("monitor", "m")
    text = pipeline.telemetry.text().decode()
    assert 'collector_buffer_waiting_rows{monitor="m"}' not in text
    assert 'collector_buffer_waiting_rows{monitor="m-2"} 4.0' in text


async def test_dead_letters_are_kept_by_count_and_age_and_their_rows_counted(pipeline: Pipeline):
    await fill(pipeline)
    assert len(await pipeline.buffer.dead_letters.list(M)) == 1
    pipeline.clock.advance(seconds=31 * 86_400)
    await pipeline.housekeeping.trim_dead_letters()
    assert await pipeline.buffer.dead_letters.list(M) == []
