"""From the intake to the destination: what is promised of rows on their way."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from collector.clock import ManualClock
from collector.errors import Backpressure, Invalid, Permanent, Transient, Unavailable
from collector.model import (
    SECOND_US,
    WORK_QUEUE,
    Judged,
    Label,
    MonitorId,
    Phase,
    RowError,
    SnapshotRecord,
    Table,
    digest,
    outbox,
)
from collector.monitor import Monitor
from collector.ports import Buffer, Job
from tests.pipeline.conftest import CountingEvaluator
from tests.pipeline.harness import DESTINATION, Pipeline

pytestmark = pytest.mark.asyncio

HOUR = 3600 * SECOND_US
START = 1_714_521_600_000_000
FLIGHTS = Monitor.model_validate(
    {
        "id": "flights",
        "columns": {"id": "id", "timestamp": "at", "target": "y"},
        "window": {"every": "1h", "lateness": "10m"},
        "labels": {"wait": "10h"},
        "reports": [
            {"name": "drift", "metrics": ["M"]},
            {"name": "quality", "metrics": ["M"], "needs_target": True},
        ],
        "forward": [DESTINATION],
    }
)


@pytest.fixture
def evaluator() -> CountingEvaluator:
    return CountingEvaluator()


@pytest_asyncio.fixture
async def pipeline(buffer: Buffer, evaluator: CountingEvaluator, clock: ManualClock, tmp_path: Path) -> Pipeline:
    made = Pipeline(buffer, evaluator, clock, tmp_path)
    await made.watch(FLIGHTS)
    return made


def ids(count: int, prefix: str = "r") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


async def fill_an_hour(pipeline: Pipeline, rows: int = 4) -> None:
    """Rows in the first hour, and one in the third, which moves the watermark past the first."""
    await pipeline.send(FLIGHTS, ids(rows), [START + i for i in range(rows)])
    pipeline.clock.advance(seconds=3 * 3600)
    await pipeline.send(FLIGHTS, ["later"], [START + 2 * HOUR])


async def test_a_closed_window_becomes_one_snapshot_at_every_destination(pipeline: Pipeline):
    await fill_an_hour(pipeline)
    assert await pipeline.work() == 1
    (snapshot,) = await pipeline.snapshots(FLIGHTS)
    assert (snapshot["report"], snapshot["rows"], snapshot["revision"]) == ("drift", 4, 1)
    assert [body["id"] for body in pipeline.received.bodies] == [snapshot["id"]]
    assert await pipeline.rows(FLIGHTS) == {"accepted": 5, "evaluated": 4, "dead": 0, "dropped": {}, "waiting": 1}


async def test_ticks_between_do_not_evaluate_a_window_twice(pipeline: Pipeline, evaluator: CountingEvaluator):
    await fill_an_hour(pipeline)
    for _ in range(3):
        await pipeline.housekeeping.close_due_windows()
    await pipeline.work()
    await pipeline.work()
    assert len(evaluator.jobs) == 1


async def test_ticks_while_a_window_is_being_evaluated_do_not_ask_for_it_again(pipeline: Pipeline):
    await fill_an_hour(pipeline)
    await pipeline.housekeeping.close_due_windows()
    lease = await pipeline.buffer.queue.lease(WORK_QUEUE, [MonitorId("flights")], owner="other", seconds=30)
    assert lease is not None
    await pipeline.housekeeping.close_due_windows()
    await pipeline.buffer.queue.ack(lease)
    assert await pipeline.buffer.queue.lease(WORK_QUEUE, [MonitorId("flights")], owner="other", seconds=30) is None


async def test_rows_that_come_while_a_window_is_evaluated_make_the_next_revision_and_it_is_delivered(
    pipeline: Pipeline, evaluator: CountingEvaluator, monkeypatch: pytest.MonkeyPatch
):
    """Also when no tick comes before the next evaluation, and the delivery of the first one is still under way."""
    evaluate = evaluator.evaluate

    async def interrupted(job: Job) -> Sequence[SnapshotRecord]:
        records = await evaluate(job)
        if len(evaluator.jobs) == 1:
            await pipeline.send(FLIGHTS, ["late"], [START])
            await pipeline.housekeeping.close_due_windows()
        return records

    monkeypatch.setattr(evaluator, "evaluate", interrupted)
    await fill_an_hour(pipeline)
    await pipeline.housekeeping.close_due_windows()
    assert await pipeline.evaluating.step()
    flights = [MonitorId("flights")]
    held = await pipeline.buffer.queue.lease(outbox(DESTINATION), flights, owner="under way", seconds=30)
    assert held is not None
    assert await pipeline.evaluating.step()
    assert [(job.rows.rows, job.revision) for job in evaluator.jobs] == [(4, 1), (5, 2)]
    await pipeline.buffer.queue.ack(held)
    assert await pipeline.forwarding.step()
    assert [(body["rows"], body["revision"]) for body in pipeline.received.bodies] == [(5, 2)]


async def test_a_snapshot_deleted_before_its_delivery_is_not_sent_and_troubles_nobody(pipeline: Pipeline):
    await fill_an_hour(pipeline)
    await pipeline.housekeeping.close_due_windows()
    assert await pipeline.evaluating.step()
    (snapshot,) = await pipeline.snapshots(FLIGHTS)
    assert await pipeline.buffer.snapshots.delete(snapshot["id"])
    assert await pipeline.forwarding.step()
    assert pipeline.received.bodies == []
    assert await pipeline.buffer.dead_letters.list() == []
    pipeline.clock.advance(seconds=600)
    assert not await pipeline.forwarding.step()


async def test_requests_that_arrive_together_share_one_chunk_and_keep_their_own_receipts(
    pipeline: Pipeline, buffer: Buffer
):
    receipts = await asyncio.gather(
        *(pipeline.send(FLIGHTS, [f"a{n}", "same"], [START, START], request_key=f"k{n}") for n in range(10))
    )
    assert sum(receipt.accepted for receipt in receipts) == 11
    assert [receipt.accepted + receipt.duplicates for receipt in receipts] == [2] * 10
    state = await buffer.rows.state(MonitorId("flights"))
    assert [pane.rows for pane in state.panes] == [11]


async def test_a_request_over_several_windows_is_split_and_counted_once(pipeline: Pipeline):
    receipt = await pipeline.send(FLIGHTS, ids(6), [START + hour * HOUR for hour in range(6)])
    assert receipt.accepted == 6
    state = await pipeline.buffer.rows.state(MonitorId("flights"))
    assert [pane.rows for pane in state.panes] == [1] * 6


async def test_a_repeated_request_is_told_that_its_rows_are_known(pipeline: Pipeline):
    first = await pipeline.send(FLIGHTS, ids(3), [START] * 3, request_key="k")
    again = await pipeline.send(FLIGHTS, ids(3), [START] * 3, request_key="k")
    assert (first.accepted, first.duplicates) == (3, 0)
    assert (again.accepted, again.duplicates) == (0, 3)


async def test_bad_rows_are_reported_beside_the_good_ones(pipeline: Pipeline):
    error = RowError(1, "x", "expected a number")
    judged = Judged(Table({"id": ["a"], "at": [START]}, 1), [START], [digest("a")], [error], 1)
    receipt = await pipeline.intake.take(FLIGHTS, judged)
    assert (receipt.accepted, receipt.rejected, receipt.errors) == (1, 1, [error])


async def test_a_full_monitor_refuses_and_another_one_does_not(pipeline: Pipeline):
    other = FLIGHTS.model_copy(update={"id": "other"})
    await pipeline.watch(FLIGHTS, other)
    await pipeline.send(FLIGHTS, ids(990), [START] * 990)
    full, fine = await asyncio.gather(
        pipeline.send(FLIGHTS, ids(20, "b"), [START] * 20),
        pipeline.send(other, ids(20, "b"), [START] * 20),
        return_exceptions=True,
    )
    assert isinstance(full, Backpressure)
    assert not isinstance(fine, BaseException)
    assert fine.accepted == 20


async def test_late_rows_make_the_next_revision_of_the_same_snapshot(pipeline: Pipeline):
    await fill_an_hour(pipeline)
    await pipeline.work()
    await pipeline.send(FLIGHTS, ["late"], [START + 5])
    assert await pipeline.work() == 0
    pipeline.clock.advance(seconds=6)
    await pipeline.work()
    (snapshot,) = await pipeline.snapshots(FLIGHTS)
    assert (snapshot["rows"], snapshot["revision"]) == (5, 2)
    assert [body["revision"] for body in pipeline.received.bodies] == [1, 2]
    assert (await pipeline.rows(FLIGHTS))["evaluated"] == 5


async def test_labels_make_the_second_phase_due_once_all_are_there(pipeline: Pipeline):
    await fill_an_hour(pipeline)
    await pipeline.work()
    await pipeline.label(FLIGHTS, "r0", "r1", "r2")
    assert await pipeline.work() == 0  # the watermark is not past labels.wait
    await pipeline.label(FLIGHTS, "r3")
    assert await pipeline.work() == 1
    quality = next(s for s in await pipeline.snapshots(FLIGHTS) if s["report"] == "quality")
    assert (quality["labels"], quality["revision"]) == (4, 1)


async def test_the_first_quality_is_revision_one_also_when_the_wait_was_over_before_the_first_label(pipeline: Pipeline):
    await fill_an_hour(pipeline)
    await pipeline.send(FLIGHTS, ["much-later"], [START + 12 * HOUR - 1])
    pipeline.clock.advance(seconds=12 * 3600)
    await pipeline.work()
    assert {s["report"] for s in await pipeline.snapshots(FLIGHTS)} == {"drift"}
    await pipeline.label(FLIGHTS, "r0")
    pipeline.clock.advance(seconds=6)
    await pipeline.work()
    quality = next(s for s in await pipeline.snapshots(FLIGHTS) if s["report"] == "quality")
    assert (quality["labels"], quality["revision"]) == (1, 1)


async def test_a_corrected_label_waits_for_others_once_all_were_there(pipeline: Pipeline):
    """The first time all labels are there is the moment to tell; a correction costs an evaluation when it is quiet again."""
    await fill_an_hour(pipeline)
    await pipeline.label(FLIGHTS, *ids(4))
    assert await pipeline.work() == 2  # the rows, and the labels
    await pipeline.label(FLIGHTS, "r0", target=0)
    assert await pipeline.work() == 0
    pipeline.clock.advance(seconds=5)
    assert await pipeline.work() == 1


async def test_labels_are_counted_by_what_became_of_them(pipeline: Pipeline):
    await fill_an_hour(pipeline)
    await pipeline.label(FLIGHTS, "r0", "r1", "of no row yet")
    await pipeline.label(FLIGHTS, "r0")  # the same target again
    errors = [
        RowError(1, "target", "it is missing"),
        RowError(1, "id", "it is missing"),
        RowError(2, "id", "it is missing"),
    ]
    await pipeline.intake.label(FLIGHTS, [Label(digest("r2"), b"1")], errors)
    lines = pipeline.telemetry.text().decode().splitlines()
    counted = {line for line in lines if line.startswith("collector_receive_labels_total")}
    assert counted == {
        f'collector_receive_labels_total{{monitor="flights",outcome="{outcome}"}} {count}'
        for outcome, count in (("accepted", 4.0), ("rejected", 2.0), ("duplicate", 1.0))
    }
    assert 'collector_label_delay_seconds_count{monitor="flights"} 3.0' in lines
    assert (
        f'collector_label_delay_seconds_sum{{monitor="flights"}} {3 * 2 * 3600.0}' in lines
    )  # two hours after their window


async def test_labels_that_come_before_their_rows_are_joined(pipeline: Pipeline):
    receipt = await pipeline.label(FLIGHTS, "r0", "r1", "r2", "r3")
    assert receipt.accepted == 4
    await fill_an_hour(pipeline)
    await pipeline.work()
    quality = next(s for s in await pipeline.snapshots(FLIGHTS) if s["report"] == "quality")
    assert quality["labels"] == 4


async def test_flush_closes_open_windows_at_once(pipeline: Pipeline):
    await pipeline.send(FLIGHTS, ids(4), [START + 2 * HOUR] * 4)
    assert await pipeline.intake.flush(FLIGHTS) == [f"{START + 2 * HOUR}-{START + 3 * HOUR}#0"]
    await pipeline.work()
    assert (await pipeline.rows(FLIGHTS))["evaluated"] == 4
    assert await pipeline.intake.flush(FLIGHTS) == []


async def test_an_evaluation_that_fails_for_now_keeps_its_rows_and_is_repeated(
    pipeline: Pipeline, evaluator: CountingEvaluator
):
    def fail(job: Job) -> None:
        if len(evaluator.jobs) < 3:
            raise Transient("the pool died")

    evaluator.fail = fail
    await fill_an_hour(pipeline)
    for _ in range(3):
        await pipeline.work()
        assert (await pipeline.rows(FLIGHTS))["accepted"] == 5
        pipeline.clock.advance(seconds=10)
    assert (await pipeline.rows(FLIGHTS))["evaluated"] == 4
    assert len(await pipeline.snapshots(FLIGHTS)) == 1


async def test_a_poison_window_is_dead_lettered_with_its_rows_and_its_neighbours_go_on(
    pipeline: Pipeline, evaluator: CountingEvaluator
):
    def poison(job: Job) -> None:
        if job.window.pane.start_us == START and job.phase is Phase.ROWS:
            raise Permanent("poison")

    evaluator.fail = poison
    await pipeline.send(FLIGHTS, ids(3), [START, START, START + HOUR])
    await pipeline.intake.flush(FLIGHTS)
    await pipeline.work()
    assert await pipeline.rows(FLIGHTS) == {"accepted": 3, "evaluated": 1, "dead": 2, "dropped": {}, "waiting": 0}
    (letter,) = await pipeline.buffer.dead_letters.list(MonitorId("flights"))
    assert (letter.reason, letter.rows) == ("poison", 2)
    described = await pipeline.registry.describe(FLIGHTS)
    assert described["last_error"]["reason"] == "poison"  # type: ignore[index]

    evaluator.fail = lambda job: None
    assert await pipeline.buffer.dead_letters.replay(letter.id, now_us=pipeline.clock.now_us())
    assert (await pipeline.rows(FLIGHTS))["waiting"] == 2
    await pipeline.work()
    assert await pipeline.rows(FLIGHTS) == {"accepted": 3, "evaluated": 3, "dead": 0, "dropped": {}, "waiting": 0}
    assert sorted(s["rows"] for s in await pipeline.snapshots(FLIGHTS)) == [1, 2]


async def test_an_error_nobody_thought_of_is_repeated_then_set_aside_and_stops_nobody(
    pipeline: Pipeline, evaluator: CountingEvaluator
):
    def surprise(job: Job) -> None:
        if job.window.pane.start_us == START and job.phase is Phase.ROWS:
            raise ZeroDivisionError("surprise")

    evaluator.fail = surprise
    await pipeline.send(FLIGHTS, ids(2), [START, START + HOUR])
    await pipeline.intake.flush(FLIGHTS)
    for _ in range(3):
        await pipeline.work()
        pipeline.clock.advance(seconds=10)
    (letter,) = await pipeline.buffer.dead_letters.list(MonitorId("flights"))
    assert (letter.reason, letter.attempts) == ("ZeroDivisionError: surprise", 3)
    assert (await pipeline.rows(FLIGHTS))["evaluated"] == 1


async def test_a_destination_that_fails_for_now_gets_its_snapshot_later(pipeline: Pipeline):
    pipeline.received.fail = [Transient("503", retry_after_seconds=30)]
    await fill_an_hour(pipeline)
    await pipeline.work()
    assert pipeline.received.bodies == []
    pipeline.clock.advance(seconds=29)
    await pipeline.work()
    assert pipeline.received.bodies == []
    pipeline.clock.advance(seconds=2)
    await pipeline.work()
    assert len(pipeline.received.bodies) == 1


async def test_a_refused_delivery_is_dead_lettered_and_leaves_the_account_alone(pipeline: Pipeline):
    pipeline.received.fail = [Permanent("403: wrong secret")]
    await fill_an_hour(pipeline)
    await pipeline.work()
    (letter,) = await pipeline.buffer.dead_letters.list()
    assert letter.reason == "403: wrong secret"
    assert (await pipeline.rows(FLIGHTS))["evaluated"] == 4
    await pipeline.buffer.dead_letters.replay(letter.id, now_us=pipeline.clock.now_us())
    await pipeline.work()
    assert len(pipeline.received.bodies) == 1


async def test_of_two_revisions_that_wait_for_a_destination_only_the_newest_is_sent(pipeline: Pipeline):
    pipeline.received.fail = [Transient("down", retry_after_seconds=600)]
    await fill_an_hour(pipeline)
    await pipeline.work()
    await pipeline.send(FLIGHTS, ["late"], [START + 5])
    pipeline.clock.advance(seconds=601)
    await pipeline.work()
    await pipeline.work()
    assert [body["revision"] for body in pipeline.received.bodies if body["rows"] == 5] == [2]
    assert all(body["rows"] != 4 for body in pipeline.received.bodies)


async def test_windows_of_a_deleted_monitor_are_worked_on_no_more(pipeline: Pipeline):
    await fill_an_hour(pipeline)
    await pipeline.housekeeping.close_due_windows()
    await pipeline.registry.delete("flights")
    assert not await pipeline.evaluating.step()
    assert await pipeline.rows(FLIGHTS) == {"accepted": 0, "evaluated": 0, "dead": 0, "dropped": {}, "waiting": 0}


async def test_an_unreachable_buffer_is_told_to_every_waiting_request(
    pipeline: Pipeline, buffer: Buffer, monkeypatch: pytest.MonkeyPatch
):
    async def away(appends: object) -> object:
        raise Unavailable("no connection")

    with monkeypatch.context() as patch:
        patch.setattr(buffer.rows, "append", away)
        results = await asyncio.gather(
            *(pipeline.send(FLIGHTS, [f"r{n}"], [START]) for n in range(3)), return_exceptions=True
        )
    assert [type(result) for result in results] == [Unavailable] * 3
    assert (await pipeline.send(FLIGHTS, ["r9"], [START])).accepted == 1


async def test_monitors_are_the_same_for_every_replica(
    pipeline: Pipeline, evaluator: CountingEvaluator, tmp_path: Path
):
    twin = Pipeline(pipeline.buffer, evaluator, pipeline.clock, tmp_path)
    await twin.registry.refresh()
    assert twin.registry.get("flights") == FLIGHTS
    changed = FLIGHTS.model_copy(update={"tags": ("new",)})
    await pipeline.registry.put(changed)
    await twin.housekeeping.refresh()
    assert twin.registry.get("flights") == changed
    await pipeline.registry.delete("flights")
    await twin.housekeeping.refresh()
    assert list(twin.registry.all()) == []


async def test_a_monitor_from_the_api_names_no_file_of_this_machine_and_no_unknown_destination(pipeline: Pipeline):
    for change, sentence in (
        ({"reference": {"path": "/etc/passwd"}}, "reference.path"),
        ({"forward": ["hok"]}, r"'hok' \(did you mean 'hook'\?\), which is no destination"),
    ):
        with pytest.raises(Invalid, match=sentence):
            await pipeline.registry.put(Monitor.model_validate({"id": "new"} | change))
    assert [monitor.id for monitor in pipeline.registry.all()] == ["flights"]


async def test_a_reference_is_a_file_named_after_its_content(pipeline: Pipeline):
    assert await pipeline.references.file(MonitorId("flights")) is None
    assert await pipeline.references.put(FLIGHTS, b"one") == 1
    first = await pipeline.references.file(MonitorId("flights"))
    assert first is not None
    assert await pipeline.references.put(FLIGHTS, b"one") == 1
    assert await pipeline.references.put(FLIGHTS, b"two") == 2
    second = await pipeline.references.file(MonitorId("flights"))
    assert second is not None
    assert [await asyncio.to_thread(Path(each.path).read_bytes) for each in (first, second)] == [b"one", b"two"]
    assert (first.version, second.version) == (1, 2)


async def test_gauges_show_the_account(pipeline: Pipeline):
    await fill_an_hour(pipeline)
    await pipeline.work()
    await pipeline.housekeeping.set_gauges()
    text = pipeline.telemetry.text().decode()
    assert 'collector_buffer_waiting_rows{monitor="flights"} 1.0' in text
    assert 'collector_evaluate_rows{monitor="flights"} 4.0' in text
    assert 'collector_account_imbalance_rows{monitor="flights"} 0.0' in text


async def test_old_rows_are_forgotten_and_rows_of_a_forgotten_window_are_late(pipeline: Pipeline):
    await fill_an_hour(pipeline)
    await pipeline.label(FLIGHTS, *ids(4))
    await pipeline.work()
    pipeline.clock.advance(seconds=8 * 24 * 3600)
    await pipeline.work()
    await pipeline.housekeeping.forget_old_rows()
    receipt = await pipeline.send(FLIGHTS, ["too-late"], [START])
    assert (receipt.accepted, receipt.late) == (0, 1)
    assert len(await pipeline.snapshots(FLIGHTS)) >= 1
    await pipeline.rows(FLIGHTS)


async def test_rows_that_never_stop_coming_do_not_pile_up_once_they_are_evaluated(pipeline: Pipeline):
    wish = {"id": "steady", "columns": {"id": "id"}, "window": {"rows": 10, "keep": "1m"}, "reports": [{"name": "r", "metrics": ["M"]}]}  # fmt: skip
    steady = Monitor.model_validate(wish)
    await pipeline.watch(FLIGHTS, steady)
    held = []
    for minute in range(12):
        await pipeline.send(steady, ids(25, f"m{minute}-"), [START] * 25)
        await pipeline.work()
        await pipeline.housekeeping.forget_old_rows()
        (pane,) = (await pipeline.buffer.rows.state(MonitorId("steady"))).panes
        held.append(pane.rows - pane.trimmed)
        pipeline.clock.advance(seconds=60)
    assert max(held) <= 60, held
    rows = await pipeline.rows(steady)
    assert (rows["accepted"], rows["evaluated"] + rows["waiting"], rows["dropped"]) == (300, 300, {})


async def test_old_snapshots_are_forgotten_by_the_age_of_their_windows_not_by_the_wall_clock(pipeline: Pipeline):
    days = [START - day * 24 * HOUR for day in (400, 380, 371)]
    await pipeline.send(FLIGHTS, ids(3), days)
    await pipeline.intake.flush(FLIGHTS)
    await pipeline.work()
    await pipeline.housekeeping.trim_snapshots()  # 30 days are kept
    assert len(await pipeline.snapshots(FLIGHTS)) == 3
    await pipeline.send(FLIGHTS, ["new"], [START - 360 * 24 * HOUR])
    await pipeline.intake.flush(FLIGHTS)
    await pipeline.work()
    await pipeline.housekeeping.trim_snapshots()
    assert len(await pipeline.snapshots(FLIGHTS)) == 3


async def test_a_task_is_read_back_as_it_was_put(pipeline: Pipeline):
    from collector.model import Pane, Window
    from collector.pipeline.windows import WindowTask

    task = WindowTask(Window(Pane(None, None), 3, 30, 40), Phase.LABELS, 2, 10, 5, 7)
    assert WindowTask.load(task.dump()) == task
    assert orjson.loads(replace(task, rows=11).dump())["rows"] == 11


async def test_rows_that_wait_for_labels_are_bounded_and_what_has_come_is_told(pipeline: Pipeline):
    pipeline.housekeeping._keep = replace(pipeline.housekeeping._keep, rows=8)
    held = []
    for hour in range(6):
        await pipeline.send(FLIGHTS, ids(4, f"h{hour}-"), [START + hour * HOUR + HOUR // 2] * 4)
        pipeline.clock.advance(seconds=3600)
        await pipeline.label(FLIGHTS, f"h{hour}-0")
        await pipeline.work()
        await pipeline.housekeeping.forget_old_rows()
        held.append(sum(pane.rows for pane in (await pipeline.buffer.rows.state(MonitorId("flights"))).panes))
    assert held == [4, 8, 12, 16, 16, 16]  # an open hour, two that wait, and one whose wait the next tick ends
    quality = [s for s in await pipeline.snapshots(FLIGHTS) if s["report"] == "quality"]
    assert [each["labels"] for each in quality] == [1, 1]
    rows = await pipeline.rows(FLIGHTS)
    assert (rows["accepted"], rows["evaluated"], rows["waiting"], rows["dropped"]) == (24, 20, 4, {})
