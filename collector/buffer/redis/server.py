"""One Redis server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from hiredis import pack_command
from redis import exceptions as redis_errors
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import Connection

from collector.buffer.redis.faults import REDIS_ERRORS
from collector.buffer.redis.link import Argument, Command


class Server:
    """What is sent goes over connections of its own, one call at a time on each: redis-py's pipeline and pool cost more
    than the call. State: those that are idle, and how often they were given up. How many there are is the caller's care.
    """

    def __init__(self, pool: ConnectionPool, *, answer_seconds: float) -> None:
        self._client = Redis(connection_pool=pool)
        self._pool = pool
        self._answer_seconds = answer_seconds
        self._idle: list[Connection] = []
        self._given_up = 0

    async def open(self) -> None:
        return

    def place(self, key: str) -> str:  # noqa: ARG002 - there is one place only
        return ""

    async def send(self, place: str, commands: Sequence[Command]) -> list[Any]:  # noqa: ARG002
        given_up = self._given_up
        connection = self._idle.pop() if self._idle else self._connection()
        try:
            async with asyncio.timeout(self._answer_seconds):
                await self._pool.ensure_connection(connection)  # one that was closed meanwhile is opened anew
                await connection.send_packed_command(b"".join(map(_packed, commands)))
                answers = [await self._answer(connection, str(command[0])) for command in commands]
        except BaseException as error:
            await connection.disconnect(nowait=True)  # an answer may still come, and must meet nobody
            if isinstance(error, TimeoutError):
                raise redis_errors.TimeoutError(f"no answer within {self._answer_seconds:g} s") from None
            raise
        if given_up == self._given_up:
            self._idle.append(connection)
        else:
            await connection.disconnect(nowait=True)
        return answers

    async def _answer(self, connection: Connection, command: str) -> Any:
        """Or the error that the server sent."""
        try:
            return await self._client.parse_response(connection, command)
        except redis_errors.ResponseError as error:
            return error

    def _connection(self) -> Connection:
        connection: Connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        connection.socket_timeout = None  # one limit for the whole round trip: redis-py's for each step is dear
        return connection

    async def everywhere(self, *command: Argument) -> list[Any]:
        try:
            return [await self._client.execute_command(*command)]  # type: ignore[no-untyped-call]
        except REDIS_ERRORS as error:
            return [error]

    def names(self, pattern: str) -> AsyncIterator[bytes]:
        return self._client.scan_iter(match=pattern, count=1000)

    async def lost(self, place: str) -> None:  # noqa: ARG002 - a new connection finds the way by itself
        self._given_up += 1  # those in use lead where the lost one led too, and end with their call
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.disconnect(nowait=True)

    async def close(self) -> None:
        await self.lost("")
        await self._client.aclose()
        await self._pool.disconnect()


def _packed(command: Command) -> bytes:
    return pack_command(tuple(command))  # type: ignore[arg-type, no-any-return]  # its types say: of one word
