"""The way to Redis' servers: one, the one that Sentinels call the primary, or those of a cluster.

Commands are sent once. Only a cluster's server that says "not here" leads to a second try elsewhere: it did nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from hiredis import pack_command
from redis import exceptions as redis_errors
from redis.asyncio import ConnectionPool, Redis, RedisCluster, SSLConnection
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import Connection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

from collector.buffer.redis.address import Address, Kind
from collector.buffer.redis.faults import REDIS_ERRORS

IDLE_CHECK_SECONDS = 30
"""A connection that was idle for longer is probed before it is used, so that half-open ones are noticed."""

Argument = str | bytes | int
Command = Sequence[Argument]


class Link(Protocol):
    """Raises redis-py's errors."""

    async def open(self) -> None:
        """Find the servers."""
        ...

    def place(self, key: str) -> str:
        """A name of the server that holds a key: commands of one place go in one round trip."""
        ...

    async def send(self, commands: Sequence[Command]) -> list[Any]:
        """One round trip to one place; the answers in order, or the error that took the answer's place."""
        ...

    async def everywhere(self, *command: Argument) -> list[Any]:
        """The same to every server that takes writes: answers, or errors in their place."""
        ...

    def names(self, pattern: str) -> AsyncIterator[bytes]:
        """All keys there are of a name like this."""
        ...

    async def lost(self, place: str) -> None:
        """A place did not answer: look where it is now."""
        ...

    async def close(self) -> None: ...


def to(address: Address, *, connect_seconds: float, answer_seconds: float) -> Link:
    """The link for an address, not opened."""
    patience: dict[str, Any] = {
        "socket_connect_timeout": connect_seconds,
        "socket_timeout": answer_seconds,
        "health_check_interval": IDLE_CHECK_SECONDS,
        "decode_responses": False,
        "protocol": 2,  # the shapes of answers are those of RESP2, which every server and proxy speaks
        "retry": Retry(NoBackoff(), 0),
    }
    login: dict[str, Any] = dict(address.login)
    tls: dict[str, Any] = {} if address.tls is None else {"ssl": True, **address.tls}
    if address.kind is Kind.CLUSTER:
        nodes = [ClusterNode(host, port) for host, port in address.hosts]
        # What is there goes on without what is not.
        return _Cluster(RedisCluster(startup_nodes=nodes, require_full_coverage=False, **{**patience, **login, **tls}))
    if address.kind is Kind.SENTINEL:
        watch_login = {**patience, **address.sentinel_login, **tls}
        watch = Sentinel(address.hosts, sentinel_kwargs=watch_login)  # type: ignore[no-untyped-call]
        primary = {**patience, **login, **tls, "db": address.database}
        pool = SentinelConnectionPool(address.service, watch, **primary)  # type: ignore[no-untyped-call]
        return _Server(pool, watch, answer_seconds=answer_seconds)
    ((host, port),) = address.hosts
    kind = Connection if tls.pop("ssl", None) is None else SSLConnection
    server = {**patience, **login, **tls, "host": host, "port": port, "db": address.database}
    return _Server(ConnectionPool(kind, **server), None, answer_seconds=answer_seconds)


class _Server:
    """One server, or the one that Sentinels point to: a new connection asks them where it is.

    What is sent goes over connections of its own, one call at a time on each: redis-py's pipeline and pool cost more
    than the call. State: those that are idle. How many there are is the caller's care.
    """

    def __init__(self, pool: ConnectionPool, watch: Sentinel | None, *, answer_seconds: float) -> None:
        self._client = Redis(connection_pool=pool)
        self._pool = pool
        self._watch = watch
        self._answer_seconds = answer_seconds
        self._idle: list[Connection] = []

    async def open(self) -> None:
        return

    def place(self, key: str) -> str:  # noqa: ARG002 - there is one place only
        return ""

    async def send(self, commands: Sequence[Command]) -> list[Any]:
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
        self._idle.append(connection)
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
        idle, self._idle = self._idle, []
        for connection in idle:  # they lead where the lost one led
            await connection.disconnect(nowait=True)

    async def close(self) -> None:
        await self.lost("")
        await self._client.aclose()
        await self._pool.disconnect()
        if self._watch is not None:
            await self._watch.aclose()


def _packed(command: Command) -> bytes:
    return pack_command(tuple(command))  # type: ignore[arg-type, no-any-return]  # its types say: of one word


class _Cluster:
    """The servers of a cluster, as they said last who holds what."""

    def __init__(self, client: RedisCluster) -> None:
        self._client = client

    async def open(self) -> None:
        await self._client.initialize()

    def place(self, key: str) -> str:
        return str(self._client.nodes_manager.get_node_from_slot(self._client.keyslot(key)).name)

    async def send(self, commands: Sequence[Command]) -> list[Any]:
        pipeline = self._client.pipeline()
        for command in commands:
            pipeline.execute_command(*command)
        return list(await pipeline.execute(raise_on_error=False))

    async def everywhere(self, *command: Argument) -> list[Any]:
        await self._client.initialize()
        calls = [node.execute_command(*command) for node in self._client.get_primaries()]
        return await asyncio.gather(*calls, return_exceptions=True)

    async def names(self, pattern: str) -> AsyncIterator[bytes]:
        for node in self._client.get_primaries():
            cursor: Any = 0
            while True:
                cursor, found = await node.execute_command("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
                for name in found:
                    yield name
                if int(cursor) == 0:
                    break

    async def lost(self, place: str) -> None:
        node = self._client.get_node(node_name=place)
        try:
            if node is not None:
                await node.disconnect()  # the others of its connections are as dead
            await self._client.nodes_manager.initialize()
        except REDIS_ERRORS:
            return  # nobody answers: the next call looks again

    async def close(self) -> None:
        await self._client.aclose()


def is_lost(answer: object) -> bool:
    """Whether this error says that a server is not there, or not where it was."""
    lost = (redis_errors.ConnectionError, redis_errors.TimeoutError, redis_errors.ClusterDownError, OSError)
    return isinstance(answer, lost)
