"""Dead letters: listed, replayed, deleted; the rows of their windows follow."""

# ruff: noqa: S608 - only names of columns and placeholders are pasted into statements; values are bound

import sqlite3
from collections.abc import Sequence

from collector.buffer.policy import LETTER_DELETED, LETTER_EXPIRED
from collector.buffer.sqlite.books import Books
from collector.buffer.sqlite.engine import Engine
from collector.model import DeadLetter, MonitorId, Outcome

_LETTER = "id, queue, monitor, key, payload, reason, attempts, died_us, rows"


class SqliteDeadLetters:
    """`ports.DeadLetters` on one file."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def list(self, monitor: MonitorId | None = None) -> Sequence[DeadLetter]:
        def question(connection: sqlite3.Connection) -> Sequence[DeadLetter]:
            where, values = ("WHERE monitor = ?", (monitor,)) if monitor is not None else ("", ())
            found = connection.execute(f"SELECT {_LETTER} FROM letters {where} ORDER BY died_us DESC, id", values)
            return [DeadLetter(*row) for row in found]

        return await self._engine.read(question)

    async def get(self, letter: str) -> DeadLetter | None:
        return await self._engine.read(lambda connection: _find(connection, letter))

    async def replay(self, letter: str, *, now_us: int) -> bool:
        def deed(connection: sqlite3.Connection) -> bool:
            found = _find(connection, letter)
            if found is None:
                return False
            _release(connection, found, Outcome.WAITING, "")
            # An item that was put again since has the newer payload, and keeps it.
            connection.execute(
                "INSERT INTO items (queue, monitor, key, payload, available_us, wanted_us) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET attempt = 0, available_us = min(available_us, excluded.available_us) "
                "WHERE NOT leased",
                (found.queue, found.monitor, found.key, found.payload, now_us, now_us),
            )
            return True

        return await self._engine.write(deed)

    async def delete(self, letter: str) -> bool:
        def deed(connection: sqlite3.Connection) -> bool:
            found = _find(connection, letter)
            if found is None:
                return False
            _release(connection, found, Outcome.DROPPED, LETTER_DELETED)
            return True

        return await self._engine.write(deed)

    async def trim(self, monitor: MonitorId, *, keep: int, newer_than_us: int) -> int:
        def deed(connection: sqlite3.Connection) -> int:
            newest_first = connection.execute(
                f"SELECT {_LETTER} FROM letters WHERE monitor = ? ORDER BY died_us DESC, id", (monitor,)
            ).fetchall()
            letters = [DeadLetter(*row) for row in newest_first]
            gone = [each for place, each in enumerate(letters) if place >= keep or each.died_us < newer_than_us]
            for letter in gone:
                _release(connection, letter, Outcome.DROPPED, LETTER_EXPIRED)
            return len(gone)

        return await self._engine.write(deed)


def _find(connection: sqlite3.Connection, letter: str) -> DeadLetter | None:
    row = connection.execute(f"SELECT {_LETTER} FROM letters WHERE id = ?", (letter,)).fetchone()
    return None if row is None else DeadLetter(*row)


def _release(connection: sqlite3.Connection, letter: DeadLetter, outcome: Outcome, reason: str) -> None:
    pane, part, phase = connection.execute(
        "DELETE FROM letters WHERE id = ? RETURNING pane, part, phase", (letter.id,)
    ).fetchone()
    if pane is None:
        return
    books = Books(connection, letter.monitor)
    books.release_dead(pane, part, phase, outcome, reason=reason)
    books.save()
