"""Keys of requests: what is sent again under one of them is taken once."""

# ruff: noqa: S608 - only a part of a statement is pasted into statements; values are bound

import sqlite3

from collector.buffer.policy import REQUEST_KEY_US
from collector.buffer.sqlite.books import Books
from collector.model import Append, MonitorId

_OF = "FROM request_keys WHERE monitor = (SELECT id FROM monitors WHERE name = ?)"


def seen(books: Books, key: str, now_us: int) -> bool:
    found = books.connection.execute(
        "SELECT 1 FROM request_keys WHERE monitor = ? AND key = ? AND seen_us > ?",
        (books.monitor.id, key, now_us - REQUEST_KEY_US),
    ).fetchone()
    return found is not None


def remember(books: Books, append: Append, now_us: int) -> None:
    keys = [(books.monitor.id, part.key, now_us) for part in append.parts if part.key is not None]
    if not keys:
        return
    # A resend does not prolong the memory of its key.
    books.connection.execute("DELETE FROM request_keys WHERE seen_us <= ?", (now_us - REQUEST_KEY_US,))
    books.connection.executemany("INSERT OR IGNORE INTO request_keys VALUES (?, ?, ?)", keys)


def too_many(connection: sqlite3.Connection, monitor: MonitorId, until_us: int, most: int) -> int:
    there, old = connection.execute(
        f"SELECT count(*), count(*) FILTER (WHERE seen_us <= ?) {_OF}", (until_us, monitor)
    ).fetchone()
    return max(int(old), int(there) - most)


def forget_oldest(connection: sqlite3.Connection, monitor: MonitorId, some: int) -> None:
    connection.execute(
        f"DELETE FROM request_keys WHERE (monitor, key) IN (SELECT monitor, key {_OF} ORDER BY seen_us LIMIT ?)",
        (monitor, some),
    )
