"""accepted = evaluated + dead + dropped + waiting, whatever is settled, how often, and in which order."""

import sqlite3
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from collector.buffer import open_buffer
from collector.buffer.sqlite import books
from collector.clock import ManualClock
from collector.model import Account, Outcome, Phase, Settled, Window
from collector.ports import Buffer
from tests.buffer.conftest import ROOMY
from tests.buffer.making import ENDLESS, NEXT_PANE, OTHER, M, account, nameless, rows, settle, settlement

pytestmark = pytest.mark.asyncio


async def test_appended_rows_wait(buffer: Buffer, clock: ManualClock) -> None:
    begun_us = clock.now_us()
    await buffer.rows.append([rows("a", "b", data=b"1234")])
    clock.advance(seconds=1)
    await buffer.rows.append([rows("c", pane=NEXT_PANE, data=b"56")])
    assert await account(buffer) == Account(
        accepted=3, evaluated=0, dead=0, waiting=3, waiting_bytes=6, dropped={}, oldest_append_us=begun_us
    )


async def test_evaluated_rows_wait_no_longer(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b")])
    await settle(buffer, settlement(2))
    assert await account(buffer) == Account(accepted=2, evaluated=2, dead=0, waiting=0, waiting_bytes=0)


async def test_the_pane_of_a_window_is_as_in_the_state_with_its_own_settlements_alone(buffer: Buffer) -> None:
    first, second = Window(ENDLESS, 0, 0, 2), Window(ENDLESS, 1, 2, 4)
    await buffer.rows.append([nameless(4, pane=ENDLESS), rows("a", pane=NEXT_PANE)])
    await settle(buffer, settlement(2, window=first))
    await settle(buffer, settlement(2, window=second, revision=3))
    await settle(buffer, settlement(2, window=second, phase=Phase.LABELS, counts_rows=False))
    whole = next(each for each in (await buffer.rows.state(M)).panes if each.pane == ENDLESS)
    found = await buffer.rows.pane(M, second)
    assert found is not None
    assert found.settled == {key: each for key, each in whole.settled.items() if key[0] == 1}
    assert replace(found, settled=whole.settled) == whole
    assert {key[1] for key in found.settled} == {Phase.ROWS, Phase.LABELS}
    unsettled = await buffer.rows.pane(M, Window(NEXT_PANE))
    assert unsettled is not None
    assert (unsettled.rows, unsettled.settled) == (1, {})


async def test_a_pane_that_was_purged_or_never_was_is_none(buffer: Buffer) -> None:
    assert await buffer.rows.pane(OTHER, Window(NEXT_PANE)) is None
    await buffer.rows.append([rows("a", pane=NEXT_PANE)])
    assert await buffer.rows.purge(M, NEXT_PANE, before_row=None)
    assert await buffer.rows.pane(M, Window(NEXT_PANE)) is None


async def test_the_state_shows_the_last_settlement(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b")])
    await settle(buffer, settlement(1, labelled=1, revision=4))
    await settle(buffer, settlement(2, labelled=2, revision=5, phase=Phase.LABELS, counts_rows=False))
    (pane,) = (await buffer.rows.state(M)).panes
    assert pane.settled == {
        (0, Phase.ROWS): Settled(Outcome.EVALUATED, rows=1, labelled=1, revision=4, at_us=7),
        (0, Phase.LABELS): Settled(Outcome.EVALUATED, rows=2, labelled=2, revision=5, at_us=7),
    }


async def test_a_repeated_settlement_moves_the_difference_only(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b")])
    await settle(buffer, settlement(2))
    await buffer.rows.append([rows("c", data=b"1")])
    found = await account(buffer)
    assert (found.evaluated, found.waiting) == (2, 1)
    await settle(buffer, settlement(3, revision=2))
    await settle(buffer, settlement(3, revision=3))
    found = await account(buffer)
    assert (found.evaluated, found.waiting) == (3, 0)


async def test_a_settlement_that_saw_fewer_rows_gives_them_back(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(5)])
    await settle(buffer, settlement(5))
    await settle(buffer, settlement(3, revision=2))
    found = await account(buffer)
    assert (found.evaluated, found.waiting) == (3, 2)


async def test_rows_follow_the_outcome_of_their_window(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2)])
    for revision, (outcome, expected) in enumerate(
        [
            (Outcome.DEAD, (0, 2, {}, 0)),
            (Outcome.EVALUATED, (2, 0, {}, 0)),
            (Outcome.DROPPED, (0, 0, {"too old": 2}, 0)),
            (Outcome.DEAD, (0, 2, {}, 0)),
        ]
    ):
        await settle(buffer, settlement(2, outcome, revision=revision, reason="too old"))
        found = await account(buffer)
        assert (found.evaluated, found.dead, found.dropped, found.waiting) == expected


