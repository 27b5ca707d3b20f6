"""What appending promises: whole or not at all, duplicates decided with the storing, order of arrival kept."""

import asyncio

import pytest

from collector.buffer import Limits
from collector.buffer.policy import REQUEST_KEY_US
from collector.clock import ManualClock
from collector.model import Append, Appended, MonitorId, RequestPart, Window, digest
from collector.ports import Buffer
from tests.buffer.conftest import Store
from tests.buffer.making import ENDLESS, NEXT_PANE, OTHER, PANE, WHOLE, M, account, nameless, names, rows

pytestmark = pytest.mark.asyncio


def said(answer: Appended) -> tuple[int, list[int], int]:
    assert answer.refused is None
    return answer.accepted, list(answer.duplicates), answer.late


async def test_rows_are_read_back_in_order_of_arrival(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b"), rows("c")])
    await buffer.rows.append([rows("d")])
    assert names(await buffer.rows.read(M, WHOLE)) == ["a", "b", "c", "d"]


async def test_bytes_come_back_as_they_were_however_many(buffer: Buffer) -> None:
    sent = [bytes(n % 251 for n in range(size)) + b"end" for size in (1, 300_000, 16 * 1024 - 3, 16 * 1024 - 4, 256)]
    await buffer.rows.append([rows(f"{n}", data=data) for n, data in enumerate(sent)])
    await buffer.rows.append([rows("other", data=bytes(100_000), pane=NEXT_PANE)])
    chunks = (await buffer.rows.read(M, WHOLE)).chunks
    assert [(chunk.data, chunk.ids, chunk.take) for chunk in chunks] == [
        (data, digest(f"{n}"), None) for n, data in enumerate(sent)
    ]


async def test_appends_of_many_monitors_and_panes_are_answered_in_order(buffer: Buffer) -> None:
    answers = await buffer.rows.append([rows("a"), rows("b", "c", monitor=OTHER), rows("a"), rows("d", pane=NEXT_PANE)])
    assert [said(answer) for answer in answers] == [(1, [], 0), (2, [], 0), (0, [0], 0), (1, [], 0)]
    assert names(await buffer.rows.read(OTHER, WHOLE)) == ["b", "c"]
    assert names(await buffer.rows.read(M, Window(NEXT_PANE))) == ["d"]


async def test_appending_nothing_does_nothing(buffer: Buffer) -> None:
    assert list(await buffer.rows.append([])) == []


async def test_a_known_inference_id_is_a_duplicate(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b")])
    (answer,) = await buffer.rows.append([rows("c", "b", "d", "a")])
    assert said(answer) == (2, [1, 3], 0)
    assert names(await buffer.rows.read(M, WHOLE)) == ["a", "b", "c", "d"]


async def test_an_inference_id_twice_in_one_chunk_is_a_duplicate(buffer: Buffer) -> None:
    (answer,) = await buffer.rows.append([rows("a", "b", "a", "a")])
    assert said(answer) == (2, [2, 3], 0)
    assert names(await buffer.rows.read(M, WHOLE)) == ["a", "b"]


async def test_an_inference_id_in_another_pane_is_a_duplicate(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a")])
    (answer,) = await buffer.rows.append([rows("a", pane=NEXT_PANE)])
    assert said(answer) == (0, [0], 0)


async def test_an_inference_id_of_another_monitor_is_no_duplicate(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a")])
    (answer,) = await buffer.rows.append([rows("a", monitor=OTHER)])
    assert said(answer) == (1, [], 0)


async def test_a_chunk_without_a_new_row_is_not_stored(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a")])
    before = await buffer.rows.state(M)
    await buffer.rows.append([rows("a", data=b"large" * 100)])
    assert await buffer.rows.state(M) == before


async def test_a_resent_request_is_a_duplicate(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(3, key="r1")])
    (again, other) = await buffer.rows.append([nameless(3, key="r1"), nameless(2, key="r2")])
    assert said(again) == (0, [0, 1, 2], 0)
    assert said(other) == (2, [], 0)
    assert (await buffer.rows.read(M, WHOLE)).rows == 5


async def test_rows_without_key_and_id_are_all_new(buffer: Buffer) -> None:
    for _ in range(2):
        (answer,) = await buffer.rows.append([nameless(2)])
        assert said(answer) == (2, [], 0)


async def test_of_request_keys_the_newest_are_known(buffer: Buffer, clock: ManualClock) -> None:
    for number in range(5):
        await buffer.rows.append([nameless(1, key=f"r{number}", monitor=each) for each in (M, OTHER)])
        clock.advance(seconds=10)

    async def known(monitor: MonitorId) -> list[int]:
        answers = await buffer.rows.append([nameless(1, key=f"r{number}", monitor=monitor) for number in range(5)])
        return [len(list(each.duplicates)) for each in answers]

    await buffer.rows.forget_requests(M, seen_until_us=clock.now_us() - 45_000_000, most=3)
    assert await known(M) == [0, 0, 1, 1, 1]
    assert await known(OTHER) == [1, 1, 1, 1, 1]
    await buffer.rows.forget_requests(OTHER, seen_until_us=clock.now_us() - 30_000_000, most=100)
    assert await known(OTHER) == [0, 0, 0, 1, 1]


async def test_only_the_resent_part_of_a_shared_chunk_is_a_duplicate(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2, key="r1")])
    shared = Append(M, PANE, b"12345", (RequestPart(1, "r0"), RequestPart(2, "r1"), RequestPart(2)))
    (answer,) = await buffer.rows.append([shared])
    assert said(answer) == (3, [1, 2], 0)
    chunks = (await buffer.rows.read(M, WHOLE)).chunks
    assert [list(chunk.take) if chunk.take is not None else None for chunk in chunks] == [None, [0, 3, 4]]


async def test_a_resent_part_between_requests_without_a_key_is_found_at_its_place(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2, key="r")])
    parts = (RequestPart(1), RequestPart(2), RequestPart(2, "r"), RequestPart(1), RequestPart(1), RequestPart(1, "s"))
    (answer,) = await buffer.rows.append([Append(M, PANE, b"12345678", parts)])
    assert said(answer) == (6, [3, 4], 0)


