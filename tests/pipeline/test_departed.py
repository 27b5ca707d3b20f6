"""Destinations that left the configuration: what waited for them does not wait for ever, and is not lost either."""

from pathlib import Path

import pytest
import pytest_asyncio

from collector.clock import ManualClock
from collector.model import DestinationName, outbox
from collector.pipeline.upkeep import departed as module
from collector.pipeline.upkeep.departed import GRACE_SECONDS, Departed
from collector.ports import Buffer
from tests.pipeline.forwarding import A, B, evaluated, watching
from tests.pipeline.harness import DESTINATION, Pipeline

pytestmark = pytest.mark.asyncio

LEFT = "the destination 'hook' left the configuration"


@pytest_asyncio.fixture
async def pipeline(buffer: Buffer, clock: ManualClock, tmp_path: Path) -> Pipeline:
    """Three deliveries wait."""
    made = await watching(buffer, clock, tmp_path)
    await evaluated(made, A, 2)
    await evaluated(made, B, 1)
    return made


def replica(pipeline: Pipeline, *destinations: str) -> Departed:
    """A worker whose configuration has these destinations."""
    names = [DestinationName(name) for name in destinations]
    return Departed(
        queue=pipeline.buffer.queue, documents=pipeline.buffer.documents, registry=pipeline.registry,
        destinations=lambda: names, telemetry=pipeline.telemetry, clock=pipeline.clock,
    )  # fmt: skip


async def reasons(pipeline: Pipeline) -> list[str]:
    return [letter.reason for letter in await pipeline.buffer.dead_letters.list()]


async def test_what_waits_for_a_destination_that_left_becomes_dead_letters_and_is_counted(pipeline: Pipeline):
    await replica(pipeline, "hook").look_after_departed()
    pipeline.clock.advance(seconds=GRACE_SECONDS)
    await replica(pipeline, "other").look_after_departed()
    assert await reasons(pipeline) == [LEFT] * 3
    counted = 'collector_forward_snapshots_total{outcome="dead",to="hook"} 3.0'
    assert counted in pipeline.telemetry.text().decode()
    depths = await pipeline.buffer.queue.depths(outbox(DESTINATION), pipeline.registry.ids())
    assert sum(depth.items for depth in depths) == 0


async def test_replayed_when_it_is_back_everything_is_delivered(pipeline: Pipeline):
    await replica(pipeline, "hook").look_after_departed()
    pipeline.clock.advance(seconds=GRACE_SECONDS)
    await replica(pipeline).look_after_departed()
    back = replica(pipeline, "hook")
    await back.look_after_departed()
    for letter in await pipeline.buffer.dead_letters.list():
        assert await pipeline.buffer.dead_letters.replay(letter.id, now_us=pipeline.clock.now_us())
    pipeline.clock.advance(seconds=GRACE_SECONDS)
    await back.look_after_departed()
    while await pipeline.forwarding.step():
        pass
    assert len(pipeline.received.bodies) == 3
    assert await reasons(pipeline) == []


async def test_nothing_is_set_aside_while_an_older_replica_still_delivers(pipeline: Pipeline):
    old, new = replica(pipeline, "hook"), replica(pipeline)
    for _ in range(20):
        await old.look_after_departed()
        await new.look_after_departed()
        pipeline.clock.advance(seconds=10)
    assert await reasons(pipeline) == []
    pipeline.clock.advance(seconds=GRACE_SECONDS)  # the old one is stopped
    await new.look_after_departed()
    assert len(await reasons(pipeline)) == 3


async def test_a_service_that_was_down_for_long_sets_nothing_aside_of_what_it_serves(pipeline: Pipeline):
    await replica(pipeline, "hook").look_after_departed()
    pipeline.clock.advance(seconds=86_400)
    await replica(pipeline, "hook").look_after_departed()
    assert await reasons(pipeline) == []


async def test_a_delivery_in_somebodys_hands_is_left_to_them(pipeline: Pipeline):
    await replica(pipeline, "hook").look_after_departed()
    pipeline.clock.advance(seconds=GRACE_SECONDS)
    held = await pipeline.buffer.queue.lease(outbox(DESTINATION), pipeline.registry.ids(), owner="old", seconds=30)
    assert held is not None
    await replica(pipeline).look_after_departed()
    assert len(await reasons(pipeline)) == 2
    await pipeline.buffer.queue.ack(held)
    await replica(pipeline).look_after_departed()
    assert len(await reasons(pipeline)) == 2


async def test_one_look_sets_aside_so_many_and_the_next_one_goes_on(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "MOST_AT_ONCE", 2)
    await replica(pipeline, "hook").look_after_departed()
    pipeline.clock.advance(seconds=GRACE_SECONDS)
    for expected in (2, 3, 3):
        await replica(pipeline).look_after_departed()
        assert len(await reasons(pipeline)) == expected


async def test_deliveries_of_a_monitor_that_comes_back_later_are_found_too(pipeline: Pipeline):
    """Its rows and deliveries stay while it is away."""
    await replica(pipeline, "hook").look_after_departed()
    await pipeline.watch(A)
    pipeline.clock.advance(seconds=GRACE_SECONDS)
    await replica(pipeline).look_after_departed()
    assert len(await reasons(pipeline)) == 2
    await pipeline.watch(A, B)
    await replica(pipeline).look_after_departed()
    assert len(await reasons(pipeline)) == 3


async def test_its_gauges_go_with_it(pipeline: Pipeline):
    pipeline.telemetry.set("collector_forward_waiting_snapshots", 3, to="hook")
    await replica(pipeline, "hook").look_after_departed()
    assert 'collector_forward_waiting_snapshots{to="hook"}' in pipeline.telemetry.text().decode()
    await replica(pipeline).look_after_departed()
    assert 'collector_forward_waiting_snapshots{to="hook"}' not in pipeline.telemetry.text().decode()
