"""All connections of a port: they begin on the short way, and those that ask for something unusual go the long one."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

from aiohttp import web

from collector.errors import CollectorError
from collector.model import Receipt
from collector.monitor import Monitor
from collector.receive.admission.keys import EVERYTHING, Grant, Keys, Scope
from collector.receive.admission.rates import Pace
from collector.receive.connections.answers import Answers
from collector.receive.connections.connection import Connection
from collector.receive.connections.lane import Lane
from collector.receive.door import Door
from collector.receive.problems import Limited
from collector.receive.routes.rows import INFERENCES

_SWEEP_SECONDS = 0.5
_RESERVE = 32
"""So many connections above the limit may ask how we are: a full house is no reason for a restart."""
_PREFIX, _SUFFIX = (part.encode() for part in INFERENCES.split("{monitor}"))


class Lanes:
    """State: the connections, those on the short way and those on the long one."""

    def __init__(self, door: Door, keys: Keys | None, server: web.Server) -> None:
        self.door = door
        self.keys = keys
        self.open: set[Lane] = set()
        self.long: set[Connection] = set()
        self.closing = False
        self.answers = Answers()
        self._server = server
        self._all_gone = asyncio.Event()
        self._observe = door.telemetry.observer("collector_receive_request_seconds", route=INFERENCES)
        self._count = lru_cache(maxsize=64)(self._counter)
        self._sweeper = asyncio.create_task(self._sweep(), name="sweep connections")

    def connection(self) -> asyncio.Protocol:
        """A protocol for a new connection."""
        return Lane(self)

    def long_way(self, *, surplus: bool = False) -> Connection:
        """A protocol for a connection that leaves the short way."""
        return Connection(self, self._server, surplus=surplus)

    async def close(self, seconds: float) -> None:
        """Let go of all connections: idle ones end, what is not whole is aiohttp's, what is under way is answered.

        What is not answered after so many seconds is cut off.
        """
        self.closing = True
        self._sweeper.cancel()
        for lane in list(self.open):
            lane.let_go()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                self._look_around()
                await self._all_gone.wait()
        for lane in list(self.open):
            lane.cut_off()

    def forget(self, lane: Lane) -> None:
        self.open.discard(lane)
        self._look_around()

    def _look_around(self) -> None:
        if self.closing and not self.open:
            self._all_gone.set()

    @property
    def above_limit(self) -> int:
        """How many connections there are too many."""
        return len(self.open) + len(self.long) - self.door.settings.max_connections

    @property
    def are_full(self) -> bool:
        """There is no room for a connection, not even to say so."""
        return self.above_limit > _RESERVE

    def find(self, address: bytes, authorization: str | None) -> tuple[Monitor, Grant] | None:
        """The monitor of an address, if there is one and the key opens it, and what the key is granted."""
        if not (address.startswith(_PREFIX) and address.endswith(_SUFFIX)):
            return None
        grant = EVERYTHING
        try:
            monitor = self.door.monitors.get(address[len(_PREFIX) : -len(_SUFFIX)].decode("ascii"))
            if self.keys is not None:
                grant = self.keys.grant(authorization, Scope.INGEST)
                grant.require(monitor.id)
        except (CollectorError, UnicodeDecodeError):
            return None
        return monitor, grant

    def refusal(self, pace: Pace | None) -> Limited | None:
        """What to tell a request that would be taken otherwise; as the gate of the long way does."""
        return (pace.refusal() if pace is not None else None) or self.door.crowd.refusal()

    def answer(self, outcome: Receipt | Exception, seconds: float) -> bytes:
        """The whole answer, counted."""
        status, answer = self.answers.of(outcome)
        self._observe(seconds)
        self._count(status)(1)
        if isinstance(outcome, Limited):
            self.door.limited(outcome)
        return answer

    def _counter(self, status: int) -> Callable[[float], None]:
        return self.door.telemetry.counter("collector_receive_requests_total", route=INFERENCES, status=str(status))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            self.look(time.monotonic())

    def look(self, now: float) -> None:
        """End, or hand over, what takes too long."""
        for lane in list(self.open):
            lane.look(now)
        for connection in list(self.long):
            connection.look(now)
