"""What is set aside keeps its reason and its rows, and comes back, or goes, on purpose only."""

import pytest

from collector.buffer.policy import LETTER_DELETED, LETTER_EXPIRED
from collector.clock import ManualClock
from collector.model import DeadLetter, MonitorId, Outcome, Phase, Settled, outbox
from collector.ports import Buffer
from tests.buffer.making import OTHER, WHOLE, M, account, item, nameless, names, rows, settle, settlement, take, taken

pytestmark = pytest.mark.asyncio
OUTBOX = outbox("local")  # type: ignore[arg-type]


async def die(buffer: Buffer, *, revision: int = 1, count: int = 2) -> DeadLetter:
    """The window of PANE fails for good."""
    await settle(buffer, settlement(count, Outcome.DEAD, revision=revision))
    (letter,) = await buffer.dead_letters.list(M)
    return letter


async def test_a_letter_says_what_died_and_why(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.rows.append([rows("a", "b")])
    await buffer.queue.put([item("0-60#0/rows", b"\x00payload\n\xff")])
    await buffer.queue.nack(await taken(buffer), reason="first", retry_us=0)
    await buffer.queue.nack(
        await taken(buffer), reason="zero\ndivision, ünlike", retry_us=None, settlement=settlement(2, Outcome.DEAD)
    )
    (letter,) = await buffer.dead_letters.list()
    assert letter == DeadLetter(
        id=letter.id,
        queue="work",
        monitor=M,
        key="0-60#0/rows",
        payload=b"\x00payload\n\xff",
        reason="zero\ndivision, ünlike",
        attempts=2,
        died_us=clock.now_us(),
        rows=2,
    )
    assert await buffer.dead_letters.get(letter.id) == letter
    assert await take(buffer) is None
    found = await account(buffer)
    assert (found.dead, found.waiting) == (2, 0)


async def test_letters_are_listed_newest_first_of_one_monitor_or_all(buffer: Buffer, clock: ManualClock) -> None:
    for key, monitor in (("a", M), ("b", OTHER), ("c", M)):
        await buffer.queue.put([item(key, monitor=monitor)])
        await buffer.queue.nack(await taken(buffer, monitors=(monitor,)), reason="x", retry_us=None)
        clock.advance(seconds=1)
    assert [letter.key for letter in await buffer.dead_letters.list()] == ["c", "b", "a"]
    assert [letter.key for letter in await buffer.dead_letters.list(M)] == ["c", "a"]


async def test_a_replayed_letter_is_an_item_again_with_fresh_attempts(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.rows.append([rows("a", "b")])
    letter = await die(buffer)
    ready_us = clock.now_us() + 1_000_000
    assert await buffer.dead_letters.replay(letter.id, now_us=ready_us)
    assert await take(buffer) is None
    clock.advance(seconds=1)
    lease = await taken(buffer)
    assert (lease.key, lease.payload, lease.attempt) == (letter.key, letter.payload, 1)
    assert list(await buffer.dead_letters.list()) == []


async def test_rows_of_a_replayed_window_wait_again_and_its_revision_stays(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b")])
    letter = await die(buffer, revision=3)
    await buffer.dead_letters.replay(letter.id, now_us=0)
    found = await account(buffer)
    assert (found.dead, found.waiting) == (0, 2)
    (pane,) = (await buffer.rows.state(M)).panes
    assert pane.settled == {(0, Phase.ROWS): Settled(Outcome.WAITING, rows=0, labelled=0, revision=3, at_us=7)}
    assert names(await buffer.rows.read(M, WHOLE)) == ["a", "b"]
    await buffer.queue.ack(await taken(buffer), settlement=settlement(2, revision=3))
    assert (await account(buffer)).evaluated == 2


async def test_a_deleted_letter_drops_its_rows_with_a_reason(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b")])
    letter = await die(buffer)
    assert await buffer.dead_letters.delete(letter.id)
    found = await account(buffer)
    assert (found.dead, found.dropped, found.waiting) == (0, {LETTER_DELETED: 2}, 0)
    assert (await buffer.rows.state(M)).panes[0].settled[0, Phase.ROWS].outcome is Outcome.DROPPED
    assert list(await buffer.dead_letters.list()) == []
    assert await take(buffer) is None


async def test_rows_that_come_after_a_deletion_bring_the_window_back(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2)])
    await buffer.dead_letters.delete((await die(buffer)).id)
    await buffer.rows.append([nameless(1)])
    assert (await account(buffer)).waiting == 1
    await settle(buffer, settlement(3, revision=2))
    found = await account(buffer)
    assert (found.evaluated, found.dropped, found.waiting) == (3, {}, 0)


@pytest.mark.parametrize("name", ["flights:0123456789abcdef", "nobody:x", "no colon", ""])
async def test_an_unknown_letter_is_not_there(buffer: Buffer, name: str) -> None:
    assert await buffer.dead_letters.get(name) is None
    assert not await buffer.dead_letters.replay(name, now_us=0)
    assert not await buffer.dead_letters.delete(name)


async def test_a_letter_is_replayed_or_deleted_once(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2)])
    letter = await die(buffer)
    assert await buffer.dead_letters.replay(letter.id, now_us=0)
    assert not await buffer.dead_letters.replay(letter.id, now_us=0)
    assert not await buffer.dead_letters.delete(letter.id)
    assert (await account(buffer)).waiting == 2


