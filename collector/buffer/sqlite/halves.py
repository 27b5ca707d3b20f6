"""Halves of inferences: kept until their counterpart comes."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence

from collector.buffer.policy import Limits, halves_refusal
from collector.buffer.sqlite.engine import Engine
from collector.errors import Backpressure
from collector.model import Half, Meeting, Met, MonitorId, Side


class SqliteHalves:
    """`ports.Halves` on one file."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._engine = engine
        self._limits = limits

    async def offer(self, monitor: MonitorId, halves: Sequence[Half]) -> Sequence[Met]:
        return await self._engine.write(lambda connection: self._offer(connection, monitor, halves))

    def _offer(self, connection: sqlite3.Connection, monitor: MonitorId, halves: Sequence[Half]) -> Sequence[Met]:
        found = []
        waiting, size = _sums(connection, monitor)
        for half in halves:
            before = connection.execute(
                "SELECT side, body FROM halves WHERE monitor = ? AND key = ?", (monitor, half.key)
            ).fetchone()
            if before is None:
                connection.execute(
                    "INSERT INTO halves VALUES (?, ?, ?, ?, ?)",
                    (monitor, half.key, half.side, half.body, half.until_us),
                )
                waiting, size = waiting + 1, size + len(half.body)
                found.append(Met(Meeting.WAITING))
            elif before[0] in (None, half.side):
                found.append(Met(Meeting.KNOWN))
            else:
                found.append(Met(Meeting.MET, before[1]))
        refused = halves_refusal(self._limits, waiting=waiting, size=size)
        if refused is not None and any(each.meeting is Meeting.WAITING for each in found):
            raise Backpressure(refused)
        _set_sums(connection, monitor, waiting, size)
        return found

    async def finish(self, monitor: MonitorId, keys: Collection[bytes], *, until_us: int) -> None:
        def deed(connection: sqlite3.Connection) -> None:
            waiting, size = _sums(connection, monitor)
            for key in keys:
                before = connection.execute(
                    "DELETE FROM halves WHERE monitor = ? AND key = ? RETURNING side, length(body)", (monitor, key)
                ).fetchone()
                if before is not None and before[0] is not None:
                    waiting, size = waiting - 1, size - before[1]
                connection.execute("INSERT INTO halves VALUES (?, ?, NULL, x'', ?)", (monitor, key, until_us))
            _set_sums(connection, monitor, waiting, size)

        await self._engine.write(deed)

    async def expire(self, monitor: MonitorId, *, now_us: int) -> Mapping[Side, int]:
        def deed(connection: sqlite3.Connection) -> Mapping[Side, int]:
            gone = connection.execute(
                "SELECT side, count(*), sum(length(body)) FROM halves WHERE monitor = ? AND until_us <= ? GROUP BY side",
                (monitor, now_us),
            ).fetchall()
            if not gone:
                return {}
            connection.execute("DELETE FROM halves WHERE monitor = ? AND until_us <= ?", (monitor, now_us))
            lost = [each for each in gone if each[0] is not None]
            waiting, size = _sums(connection, monitor)
            count, freed = sum(each[1] for each in lost), sum(each[2] for each in lost)
            _set_sums(connection, monitor, waiting - count, size - freed)
            return {Side(side): count for side, count, _ in lost}

        return await self._engine.write(deed)

    async def waiting(self, monitor: MonitorId) -> int:
        return (await self._engine.read(lambda connection: _sums(connection, monitor)))[0]


def _sums(connection: sqlite3.Connection, monitor: MonitorId) -> tuple[int, int]:
    found = connection.execute("SELECT waiting, bytes FROM half_sums WHERE monitor = ?", (monitor,)).fetchone()
    return (0, 0) if found is None else (found[0], found[1])


def _set_sums(connection: sqlite3.Connection, monitor: MonitorId, waiting: int, size: int) -> None:
    connection.execute("INSERT OR REPLACE INTO half_sums VALUES (?, ?, ?)", (monitor, waiting, size))
