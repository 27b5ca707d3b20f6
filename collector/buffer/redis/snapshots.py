"""Snapshots in Redis, listed over one monitor or over all of them."""

import heapq
from collections.abc import Sequence
from itertools import chain

import orjson

from collector.buffer.policy import from_cursor, to_cursor, unpack
from collector.buffer.redis.keys import MONITORS, MonitorKeys
from collector.buffer.redis.store import Store
from collector.model import MonitorId, SnapshotId, SnapshotPage, SnapshotQuery, SnapshotRecord

Place = tuple[int, str, MonitorId]
"""Where a snapshot stands in the list: instant, id; and whose it is."""


class RedisSnapshots:
    """`ports.Snapshots` on Redis."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(self, query: SnapshotQuery) -> SnapshotPage:
        monitors = [query.monitor] if query.monitor is not None else await self._monitors()
        cursor = None if query.after is None else from_cursor(query.after)
        summaries: list[bytes] = []
        last: Place | None = None
        while True:
            # One more than asked for, to know whether there is a next page.
            places = await self._places(monitors, query, cursor, query.limit + 1)
            for place, head in zip(places, await self._heads(places), strict=True):
                if head is None or not _fits(head, query):
                    continue
                if len(summaries) == query.limit:
                    return SnapshotPage(summaries, None if last is None else to_cursor(*last[:2]))
                summaries.append(head.split(b"\n", 3)[3])
                last = place
            if len(places) <= query.limit:
                return SnapshotPage(summaries, None)
            cursor = places[-1][:2]

    async def _monitors(self) -> Sequence[MonitorId]:
        (names,) = await self._store.commands([("SMEMBERS", MONITORS)])
        return [MonitorId(name.decode()) for name in names]

    async def _places(
        self, monitors: Sequence[MonitorId], query: SnapshotQuery, cursor: tuple[int, str] | None, limit: int
    ) -> Sequence[Place]:
        """The next places of all these monitors together, newest first."""
        lowest = "-inf" if query.from_us is None else str(query.from_us)
        highest = "+inf" if query.to_us is None else f"({query.to_us}"
        if cursor is not None and (query.to_us is None or cursor[0] < query.to_us):
            highest = str(cursor[0])
        found: dict[MonitorId, list[Place]] = {monitor: [] for monitor in monitors}
        unfinished = list(monitors)
        offset = 0
        while unfinished:
            answers = await self._store.commands(
                [
                    (
                        *("ZREVRANGEBYSCORE", MonitorKeys(monitor).snapshots[0], highest, lowest),
                        *("WITHSCORES", "LIMIT", offset, limit),
                    )
                    for monitor in unfinished
                ]
            )
            pages = {
                monitor: list(zip(answer[1::2], answer[::2], strict=True))
                for monitor, answer in zip(unfinished, answers, strict=True)
            }
            for monitor, page in pages.items():
                places = [(int(instant), name.decode(), monitor) for instant, name in page]
                # Places of the cursor's own instant come again: those not behind it are left out.
                found[monitor] += [place for place in places if cursor is None or place[:2] < cursor]
            unfinished = [each for each, page in pages.items() if len(page) == limit and len(found[each]) < limit]
            offset += limit
        return heapq.nlargest(limit, chain.from_iterable(found.values()))

    async def _heads(self, places: Sequence[Place]) -> Sequence[bytes | None]:
        heads = await self._store.commands(
            [("HGET", MonitorKeys(monitor).snapshots[1], name) for _, name, monitor in places]
        )
        return [None if head is None else bytes(head) for head in heads]

    async def get(self, snapshot: SnapshotId) -> bytes | None:
        packed = await self._found(2, snapshot)
        return None if packed is None else unpack(packed)

    async def data(self, snapshot: SnapshotId) -> bytes | None:
        return await self._found(3, snapshot)

    async def _found(self, key: int, snapshot: SnapshotId) -> bytes | None:
        """What one of the hashes says of a snapshot, whosever it is."""
        monitors = await self._monitors()
        found = await self._store.commands(
            [("HGET", MonitorKeys(monitor).snapshots[key], snapshot) for monitor in monitors]
        )
        return next((bytes(each) for each in found if each is not None), None)

    async def delete(self, snapshot: SnapshotId) -> bool:
        gone = False
        monitors = await self._monitors()
        found = await self._store.commands(
            [("HEXISTS", MonitorKeys(monitor).snapshots[2], snapshot) for monitor in monitors]
        )
        for monitor in (monitor for monitor, there in zip(monitors, found, strict=True) if there):
            gone |= bool(await self._store.run("delete_snapshot", MonitorKeys(monitor).snapshots, (snapshot,)))
        return gone

    async def trim(self, monitor: MonitorId, *, keep: int, newer_than_us: int, keep_data_bytes: int) -> int:
        bounds = (keep, newer_than_us, keep_data_bytes)
        return int(await self._store.run("trim_snapshots", MonitorKeys(monitor).snapshots, bounds))


def pack_head(record: SnapshotRecord) -> bytes:
    """Revision, segment, tags, summary: a line each, JSON has no line ends of its own."""
    tags = orjson.dumps(list(record.tags))
    return b"\n".join((str(record.revision).encode(), record.segment.encode(), tags, record.summary))


def _fits(head: bytes, query: SnapshotQuery) -> bool:
    _, segment, tags, _ = head.split(b"\n", 3)
    if query.segment is not None and segment != query.segment.encode():
        return False
    return query.tag is None or query.tag in orjson.loads(tags)
