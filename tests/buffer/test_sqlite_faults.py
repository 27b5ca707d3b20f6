"""Accidents of the embedded buffer: a clear error, never a false acknowledgement, never an end of service."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from collector.buffer.policy import Limits
from collector.buffer.sqlite import SqliteBuffer
from collector.clock import ManualClock
from collector.errors import TooLarge, Unavailable
from collector.model import Append, RequestPart
from tests.buffer.making import (
    NEXT_PANE,
    PANE,
    WHOLE,
    M,
    account,
    item,
    nameless,
    names,
    rows,
    settle,
    settlement,
    taken,
)

pytestmark = pytest.mark.asyncio


def made(path: Path, synchronous: str = "OFF") -> SqliteBuffer:
    return SqliteBuffer(path, clock=ManualClock(), limits=Limits(10**6, 10**9), synchronous=synchronous)


@pytest_asyncio.fixture
async def buffer(tmp_path: Path) -> AsyncIterator[SqliteBuffer]:
    opened = made(tmp_path / "buffer.db")
    await opened.open()
    yield opened
    await opened.close()


def big(size: int) -> Append:
    return Append(M, PANE, b"\xff" * size, (RequestPart(1),))


def remove(folder: Path) -> None:
    for file in folder.glob("buffer.db*"):
        file.unlink()


async def test_a_full_disk_is_unavailable_and_passes(buffer: SqliteBuffer) -> None:
    """The file may not grow any more, as on a full disk; then it may again."""

    def limit_pages(pages: int) -> None:
        writer = buffer._engine._connection
        assert writer is not None
        writer.execute(f"PRAGMA max_page_count = {pages}")

    await buffer.rows.append([rows("a")])
    limit_pages(60)
    with pytest.raises(Unavailable, match="disk is full") as caught:
        await buffer.rows.append([big(10_000_000)])
    assert caught.value.retry_after_seconds > 0
    assert (await account(buffer)).accepted == 1
    limit_pages(10**6)
    (answer,) = await buffer.rows.append([big(10_000_000)])
    assert answer.accepted == 1
    assert (await account(buffer)).accepted == 2


async def test_every_caller_of_a_group_that_could_not_be_committed_hears_of_it(buffer: SqliteBuffer) -> None:
    await buffer.rows.append([rows("a")])
    writer = buffer._engine._connection
    assert writer is not None
    writer.execute("PRAGMA max_page_count = 60")
    calls = [buffer.rows.append([big(1_000_000)]) for _ in range(5)] + [buffer.rows.append([rows("b")])]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    acknowledged = sum(1 for answer in answers if not isinstance(answer, BaseException))
    assert all(isinstance(answer, Unavailable) for answer in answers if isinstance(answer, BaseException))
    assert acknowledged < 6
    assert (await account(buffer)).accepted == 1 + acknowledged


async def test_one_failing_call_does_not_sink_its_neighbours(buffer: SqliteBuffer) -> None:
    await buffer.queue.put([item()])
    writer = buffer._engine._connection
    assert writer is not None
    writer.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1_000_000)  # instead of a gigabyte
    stale = await taken(buffer)
    await buffer.queue.ack(stale)
    calls = [
        buffer.rows.append([rows("a")]),
        buffer.queue.ack(stale, settlement=settlement(1)),
        buffer.documents.put("k", "a", b"x" * 1_000_001),
        buffer.rows.append([rows("b")]),
    ]
    first, lost, large, second = await asyncio.gather(*calls, return_exceptions=True)
    assert [answer[0].accepted for answer in (first, second) if isinstance(answer, list)] == [1, 1]
    assert type(lost).__name__ == "LeaseLost"
    assert isinstance(large, TooLarge)
    found = await account(buffer)
    assert (found.accepted, found.evaluated) == (2, 0)


async def test_a_call_that_fails_half_way_undoes_itself_and_nobody_else(buffer: SqliteBuffer) -> None:
    await buffer.ping()
    writer = buffer._engine._connection
    assert writer is not None
    writer.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1_000_000)
    failed, stored = await asyncio.gather(
        buffer.rows.append([rows("a"), big(1_000_001)]), buffer.rows.append([rows("b")]), return_exceptions=True
    )
    assert isinstance(failed, TooLarge)
    assert isinstance(stored, list)
    assert names(await buffer.rows.read(M, WHOLE)) == ["b"]
    assert (await account(buffer)).accepted == 1


async def test_a_file_locked_by_another_process_is_unavailable_and_passes(buffer: SqliteBuffer, tmp_path: Path) -> None:
    await buffer.ping()
    writer = buffer._engine._connection
    assert writer is not None
    writer.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(tmp_path / "buffer.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="another process holds the file locked"):
        await buffer.rows.append([rows("a")])
    with pytest.raises(Unavailable, match="locked"):
        await buffer.ping()
    assert (await account(buffer)).accepted == 0  # questions are still answered
    other.execute("COMMIT")
    other.close()
    assert (await buffer.rows.append([rows("a")]))[0].accepted == 1


async def test_a_damaged_file_is_unavailable_and_no_end_of_the_service(tmp_path: Path) -> None:
    path = tmp_path / "buffer.db"
    buffer = made(path)
    await buffer.open()
    await buffer.rows.append([nameless(200_000)])
    await buffer.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\x55" * (len(content) - 4096)  # all pages but the first
    path.write_bytes(content)
    damaged = made(path)
    try:
        await damaged.open()
    except Exception as error:  # noqa: BLE001 - either is fine: at open, or with the first call
        assert "damaged" in str(error)  # noqa: PT017
        return
    for _ in range(2):
        with pytest.raises(Unavailable, match="damaged"):
            await damaged.rows.append([rows("a")])
        with pytest.raises(Unavailable, match="damaged"):
            await damaged.rows.read(M, WHOLE)
    await damaged.close()


async def test_a_broken_connection_is_opened_anew(buffer: SqliteBuffer) -> None:
    await buffer.rows.append([rows("a")])
    engine = buffer._engine
    assert engine._connection is not None
    engine._connection.execute("PRAGMA query_only = 1")  # from now on it fails as a read-only file does
    with pytest.raises(Unavailable, match="read-only"):
        await buffer.rows.append([rows("b")])
    assert (await buffer.rows.append([rows("b")]))[0].accepted == 1


@pytest.mark.parametrize("how", ["removed", "replaced"])
async def test_rows_are_not_acknowledged_into_a_file_that_was_taken_away(
    buffer: SqliteBuffer, tmp_path: Path, how: str
) -> None:
    """An open file that was removed still takes writes, and nobody will ever read them."""
    await buffer.rows.append([rows("a")])
    assert names(await buffer.rows.read(M, WHOLE)) == ["a"]
    other = made(tmp_path / "other.db")
    await other.open()
    await other.rows.append([rows("x")])
    await other.close()
    remove(tmp_path)
    if how == "replaced":
        (tmp_path / "other.db").rename(tmp_path / "buffer.db")
    assert (await buffer.rows.append([rows("b")]))[0].accepted == 1
    expected = ["b"] if how == "removed" else ["x", "b"]
    assert names(await buffer.rows.read(M, WHOLE)) == expected
    await buffer.close()
    await buffer.open()
    assert names(await buffer.rows.read(M, WHOLE)) == expected


async def test_a_file_replaced_by_something_else_is_unavailable(buffer: SqliteBuffer, tmp_path: Path) -> None:
    await buffer.ping()
    remove(tmp_path)
    with sqlite3.connect(tmp_path / "buffer.db") as other:
        other.execute("CREATE TABLE customers (name)")
    other.close()
    for call in (buffer.rows.append([rows("a")]), buffer.account(M), buffer.ping()):
        with pytest.raises(Unavailable, match="of something else"):
            await call


async def test_a_cancelled_caller_disturbs_nobody(buffer: SqliteBuffer) -> None:
    calls = [asyncio.create_task(buffer.rows.append([rows(f"a{number}")])) for number in range(10)]
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(1 for answer in answers if isinstance(answer, list)) == 5
    assert (await buffer.rows.append([rows("b")]))[0].accepted == 1
    assert (await account(buffer)).accepted >= 6


async def test_calls_under_way_are_finished_before_the_file_is_let_go(tmp_path: Path) -> None:
    buffer = made(tmp_path / "buffer.db")
    await buffer.open()
    calls = [asyncio.create_task(buffer.rows.append([rows(f"a{number}")])) for number in range(50)]
    await asyncio.sleep(0)
    await buffer.close()
    assert [answer[0].accepted for answer in await asyncio.gather(*calls)] == [1] * 50
    again = made(tmp_path / "buffer.db")
    await again.open()
    assert (await account(again)).accepted == 50
    await again.close()


async def test_the_file_shrinks_after_a_purge(buffer: SqliteBuffer, tmp_path: Path) -> None:
    path = tmp_path / "buffer.db"
    await buffer.rows.append([big(100_000) for _ in range(100)])
    await buffer.rows.append([nameless(10, pane=NEXT_PANE)])
    await settle(buffer, settlement(100))
    await buffer._engine.maintain(lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    before = path.stat().st_size
    assert before > 10_000_000
    await buffer.rows.purge(M, PANE, before_row=None)
    assert path.stat().st_size < 500_000
    assert (await account(buffer)).waiting == 10


@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL", "FULL", "EXTRA"])
async def test_synchronous_is_a_setting(tmp_path: Path, synchronous: str) -> None:
    buffer = made(tmp_path / "buffer.db", synchronous)
    await buffer.open()
    await buffer.ping()
    writer = buffer._engine._connection
    assert writer is not None
    level = ["OFF", "NORMAL", "FULL", "EXTRA"].index(synchronous)
    assert writer.execute("PRAGMA synchronous").fetchone() == (level,)
    assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    await buffer.close()
