"""The loop that every kind of work goes through: leases are kept, lost and given back."""

import asyncio
import io
import json
import logging
from pathlib import Path

import pytest
import pytest_asyncio

from collector.clock import ManualClock
from collector.errors import LeaseLost
from collector.logs import JsonLines
from collector.model import WORK_QUEUE, Item, Lease, MonitorId, Settlement
from collector.pipeline.leasing.loop import Effects, Worker
from collector.pipeline.leasing.patience import Attempts, backoff_seconds
from collector.ports import Buffer

pytestmark = pytest.mark.asyncio

MONITORS = [MonitorId("busy"), MonitorId("quiet")]


class Scripted:
    """A handler that does what the test says, and remembers what it was told."""

    def __init__(self) -> None:
        self.leases: list[Lease] = []
        self.outcomes: list[str] = []
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def handle(self, lease: Lease) -> Effects:
        self.leases.append(lease)
        self.started.set()
        await self.go_on.wait()
        return Effects()

    def buried(self, lease: Lease) -> Settlement | None:
        return None

    async def ended(self, lease: Lease, outcome: str, reason: str | None) -> None:
        self.outcomes.append(outcome)


@pytest_asyncio.fixture
async def handler() -> Scripted:
    return Scripted()


def worker(buffer: Buffer, handler: Scripted, clock: ManualClock, *, lease_seconds: float = 30.0) -> Worker:
    return Worker(
        queue=buffer.queue, name=WORK_QUEUE, owner="me", handler=handler, monitors=lambda: MONITORS,
        wake=asyncio.Event(), clock=clock, patience=Attempts(clock, 3), lease_seconds=lease_seconds,
    )  # fmt: skip


async def put(buffer: Buffer, monitor: str, *keys: str) -> None:
    await buffer.queue.put([Item(WORK_QUEUE, MonitorId(monitor), key, b"{}", 0) for key in keys])


async def test_a_busy_monitor_does_not_starve_a_quiet_one(buffer: Buffer, handler: Scripted, clock: ManualClock):
    await put(buffer, "busy", "a", "b", "c", "d")
    await put(buffer, "quiet", "z")
    one = worker(buffer, handler, clock)
    await one.step()
    await one.step()
    assert [lease.monitor for lease in handler.leases] == ["busy", "quiet"]


async def test_a_long_task_keeps_its_lease(buffer: Buffer, handler: Scripted, clock: ManualClock):
    await put(buffer, "busy", "a")
    handler.go_on.clear()
    task = asyncio.create_task(worker(buffer, handler, clock, lease_seconds=0.15).step())
    await handler.started.wait()
    clock.advance(seconds=0.1)
    await asyncio.sleep(0.1)  # real time, in which the renewal is sent
    clock.advance(seconds=0.1)
    assert await buffer.queue.lease(WORK_QUEUE, MONITORS, owner="other", seconds=30) is None
    handler.go_on.set()
    await task
    assert handler.outcomes == ["done"]


async def test_work_whose_lease_was_lost_is_dropped_without_effect(
    buffer: Buffer, handler: Scripted, clock: ManualClock
):
    await put(buffer, "busy", "a")
    handler.go_on.clear()
    task = asyncio.create_task(worker(buffer, handler, clock, lease_seconds=0.3).step())
    await handler.started.wait()
    clock.advance(seconds=1)  # as if this process had been paused
    theirs = await buffer.queue.lease(WORK_QUEUE, MONITORS, owner="other", seconds=30)
    assert theirs is not None
    handler.go_on.set()
    await task
    assert handler.outcomes == ["lost"]
    await buffer.queue.ack(theirs)


async def test_an_item_that_kills_its_workers_is_set_aside_without_another_try(
    buffer: Buffer, handler: Scripted, clock: ManualClock
):
    await put(buffer, "busy", "a")
    for _ in range(3):  # three owners took it and were never heard of again
        assert await buffer.queue.lease(WORK_QUEUE, MONITORS, owner="dead", seconds=1) is not None
        clock.advance(seconds=2)
    await worker(buffer, handler, clock).step()
    assert handler.leases == []
    (letter,) = await buffer.dead_letters.list()
    assert "3 attempts ended without a word" in letter.reason


