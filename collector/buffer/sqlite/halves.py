"""Halves of inferences: kept until their counterpart comes."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from collector.buffer.policy import HALVES_AT_ONCE, Limits, finished_at_once, halves_refusal, offered_at_once
from collector.buffer.sqlite.engine import Engine
from collector.errors import Backpressure
from collector.model import Half, Meeting, Met, MonitorId, Side


class SqliteHalves:
    """`ports.Halves` on one file."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._engine = engine
        self._limits = limits

    async def offer(self, monitor: MonitorId, halves: Sequence[Half]) -> Sequence[Met]:
        met: list[Met] = []
        for some in offered_at_once(halves):
            met += await self._engine.write(partial(self._offer, monitor, some))
        return met

    def _offer(self, monitor: MonitorId, halves: Sequence[Half], connection: sqlite3.Connection) -> Sequence[Met]:
        found = []
        sums = _Sums.of(connection, monitor)
        for half in halves:
            before = connection.execute(
                "SELECT side, body FROM halves WHERE monitor = ? AND key = ?", (monitor, half.key)
            ).fetchone()
            if before is None:
                connection.execute(
                    "INSERT INTO halves VALUES (?, ?, ?, ?, ?)",
                    (monitor, half.key, half.side, half.body, half.until_us),
                )
                sums.waits(1, len(half.body))
                found.append(Met(Meeting.WAITING))
            elif before[0] in (None, half.side):
                found.append(Met(Meeting.KNOWN))
            else:
                found.append(Met(Meeting.MET, before[1]))
        refused = halves_refusal(self._limits, waiting=sums.waiting, size=sums.bytes)
        if refused is not None and any(each.meeting is Meeting.WAITING for each in found):
            raise Backpressure(refused)
        sums.save(connection, monitor)
        return found

    async def finish(self, monitor: MonitorId, keys: Collection[bytes], *, until_us: int) -> None:
        for some in finished_at_once(keys):
            await self._engine.write(partial(self._finish, monitor, some, until_us))

    def _finish(self, monitor: MonitorId, keys: Sequence[bytes], until_us: int, connection: sqlite3.Connection) -> None:
        sums = _Sums.of(connection, monitor)
        for key in keys:
            before = connection.execute(
                "DELETE FROM halves WHERE monitor = ? AND key = ? RETURNING side, length(body)", (monitor, key)
            ).fetchone()
            if before is not None and before[0] is not None:
                sums.waits(-1, -before[1])
            elif before is not None:
                sums.known -= 1
            if sums.known < self._limits.max_rows:
                connection.execute("INSERT INTO halves VALUES (?, ?, NULL, x'', ?)", (monitor, key, until_us))
                sums.known += 1
        sums.save(connection, monitor)

    async def expire(self, monitor: MonitorId, *, now_us: int) -> Mapping[Side, int]:
        lost = dict.fromkeys(Side, 0)
        while True:
            gone = await self._engine.write(lambda connection: _expire(connection, monitor, now_us))
            for side in gone:
                if side is not None:
                    lost[Side(side)] += 1
            if len(gone) < HALVES_AT_ONCE:
                return {side: count for side, count in lost.items() if count}

    async def waiting(self, monitor: MonitorId) -> int:
        return (await self._engine.read(lambda connection: _Sums.of(connection, monitor))).waiting


def _expire(connection: sqlite3.Connection, monitor: MonitorId, now_us: int) -> Sequence[str | None]:
    """Forget some; says what side each was of, None of a finished pair."""
    gone = connection.execute(
        "DELETE FROM halves WHERE monitor = ?1 AND key IN "
        "(SELECT key FROM halves WHERE monitor = ?1 AND until_us <= ?2 LIMIT ?3) RETURNING side, length(body)",
        (monitor, now_us, HALVES_AT_ONCE),
    ).fetchall()
    if gone:
        sums = _Sums.of(connection, monitor)
        for side, size in gone:
            if side is None:
                sums.known -= 1
            else:
                sums.waits(-1, -size)
        sums.save(connection, monitor)
    return [side for side, _ in gone]


@dataclass(slots=True)
class _Sums:
    """How much of a monitor's halves is there."""

    waiting: int
    bytes: int
    known: int

    @staticmethod
    def of(connection: sqlite3.Connection, monitor: MonitorId) -> "_Sums":
        query = "SELECT waiting, bytes, known FROM half_sums WHERE monitor = ?"
        return _Sums(*(connection.execute(query, (monitor,)).fetchone() or (0, 0, 0)))

    def waits(self, halves: int, size: int) -> None:
        self.waiting += halves
        self.bytes += size

    def save(self, connection: sqlite3.Connection, monitor: MonitorId) -> None:
        values = (monitor, self.waiting, self.bytes, self.known)
        connection.execute(
            "INSERT OR REPLACE INTO half_sums (monitor, waiting, bytes, known) VALUES (?, ?, ?, ?)", values
        )
