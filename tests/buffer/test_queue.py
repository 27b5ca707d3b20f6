"""What the queues promise: one holder at a time, nothing done twice in effect, nothing forgotten."""

import asyncio

import pytest

from collector.clock import ManualClock
from collector.model import WORK_QUEUE, Depth, DestinationName, Lease, Outcome, Phase, outbox
from collector.ports import Buffer
from tests.buffer.conftest import Store
from tests.buffer.making import (
    OTHER,
    M,
    account,
    item,
    rows,
    settle,
    settlement,
    snapshot,
    store_snapshots,
    take,
    taken,
)

pytestmark = pytest.mark.asyncio
OUTBOX = outbox(DestinationName("local"))


async def test_an_item_is_leased_with_its_payload(buffer: Buffer, clock: ManualClock) -> None:
    payload = bytes(range(256))
    await buffer.queue.put([item("0-60#0/rows", payload)])
    lease = await take(buffer, owner="worker 1", seconds=30)
    assert lease == Lease(
        WORK_QUEUE,
        M,
        "0-60#0/rows",
        payload,
        token=clock.now_us(),
        attempt=1,
        owner="worker 1",
        until_us=clock.now_us() + 30_000_000,
        wanted_us=0,
    )


async def test_an_empty_queue_gives_nothing(buffer: Buffer) -> None:
    assert await take(buffer) is None
    assert await take(buffer, monitors=()) is None
    await buffer.queue.put([])
    await buffer.queue.put([item(queue=OUTBOX), item(monitor=OTHER)])
    assert await take(buffer) is None


async def test_a_leased_item_is_not_leased_again(buffer: Buffer) -> None:
    await buffer.queue.put([item()])
    await taken(buffer)
    assert await take(buffer) is None