async def test_dropped_rows_are_counted_by_reason(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2), nameless(3, pane=NEXT_PANE)])
    await settle(buffer, settlement(2, Outcome.DROPPED, reason="too old"))
    await settle(buffer, settlement(3, Outcome.DROPPED, window=Window(NEXT_PANE), reason="no reference"))
    assert (await account(buffer)).dropped == {"no reference": 3, "too old": 2}


async def test_a_second_phase_counts_no_row_again(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2)])
    await settle(buffer, settlement(2))
    for revision, outcome in enumerate((Outcome.EVALUATED, Outcome.DEAD, Outcome.DROPPED)):
        await settle(buffer, settlement(2, outcome, phase=Phase.LABELS, revision=revision, counts_rows=False))
        found = await account(buffer)
        assert (found.evaluated, found.dead, found.dropped, found.waiting) == (2, 0, {}, 0)


async def test_windows_of_a_pane_are_settled_one_by_one(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(5, pane=ENDLESS)])
    await settle(buffer, settlement(2, window=Window(ENDLESS, 1, 2, 4)))
    found = await account(buffer)
    assert (found.evaluated, found.waiting) == (2, 3)
    await settle(buffer, settlement(2, Outcome.DEAD, window=Window(ENDLESS, 0, 0, 2)))
    found = await account(buffer)
    assert (found.evaluated, found.dead, found.waiting) == (2, 2, 1)


@pytest.mark.parametrize("told", [3, 10**9])
async def test_no_more_rows_are_settled_than_there_are(buffer: Buffer, told: int) -> None:
    await buffer.rows.append([nameless(2)])
    await settle(buffer, settlement(told))
    found = await account(buffer)
    assert (found.evaluated, found.waiting) == (2, 0)


async def test_overlapping_windows_count_a_row_once(buffer: Buffer) -> None:
    """The row limit of a monitor was changed: its parts are cut anew."""
    await buffer.rows.append([nameless(4, pane=ENDLESS)])
    await settle(buffer, settlement(3, window=Window(ENDLESS, 0, 0, 3)))
    await settle(buffer, settlement(2, window=Window(ENDLESS, 1, 2, 4)))
    found = await account(buffer)
    assert (found.evaluated, found.waiting) == (4, 0)
    await settle(buffer, settlement(2, window=Window(ENDLESS, 0, 0, 2), revision=2))
    assert (await account(buffer)).waiting == 1


async def test_a_phase_that_counts_no_longer_keeps_what_it_counted(buffer: Buffer) -> None:
    """Reports were added to a monitor: from now on another phase counts its rows."""
    await buffer.rows.append([nameless(2)])
    await settle(buffer, settlement(2, phase=Phase.LABELS))
    await settle(buffer, settlement(2, phase=Phase.ROWS))
    await settle(buffer, settlement(2, phase=Phase.LABELS, revision=2, counts_rows=False))
    found = await account(buffer)
    assert (found.evaluated, found.waiting) == (2, 0)


async def test_waiting_bytes_are_the_share_of_waiting_rows(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(4)])
    await settle(buffer, settlement(4))
    await buffer.rows.append([rows("a", data=b"123456")])
    assert (await account(buffer)).waiting_bytes == 2  # ten bytes, one row of five waits


async def test_the_oldest_waiting_row_is_the_first_after_the_settled_ones(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.rows.append([nameless(2)])
    await settle(buffer, settlement(2))
    clock.advance(seconds=9)
    late_us = clock.now_us()
    await buffer.rows.append([nameless(1)])
    clock.advance(seconds=9)
    await buffer.rows.append([nameless(1)])
    assert (await account(buffer)).oldest_append_us == late_us


async def test_the_oldest_waiting_row_of_a_trimmed_pane_is_found(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.rows.append([nameless(4, pane=ENDLESS)])
    await settle(buffer, settlement(3, window=Window(ENDLESS, 0, 0, 3)))
    await buffer.rows.purge(M, ENDLESS, before_row=2)
    assert (await account(buffer)).oldest_append_us == clock.now_us()


async def test_monitors_have_accounts_of_their_own(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2), nameless(3, monitor=OTHER)])
    await settle(buffer, settlement(2))
    assert (await account(buffer)).waiting == 0
    assert (await account(buffer, OTHER)).waiting == 3


async def test_an_account_costs_the_same_however_many_chunks_wait(tmp_path: Path, clock: ManualClock) -> None:
    """It is asked every tick: what grows with the rows would slow down all else in the end."""
    buffer = open_buffer(f"sqlite://{tmp_path / 'b.db'}", clock=clock, limits=ROOMY)
    await buffer.open()
    steps = []
    with sqlite3.connect(tmp_path / "b.db") as connection:
        for _ in range(2):
            await buffer.rows.append([nameless(1) for _ in range(300)])
            await settle(buffer, settlement(150))
            counted: list[None] = []
            connection.set_progress_handler(partial(counted.append, None), 1)
            assert books.account(connection, M).oldest_append_us == clock.now_us()
            steps.append(len(counted))
    connection.close()
    await buffer.close()
    assert steps[1] < 1.2 * steps[0]
