"""The account of one monitor within one transaction: its numbers, its panes' numbers, and how rows move between them.

Everything that changes how many rows are accepted, evaluated, dead, dropped or waiting stands here.
"""

# ruff: noqa: S608 - only names of columns and placeholders are pasted into statements; values are bound

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from collector.buffer.policy import TOMBSTONES, share
from collector.model import Account, MonitorId, Outcome, Pane, Settlement


@dataclass(slots=True)
class MonitorRow:
    id: int
    accepted: int
    evaluated: int
    dead: int
    dropped: int
    waiting_bytes: int
    orphans: int
    max_event_us: int | None
    last_append_us: int | None

    @property
    def waiting(self) -> int:
        return self.accepted - self.evaluated - self.dead - self.dropped


@dataclass(slots=True)
class PaneRow:
    id: int
    key: str
    rows: int
    trimmed: int
    labelled: int
    bytes: int
    first_append_us: int
    last_append_us: int
    last_label_us: int | None
    settled_rows: int
    label_changes: int

    @property
    def waiting(self) -> int:
        return self.rows - self.settled_rows

    @property
    def waiting_bytes(self) -> int:
        return share(self.bytes, waiting=self.waiting, present=self.rows - self.trimmed)


IDS_AT_ONCE = 500
"""Digests in one statement; SQLite takes 999 parameters at least."""
_MONITOR = ", ".join(field.name for field in fields(MonitorRow))
PANE = ", ".join(field.name for field in fields(PaneRow))