async def test_an_item_is_not_leased_before_its_instant(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.queue.put([item(at=clock.now_us() + 1_000_000)])
    assert await take(buffer) is None
    clock.advance(seconds=1)
    assert await take(buffer) is not None


async def test_an_item_from_before_the_clock_went_back_is_ready_when_it_is_put_again(
    buffer: Buffer, clock: ManualClock
) -> None:
    await buffer.queue.put([item(at=clock.now_us())])
    clock.advance(seconds=-3600)
    assert await take(buffer) is None
    await buffer.queue.put([item(at=clock.now_us())])
    assert await take(buffer) is not None


async def test_what_has_been_ready_longest_comes_first(buffer: Buffer) -> None:
    await buffer.queue.put([item("b", at=20), item("a", at=30), item("d", at=10), item("c", at=10)])
    assert [(await taken(buffer)).key for _ in range(4)] == ["c", "d", "b", "a"]


async def test_monitors_are_asked_in_the_order_of_the_caller(buffer: Buffer) -> None:
    await buffer.queue.put([item("old", monitor=M, at=1), item("new", monitor=OTHER, at=2)])
    assert (await taken(buffer, monitors=(OTHER, M))).key == "new"
    assert (await taken(buffer, monitors=(OTHER, M))).key == "old"


async def test_tokens_of_a_monitor_only_grow(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.queue.put([item("a"), item("b"), item("c", queue=OUTBOX)])
    leases = [await taken(buffer), await taken(buffer), await taken(buffer, queue=OUTBOX)]
    clock.advance(seconds=31)
    leases.append(await taken(buffer))
    tokens = [lease.token for lease in leases]
    assert tokens == sorted(set(tokens))


async def test_an_acked_item_is_gone(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.queue.put([item()])
    await buffer.queue.ack(await taken(buffer))
    clock.advance(seconds=3600)
    assert await take(buffer) is None


async def test_an_item_may_come_again_after_it_was_done(buffer: Buffer) -> None:
    await buffer.queue.put([item()])
    await buffer.queue.ack(await taken(buffer))
    await buffer.queue.put([item()])
    assert (await taken(buffer)).attempt == 1


async def test_an_expired_lease_makes_its_item_ready_with_another_attempt(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.queue.put([item()])
    first = await taken(buffer, seconds=30)
    clock.advance(seconds=29.999999)
    assert await take(buffer) is None
    clock.advance(seconds=0.000001)
    second = await taken(buffer, owner="second")
    assert (second.attempt, second.payload, second.owner) == (2, first.payload, "second")
    assert second.token > first.token


async def test_renewing_prolongs_from_now(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.queue.put([item()])
    lease = await taken(buffer, seconds=30)
    clock.advance(seconds=20)
    renewed = await buffer.queue.renew(lease, seconds=30)
    assert renewed.until_us == clock.now_us() + 30_000_000
    assert renewed.token == lease.token
    clock.advance(seconds=29)
    assert await take(buffer) is None
    clock.advance(seconds=1)
    assert await take(buffer) is not None


async def test_an_expired_lease_that_nobody_took_is_still_its_owners(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.queue.put([item("a"), item("b")])
    first, second = await taken(buffer), await taken(buffer)
    clock.advance(seconds=300)
    await buffer.queue.renew(first, seconds=30)
    await buffer.queue.ack(second)
    assert await take(buffer) is None


async def test_a_nacked_item_waits_for_its_retry_with_another_attempt(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.queue.put([item()])
    await buffer.queue.nack(await taken(buffer), reason="no", retry_us=clock.now_us() + 5_000_000)
    clock.advance(seconds=4)
    assert await take(buffer) is None
    clock.advance(seconds=1)
    assert (await taken(buffer)).attempt == 2


# ---------------------------------------------------------------- effects of an ack


async def test_what_waits_for_a_retry_can_have_its_place_again(buffer: Buffer, clock: ManualClock) -> None:
    now_us = clock.now_us()
    await buffer.queue.put([item("first", at=now_us - 4), item("held", at=now_us - 3), item("other", at=now_us - 2)])
    for name in ("first", "held"):
        lease = await taken(buffer)
        assert lease.key == name
        if name == "first":
            await buffer.queue.nack(lease, reason="for now", retry_us=now_us + 10**9)
    await buffer.queue.restore(WORK_QUEUE, M)
    again = await taken(buffer)
    assert (again.key, again.attempt) == ("first", 2)
    assert [(await taken(buffer)).key, await take(buffer)] == ["other", None]  # what is held stays so
    await buffer.queue.restore("outbox/nobody", M)


async def test_an_ack_does_everything_together(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b")])
    await buffer.queue.put([item()])
    await buffer.queue.ack(
        await taken(buffer),
        settlement=settlement(2),
        snapshots=[snapshot("s1", body=b"one"), snapshot("s2", body=b"two")],
        then=[item("s1", queue=OUTBOX), item("s2", queue=OUTBOX), item("other", queue="outbox/hook")],
    )
    assert (await account(buffer)).evaluated == 2
    assert await buffer.snapshots.get(snapshot("s2").id) == b"two"
    assert [(await taken(buffer, queue=OUTBOX)).key for _ in range(2)] == ["s1", "s2"]
    assert (await taken(buffer, queue="outbox/hook")).key == "other"


async def test_an_ack_may_ask_for_its_own_item_again(buffer: Buffer) -> None:
    await buffer.queue.put([item()])
    await buffer.queue.ack(await taken(buffer), then=[item()])
    assert (await taken(buffer)).attempt == 1


async def test_an_ack_stays_with_one_monitor(buffer: Buffer) -> None:
    await buffer.queue.put([item()])
    lease = await taken(buffer)
    with pytest.raises(ValueError, match="flights only"):
        await buffer.queue.ack(lease, then=[item(monitor=OTHER)])
    with pytest.raises(ValueError, match="flights only"):
        await buffer.queue.ack(lease, snapshots=[snapshot("s", monitor=OTHER)])
    await buffer.queue.ack(lease)


async def test_a_retry_settles_nothing(buffer: Buffer) -> None:
    await buffer.queue.put([item()])
    with pytest.raises(ValueError, match="not settled"):
        await buffer.queue.nack(await taken(buffer), reason="x", retry_us=0, settlement=settlement(1))


async def test_a_revision_never_goes_back_whatever_a_late_settlement_says(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b")])
    for revision, outcome in ((3, Outcome.EVALUATED), (2, Outcome.DEAD)):
        await buffer.queue.put([item()])
        told = settlement(2, outcome, revision=revision)
        if outcome is Outcome.DEAD:
            await buffer.queue.nack(await taken(buffer), reason="x", retry_us=None, settlement=told)
        else:
            await buffer.queue.ack(await taken(buffer), settlement=told)
    (pane,) = (await buffer.rows.state(M)).panes
    stands = pane.settled[0, Phase.ROWS]
    assert (stands.outcome, stands.revision) == (Outcome.DEAD, 3)


async def test_only_one_of_many_gets_the_lease(store: Store) -> None:
    handles = [await store.open() for _ in range(3)]
    await handles[0].queue.put([item(str(number)) for number in range(5)])
    leases = await asyncio.gather(*(take(handle, owner=str(n)) for n, handle in enumerate(handles) for _ in range(4)))
    keys = [lease.key for lease in leases if lease is not None]
    assert sorted(keys) == ["0", "1", "2", "3", "4"]


async def test_queues_survive_a_restart_of_the_process(store: Store, clock: ManualClock) -> None:
    first = await store.open()
    await first.rows.append([rows("a")])
    await first.queue.put([item("leased", at=1), item("ready", at=2), item("dead", at=3)])
    await taken(first)
    await settle(first, settlement(1))
    await store_snapshots(first, snapshot("s", body=b"kept"))
    await first.close()
    second = await store.open()
    assert [(await taken(second)).key for _ in range(2)] == ["ready", "dead"]
    assert await take(second) is None
    clock.advance(seconds=31)
    assert (await taken(second)).attempt == 2
    assert (await account(second)).evaluated == 1
    assert await second.snapshots.get(snapshot("s").id) == b"kept"


async def test_a_queue_says_how_much_of_each_monitor_waits_and_since_when(buffer: Buffer, clock: ManualClock) -> None:
    now_us = clock.now_us()
    await buffer.queue.put([item("old", queue=OUTBOX, at=now_us - 5), item("new", queue=OUTBOX, at=now_us)])
    await buffer.queue.put([item("another queue")])
    lease = await taken(buffer, queue=OUTBOX)
    assert lease.wanted_us == now_us - 5
    assert await buffer.queue.depths(OUTBOX, [M, OTHER]) == [Depth(2, now_us), Depth()]
    await buffer.queue.nack(lease, reason="not now", retry_us=lease.wanted_us)
    assert await buffer.queue.depths(OUTBOX, [M]) == [Depth(2, now_us - 5)]
