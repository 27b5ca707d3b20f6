"""Forgetting a whole monitor: out of sight in one transaction, then away in steps between which others have their turn.

Most tables know a monitor by its number. Taking its name away lets a monitor of the same name begin anew at once; what
is left of the old one is found by the name that it got instead, also after a crash.
"""

# ruff: noqa: S608 - only names of tables and columns are pasted into statements; values are bound

import sqlite3

from collector.buffer.policy import PURGE_ROWS
from collector.model import MonitorId

_FORGOTTEN = "forgotten/"
"""What the names of hidden monitors begin with: no monitor may be called so."""
_NAMED = ("items", "letters", "snapshots", "halves", "half_sums")
_CHUNKS = 20
"""A chunk holds many rows."""
# What else is a monitor's, and how many rows of it one step removes. All but the panes themselves.
_OF_PANE = (
    ("settled", "part", PURGE_ROWS),
    ("labels", "digest", PURGE_ROWS),
    ("chunks", "first_row", _CHUNKS),
)
_OF_MONITOR = (
    ("dropped", "reason", PURGE_ROWS),
    ("tombstones", "key", PURGE_ROWS),
    ("request_keys", "key", PURGE_ROWS),
    ("orphans", "digest", PURGE_ROWS),
    ("ids", "digest", PURGE_ROWS),
)


def hide(connection: sqlite3.Connection, monitor: MonitorId) -> None:
    """The monitor is not there any more, and its leases are lost."""
    for table in _NAMED:
        connection.execute(f"DELETE FROM {table} WHERE monitor = ?", (monitor,))
    connection.execute("UPDATE monitors SET name = ? || id WHERE name = ?", (_FORGOTTEN, monitor))


def step(connection: sqlite3.Connection) -> bool:
    """Remove the next rows of a hidden monitor; says whether nothing is left of any."""
    found = connection.execute("SELECT id FROM monitors WHERE substr(name, 1, ?) = ?", (len(_FORGOTTEN), _FORGOTTEN))
    monitor: tuple[int] | None = found.fetchone()
    if monitor is None:
        return True
    pane: tuple[int] | None = connection.execute("SELECT id FROM panes WHERE monitor = ?", monitor).fetchone()
    if pane is not None:
        if not any(_delete(connection, table, "pane", *pane, key, some) for table, key, some in _OF_PANE):
            connection.execute("DELETE FROM panes WHERE id = ?", pane)
    elif not any(_delete(connection, table, "monitor", *monitor, key, some) for table, key, some in _OF_MONITOR):
        connection.execute("DELETE FROM monitors WHERE id = ?", monitor)
    return False


def _delete(connection: sqlite3.Connection, table: str, owner: str, number: int, key: str, some: int) -> bool:
    """Remove some rows of a table, by their key within their owner; says whether there were any."""
    removed = connection.execute(
        f"DELETE FROM {table} WHERE {owner} = ?1 AND {key} IN (SELECT {key} FROM {table} WHERE {owner} = ?1 LIMIT ?2)",
        (number, some),
    )
    return removed.rowcount > 0
