"""Forgetting rows, in steps between which others have their turn. Every step leaves a state that makes sense."""

# ruff: noqa: S608 - only names of columns and placeholders are pasted into statements; values are bound

import sqlite3

from collector.buffer.policy import PURGE_ROWS, digests, indexes_from_bytes, take
from collector.buffer.sqlite import labels
from collector.buffer.sqlite.books import Books, PaneRow, in_batches
from collector.buffer.sqlite.engine import Engine
from collector.model import MonitorId, Outcome, Pane, Window

PAGES_AT_ONCE = 2_000
"""Free pages given back in one step: 8 MB, some tens of milliseconds."""


def begin(
    connection: sqlite3.Connection,
    monitor: MonitorId,
    pane: Pane,
    *,
    before_row: int | None,
    seen_rows: int | None,
    now_us: int,
    reason: str,
) -> int | None:
    """Up to which row to purge; None when the pane must stay. If it goes whole, its rows are late from now on."""
    books = Books(connection, monitor)
    labels.expire_orphans(books, now_us)
    row = books.pane(pane.key)
    if row is not None and (_has_dead(connection, row) or (seen_rows is not None and row.rows > seen_rows)):
        return None
    if before_row is None and pane.start_us is not None:
        books.bury(pane.key, now_us)
        if row is not None:
            books.drop_waiting(row, row.waiting, reason)
    books.save()
    there = 0 if row is None else row.rows
    return there if before_row is None else min(before_row, there)


def _has_dead(connection: sqlite3.Connection, pane: PaneRow) -> bool:
    found = connection.execute("SELECT 1 FROM settled WHERE pane = ? AND outcome = ?", (pane.id, Outcome.DEAD))
    return found.fetchone() is not None


def step(
    connection: sqlite3.Connection, monitor: MonitorId, pane: Pane, *, before_row: int, whole: bool, reason: str
) -> bool:
    """Forget the next rows; says whether all are gone. `whole`: the pane goes with its last row."""
    books = Books(connection, monitor)
    row = books.pane(pane.key)
    if row is None:
        return True
    stop_row = min(before_row, row.trimmed + PURGE_ROWS)
    if stop_row > row.trimmed:
        _trim(books, row, stop_row, reason)
    done = stop_row >= before_row
    if whole and done:
        books.remove_pane(row)
    elif not whole:
        _forget_settlements(connection, row)
    books.save()
    return done


def _trim(books: Books, pane: PaneRow, stop_row: int, reason: str) -> None:
    connection = books.connection
    gone = Window(Pane.parse(pane.key), 0, pane.trimmed, stop_row)
    chunks = connection.execute(
        "SELECT first_row, rows, skipped, ids, length(data) FROM chunks WHERE pane = ? AND first_row < ? "
        "ORDER BY first_row",
        (pane.id, stop_row),
    ).fetchall()
    for first_row, rows, skipped, ids, size in chunks:
        indexes = take(gone, first_row=first_row, rows=rows, skipped=indexes_from_bytes(skipped))
        known = digests(ids)
        _forget_ids(books, pane, known if indexes is None or not known else [known[index] for index in indexes])
        if first_row + rows <= stop_row:
            connection.execute("DELETE FROM chunks WHERE pane = ? AND first_row = ?", (pane.id, first_row))
            pane.bytes -= size
    _count_trimmed(books, pane, stop_row, reason)
    pane.trimmed = stop_row


def _forget_ids(books: Books, pane: PaneRow, ids: list[bytes]) -> None:
    connection = books.connection
    for marks, some in in_batches(ids):
        connection.execute(f"DELETE FROM ids WHERE monitor = ? AND digest IN ({marks})", (books.monitor.id, *some))
        if pane.labelled:
            connection.execute(f"DELETE FROM labels WHERE pane = ? AND digest IN ({marks})", (pane.id, *some))


def _count_trimmed(books: Books, pane: PaneRow, stop_row: int, reason: str) -> None:
    """Rows that a settlement counted stay counted for good; the others are dropped."""
    settled = 0
    for part, phase, counted, counted_from in books.connection.execute(
        "SELECT part, phase, counted, counted_from FROM settled WHERE pane = ? AND counted > 0 AND counted_from < ?",
        (pane.id, stop_row),
    ).fetchall():
        final = min(counted, stop_row - counted_from)
        settled += final
        books.connection.execute(
            "UPDATE settled SET counted = counted - ?, counted_from = ? WHERE pane = ? AND part = ? AND phase = ?",
            (final, stop_row, pane.id, part, phase),
        )
    books.drop_waiting(pane, max(min(stop_row - pane.trimmed - settled, pane.waiting), 0), reason)


def _forget_settlements(connection: sqlite3.Connection, pane: PaneRow) -> None:
    connection.execute("DELETE FROM settled WHERE pane = ? AND stop_row <= ?", (pane.id, pane.trimmed))


async def shrink(engine: Engine) -> None:
    """Give the pages that became free back to the disk, in steps."""
    while await engine.write(_give_back_pages):
        pass
    await engine.maintain(_shorten_file)


def _give_back_pages(connection: sqlite3.Connection) -> bool:
    """Move free pages to the end of the file and cut them off; says whether there are more."""
    connection.execute(f"PRAGMA incremental_vacuum({PAGES_AT_ONCE})").fetchall()
    return bool(connection.execute("PRAGMA freelist_count").fetchone()[0])


def _shorten_file(connection: sqlite3.Connection) -> None:
    """The file itself shrinks when the log is moved into it. Waits for nobody: the next one finishes what is left."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
