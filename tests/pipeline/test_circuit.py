"""A destination that is down: what waits for it keeps its place, costs little, and troubles nobody else."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from collector.clock import ManualClock
from collector.errors import Permanent, Transient, Unavailable
from collector.model import Depth, MonitorId
from collector.monitor import Monitor
from collector.pipeline.upkeep.outboxes import Outboxes
from collector.pipeline.work.circuit import OPENS_AFTER, CircuitState
from collector.ports import Buffer
from collector.snapshot import snapshot_id
from tests.pipeline.conftest import CountingEvaluator
from tests.pipeline.forwarding import HOUR, START, A, B, evaluated, watching
from tests.pipeline.harness import DESTINATION, Pipeline

pytestmark = pytest.mark.asyncio

DOWN = "connection refused"


@pytest_asyncio.fixture
async def pipeline(buffer: Buffer, clock: ManualClock, tmp_path: Path) -> Pipeline:
    return await watching(buffer, clock, tmp_path)


async def run(pipeline: Pipeline, seconds: float, step: float = 0.5) -> None:
    """Let the clock go on and the deliveries with it."""
    for _ in range(round(seconds / step)):
        while await pipeline.forwarding.step():
            pass
        pipeline.clock.advance(seconds=step)


def failing(pipeline: Pipeline, *windows: str, wanted: Monitor = A) -> None:
    """The destination fails for these windows only, always."""
    deliver = pipeline.received.deliver

    async def picky(body: bytes, data: bytes | None = None) -> None:
        if any(window.encode() in body for window in windows):
            raise Transient("500")
        await deliver(body, data)

    pipeline.received.deliver = picky  # type: ignore[method-assign]


def hours(pipeline: Pipeline) -> list[str]:
    return [str(body["timestamp"])[11:13] for body in pipeline.received.bodies]


async def test_a_destination_that_was_down_for_twenty_hours_gets_everything(pipeline: Pipeline):
    await evaluated(pipeline, A, 6)
    await evaluated(pipeline, B, 6)
    pipeline.received.fail = [Transient(DOWN)] * 100_000
    await run(pipeline, 20 * 3600, step=30)
    assert await pipeline.buffer.dead_letters.list() == []
    attempts = 100_000 - len(pipeline.received.fail)
    assert attempts < 700  # two a minute at most, whatever waits
    pipeline.received.fail = []
    await run(pipeline, 900, step=30)
    assert len(pipeline.received.bodies) == 12
    assert pipeline.circuit_states[-1] is CircuitState.CLOSED
    for wanted in (A, B):  # in order, but for the one delivery that was the probe
        probe, *others = [str(body["timestamp"])[11:13] for body in pipeline.received.bodies if of(body, wanted)]
        assert others == sorted(others), (probe, others)


def of(body: dict[str, Any], wanted: Monitor) -> bool:
    return any(
        body["id"] == snapshot_id(wanted.id, "r", f"{START + n * HOUR}-{START + (n + 1) * HOUR}#0", None)
        for n in range(6)
    )


async def test_a_short_trouble_does_not_change_the_order_of_a_monitor(pipeline: Pipeline):
    await evaluated(pipeline, A, 4)
    pipeline.received.fail = [Transient(DOWN)] * 2
    await run(pipeline, 30)
    assert hours(pipeline) == ["00", "01", "02", "03"]


async def test_a_delivery_that_fails_holds_back_its_own_monitor_only(pipeline: Pipeline):
    await evaluated(pipeline, A, 2)
    await evaluated(pipeline, B, 2)
    pipeline.received.fail = [Transient(DOWN)]
    assert await pipeline.forwarding.step()  # of monitor a, and fails
    while await pipeline.forwarding.step():
        pass
    assert len(pipeline.received.bodies) == 2  # both of monitor b


async def test_failures_in_a_row_open_the_circuit_and_one_probe_closes_it(pipeline: Pipeline):
    await evaluated(pipeline, A, 2)
    await evaluated(pipeline, B, 2)
    pipeline.received.fail = [Transient(DOWN)] * OPENS_AFTER
    while pipeline.received.fail:
        await run(pipeline, 0.5)
    assert pipeline.circuit_states == [CircuitState.CLOSED, CircuitState.OPEN]
    assert not await pipeline.forwarding.step()
    pipeline.clock.advance(seconds=2)
    assert await pipeline.forwarding.step()
    assert pipeline.circuit_states[2:] == [CircuitState.HALF_OPEN, CircuitState.CLOSED]


async def test_a_destination_that_says_when_to_come_back_is_left_alone_until_then(pipeline: Pipeline):
    await evaluated(pipeline, A, 1)
    await evaluated(pipeline, B, 1)
    pipeline.received.fail = [Transient("429", retry_after_seconds=120)]
    await run(pipeline, 119)
    assert pipeline.received.bodies == []
    await run(pipeline, 3)
    assert len(pipeline.received.bodies) == 2


async def test_one_delivery_that_never_works_lets_others_pass_and_is_set_aside(pipeline: Pipeline):
    await evaluated(pipeline, A, 4)
    failing(pipeline, "T00:")
    await run(pipeline, 60)
    assert hours(pipeline) == ["01", "02", "03"]
    pipeline.clock.advance(seconds=400)
    await pipeline.send(A, ["x"], [START + 9 * HOUR])
    await pipeline.intake.flush(A)
    while await pipeline.evaluating.step():
        pass
    await run(pipeline, 60)
    (letter,) = await pipeline.buffer.dead_letters.list()
    assert letter.reason == "500"
    assert hours(pipeline) == ["01", "02", "03", "09"]


async def test_a_final_answer_is_set_aside_at_once_and_does_not_open_the_circuit(pipeline: Pipeline):
    await evaluated(pipeline, A, 8)
    pipeline.received.fail = [Permanent("400: no")] * 7
    await run(pipeline, 1)
    assert len(await pipeline.buffer.dead_letters.list()) == 7
    assert len(pipeline.received.bodies) == 1
    assert pipeline.circuit_states == [CircuitState.CLOSED]


async def test_a_restart_of_the_service_does_not_count_against_what_waits(
    pipeline: Pipeline, clock: ManualClock, tmp_path: Path
):
    await evaluated(pipeline, A, 1)
    pipeline.received.fail = [Transient(DOWN)] * 100
    await run(pipeline, 300)
    for _ in range(5):
        pipeline = Pipeline(pipeline.buffer, CountingEvaluator(), clock, tmp_path)
        await pipeline.registry.refresh()
        pipeline.received.fail = [Transient(DOWN)]
        await run(pipeline, 400, step=50)
        pipeline.received.fail = [Transient(DOWN)]
    assert await pipeline.buffer.dead_letters.list() == []


def outboxes(pipeline: Pipeline, *, most: int = 100, give_up_seconds: float = 86_400) -> Outboxes:
    return Outboxes(
        queue=pipeline.buffer.queue, registry=pipeline.registry, destinations=lambda: [DESTINATION],
        telemetry=pipeline.telemetry, clock=pipeline.clock, most=most, give_up_seconds=give_up_seconds,
    )  # fmt: skip


async def test_what_waited_too_long_is_set_aside_and_can_be_replayed(pipeline: Pipeline):
    await evaluated(pipeline, A, 3)
    pipeline.clock.advance(seconds=86_400)
    await evaluated(pipeline, B, 1)
    await outboxes(pipeline).sweep_outboxes()
    letters = await pipeline.buffer.dead_letters.list()
    assert {letter.reason for letter in letters} == {"given up: not delivered within 1d"}
    assert len(letters) == 3
    for letter in letters:
        assert await pipeline.buffer.dead_letters.replay(letter.id, now_us=pipeline.clock.now_us())
    await outboxes(pipeline).sweep_outboxes()
    await run(pipeline, 5)
    assert len(pipeline.received.bodies) == 4


async def test_no_more_than_so_many_wait_and_the_oldest_give_way(pipeline: Pipeline):
    await evaluated(pipeline, A, 5)
    await evaluated(pipeline, B, 2)
    await outboxes(pipeline, most=3).sweep_outboxes()
    letters = await pipeline.buffer.dead_letters.list()
    assert {letter.reason for letter in letters} == {"given up: more than 3 deliveries wait for hook"}
    await run(pipeline, 5)
    assert sorted(hours(pipeline)) == ["00", "01", "02", "03", "04"]  # two of b, the newest three of a


async def test_a_monitor_whose_server_is_away_keeps_no_other_from_being_swept(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
):
    await evaluated(pipeline, A, 2)
    await evaluated(pipeline, B, 2)
    depths = pipeline.buffer.queue.depths

    async def partly(queue: str, monitors: Sequence[MonitorId]) -> Sequence[Depth]:
        if A.id in monitors:
            raise Unavailable("its node is away")
        return await depths(queue, monitors)

    monkeypatch.setattr(pipeline.buffer.queue, "depths", partly)
    await outboxes(pipeline, most=1).sweep_outboxes()
    assert [letter.monitor for letter in await pipeline.buffer.dead_letters.list()] == [B.id]


async def test_the_depth_and_the_age_of_an_outbox_are_shown(pipeline: Pipeline):
    await evaluated(pipeline, A, 3)
    await evaluated(pipeline, B, 1)
    pipeline.clock.advance(seconds=60)
    await outboxes(pipeline).set_outbox_gauges()
    text = pipeline.telemetry.text().decode()
    assert 'collector_forward_waiting_snapshots{to="hook"} 4.0' in text
    assert 'collector_forward_oldest_wait_seconds{to="hook"} 60.0' in text
    await run(pipeline, 5)
    await outboxes(pipeline).set_outbox_gauges()
    assert 'collector_forward_waiting_snapshots{to="hook"} 0.0' in pipeline.telemetry.text().decode()
