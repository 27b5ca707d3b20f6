"""Snapshots are listed newest first, page by page, and a repeat replaces."""

import pytest

from collector.errors import Invalid
from collector.model import MonitorId, SnapshotId, SnapshotQuery
from collector.ports import Buffer
from tests.buffer.making import OTHER, M, snapshot, store_snapshots

pytestmark = pytest.mark.asyncio


async def listed(buffer: Buffer, **query: object) -> list[str]:
    page = await buffer.snapshots.list(SnapshotQuery(**query))  # type: ignore[arg-type]
    return [_name(summary) for summary in page.summaries]


def _name(summary: bytes) -> str:
    return summary.decode().split('"')[3]


async def test_a_body_comes_back_as_it_was(buffer: Buffer) -> None:
    body = b'{"values": [' + b"1.25," * 20_000 + b"0]}"
    await store_snapshots(buffer, snapshot("s", body=body))
    assert await buffer.snapshots.get(SnapshotId("s")) == body
    assert await buffer.snapshots.get(SnapshotId("t")) is None


async def test_the_list_is_newest_first_by_instant_and_id(buffer: Buffer) -> None:
    await store_snapshots(buffer, snapshot("b", 10), snapshot("c", 5), snapshot("a", 10), snapshot("d", 20))
    assert await listed(buffer) == ["d", "b", "a", "c"]


