"""The servers of a cluster: who holds what, as one of them said last, and where to ask again."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any

from redis import exceptions as redis_errors
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from collector.buffer.redis.faults import REDIS_ERRORS
from collector.buffer.redis.link import Argument, Command, Link

NOBODY = ""
"""The place of slots that no server has."""


class Cluster:
    """Places are `host:port`. State: the place of each slot, which places there are, a link to each that was used.

    What is there goes on without what is not.
    """

    def __init__(self, hosts: Sequence[tuple[str, int]], server: Callable[[str, int], Link]) -> None:
        """`hosts` are asked again when none of those that they told of is there any more: all of them may have moved."""
        self._hosts = [_place(host, port) for host, port in hosts]
        self._make = server
        self._servers: dict[str, Link] = {}
        self._slots = [NOBODY] * REDIS_CLUSTER_HASH_SLOTS
        self._primaries: Sequence[str] = ()
        self._known: Sequence[str] = ()
        self._lessons = 0
        self._learning = asyncio.Lock()

    async def open(self) -> None:
        await self._learn()

    def place(self, key: str) -> str:
        return self._slots[key_slot(key.encode())]

    async def send(self, place: str, commands: Sequence[Command]) -> list[Any]:
        if place == NOBODY:
            raise redis_errors.ClusterDownError("CLUSTERDOWN no server has this slot")
        answers = await self._server(place).send(place, commands)
        elsewhere: defaultdict[tuple[str, bool], list[int]] = defaultdict(list)
        for at, answer in enumerate(answers):
            if isinstance(answer, redis_errors.AskError):  # a MovedError is one too
                there = _place(answer.host or _host(place), answer.port)
                elsewhere[there, isinstance(answer, redis_errors.MovedError)].append(at)
        for (there, moved), some in elsewhere.items():
            if moved:
                with suppress(*REDIS_ERRORS):
                    await self._learn()
            found = await self._send_on(there, [commands[at] for at in some], asking=not moved)
            for at, answer in zip(some, found, strict=True):
                answers[at] = answer
        return answers

    async def _send_on(self, there: str, commands: Sequence[Command], *, asking: bool) -> list[Any]:
        """What one server said that another one has. That one's failure is not the first one's."""
        words = [word for command in commands for word in ((("ASKING",), command) if asking else (command,))]
        try:
            answers = await self._server(there).send(there, words)
        except REDIS_ERRORS as error:
            return [redis_errors.ClusterError(str(error))] * len(commands)
        return answers[1::2] if asking else answers

    async def everywhere(self, *command: Argument) -> list[Any]:
        calls = [self._server(place).everywhere(*command) for place in self._primaries]
        return [answer for answers in await asyncio.gather(*calls) for answer in answers]

    async def names(self, pattern: str) -> AsyncIterator[bytes]:
        for place in self._primaries:
            async for name in self._server(place).names(pattern):
                yield name

    async def lost(self, place: str) -> None:
        if place in self._servers:
            await self._servers[place].lost(place)
        with suppress(*REDIS_ERRORS):  # nobody answers: the next call looks again
            await self._learn(last=place)

    async def close(self) -> None:
        for server in self._servers.values():
            await server.close()

    def _server(self, place: str) -> Link:
        if place not in self._servers:
            self._servers[place] = self._make(_host(place), int(place.rpartition(":")[2]))
        return self._servers[place]

    async def _learn(self, last: str = NOBODY) -> None:
        """Ask who holds what, `last` after all others. Raises what the last one said that could not tell."""
        lessons = self._lessons
        async with self._learning:
            if self._lessons != lessons:
                return  # somebody else did meanwhile
            known = random.sample(self._known, len(self._known))
            failure: Exception = redis_errors.ClusterDownError("CLUSTERDOWN nobody tells who holds what")
            for place in sorted(dict.fromkeys([*known, *self._hosts]), key=last.__eq__):
                try:
                    (answer,) = await self._server(place).send(place, [("CLUSTER", "SLOTS")])
                except REDIS_ERRORS as error:
                    failure = error
                    continue
                if isinstance(answer, Exception):
                    failure = answer
                elif answer:
                    await self._take_over(_host(place), answer)
                    return
            raise failure

    async def _take_over(self, host: str, ranges: Sequence[Any]) -> None:
        slots, primaries, known = [NOBODY] * REDIS_CLUSTER_HASH_SLOTS, [], []
        for first, last, *nodes in ranges:
            # A node that does not know its own address says none: it is where it was asked.
            places = [_place(name.decode() if name else host, port) for name, port, *_ in nodes]
            slots[first : last + 1] = [places[0]] * (last + 1 - first)
            primaries.append(places[0])
            known += places
        self._slots, self._primaries = slots, list(dict.fromkeys(primaries))
        self._known = list(dict.fromkeys(known))
        self._lessons += 1
        for place in self._servers.keys() - set(known):
            await self._servers.pop(place).close()


def _place(host: str, port: int) -> str:
    return f"{host}:{port}"


def _host(place: str) -> str:
    return place.rpartition(":")[0]