class Books:
    """Reads a monitor and its panes as they are needed; `save` writes back what was read, changed or not.

    Mutable, because an append of many chunks moves the same numbers many times within one transaction.
    """

    def __init__(self, connection: sqlite3.Connection, monitor: MonitorId) -> None:
        self.connection = connection
        self.monitor = _monitor(connection, monitor)
        self._panes: dict[str, PaneRow] = {}
        self._bytes_before: dict[str, int] = {}

    @property
    def waiting_bytes(self) -> int:
        change = sum(pane.waiting_bytes - self._bytes_before[key] for key, pane in self._panes.items())
        return self.monitor.waiting_bytes + change

    # ------------------------------------------------------------ panes

    def pane(self, key: str) -> PaneRow | None:
        if key not in self._panes:
            row = self.connection.execute(
                f"SELECT {PANE} FROM panes WHERE monitor = ? AND key = ?", (self.monitor.id, key)
            ).fetchone()
            if row is None:
                return None
            self._remember(PaneRow(*row))
        return self._panes[key]

    def pane_of_id(self, pane: int) -> PaneRow | None:
        row = self.connection.execute("SELECT key FROM panes WHERE id = ?", (pane,)).fetchone()
        return None if row is None else self.pane(row[0])

    def begin_pane(self, pane: Pane, now_us: int) -> PaneRow:
        row = self.connection.execute(
            "INSERT INTO panes (monitor, key, start_us, first_append_us, last_append_us) VALUES (?, ?, ?, ?, ?) "
            f"RETURNING {PANE}",
            (self.monitor.id, pane.key, pane.start_us, now_us, now_us),
        ).fetchone()
        return self._remember(PaneRow(*row))

    def _remember(self, pane: PaneRow) -> PaneRow:
        self._panes[pane.key] = pane
        self._bytes_before[pane.key] = pane.waiting_bytes
        return pane

    def is_purged(self, key: str) -> bool:
        found = self.connection.execute(
            "SELECT 1 FROM tombstones WHERE monitor = ? AND key = ?", (self.monitor.id, key)
        ).fetchone()
        return found is not None

    def bury(self, key: str, now_us: int) -> None:
        """Rows of this pane are late from now on. The oldest tombstones make room."""
        self.connection.execute(
            "INSERT INTO tombstones VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (self.monitor.id, key, now_us)
        )
        self.connection.execute(
            "DELETE FROM tombstones WHERE monitor = ?1 AND key IN (SELECT key FROM tombstones WHERE monitor = ?1 "
            "ORDER BY purged_us DESC, key DESC LIMIT -1 OFFSET ?2)",
            (self.monitor.id, TOMBSTONES),
        )

    def remove_pane(self, pane: PaneRow) -> None:
        self.monitor.waiting_bytes -= self._bytes_before.pop(pane.key)
        del self._panes[pane.key]
        for statement in ("DELETE FROM panes WHERE id = ?", "DELETE FROM settled WHERE pane = ?"):
            self.connection.execute(statement, (pane.id,))

    # ------------------------------------------------------------ rows on the move

    def settle(self, settlement: Settlement) -> None:
        """Replace the window's last settlement in this phase; its rows move by the difference. A revision never goes back.

        A settlement of rows that were purged meanwhile says nothing any more.
        """
        window = settlement.window
        pane = self.pane(window.pane.key)
        if pane is None or (window.stop_row is not None and window.stop_row <= pane.trimmed):
            return
        before = self.connection.execute(
            "SELECT outcome, reason, counted, revision FROM settled WHERE pane = ? AND part = ? AND phase = ?",
            (pane.id, window.part, settlement.phase),
        ).fetchone()
        outcome, reason, before_rows, revision = before or (settlement.outcome, settlement.reason, 0, 0)
        first_row = max(window.first_row, pane.trimmed)
        counted = before_rows
        if settlement.counts_rows:
            stop_row = pane.rows if window.stop_row is None else min(window.stop_row, pane.rows)
            # Never more than is there, nor than other windows left: a row is counted once, whatever is told.
            counted = max(min(settlement.rows, stop_row - first_row, pane.waiting + before_rows), 0)
        self._move(outcome, reason, -before_rows)
        self._move(settlement.outcome, settlement.reason, counted)
        pane.settled_rows += counted - before_rows
        self.connection.execute(
            "INSERT OR REPLACE INTO settled VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(pane.id, window.part, settlement.phase, window.stop_row, settlement.outcome),
                *(settlement.rows, settlement.labelled, max(settlement.revision, revision), settlement.at_us),
                *(counted, first_row, settlement.reason, settlement.seen),
            ),
        )

    def release_dead(self, pane_key: str, part: int, phase: str, outcome: Outcome, *, reason: str) -> None:
        """A dead letter was replayed (WAITING) or deleted (DROPPED): its rows follow, unless settled otherwise since."""
        pane = self.pane(pane_key)
        if pane is None:
            return
        found = self.connection.execute(
            "SELECT counted FROM settled WHERE pane = ? AND part = ? AND phase = ? AND outcome = ?",
            (pane.id, part, phase, Outcome.DEAD),
        ).fetchone()
        if found is None:
            return
        counted = found[0]
        self._move(Outcome.DEAD, reason, -counted)
        self._move(outcome, reason, counted)
        changes = "outcome = ?, reason = ?"
        if outcome is Outcome.WAITING:
            pane.settled_rows -= counted
            changes += ", rows = 0, labelled = 0, counted = 0, seen = 0"
        self.connection.execute(
            f"UPDATE settled SET {changes} WHERE pane = ? AND part = ? AND phase = ?",
            (outcome, reason, pane.id, part, phase),
        )

    def drop_waiting(self, pane: PaneRow, rows: int, reason: str) -> None:
        """Purged rows that no settlement counted."""
        self._move(Outcome.DROPPED, reason, rows)
        pane.settled_rows += rows

    def _move(self, outcome: str, reason: str, rows: int) -> None:
        if outcome == Outcome.EVALUATED:
            self.monitor.evaluated += rows
        elif outcome == Outcome.DEAD:
            self.monitor.dead += rows
        elif outcome == Outcome.DROPPED and rows != 0:
            self.monitor.dropped += rows
            self.connection.execute(
                "INSERT INTO dropped VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET rows = rows + excluded.rows",
                (self.monitor.id, reason, rows),
            )

    # ------------------------------------------------------------ writing back

    def save(self) -> None:
        self.monitor.waiting_bytes = self.waiting_bytes
        monitor = self.monitor
        self.connection.execute(
            "UPDATE monitors SET accepted = ?, evaluated = ?, dead = ?, dropped = ?, waiting_bytes = ?, orphans = ?, "
            "max_event_us = ?, last_append_us = ? WHERE id = ?",
            (
                *(monitor.accepted, monitor.evaluated, monitor.dead, monitor.dropped, monitor.waiting_bytes),
                *(monitor.orphans, monitor.max_event_us, monitor.last_append_us, monitor.id),
            ),
        )
        for pane in self._panes.values():
            self._bytes_before[pane.key] = pane.waiting_bytes
            self.connection.execute(
                "UPDATE panes SET rows = ?, trimmed = ?, labelled = ?, bytes = ?, last_append_us = ?, "
                "last_label_us = ?, settled_rows = ?, label_changes = ? WHERE id = ?",
                (
                    *(pane.rows, pane.trimmed, pane.labelled, pane.bytes, pane.last_append_us),
                    *(pane.last_label_us, pane.settled_rows, pane.label_changes, pane.id),
                ),
            )