async def test_instants_before_the_epoch_are_listed(buffer: Buffer) -> None:
    await store_snapshots(buffer, snapshot("a", -10), snapshot("b", -20))
    page = await buffer.snapshots.list(SnapshotQuery(limit=1))
    assert [_name(each) for each in page.summaries] == ["a"]
    assert await listed(buffer, after=page.next) == ["b"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"monitor": M}, ["m3", "m2", "m1"]),
        ({"monitor": OTHER}, ["o"]),
        ({"monitor": MonitorId("nobody")}, []),
        ({"segment": '{"origin":"JFK"}'}, ["m2"]),
        ({"tag": "prod"}, ["m3", "o"]),
        ({"tag": "pro"}, []),
        ({"tag": 'odd "tag"'}, ["m1"]),
        ({"from_us": 20}, ["m3", "o", "m2"]),
        ({"to_us": 20}, ["m1"]),
        ({"from_us": 20, "to_us": 30}, ["m2"]),
        ({"monitor": M, "tag": "prod", "segment": "null", "from_us": 0, "to_us": 99}, ["m3"]),
    ],
)
async def test_filters(buffer: Buffer, query: dict[str, object], expected: list[str]) -> None:
    await store_snapshots(
        buffer,
        snapshot("m1", 10, tags=['odd "tag"']),
        snapshot("m2", 20, segment='{"origin":"JFK"}'),
        snapshot("o", 30, monitor=OTHER, tags=["prod"]),
        snapshot("m3", 40, tags=["dev", "prod"]),
    )
    assert await listed(buffer, **query) == expected


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
@pytest.mark.parametrize("filters", [{}, {"tag": "odd"}, {"monitor": M}, {"from_us": 1, "to_us": 4}])
async def test_pages_put_together_are_the_whole_list(buffer: Buffer, limit: int, filters: dict[str, object]) -> None:
    await store_snapshots(
        buffer,
        *(
            snapshot(f"s{number}", number // 3, monitor=OTHER if number % 4 == 0 else M, tags=["odd"] * (number % 2))
            for number in range(14)
        ),
    )
    whole = await listed(buffer, **filters)
    assert whole
    found: list[str] = []
    after = None
    while True:
        page = await buffer.snapshots.list(SnapshotQuery(limit=limit, after=after, **filters))  # type: ignore[arg-type]
        assert 0 < len(page.summaries) <= limit
        found += [_name(summary) for summary in page.summaries]
        if page.next is None:
            break
        after = page.next
    assert found == whole


async def test_a_page_stays_whole_when_newer_snapshots_come_in_between(buffer: Buffer) -> None:
    await store_snapshots(buffer, *(snapshot(f"s{number}", number) for number in range(4)))
    page = await buffer.snapshots.list(SnapshotQuery(limit=2))
    await store_snapshots(buffer, snapshot("newest", 99))
    await buffer.snapshots.delete(SnapshotId("s2"))  # the cursor's own snapshot
    assert await listed(buffer, after=page.next) == ["s1", "s0"]


async def test_an_empty_list_has_no_next_page(buffer: Buffer) -> None:
    page = await buffer.snapshots.list(SnapshotQuery())
    assert (list(page.summaries), page.next) == ([], None)


@pytest.mark.parametrize("cursor", ["", "yesterday", ":", "1,5:x", "--1:x", "²:x", "9" * 5000 + ":x"])
async def test_a_cursor_that_no_page_gave_is_invalid(buffer: Buffer, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        await buffer.snapshots.list(SnapshotQuery(after=cursor))


async def test_a_repeat_or_a_higher_revision_replaces(buffer: Buffer) -> None:
    await store_snapshots(buffer, snapshot("s", 10, body=b"first", tags=["old"]))
    await store_snapshots(buffer, snapshot("s", 10, body=b"repeat"))
    assert await buffer.snapshots.get(SnapshotId("s")) == b"repeat"
    await store_snapshots(buffer, snapshot("s", 30, revision=2, body=b"second", tags=["new"]))
    assert await buffer.snapshots.get(SnapshotId("s")) == b"second"
    assert await listed(buffer) == ["s"]
    assert await listed(buffer, tag="old") == []
    assert await listed(buffer, tag="new", from_us=30) == ["s"]


async def test_a_lower_revision_does_not_replace(buffer: Buffer) -> None:
    await store_snapshots(buffer, snapshot("s", 10, revision=10, body=b"ten"))
    await store_snapshots(buffer, snapshot("s", 20, revision=9, body=b"nine"))
    assert await buffer.snapshots.get(SnapshotId("s")) == b"ten"
    page = await buffer.snapshots.list(SnapshotQuery(to_us=20))
    assert list(page.summaries) == [b'{"id": "s", "revision": 10}']


async def test_a_deleted_snapshot_is_gone(buffer: Buffer) -> None:
    await store_snapshots(buffer, snapshot("s"), snapshot("t"))
    assert await buffer.snapshots.delete(SnapshotId("s"))
    assert not await buffer.snapshots.delete(SnapshotId("s"))
    assert await buffer.snapshots.get(SnapshotId("s")) is None
    assert await listed(buffer) == ["t"]


async def test_trimming_keeps_the_newest(buffer: Buffer) -> None:
    await store_snapshots(
        buffer, *(snapshot(f"s{number}", number) for number in range(5)), snapshot("o", 0, monitor=OTHER)
    )
    assert await trim(buffer, keep=3, newer_than_us=-1) == 2
    assert await listed(buffer) == ["s4", "s3", "s2", "o"]
    assert await buffer.snapshots.get(SnapshotId("s1")) is None


async def test_trimming_forgets_what_is_too_old(buffer: Buffer) -> None:
    await store_snapshots(buffer, *(snapshot(f"s{number}", number) for number in range(5)))
    assert await trim(buffer, keep=4, newer_than_us=3) == 3
    assert await listed(buffer) == ["s4", "s3"]
    assert await trim(buffer, keep=4, newer_than_us=3) == 0


# ---------------------------------------------------------------- rows


async def trim(buffer: Buffer, *, keep: int = 100, newer_than_us: int = -1, keep_data_bytes: int = 10**9) -> int:
    return await buffer.snapshots.trim(M, keep=keep, newer_than_us=newer_than_us, keep_data_bytes=keep_data_bytes)


async def rows_of(buffer: Buffer, *names: str) -> list[bytes | None]:
    return [await buffer.snapshots.data(SnapshotId(name)) for name in names]


async def test_rows_come_back_as_they_were_and_only_where_there_are_some(buffer: Buffer) -> None:
    rows = b"PAR1\0\r\n\xff" * 50_000
    await store_snapshots(buffer, snapshot("s", data=rows), snapshot("bare"), snapshot("o", monitor=OTHER, data=b"o"))
    assert await rows_of(buffer, "s", "bare", "o", "nobody") == [rows, None, b"o", None]
    assert await buffer.snapshots.get(SnapshotId("s")) == b"{}"


async def test_rows_are_replaced_with_their_snapshot(buffer: Buffer) -> None:
    await store_snapshots(buffer, snapshot("s", revision=2, data=b"two"))
    await store_snapshots(buffer, snapshot("s", revision=1, data=b"one"))
    assert await rows_of(buffer, "s") == [b"two"]
    await store_snapshots(buffer, snapshot("s", revision=3, data=b"three"))
    assert await rows_of(buffer, "s") == [b"three"]
    await store_snapshots(buffer, snapshot("s", revision=4))  # its monitor includes them no more
    assert await rows_of(buffer, "s") == [None]


async def test_rows_go_with_their_snapshot(buffer: Buffer) -> None:
    await store_snapshots(buffer, *(snapshot(f"s{number}", number, data=b"rows") for number in range(4)))
    await buffer.snapshots.delete(SnapshotId("s3"))
    assert await trim(buffer, keep=2) == 1
    assert await rows_of(buffer, "s3", "s2", "s1", "s0") == [None, b"rows", b"rows", None]
    await store_snapshots(buffer, snapshot("s0", 0))
    assert await rows_of(buffer, "s0") == [None]


async def test_the_newest_rows_are_kept_within_their_bytes(buffer: Buffer) -> None:
    sizes = [40, 10, 0, 20, 30]
    await store_snapshots(buffer, *(snapshot(f"s{n}", n, data=b"r" * size) for n, size in enumerate(sizes)))
    await store_snapshots(buffer, snapshot("o", 0, monitor=OTHER, data=b"r" * 99))
    assert await trim(buffer, keep_data_bytes=60) == 0
    assert [None if each is None else len(each) for each in await rows_of(buffer, "s4", "s3", "s2", "s1", "s0", "o")] == [
        30, 20, None, 10, None, 99,
    ]  # fmt: skip
    assert await listed(buffer) == ["s4", "s3", "s2", "s1", "s0", "o"]
    await trim(buffer, keep_data_bytes=49)
    assert [each is None for each in await rows_of(buffer, "s4", "s3", "s1")] == [False, True, True]
