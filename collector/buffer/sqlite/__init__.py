"""The embedded buffer: one SQLite file, several processes of one machine may share it.

What an acknowledged row survives is SQLite's `synchronous`: FULL a power cut, NORMAL and OFF a crash of the process.
"""

from pathlib import Path

from collector.buffer.policy import Limits
from collector.buffer.sqlite import forget, purge
from collector.buffer.sqlite.books import account
from collector.buffer.sqlite.documents import SqliteDocuments
from collector.buffer.sqlite.engine import Engine
from collector.buffer.sqlite.halves import SqliteHalves
from collector.buffer.sqlite.letters import SqliteDeadLetters
from collector.buffer.sqlite.queue import SqliteQueue
from collector.buffer.sqlite.rows import SqliteRows
from collector.buffer.sqlite.snapshots import SqliteSnapshots
from collector.clock import Clock
from collector.model import Account, MonitorId
from collector.ports import DeadLetters, Documents, Halves, Queue, Rows, Snapshots


class SqliteBuffer:
    """`ports.Buffer` on one file."""

    def __init__(self, path: Path, *, clock: Clock, limits: Limits, synchronous: str) -> None:
        self._engine = Engine(path, synchronous=synchronous)
        self._clock = clock
        self.rows: Rows = SqliteRows(self._engine, clock, limits)
        self.halves: Halves = SqliteHalves(self._engine, limits)
        self.queue: Queue = SqliteQueue(self._engine, clock)
        self.snapshots: Snapshots = SqliteSnapshots(self._engine)
        self.dead_letters: DeadLetters = SqliteDeadLetters(self._engine)
        self.documents: Documents = SqliteDocuments(self._engine)

    async def open(self) -> None:
        await self._engine.open()

    async def close(self) -> None:
        await self._engine.close()

    async def ping(self) -> None:
        now_us = self._clock.now_us()
        await self._engine.write(
            lambda connection: connection.execute("INSERT OR REPLACE INTO pings VALUES (1, ?)", (now_us,)).rowcount
        )

    async def account(self, monitor: MonitorId) -> Account:
        return await self._engine.read(lambda connection: account(connection, monitor))

    async def forget(self, monitor: MonitorId) -> None:
        await self._engine.write(lambda connection: forget.hide(connection, monitor))
        while not await self._engine.write(forget.step):
            pass
        await purge.shrink(self._engine)

    def durability(self) -> str:
        return "sqlite"