async def test_a_request_key_twice_in_one_chunk_is_a_resend(buffer: Buffer) -> None:
    shared = Append(M, PANE, b"123", (RequestPart(1, "r"), RequestPart(2, "r")))
    (answer,) = await buffer.rows.append([shared])
    assert said(answer) == (1, [1, 2], 0)


async def test_a_request_that_is_sent_again_in_the_time_of_the_next_pane_is_a_duplicate(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2, key="r")])
    answers = await buffer.rows.append([nameless(2, pane=NEXT_PANE, key="r"), nameless(1, pane=NEXT_PANE, key="s")])
    assert [said(answer) for answer in answers] == [(0, [0, 1], 0), (1, [], 0)]


async def test_a_request_is_known_when_its_pane_is_purged(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2, key="r")])
    assert await buffer.rows.purge(M, PANE, before_row=None)
    (answer,) = await buffer.rows.append([nameless(2, pane=NEXT_PANE, key="r")])
    assert said(answer) == (0, [0, 1], 0)


async def test_a_request_key_is_forgotten_after_a_day(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.rows.append([nameless(1, key="r")])
    clock.advance(seconds=REQUEST_KEY_US / 1e6 - 1)
    assert said((await buffer.rows.append([nameless(1, key="r")]))[0]) == (0, [0], 0)
    clock.advance(seconds=1)
    assert said((await buffer.rows.append([nameless(1, key="r")]))[0]) == (1, [], 0)


@pytest.mark.parametrize("key", ["", "-", "with space", "ünï:cödé", "a\nb"])
async def test_any_text_is_a_request_key(buffer: Buffer, key: str) -> None:
    first, second = await buffer.rows.append([nameless(1, key=key), nameless(1, key=key)])
    assert (first.accepted, second.accepted) == (1, 0)


async def test_a_resent_row_does_not_make_a_new_row_of_its_id_a_duplicate(buffer: Buffer) -> None:
    """The resent part is skipped unread: what it would bring now is not known to be stored."""
    await buffer.rows.append([rows("a", key="r1")])
    shared = Append(M, PANE, b"x,b", (RequestPart(1, "r1"), RequestPart(1)), digest("b") + digest("b"))
    (answer,) = await buffer.rows.append([shared])
    assert said(answer) == (1, [0], 0)


async def test_a_monitor_that_is_full_refuses_all_its_appends_and_nobody_elses(store: Store) -> None:
    """They may be of one request: it is not to be half stored."""
    buffer = await store.open(Limits(max_rows=3, max_bytes=1000))
    await buffer.rows.append([rows("a")])
    answers = await buffer.rows.append(
        [nameless(2), rows("a"), nameless(2, pane=NEXT_PANE), nameless(3, monitor=OTHER), nameless(1, pane=ENDLESS)]
    )
    assert [answer.accepted for answer in answers] == [0, 0, 0, 3, 0]
    why = "1 rows wait and 5 more would pass the limit of 3 rows"
    assert [answer.refused and str(answer.refused) for answer in answers] == [why, None, why, None, why]
    assert list(answers[1].duplicates) == [0]
    assert (await account(buffer)).accepted == 1
    assert [pane.pane for pane in (await buffer.rows.state(M)).panes] == [PANE]


async def test_a_refused_append_leaves_neither_ids_nor_request_keys_behind(store: Store) -> None:
    buffer = await store.open(Limits(max_rows=2, max_bytes=1000))
    (refused,) = await buffer.rows.append([rows("a", "b", "c", key="r")])
    assert refused.refused is not None
    (answer,) = await buffer.rows.append([rows("a", "b", key="r")])
    assert said(answer) == (2, [], 0)


async def test_more_rows_than_one_script_takes_are_each_decided_once(buffer: Buffer) -> None:
    """100,000 rows of one request come in several chunks; they, and a resend of them, go in steps."""
    ids = [f"a{number}" for number in range(50_000)]
    sent = [
        rows(*ids[first : first + 9_000], pane=pane) for pane in (PANE, NEXT_PANE) for first in range(0, 50_000, 9_000)
    ]
    answers = await buffer.rows.append(sent)
    assert [answer.accepted for answer in answers] == [9_000] * 5 + [5_000] + [0] * 6
    assert sum(answer.accepted for answer in await buffer.rows.append(sent)) == 0
    assert (await account(buffer)).accepted == 50_000


async def test_a_refused_request_may_come_again(store: Store) -> None:
    buffer = await store.open(Limits(max_rows=2, max_bytes=1000))
    await buffer.rows.append([nameless(2)])
    (refused,) = await buffer.rows.append([rows("a", key="r")])
    assert refused.refused is not None
    roomier = await store.open()
    (answer,) = await roomier.rows.append([rows("a", key="r")])
    assert said(answer) == (1, [], 0)


async def test_waiting_bytes_are_limited(store: Store) -> None:
    buffer = await store.open(Limits(max_rows=1000, max_bytes=10))
    await buffer.rows.append([nameless(6)])
    (answer,) = await buffer.rows.append([nameless(5)])
    assert str(answer.refused) == "6 bytes wait and 5 more would pass the limit of 10 bytes"


async def test_a_resend_to_a_full_monitor_is_still_a_duplicate(store: Store) -> None:
    buffer = await store.open(Limits(max_rows=1, max_bytes=1000))
    await buffer.rows.append([rows("a", key="r")])
    (answer,) = await buffer.rows.append([rows("a", key="r")])
    assert said(answer) == (0, [0], 0)


async def test_the_state_says_rows_bytes_and_instants(buffer: Buffer, clock: ManualClock) -> None:
    begun_us = clock.now_us()
    await buffer.rows.append([rows("a", "b", data=b"12345", max_event_us=50)])
    clock.advance(seconds=2)
    await buffer.rows.append([rows("c", data=b"678", max_event_us=40), rows("d", pane=NEXT_PANE)])
    state = await buffer.rows.state(M)
    assert [pane.pane for pane in state.panes] == [PANE, NEXT_PANE]
    first = state.panes[0]
    assert (first.rows, first.bytes, first.trimmed, first.labelled) == (3, 8, 0, 0)
    assert (first.first_append_us, first.last_append_us) == (begun_us, begun_us + 2_000_000)
    assert state.max_event_us == 50
    assert state.last_append_us == begun_us + 2_000_000


async def test_an_unknown_monitor_has_an_empty_state(buffer: Buffer) -> None:
    state = await buffer.rows.state(M)
    assert list(state.panes) == []
    assert state.max_event_us is None
    assert (await buffer.rows.read(M, WHOLE)).rows == 0
    assert (await account(buffer)).accepted == 0


async def test_event_times_before_the_epoch_are_kept(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", max_event_us=-5)])
    await buffer.rows.append([rows("b", max_event_us=-7)])
    assert (await buffer.rows.state(M)).max_event_us == -5


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window(ENDLESS, 0, 0, 3), "abc"),
        (Window(ENDLESS, 1, 3, 6), "def"),
        (Window(ENDLESS, 0, 1, 2), "b"),
        (Window(ENDLESS, 2, 6, 9), "g"),
        (Window(ENDLESS, 0, 2, None), "cdefg"),
        (Window(ENDLESS, 9, 27, 30), ""),
    ],
)
async def test_a_window_is_an_exact_slice_of_its_pane(buffer: Buffer, window: Window, expected: str) -> None:
    """Row ordinals are those of accepted rows: the duplicates between them take no place."""
    await buffer.rows.append([rows("a", "b", pane=ENDLESS)])
    await buffer.rows.append([rows("b", "c", "a", "d", "e", pane=ENDLESS)])
    await buffer.rows.append([rows("f", pane=ENDLESS), rows("g", "f", pane=ENDLESS)])
    assert names(await buffer.rows.read(M, window)) == list(expected)


