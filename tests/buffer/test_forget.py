"""A forgotten monitor leaves nothing behind, disturbs no other, and may begin anew."""

import sqlite3

import pytest

from collector.buffer.policy import PURGE_ROWS
from collector.clock import ManualClock
from collector.errors import LeaseLost
from collector.model import Account, Half, Meeting, MonitorId, Outcome, Side, SnapshotId, SnapshotQuery, outbox
from collector.ports import Buffer
from tests.buffer.conftest import Store
from tests.buffer.making import (
    ENDLESS,
    OTHER,
    WHOLE,
    M,
    account,
    item,
    label,
    nameless,
    names,
    rows,
    settle,
    settlement,
    snapshot,
    store_snapshots,
    take,
    taken,
)

pytestmark = pytest.mark.asyncio
OUTBOX = outbox("local")  # type: ignore[arg-type]
NOTHING = Account(accepted=0, evaluated=0, dead=0, waiting=0, waiting_bytes=0)


async def fill(buffer: Buffer, monitor: MonitorId) -> None:
    """Something of everything that a monitor may have."""
    await buffer.rows.append(
        [rows("a", "b", monitor=monitor, key="r"), rows("c", "d", monitor=monitor, pane=ENDLESS, max_event_us=9)]
    )
    await buffer.rows.add_labels(monitor, [label("a"), label("waits")])
    await buffer.halves.offer(monitor, [Half(b"h", Side.REQUEST, b"in", 10**17)])
    await settle(buffer, settlement(2, Outcome.DEAD), monitor=monitor)
    await store_snapshots(buffer, snapshot(f"s-{monitor}", monitor=monitor))
    await buffer.queue.put([item("waits", monitor=monitor), item("d", monitor=monitor, queue=OUTBOX)])


async def test_nothing_is_left_of_a_forgotten_monitor(buffer: Buffer) -> None:
    await fill(buffer, M)
    await buffer.forget(M)
    assert await buffer.account(M) == NOTHING
    state = await buffer.rows.state(M)
    assert (list(state.panes), state.max_event_us, state.last_append_us) == ([], None, None)
    assert (await buffer.rows.read(M, WHOLE)).rows == 0
    assert await take(buffer) is None
    assert await take(buffer, queue=OUTBOX) is None
    assert list(await buffer.dead_letters.list()) == []
    assert list((await buffer.snapshots.list(SnapshotQuery())).summaries) == []
    assert await buffer.snapshots.get(SnapshotId(f"s-{M}")) is None
    assert await buffer.halves.waiting(M) == 0


async def test_a_monitor_of_the_same_id_begins_anew(buffer: Buffer) -> None:
    await fill(buffer, M)
    await buffer.rows.purge(M, WHOLE.pane, before_row=None)
    await buffer.forget(M)
    (answer,) = await buffer.rows.append([rows("a", "waits", key="r")])
    assert (answer.accepted, answer.late) == (2, 0)  # neither id, request nor purged pane is remembered
    found = await buffer.rows.read(M, WHOLE)
    assert names(found) == ["a", "waits"]
    assert found.labels == {}
    (met,) = await buffer.halves.offer(M, [Half(b"h", Side.RESPONSE, b"out", 10**17)])
    assert met.meeting is Meeting.WAITING
    await settle(buffer, settlement(2))
    assert (await account(buffer)).evaluated == 2


async def test_other_monitors_keep_everything(buffer: Buffer) -> None:
    neighbour = MonitorId(f"{M}-2")
    for monitor in (M, OTHER, neighbour):
        await fill(buffer, monitor)
    before = [(await account(buffer, each), await buffer.rows.state(each)) for each in (OTHER, neighbour)]
    await buffer.forget(M)
    assert [(await account(buffer, each), await buffer.rows.state(each)) for each in (OTHER, neighbour)] == before
    assert {letter.monitor for letter in await buffer.dead_letters.list()} == {OTHER, neighbour}
    assert len((await buffer.snapshots.list(SnapshotQuery())).summaries) == 2
    assert (await taken(buffer, monitors=(OTHER,))).key == "waits"


async def test_a_lease_from_before_can_do_nothing_to_the_new_monitor(buffer: Buffer, clock: ManualClock) -> None:
    """The same item, leased as often as before: were tokens counted anew, they would be equal."""
    await buffer.queue.put([item()])
    stale = await taken(buffer)
    clock.advance(seconds=1)
    await buffer.forget(M)
    for call in (buffer.queue.ack(stale, snapshots=[snapshot("s")]), buffer.queue.renew(stale, seconds=30)):
        with pytest.raises(LeaseLost):
            await call
    await buffer.queue.put([item()])
    fresh = await taken(buffer)
    assert fresh.token > stale.token
    with pytest.raises(LeaseLost):
        await buffer.queue.nack(stale, reason="x", retry_us=None)
    await buffer.queue.ack(fresh)


async def test_an_unknown_monitor_may_be_forgotten_and_so_may_one_twice(buffer: Buffer) -> None:
    await buffer.forget(M)
    await fill(buffer, M)
    await buffer.forget(M)
    await buffer.forget(M)
    assert await buffer.account(M) == NOTHING


async def test_many_rows_are_forgotten_in_steps(buffer: Buffer) -> None:
    ids = [f"a{number}" for number in range(PURGE_ROWS + 1)]
    await buffer.rows.append([rows(*ids)])
    await buffer.rows.add_labels(M, [label(name) for name in ids])
    await buffer.rows.append([nameless(1, pane=ENDLESS) for _ in range(50)])
    await buffer.forget(M)
    assert await buffer.account(M) == NOTHING
    (answer,) = await buffer.rows.append([rows(*ids)])
    assert answer.accepted == len(ids)


async def test_nothing_is_left_in_the_store(store: Store) -> None:
    """Not a row of a table, nor a key: but for what says that the store is ours."""
    buffer = await store.open()
    before = store.contents()
    await fill(buffer, M)
    assert store.contents() != before
    await buffer.forget(M)
    assert store.contents() == before


async def test_what_a_crash_left_of_a_forgotten_monitor_goes_with_the_next_one(store: Store) -> None:
    if not store.url.startswith("sqlite"):
        return  # one command there: it is done or not
    buffer = await store.open()
    before = store.contents()
    await fill(buffer, M)
    with sqlite3.connect(store.url.removeprefix("sqlite://")) as file:
        file.execute("UPDATE monitors SET name = 'forgotten/' || id")
    file.close()
    await buffer.forget(OTHER)
    await buffer.forget(M)
    assert store.contents() == before
