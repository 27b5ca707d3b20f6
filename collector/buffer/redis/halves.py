"""Halves of inferences, in Redis: kept until their counterpart comes."""

from collections.abc import Collection, Mapping, Sequence

from collector.buffer.policy import HALVES_AT_ONCE, Limits, finished_at_once, halves_refusal, offered_at_once
from collector.buffer.redis.keys import MonitorKeys
from collector.buffer.redis.link import Argument
from collector.buffer.redis.store import Store
from collector.errors import Backpressure
from collector.model import Half, Meeting, Met, MonitorId, Side

_MEETINGS = {b"w": Meeting.WAITING, b"k": Meeting.KNOWN, b"m": Meeting.MET}
_MARKS = {Side.REQUEST: "q", Side.RESPONSE: "p"}


class RedisHalves:
    """`ports.Halves` on Redis."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits

    async def offer(self, monitor: MonitorId, halves: Sequence[Half]) -> Sequence[Met]:
        met: list[Met] = []
        for some in offered_at_once(halves):
            arguments: list[Argument] = [self._limits.max_rows, self._limits.max_bytes]
            for half in some:
                arguments += (half.key, _MARKS[half.side], half.until_us, half.body)
            waiting, size, found = await self._store.run("offer_halves", MonitorKeys(monitor).halves, arguments)
            if not found:
                raise Backpressure(halves_refusal(self._limits, waiting=waiting, size=size) or "")
            met += [Met(_MEETINGS[each[:1]], each[1:]) for each in found]
        return met

    async def finish(self, monitor: MonitorId, keys: Collection[bytes], *, until_us: int) -> None:
        for some in finished_at_once(keys):
            arguments: list[Argument] = [until_us, self._limits.max_rows, *some]
            await self._store.run("finish_halves", MonitorKeys(monitor).halves, arguments)

    async def expire(self, monitor: MonitorId, *, now_us: int) -> Mapping[Side, int]:
        lost = dict.fromkeys(Side, 0)
        while True:
            seen, requests, responses = await self._store.run(
                "expire_halves", MonitorKeys(monitor).halves, (now_us, HALVES_AT_ONCE)
            )
            lost[Side.REQUEST] += requests
            lost[Side.RESPONSE] += responses
            if seen < HALVES_AT_ONCE:
                return {side: count for side, count in lost.items() if count}

    async def waiting(self, monitor: MonitorId) -> int:
        sums = MonitorKeys(monitor).halves[2]
        (count,) = await self._store.commands([("HGET", sums, "waiting")])
        return int(count or 0)