async def test_appends_at_the_same_time_lose_and_double_nothing(store: Store) -> None:
    """Two handles, as two processes would have; each row is sent through both."""
    one, two = await store.open(), await store.open()
    sent = [f"row{number}" for number in range(60)]
    answers = await asyncio.gather(
        *(handle.rows.append([rows(name)]) for name in sent for handle in (one, two)),
    )
    assert sum(answer.accepted for (answer,) in answers) == 60
    assert sorted(names(await one.rows.read(M, WHOLE))) == sorted(sent)
    assert (await account(two)).accepted == 60


async def test_a_chunk_of_many_rows_is_decided_whole(buffer: Buffer) -> None:
    """More rows than a statement or a script takes at once."""
    first = [f"a{number}" for number in range(9_001)]
    second = [f"b{number}" for number in range(100)]
    await buffer.rows.append([rows(*first)])
    (answer,) = await buffer.rows.append([rows(*second, *first)])
    assert answer.accepted == 100
    assert list(answer.duplicates) == list(range(100, 9_101))
    assert names(await buffer.rows.read(M, WHOLE)) == first + second


async def test_a_window_of_many_chunks_is_read_whole(buffer: Buffer) -> None:
    sent = [f"row{number}" for number in range(450)]
    await buffer.rows.append([rows(name, pane=ENDLESS) for name in sent])
    assert names(await buffer.rows.read(M, Window(ENDLESS))) == sent
    assert names(await buffer.rows.read(M, Window(ENDLESS, 0, 199, 402))) == sent[199:402]


async def test_a_window_of_large_chunks_is_read_whole(buffer: Buffer) -> None:
    """More bytes than one answer of Redis is asked for."""
    sent = [f"{number}," + "x" * 3_000_000 for number in range(7)]
    await buffer.rows.append([rows(f"id{number}", data=text.encode()) for number, text in enumerate(sent)])
    assert [chunk.data.decode() for chunk in (await buffer.rows.read(M, WHOLE)).chunks] == sent


async def test_ids_that_do_not_fit_the_rows_are_a_mistake_of_the_caller(buffer: Buffer) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        await buffer.rows.append([Append(M, PANE, b"", (RequestPart(2),), digest("a"))])
    with pytest.raises(ValueError, match="at least one row"):
        await buffer.rows.append([Append(M, PANE, b"", ())])
