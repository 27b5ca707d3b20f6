"""One store per test: an SQLite file, a Redis server, a Redis Cluster. Every test of the contract runs on all."""

import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from collector.buffer import Limits, open_buffer
from collector.clock import ManualClock
from collector.ports import Buffer
from tests.redis_cluster import RedisCluster, keys_of
from tests.redis_server import RedisServer

ROOMY = Limits(max_rows=1_000_000, max_bytes=1_000_000_000)


@dataclass
class Store:
    """Where a buffer keeps its things. It may be opened several times, as several processes would."""

    url: str
    clock: ManualClock
    servers: Sequence[RedisServer] = ()
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def open(self, limits: Limits = ROOMY) -> Buffer:
        buffer = open_buffer(self.url, clock=self.clock, limits=limits)
        await buffer.open()
        self.stack.push_async_callback(buffer.close)
        return buffer

    def contents(self) -> object:
        """Everything that is stored now, but for what pings leave."""
        if self.url.startswith("sqlite"):
            with sqlite3.connect(self.url.removeprefix("sqlite://")) as file:
                dump = [line for line in file.iterdump() if "pings" not in line and "sqlite_sequence" not in line]
            file.close()
            return dump
        return sorted(key for key in keys_of(self.servers) if key != b"collector:ping")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    cluster = RedisCluster(tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.kill()


ADAPTERS = ["sqlite", *(pytest.param(name, marks=pytest.mark.redis) for name in ("redis", "redis-cluster"))]


@pytest_asyncio.fixture(params=ADAPTERS)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    servers: Sequence[RedisServer] = ()
    if request.param == "sqlite":
        url = f"sqlite://{tmp_path}/data/buffer.db"
    elif request.param == "redis":
        server: RedisServer = request.getfixturevalue("shared_redis")
        url, servers = server.url, [server]
    else:
        cluster: RedisCluster = request.getfixturevalue("shared_cluster")
        url, servers = cluster.url, cluster.primaries
    for each in servers:
        with each.client() as client:
            client.flushall()
    async with AsyncExitStack() as stack:
        yield Store(url, clock, servers, stack)


@pytest_asyncio.fixture
async def buffer(store: Store) -> Buffer:
    return await store.open()