def _monitor(connection: sqlite3.Connection, name: MonitorId) -> MonitorRow:
    row = connection.execute(f"SELECT {_MONITOR} FROM monitors WHERE name = ?", (name,)).fetchone()
    if row is None:
        row = connection.execute(f"INSERT INTO monitors (name) VALUES (?) RETURNING {_MONITOR}", (name,)).fetchone()
    return MonitorRow(*row)


def in_batches(ids: Sequence[bytes]) -> Iterator[tuple[str, Sequence[bytes]]]:
    """As many placeholders as digests, and the digests: so many that one statement takes them."""
    for start in range(0, len(ids), IDS_AT_ONCE):
        some = ids[start : start + IDS_AT_ONCE]
        yield ",".join("?" * len(some)), some


def find_monitor(connection: sqlite3.Connection, name: MonitorId) -> MonitorRow | None:
    """For questions, which must not write."""
    row = connection.execute(f"SELECT {_MONITOR} FROM monitors WHERE name = ?", (name,)).fetchone()
    return None if row is None else MonitorRow(*row)


def account(connection: sqlite3.Connection, name: MonitorId) -> Account:
    """The sums that were kept, and what waits as the panes show it: two ways to the same number."""
    monitor = find_monitor(connection, name)
    if monitor is None:
        return Account(accepted=0, evaluated=0, dead=0, waiting=0, waiting_bytes=0)
    found = connection.execute(f"SELECT {PANE} FROM panes WHERE monitor = ? AND rows > settled_rows", (monitor.id,))
    panes = [PaneRow(*row) for row in found]
    oldest = [
        # Settled rows come before waiting ones, nearly always: late rows are appended behind.
        connection.execute(
            "SELECT (SELECT appended_us FROM chunks WHERE pane = ?1 AND first_row >= "
            "(SELECT coalesce(max(first_row), 0) FROM chunks WHERE pane = ?1 AND first_row <= ?2) "
            "ORDER BY first_row LIMIT 1)",
            (pane.id, pane.settled_rows),
        ).fetchone()[0]
        for pane in panes
    ]
    return Account(
        accepted=monitor.accepted,
        evaluated=monitor.evaluated,
        dead=monitor.dead,
        waiting=sum(pane.waiting for pane in panes),
        waiting_bytes=sum(pane.waiting_bytes for pane in panes),
        dropped=dict(
            connection.execute(
                "SELECT reason, rows FROM dropped WHERE monitor = ? AND rows != 0 ORDER BY reason", (monitor.id,)
            )
        ),
        oldest_append_us=min((instant for instant in oldest if instant is not None), default=None),
    )