async def test_a_stopping_worker_gives_back_what_it_cannot_finish(
    buffer: Buffer, handler: Scripted, clock: ManualClock
):
    await put(buffer, "busy", "a")
    handler.go_on.clear()
    task = asyncio.create_task(worker(buffer, handler, clock).step())
    await handler.started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await buffer.queue.lease(WORK_QUEUE, MONITORS, owner="other", seconds=30) is not None


async def test_a_worker_stops_when_told_and_finishes_what_it_holds(
    buffer: Buffer, handler: Scripted, clock: ManualClock
):
    await put(buffer, "busy", "a")
    handler.go_on.clear()
    stopping = asyncio.Event()
    task = asyncio.create_task(worker(buffer, handler, clock).run(stopping))
    await handler.started.wait()
    stopping.set()
    handler.go_on.set()
    await asyncio.wait_for(task, 5)
    assert handler.outcomes == ["done"]


async def test_waits_grow_to_five_minutes_and_no_further():
    waits = [backoff_seconds(attempt, 1.0, 0.0) for attempt in range(1, 40)]
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0]
    assert waits == sorted(waits)
    assert waits[-1] == 300.0
    assert backoff_seconds(1, 1.0, 0.999) > 0.5


async def test_what_is_logged_while_an_item_is_in_hand_says_which_one(
    buffer: Buffer, handler: Scripted, clock: ManualClock
):
    written = io.StringIO()
    lines = logging.StreamHandler(written)
    lines.setFormatter(JsonLines())
    log = logging.getLogger("collector.pipeline.leasing.loop")
    log.addHandler(lines)

    async def fail(lease: Lease) -> Effects:
        raise ValueError("why")

    handler.handle = fail  # type: ignore[method-assign]
    await put(buffer, "busy", "0-60#0/rows")
    await worker(buffer, handler, clock).step()
    log.removeHandler(lines)
    told = json.loads(written.getvalue())
    assert {name: told[name] for name in ("monitor", "window", "phase", "attempt", "queue")} == {
        "monitor": "busy", "window": "0-60#0", "phase": "rows", "attempt": 1, "queue": "work",
    }  # fmt: skip
    assert isinstance(told["lease"], int)
    assert "ValueError: why" in told["exception"]


async def test_a_stale_lease_can_neither_ack_nor_nack(buffer: Buffer, clock: ManualClock, tmp_path: Path):
    await put(buffer, "busy", "a")
    stale = await buffer.queue.lease(WORK_QUEUE, MONITORS, owner="slow", seconds=1)
    assert stale is not None
    clock.advance(seconds=2)
    fresh = await buffer.queue.lease(WORK_QUEUE, MONITORS, owner="quick", seconds=30)
    assert fresh is not None
    assert fresh.token > stale.token
    for deed in (buffer.queue.ack(stale), buffer.queue.nack(stale, reason="late", retry_us=0)):
        with pytest.raises(LeaseLost):
            await deed
    await buffer.queue.ack(fresh)


async def test_a_fault_that_nobody_foresaw_is_not_the_end_of_a_queue(
    buffer: Buffer, handler: Scripted, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
):
    done, stopping = asyncio.Event(), asyncio.Event()

    async def ended(lease: Lease, outcome: str, reason: str | None) -> None:
        if lease.key == "a":
            raise KeyError("a defect")
        done.set()

    monkeypatch.setattr(handler, "ended", ended)
    monkeypatch.setattr("collector.pipeline.leasing.loop._AFTER_A_FAULT_SECONDS", 0.01)
    await put(buffer, "busy", "a", "b")
    running = asyncio.create_task(worker(buffer, handler, clock).run(stopping))
    await asyncio.wait_for(done.wait(), 10)
    stopping.set()
    await asyncio.wait_for(running, 10)
    assert sorted(lease.key for lease in handler.leases) == ["a", "b"]