async def test_dying_again_replaces_the_letter(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2)])
    first = await die(buffer)
    await buffer.dead_letters.replay(first.id, now_us=0)
    await buffer.queue.nack(
        await taken(buffer), reason="again", retry_us=None, settlement=settlement(2, Outcome.DEAD, revision=2)
    )
    (second,) = await buffer.dead_letters.list()
    assert (second.id, second.reason) == (first.id, "again")
    found = await account(buffer)
    assert (found.dead, found.waiting) == (2, 0)


async def test_an_ack_of_the_same_item_takes_the_letter_away(buffer: Buffer) -> None:
    """Late rows brought the window back, and this time it could be evaluated."""
    await buffer.rows.append([nameless(2)])
    await die(buffer)
    await buffer.rows.append([nameless(1)])
    await settle(buffer, settlement(3, revision=2))
    assert list(await buffer.dead_letters.list()) == []
    found = await account(buffer)
    assert (found.evaluated, found.dead, found.waiting) == (3, 0, 0)


async def test_deleting_a_letter_does_not_touch_a_window_that_was_settled_since(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2)])
    letter = await die(buffer)
    await buffer.queue.put([item("something else")])
    await buffer.queue.ack(await taken(buffer), settlement=settlement(2, revision=2))
    assert await buffer.dead_letters.delete(letter.id)
    found = await account(buffer)
    assert (found.evaluated, found.dropped) == (2, {})


async def test_replaying_does_not_disturb_an_item_that_was_put_again(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2)])
    letter = await die(buffer)
    await buffer.queue.put([item(letter.key, b"newer")])
    assert await buffer.dead_letters.replay(letter.id, now_us=0)
    lease = await taken(buffer)
    assert lease.payload == b"newer"
    assert await take(buffer) is None


async def test_replaying_leaves_a_lease_alone(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2)])
    letter = await die(buffer)
    await buffer.queue.put([item(letter.key, b"newer")])
    lease = await taken(buffer)
    assert await buffer.dead_letters.replay(letter.id, now_us=0)
    assert await take(buffer) is None
    await buffer.queue.ack(lease, settlement=settlement(2, revision=2))
    assert (await account(buffer)).evaluated == 2


async def test_a_delivery_dies_without_rows(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2)])
    await buffer.queue.put([item("s1", queue=OUTBOX)])
    await buffer.queue.nack(await taken(buffer, queue=OUTBOX), reason="410 Gone", retry_us=None)
    (letter,) = await buffer.dead_letters.list()
    assert (letter.queue, letter.rows) == (OUTBOX, 0)
    assert (await account(buffer)).waiting == 2
    assert await buffer.dead_letters.replay(letter.id, now_us=0)
    assert (await taken(buffer, queue=OUTBOX)).key == "s1"


async def die_of(buffer: Buffer, *keys: str, monitor: MonitorId = M) -> None:
    for key in keys:
        await buffer.queue.put([item(key, monitor=monitor, queue=OUTBOX)])
        await buffer.queue.nack(
            await taken(buffer, queue=OUTBOX, monitors=(monitor,)), reason="410 Gone", retry_us=None
        )


async def test_letters_are_trimmed_by_count_and_age_and_other_monitors_keep_theirs(
    buffer: Buffer, clock: ManualClock
) -> None:
    for key in "abcd":
        await die_of(buffer, key)
        clock.advance(seconds=1)
    await die_of(buffer, "a", monitor=OTHER)
    now_us = clock.now_us()
    assert await buffer.dead_letters.trim(M, keep=100, newer_than_us=0) == 0
    assert await buffer.dead_letters.trim(M, keep=3, newer_than_us=0) == 1
    assert [letter.key for letter in await buffer.dead_letters.list(M)] == ["d", "c", "b"]
    assert await buffer.dead_letters.trim(M, keep=3, newer_than_us=now_us - 2_000_000) == 1
    assert [letter.key for letter in await buffer.dead_letters.list(M)] == ["d", "c"]
    assert await buffer.dead_letters.trim(M, keep=3, newer_than_us=now_us + 1) == 2
    assert [letter.monitor for letter in await buffer.dead_letters.list()] == [OTHER]


async def test_rows_of_a_trimmed_letter_are_dropped_with_a_reason_and_their_pane_may_go(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2)])
    letter = await die(buffer)
    assert await buffer.dead_letters.trim(M, keep=0, newer_than_us=0) == 1
    found = await account(buffer)
    assert (found.dead, found.dropped) == (0, {LETTER_EXPIRED: 2})
    assert await buffer.dead_letters.get(letter.id) is None
    assert await buffer.rows.purge(M, WHOLE.pane, before_row=None)
