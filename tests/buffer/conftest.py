"""One store per test, as an SQLite file and as a Redis database; every test of the contract runs on both."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
import redis

from collector.buffer import Limits, open_buffer
from collector.clock import ManualClock
from collector.ports import Buffer
from tests.redis_server import RedisServer

ROOMY = Limits(max_rows=1_000_000, max_bytes=1_000_000_000)


@dataclass
class Store:
    """Where a buffer keeps its things. It may be opened several times, as several processes would."""

    url: str
    clock: ManualClock
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
        with redis.Redis.from_url(self.url) as client:
            return sorted(key for key in client.scan_iter() if key != b"collector:ping")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest_asyncio.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    if request.param == "sqlite":
        url = f"sqlite://{tmp_path}/data/buffer.db"
    else:
        server: RedisServer = request.getfixturevalue("shared_redis")
        with server.client() as client:
            client.flushall()
        url = server.url
    async with AsyncExitStack() as stack:
        yield Store(url, clock, stack)


@pytest_asyncio.fixture
async def buffer(store: Store) -> Buffer:
    return await store.open()
