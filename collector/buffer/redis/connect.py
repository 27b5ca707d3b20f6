"""From an address to the link: what every connection has in common."""

from typing import Any

from redis.asyncio import ConnectionPool, SSLConnection
from redis.asyncio.connection import Connection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.backoff import NoBackoff

from collector.buffer.redis.address import Address, Kind
from collector.buffer.redis.cluster import Cluster
from collector.buffer.redis.link import Link
from collector.buffer.redis.sentinel import Primary, Sentinels
from collector.buffer.redis.server import Server

IDLE_CHECK_SECONDS = 30
"""A connection that was idle for longer is probed before it is used, so that half-open ones are noticed."""


def connect(address: Address, *, connect_seconds: float, answer_seconds: float) -> Link:
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
    if address.kind is Kind.SENTINEL:
        watch_login = {**patience, **address.sentinel_login, **tls}
        watch = Sentinels(address.hosts, sentinel_kwargs=watch_login)  # type: ignore[no-untyped-call]
        primary = {**patience, **login, **tls, "db": address.database}
        pool = SentinelConnectionPool(address.service, watch, **primary)  # type: ignore[no-untyped-call]
        return Primary(pool, watch, answer_seconds=answer_seconds)
    kind = Connection if address.tls is None else SSLConnection
    common = {**patience, **login, **(address.tls or {}), "db": address.database}

    def server(host: str, port: int) -> Server:
        return Server(ConnectionPool(kind, **common, host=host, port=port), answer_seconds=answer_seconds)

    if address.kind is Kind.CLUSTER:
        return Cluster(address.hosts, server)
    ((host, port),) = address.hosts
    return server(host, port)
