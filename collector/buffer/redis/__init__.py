"""The shared buffer: Redis for many processes of many machines; one server, a primary under Sentinels, or a cluster.

What an acknowledged row survives is Redis' own persistence: with the append-only file a restart of the server (but
for the last second with `appendfsync everysec`), without it nothing but our own crashes.
"""

import logging

from collector.buffer.policy import Limits
from collector.buffer.redis.documents import RedisDocuments
from collector.buffer.redis.facts import Facts, risks
from collector.buffer.redis.halves import RedisHalves
from collector.buffer.redis.keys import MONITORS, MonitorKeys
from collector.buffer.redis.letters import RedisDeadLetters
from collector.buffer.redis.queue import RedisQueue
from collector.buffer.redis.rows import RedisRows
from collector.buffer.redis.snapshots import RedisSnapshots
from collector.buffer.redis.store import Store
from collector.clock import Clock
from collector.model import Account, MonitorId
from collector.ports import DeadLetters, Documents, Halves, Queue, Rows, Snapshots

_log = logging.getLogger(__name__)
_DROPPED = b"dropped:"


class RedisBuffer:
    """`ports.Buffer` on Redis."""

    def __init__(self, url: str, *, clock: Clock, limits: Limits) -> None:
        self._store = Store(url)
        self._facts = Facts(None, None, None)
        self.rows: Rows = RedisRows(self._store, clock, limits)
        self.halves: Halves = RedisHalves(self._store, limits)
        self.queue: Queue = RedisQueue(self._store, clock)
        self.snapshots: Snapshots = RedisSnapshots(self._store)
        self.dead_letters: DeadLetters = RedisDeadLetters(self._store)
        self.documents: Documents = RedisDocuments(self._store)

    async def open(self) -> None:
        self._facts = await self._store.open()
        for sentence in risks(self._facts):
            _log.warning(sentence)

    async def close(self) -> None:
        await self._store.close()

    async def ping(self) -> None:
        await self._store.ping()
        self._facts = await self._store.facts()

    async def account(self, monitor: MonitorId) -> Account:
        keys = MonitorKeys(monitor)
        sums, waiting, waiting_bytes, oldest = await self._store.run(
            "account", (keys.account, keys.panes), (keys.rows(""),)
        )
        fields = dict(zip(sums[::2], sums[1::2], strict=True))
        dropped = {name: int(rows) for name, rows in sorted(fields.items()) if name.startswith(_DROPPED)}
        return Account(
            accepted=int(fields.get(b"accepted", 0)),
            evaluated=int(fields.get(b"evaluated", 0)),
            dead=int(fields.get(b"dead", 0)),
            waiting=waiting,
            waiting_bytes=waiting_bytes,
            dropped={name.removeprefix(_DROPPED).decode(): rows for name, rows in dropped.items() if rows},
            oldest_append_us=int(oldest) if oldest else None,
        )

    async def forget(self, monitor: MonitorId) -> None:
        await self._store.unlink(MonitorKeys(monitor).everything)
        await self._store.commands([("SREM", MONITORS, monitor)])

    def durability(self) -> str:
        return "redis+aof" if self._facts.aof else "redis"
