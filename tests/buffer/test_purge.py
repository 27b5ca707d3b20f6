"""What a purge forgets, what it leaves behind, and when it refuses."""

import pytest

from collector.buffer.policy import ORPHAN_US, PURGE_ROWS, PURGED, TOMBSTONES
from collector.clock import ManualClock
from collector.model import Labelled, Outcome, Pane, Phase, Window
from collector.ports import Buffer
from tests.buffer.making import (
    ENDLESS,
    NEXT_PANE,
    PANE,
    WHOLE,
    M,
    account,
    label,
    nameless,
    names,
    rows,
    settle,
    settlement,
    targets,
)

pytestmark = pytest.mark.asyncio


async def test_a_purged_pane_is_gone(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b"), rows("c", pane=NEXT_PANE)])
    await settle(buffer, settlement(2))
    assert await buffer.rows.purge(M, PANE, before_row=None)
    state = await buffer.rows.state(M)
    assert [pane.pane for pane in state.panes] == [NEXT_PANE]
    assert (await buffer.rows.read(M, WHOLE)).rows == 0
    assert names(await buffer.rows.read(M, Window(NEXT_PANE))) == ["c"]


async def test_rows_of_a_purged_pane_are_late_and_not_stored(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a")])
    await buffer.rows.purge(M, PANE, before_row=None)
    late, other = await buffer.rows.append([rows("a", "b"), rows("b", "a", pane=NEXT_PANE)])
    assert (late.accepted, list(late.duplicates), late.late) == (0, [], 2)
    assert other.accepted == 2  # the late rows did not leave their ids behind
    assert (await account(buffer)).accepted == 3


async def test_rows_that_had_to_give_way_are_counted_under_their_reason(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b", "c"), rows("d", pane=NEXT_PANE)])
    assert await buffer.rows.purge(M, PANE, before_row=2, reason="gave_way")
    assert await buffer.rows.purge(M, NEXT_PANE, before_row=None, reason="gave_way")
    told = await account(buffer)
    assert (dict(told.dropped), told.waiting, told.balanced) == ({"gave_way": 3}, 1, True)


async def test_a_pane_may_be_closed_before_it_had_rows(buffer: Buffer) -> None:
    assert await buffer.rows.purge(M, PANE, before_row=None)
    (answer,) = await buffer.rows.append([rows("a")])
    assert answer.late == 1


async def test_ids_of_a_purged_pane_are_new_again(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b")])
    await buffer.rows.purge(M, PANE, before_row=None)
    (answer,) = await buffer.rows.append([rows("a", "b", pane=NEXT_PANE)])
    assert answer.accepted == 2


async def test_labels_go_with_their_pane(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a")])
    await buffer.rows.add_labels(M, [label("a")])
    await buffer.rows.purge(M, PANE, before_row=None)
    await buffer.rows.append([rows("a", pane=NEXT_PANE)])
    assert targets(await buffer.rows.read(M, Window(NEXT_PANE)), "a") == {}
    assert await buffer.rows.add_labels(M, [label("a")]) == Labelled(joined=1)


async def test_settled_rows_stay_counted_as_they_were(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b")])
    await settle(buffer, settlement(2))
    await buffer.rows.purge(M, PANE, before_row=None)
    found = await account(buffer)
    assert (found.accepted, found.evaluated, found.waiting, found.dropped) == (2, 2, 0, {})


async def test_rows_that_were_never_settled_are_dropped_with_a_reason(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b")])
    await settle(buffer, settlement(2))
    await buffer.rows.append([rows("c")])
    await buffer.rows.purge(M, PANE, before_row=None)
    found = await account(buffer)
    assert (found.evaluated, found.waiting, found.dropped) == (2, 0, {PURGED: 1})
    assert (found.waiting_bytes, found.oldest_append_us) == (0, None)


async def test_purging_twice_changes_nothing(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a")])
    await buffer.rows.purge(M, PANE, before_row=None)
    before = await account(buffer)
    assert await buffer.rows.purge(M, PANE, before_row=None)
    assert await account(buffer) == before


async def test_a_purge_of_many_rows_takes_several_steps(buffer: Buffer) -> None:
    ids = [f"a{number}" for number in range(PURGE_ROWS + 5)]
    await buffer.rows.append([rows(*ids[:7_500]), rows(*ids[7_500:])])
    await buffer.rows.add_labels(M, [label(ids[0]), label(ids[-1])])
    await settle(buffer, settlement(len(ids)))
    assert await buffer.rows.purge(M, PANE, before_row=None)
    assert list((await buffer.rows.state(M)).panes) == []
    assert (await buffer.rows.append([rows(*ids, pane=NEXT_PANE)]))[0].accepted == len(ids)
    assert (await account(buffer)).evaluated == len(ids)


async def test_only_the_newest_tombstones_are_kept(buffer: Buffer, clock: ManualClock) -> None:
    panes = [Pane(number, number + 1) for number in range(TOMBSTONES + 1)]
    for pane in panes:
        clock.advance(seconds=1)
        await buffer.rows.purge(M, pane, before_row=None)
    oldest, second, newest = await buffer.rows.append(
        [rows("a", pane=panes[0]), rows("b", pane=panes[1]), rows("c", pane=panes[-1])]
    )
    assert (oldest.accepted, second.late, newest.late) == (1, 1, 1)


# ---------------------------------------------------------------- before a row


async def test_rows_before_a_row_are_forgotten_and_ordinals_go_on(buffer: Buffer) -> None:
    await buffer.rows.append([rows(*"abc", pane=ENDLESS), rows(*"def", pane=ENDLESS)])
    assert await buffer.rows.purge(M, ENDLESS, before_row=4)
    (pane,) = (await buffer.rows.state(M)).panes
    assert (pane.rows, pane.trimmed) == (6, 4)
    assert names(await buffer.rows.read(M, Window(ENDLESS))) == ["e", "f"]
    assert names(await buffer.rows.read(M, Window(ENDLESS, 1, 3, 6))) == ["e", "f"]
    await buffer.rows.append([rows("g", pane=ENDLESS)])
    assert names(await buffer.rows.read(M, Window(ENDLESS, 2, 6, 9))) == ["g"]


async def test_ids_and_labels_of_trimmed_rows_are_forgotten_the_others_stay(buffer: Buffer) -> None:
    await buffer.rows.append([rows(*"abcd", pane=ENDLESS)])
    await buffer.rows.add_labels(M, [label(name) for name in "abcd"])
    await buffer.rows.purge(M, ENDLESS, before_row=2)
    assert targets(await buffer.rows.read(M, Window(ENDLESS)), *"abcd") == {"c": "1", "d": "1"}
    (answer,) = await buffer.rows.append([rows(*"abcd", pane=ENDLESS)])
    assert (answer.accepted, list(answer.duplicates)) == (2, [2, 3])
    assert names(await buffer.rows.read(M, Window(ENDLESS))) == ["c", "d", "a", "b"]


async def test_a_skipped_row_keeps_its_id_where_it_was_accepted(buffer: Buffer) -> None:
    """The chunk that brought a duplicate goes; the chunk that brought the row stays, and so does its id."""
    await buffer.rows.append([rows("x", pane=NEXT_PANE), rows("a", "x", "b", pane=ENDLESS)])
    await buffer.rows.purge(M, ENDLESS, before_row=2)
    (answer,) = await buffer.rows.append([rows("a", "x", "b", pane=ENDLESS)])
    assert (answer.accepted, list(answer.duplicates)) == (2, [1])


async def test_a_chunk_is_freed_when_its_last_row_is_trimmed(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b", pane=ENDLESS, data=b"1234"), rows("c", pane=ENDLESS, data=b"56")])
    sizes = []
    for before_row in (1, 2, 3):
        await buffer.rows.purge(M, ENDLESS, before_row=before_row)
        sizes.append((await buffer.rows.state(M)).panes[0].bytes)
    assert sizes == [6, 2, 0]


async def test_settlements_before_the_row_are_forgotten_with_it(buffer: Buffer) -> None:
    await buffer.rows.append([rows(*"abcde", pane=ENDLESS)])
    for part in (0, 1):
        for phase in Phase:
            window = Window(ENDLESS, part, part * 2, part * 2 + 2)
            await settle(buffer, settlement(2, window=window, phase=phase, counts_rows=phase is Phase.ROWS))
    await buffer.rows.purge(M, ENDLESS, before_row=2)
    (pane,) = (await buffer.rows.state(M)).panes
    assert set(pane.settled) == {(1, Phase.ROWS), (1, Phase.LABELS)}
    found = await account(buffer)
    assert (found.evaluated, found.waiting, found.dropped) == (4, 1, {})


async def test_trimming_in_the_middle_of_a_settled_window_moves_no_row_twice(buffer: Buffer) -> None:
    await buffer.rows.append([rows(*"abcdef", pane=ENDLESS)])
    window = Window(ENDLESS, 0, 0, 4)
    await settle(buffer, settlement(4, window=window))
    await buffer.rows.purge(M, ENDLESS, before_row=3)
    await settle(buffer, settlement(1, window=window, revision=2))
    found = await account(buffer)
    assert (found.evaluated, found.waiting, found.dropped) == (4, 2, {})
    await buffer.rows.purge(M, ENDLESS, before_row=5)
    found = await account(buffer)
    assert (found.evaluated, found.waiting, found.dropped) == (4, 1, {PURGED: 1})


async def test_a_settlement_of_rows_that_were_purged_meanwhile_says_nothing(buffer: Buffer) -> None:
    await buffer.rows.append([rows(*"abc", pane=ENDLESS), rows("d")])
    await buffer.rows.purge(M, ENDLESS, before_row=2)
    await buffer.rows.purge(M, PANE, before_row=None)
    await settle(buffer, settlement(2, window=Window(ENDLESS, 0, 0, 2)))
    await settle(buffer, settlement(1))
    found = await account(buffer)
    assert (found.evaluated, found.waiting, found.dropped) == (0, 1, {PURGED: 3})
    (pane,) = (await buffer.rows.state(M)).panes
    assert pane.settled == {}


async def test_the_endless_pane_is_never_late(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b", pane=ENDLESS)])
    assert await buffer.rows.purge(M, ENDLESS, before_row=None)
    (answer,) = await buffer.rows.append([rows("a", pane=ENDLESS)])
    assert answer.accepted == 1
    (pane,) = (await buffer.rows.state(M)).panes
    assert (pane.rows, pane.trimmed) == (3, 2)
    assert (await account(buffer)).dropped == {PURGED: 2}


async def test_trimming_beyond_the_last_row_trims_what_is_there(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2, pane=ENDLESS)])
    await buffer.rows.purge(M, ENDLESS, before_row=99)
    await buffer.rows.append([nameless(1, pane=ENDLESS)])
    (pane,) = (await buffer.rows.state(M)).panes
    assert (pane.rows, pane.trimmed) == (3, 2)


# ---------------------------------------------------------------- refusal


@pytest.mark.parametrize("phase", Phase)
async def test_a_pane_with_a_dead_window_is_not_purged(buffer: Buffer, phase: Phase) -> None:
    await buffer.rows.append([rows("a", "b")])
    await settle(buffer, settlement(2, Outcome.DEAD, phase=phase, counts_rows=phase is Phase.ROWS))
    before = (await buffer.rows.state(M), await account(buffer))
    assert not await buffer.rows.purge(M, PANE, before_row=None)
    assert not await buffer.rows.purge(M, PANE, before_row=1)
    assert (await buffer.rows.state(M), await account(buffer)) == before
    assert names(await buffer.rows.read(M, WHOLE)) == ["a", "b"]
    assert (await buffer.rows.append([rows("c")]))[0].accepted == 1


@pytest.mark.parametrize("how", ["replay", "delete", "evaluated"])
async def test_it_may_be_purged_once_nothing_of_it_is_dead(buffer: Buffer, how: str) -> None:
    await buffer.rows.append([rows("a", "b")])
    await settle(buffer, settlement(2, Outcome.DEAD))
    (letter,) = await buffer.dead_letters.list()
    if how == "replay":
        await buffer.dead_letters.replay(letter.id, now_us=0)
    elif how == "delete":
        await buffer.dead_letters.delete(letter.id)
    else:
        await settle(buffer, settlement(2, revision=2))
    assert await buffer.rows.purge(M, PANE, before_row=None)
    assert (await account(buffer)).waiting == 0


@pytest.mark.parametrize("pane", [PANE, ENDLESS])
async def test_rows_that_came_after_the_caller_looked_are_not_purged(buffer: Buffer, pane: Pane) -> None:
    await buffer.rows.append([rows("a", "b", pane=pane)])
    seen_rows = (await buffer.rows.state(M)).panes[0].rows
    await buffer.rows.append([rows("late", pane=pane)])
    assert not await buffer.rows.purge(M, pane, before_row=None, seen_rows=seen_rows)
    assert names(await buffer.rows.read(M, Window(pane))) == ["a", "b", "late"]
    assert (await buffer.rows.append([rows("later", pane=pane)]))[0].accepted == 1
    assert await buffer.rows.purge(M, pane, before_row=None, seen_rows=4)
    assert (await account(buffer)).dropped == {PURGED: 4}


async def test_a_purge_forgets_labels_that_waited_too_long(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.rows.add_labels(M, [label("a")])
    clock.advance(seconds=ORPHAN_US / 1e6)
    await buffer.rows.purge(M, PANE, before_row=None)
    assert await buffer.rows.add_labels(M, [label("a")]) == Labelled(waiting=1)
