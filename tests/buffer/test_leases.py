"""What a lease allows, and for how long; and what becomes of an item that is put again meanwhile."""

import pytest

from collector.clock import ManualClock
from collector.errors import LeaseLost
from collector.model import DestinationName, Lease, outbox
from collector.ports import Buffer
from tests.buffer.making import M, account, item, rows, settlement, snapshot, take, taken

pytestmark = pytest.mark.asyncio
OUTBOX = outbox(DestinationName("local"))


async def stale(buffer: Buffer, clock: ManualClock) -> tuple[Lease, Lease]:
    """A lease that expired and was taken by another; and that other one."""
    await buffer.rows.append([rows("a")])
    await buffer.queue.put([item()])
    old = await taken(buffer, owner="paused")
    clock.advance(seconds=31)
    return old, await taken(buffer, owner="other")


async def test_a_stale_lease_cannot_ack_and_leaves_no_trace(buffer: Buffer, clock: ManualClock) -> None:
    old, current = await stale(buffer, clock)
    before = (await account(buffer), await buffer.rows.state(M))
    with pytest.raises(LeaseLost, match="paused"):
        await buffer.queue.ack(old, settlement=settlement(1), snapshots=[snapshot("s")], then=[item("s", queue=OUTBOX)])
    assert (await account(buffer), await buffer.rows.state(M)) == before
    assert await buffer.snapshots.get(snapshot("s").id) is None
    assert await take(buffer, queue=OUTBOX) is None
    await buffer.queue.ack(current)


async def test_a_stale_lease_cannot_nack_and_leaves_no_trace(buffer: Buffer, clock: ManualClock) -> None:
    old, current = await stale(buffer, clock)
    with pytest.raises(LeaseLost):
        await buffer.queue.nack(old, reason="x", retry_us=0)
    with pytest.raises(LeaseLost):
        await buffer.queue.nack(old, reason="x", retry_us=None, settlement=settlement(1))
    assert await take(buffer) is None
    assert list(await buffer.dead_letters.list()) == []
    assert (await account(buffer)).waiting == 1
    await buffer.queue.ack(current)


async def test_a_stale_lease_cannot_renew(buffer: Buffer, clock: ManualClock) -> None:
    old, current = await stale(buffer, clock)
    with pytest.raises(LeaseLost):
        await buffer.queue.renew(old, seconds=1000)
    clock.advance(seconds=30)
    assert (await taken(buffer)).token > current.token


@pytest.mark.parametrize("how", ["ack", "retry", "dead"])
async def test_a_lease_ends_once(buffer: Buffer, how: str) -> None:
    await buffer.queue.put([item()])
    lease = await taken(buffer)
    if how == "ack":
        await buffer.queue.ack(lease)
    else:
        await buffer.queue.nack(lease, reason="x", retry_us=0 if how == "retry" else None)
    for again in (
        buffer.queue.ack(lease),
        buffer.queue.renew(lease, seconds=1),
        buffer.queue.nack(lease, reason="x", retry_us=None),
    ):
        with pytest.raises(LeaseLost):
            await again


# ---------------------------------------------------------------- putting a known key


async def test_an_equal_item_put_again_changes_nothing(buffer: Buffer, clock: ManualClock) -> None:
    retry_us = clock.now_us() + 10_000_000
    await buffer.queue.put([item()])
    await buffer.queue.put([item(at=5)])
    lease = await taken(buffer)
    await buffer.queue.put([item()])
    await buffer.queue.nack(lease, reason="x", retry_us=retry_us)
    await buffer.queue.put([item()])
    assert await take(buffer) is None
    clock.advance(seconds=10)
    lease = await taken(buffer)
    assert lease.attempt == 2
    await buffer.queue.put([item()])
    await buffer.queue.ack(lease)
    assert await take(buffer) is None


async def test_a_waiting_item_takes_the_new_payload_and_the_earlier_instant(buffer: Buffer, clock: ManualClock) -> None:
    later_us = clock.now_us() + 10_000_000
    await buffer.queue.put([item(payload=b"1", at=later_us)])
    await buffer.queue.put([item(payload=b"2", at=later_us + 1)])
    assert await take(buffer) is None
    await buffer.queue.put([item(payload=b"3", at=0)])
    assert (await taken(buffer)).payload == b"3"
    assert await take(buffer) is None


async def test_an_item_put_again_while_it_is_leased_is_ready_after_the_ack(buffer: Buffer) -> None:
    await buffer.queue.put([item(payload=b"1")])
    lease = await taken(buffer)
    await buffer.queue.put([item(payload=b"2")])
    assert await take(buffer) is None
    await buffer.queue.ack(lease)
    again = await taken(buffer)
    assert (again.payload, again.attempt) == (b"2", 1)
    await buffer.queue.ack(again)
    assert await take(buffer) is None


async def test_an_expired_lease_takes_the_newest_payload_with_it(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.queue.put([item(payload=b"1")])
    await taken(buffer)
    await buffer.queue.put([item(payload=b"2")])
    clock.advance(seconds=31)
    second = await taken(buffer)
    assert second.payload == b"2"
    await buffer.queue.ack(second)
    assert await take(buffer) is None


async def test_a_new_payload_does_not_shorten_the_wait_for_a_retry(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.queue.put([item(payload=b"1")])
    await buffer.queue.nack(await taken(buffer), reason="x", retry_us=clock.now_us() + 5_000_000)
    await buffer.queue.put([item(payload=b"2")])
    assert await take(buffer) is None
    clock.advance(seconds=5)
    lease = await taken(buffer)
    assert (lease.payload, lease.attempt) == (b"2", 2)


async def test_a_new_payload_outlives_the_death_of_the_old_one(buffer: Buffer) -> None:
    await buffer.queue.put([item(payload=b"1")])
    lease = await taken(buffer)
    await buffer.queue.put([item(payload=b"2")])
    await buffer.queue.nack(lease, reason="bad", retry_us=None)
    (letter,) = await buffer.dead_letters.list()
    assert letter.payload == b"1"
    again = await taken(buffer)
    assert (again.payload, again.attempt) == (b"2", 1)
