"""What labels promise: they join their inference whenever it comes, and the last one of an id wins."""

import pytest

from collector.buffer import Limits
from collector.buffer.policy import ORPHAN_US
from collector.clock import ManualClock
from collector.errors import Backpressure
from collector.model import Labelled, Window
from collector.ports import Buffer
from tests.buffer.conftest import Store
from tests.buffer.making import ENDLESS, NEXT_PANE, OTHER, WHOLE, M, label, nameless, rows, targets

pytestmark = pytest.mark.asyncio


async def labelled(buffer: Buffer, *ids: str, window: Window = WHOLE) -> dict[str, str]:
    return targets(await buffer.rows.read(M, window), *ids)


async def test_a_label_joins_a_known_inference(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.rows.append([rows("a", "b")])
    clock.advance(seconds=1)
    assert await buffer.rows.add_labels(M, [label("b", 7)]) == Labelled(joined=1)
    assert await labelled(buffer, "a", "b") == {"b": "7"}
    (pane,) = (await buffer.rows.state(M)).panes
    assert (pane.labelled, pane.last_label_us) == (1, clock.now_us())


async def test_a_label_stands_in_the_pane_of_its_inference(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a"), rows("b", pane=NEXT_PANE)])
    await buffer.rows.add_labels(M, [label("b"), label("a")])
    assert await labelled(buffer, "a", "b") == {"a": "1"}
    assert await labelled(buffer, "a", "b", window=Window(NEXT_PANE)) == {"b": "1"}


async def test_a_label_that_comes_first_waits_for_its_inference(buffer: Buffer, clock: ManualClock) -> None:
    assert await buffer.rows.add_labels(M, [label("a", 3), label("never")]) == Labelled(waiting=2)
    clock.advance(seconds=5)
    await buffer.rows.append([rows("a", "b")])
    assert await labelled(buffer, "a", "b") == {"a": "3"}
    (pane,) = (await buffer.rows.state(M)).panes
    assert (pane.labelled, pane.last_label_us) == (1, clock.now_us())


async def test_a_label_of_another_monitor_does_not_join(buffer: Buffer) -> None:
    await buffer.rows.add_labels(OTHER, [label("a")])
    await buffer.rows.append([rows("a")])
    assert await labelled(buffer, "a") == {}


async def test_the_last_label_wins_and_counts_once(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a")])
    assert await buffer.rows.add_labels(M, [label("a", 1), label("a", 2)]) == Labelled(joined=2)
    assert await buffer.rows.add_labels(M, [label("a", 3)]) == Labelled(joined=1)
    assert await labelled(buffer, "a") == {"a": "3"}
    assert (await buffer.rows.state(M)).panes[0].labelled == 1


async def test_an_equal_label_changes_nothing(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.rows.append([rows("a")])
    await buffer.rows.add_labels(M, [label("a", 1), label("b", 1)])
    before = await buffer.rows.state(M)
    clock.advance(seconds=9)
    assert await buffer.rows.add_labels(M, [label("a", 1), label("b", 1)]) == Labelled(unchanged=2)
    assert await buffer.rows.state(M) == before


async def test_the_last_waiting_label_wins(buffer: Buffer) -> None:
    assert await buffer.rows.add_labels(M, [label("a", 1), label("a", 2)]) == Labelled(waiting=2)
    await buffer.rows.append([rows("a")])
    assert await labelled(buffer, "a") == {"a": "2"}


@pytest.mark.parametrize("comes_first", [True, False], ids=["label_first", "inference_first"])
async def test_an_older_label_never_overwrites_a_newer_one(buffer: Buffer, *, comes_first: bool) -> None:
    if not comes_first:
        await buffer.rows.append([rows("a")])
    await buffer.rows.add_labels(M, [label("a", "new", at_us=20)])
    assert await buffer.rows.add_labels(M, [label("a", "old", at_us=10)]) == Labelled(unchanged=1)
    if comes_first:
        await buffer.rows.append([rows("a")])
    assert await labelled(buffer, "a") == {"a": "new"}


@pytest.mark.parametrize("instants", [(10, 20), (10, 10), (None, 10), (10, None), (None, None), (-20, -10)])
async def test_a_label_that_is_not_older_overwrites(buffer: Buffer, instants: tuple[int | None, int | None]) -> None:
    await buffer.rows.append([rows("a")])
    for number, at_us in enumerate(instants):
        await buffer.rows.add_labels(M, [label("a", number, at_us=at_us)])
    assert await labelled(buffer, "a") == {"a": "1"}


@pytest.mark.parametrize("target", [b"null", b'"with; semicolon"', b'"\\n"', b"1.5e-300", '"ü"'.encode(), b"\x00;\n;"])
async def test_targets_come_back_byte_by_byte(buffer: Buffer, target: bytes) -> None:
    await buffer.rows.append([rows("a")])
    made = label("a")
    await buffer.rows.add_labels(M, [type(made)(made.id, target, None)])
    assert list((await buffer.rows.read(M, WHOLE)).labels.values()) == [target]


async def test_a_slice_has_the_labels_of_its_own_rows(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b", pane=ENDLESS), rows("b", "c", "d", pane=ENDLESS)])
    await buffer.rows.add_labels(M, [label(name) for name in "abcd"])
    assert await labelled(buffer, *"abcd", window=Window(ENDLESS, 0, 1, 3)) == {"b": "1", "c": "1"}
    assert await labelled(buffer, *"abcd", window=Window(ENDLESS)) == dict.fromkeys("abcd", "1")


async def test_rows_without_ids_have_no_labels(buffer: Buffer) -> None:
    await buffer.rows.append([nameless(2, pane=ENDLESS), rows("a", pane=ENDLESS)])
    await buffer.rows.add_labels(M, [label("a")])
    assert await labelled(buffer, "a", window=Window(ENDLESS, 0, 0, 2)) == {}
    assert await labelled(buffer, "a", window=Window(ENDLESS)) == {"a": "1"}


async def test_a_duplicate_row_does_not_take_the_label_with_it(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a")])
    await buffer.rows.add_labels(M, [label("a")])
    await buffer.rows.append([rows("a", pane=NEXT_PANE)])
    assert await labelled(buffer, "a") == {"a": "1"}
    assert (await buffer.rows.state(M)).panes[0].labelled == 1


async def test_a_label_waits_seven_days(buffer: Buffer, clock: ManualClock) -> None:
    await buffer.rows.add_labels(M, [label("a"), label("b")])
    clock.advance(seconds=ORPHAN_US / 1e6 - 1)
    await buffer.rows.append([rows("a")])
    clock.advance(seconds=1)
    await buffer.rows.append([rows("b")])
    assert await labelled(buffer, "a", "b") == {"a": "1"}


async def test_a_label_repeated_while_it_waits_waits_anew_only_when_it_changed(
    buffer: Buffer, clock: ManualClock
) -> None:
    await buffer.rows.add_labels(M, [label("a", 1), label("b", 1)])
    clock.advance(seconds=ORPHAN_US / 1e6 - 1)
    await buffer.rows.add_labels(M, [label("a", 1), label("b", 2)])
    clock.advance(seconds=1)
    await buffer.rows.append([rows("a", "b")])
    assert await labelled(buffer, "a", "b") == {"b": "2"}


async def test_too_many_waiting_labels_are_backpressure_and_none_is_taken(store: Store, clock: ManualClock) -> None:
    buffer = await store.open(Limits(max_rows=2, max_bytes=1000))
    await buffer.rows.append([rows("a")])
    await buffer.rows.add_labels(M, [label("x")])
    with pytest.raises(Backpressure) as caught:
        await buffer.rows.add_labels(M, [label("a"), label("y"), label("z")])
    assert caught.value.retry_after_seconds > 0
    assert await labelled(buffer, "a") == {}
    assert await buffer.rows.add_labels(M, [label("y"), label("y"), label("a")]) == Labelled(
        joined=1, waiting=1, unchanged=1
    )
    clock.advance(seconds=ORPHAN_US / 1e6)
    assert (await buffer.rows.add_labels(M, [label("v"), label("w")])).waiting == 2


async def test_many_labels_at_once(buffer: Buffer) -> None:
    ids = [f"a{number}" for number in range(9_001)]
    await buffer.rows.append([rows(*ids)])
    answer = await buffer.rows.add_labels(M, [label(name, number) for number, name in enumerate([*ids, *ids[:5]])])
    assert answer == Labelled(joined=9_006)  # the repeated five have another target
    found = await labelled(buffer, *ids)
    assert len(found) == 9_001
    assert found["a0"] == "9001"
    assert found["a9000"] == "9000"
    assert (await buffer.rows.state(M)).panes[0].labelled == 9_001


async def test_every_label_that_joins_or_changes_is_counted_and_a_resend_is_not(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b")])
    for sent in ([label("a", 1)], [label("a", 1)], [label("a", 2)], [label("b", 1), label("nobody", 1)]):
        await buffer.rows.add_labels(M, sent)
    await buffer.rows.append([rows("nobody")])
    (pane,) = (await buffer.rows.state(M)).panes
    assert (pane.labelled, pane.label_changes) == (3, 4)
    assert (await buffer.rows.read(M, WHOLE)).label_changes == 4


async def test_first_labels_are_told_by_pane_and_corrections_are_none(buffer: Buffer) -> None:
    await buffer.rows.append([rows("a", "b"), rows("c", pane=NEXT_PANE)])
    sent = [label("a", 1), label("a", 2), label("b", 1), label("c", 1), label("nobody", 1)]
    assert (await buffer.rows.add_labels(M, sent)).first == {WHOLE.pane: 2, NEXT_PANE: 1}
    assert (await buffer.rows.add_labels(M, [label("a", 3), label("c", 1)])).first == {}
