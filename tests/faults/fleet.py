"""What the accidents happen to: a Redis that we may kill, services on it, perhaps a network in between that fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from tests.faults.proxy import ProxyThread, proxy_to
from tests.redis_server import RedisServer
from tests.service import Service

SYNCED = ("--appendonly", "yes", "--appendfsync", "always")
"""What Redis has answered is on its disk."""


class World:
    """A Redis, a proxy, a service that knows Redis by the proxy's address."""

    def __init__(self, directory: Path, config: str, redis: RedisServer, proxy: ProxyThread) -> None:
        self.redis = redis
        self.proxy = proxy
        self.service = Service(directory, config, COLLECTOR_BUFFER_URL=f"redis://127.0.0.1:{proxy.port}/0")

    def revive(self) -> None:
        """Start what an accident has left dead."""
        for each in (self.redis, self.service):
            if not each.runs:
                each.start()


@contextmanager
def world_in(directory: Path, config: str, options: tuple[str, ...] = SYNCED) -> Iterator[World]:
    """Everything runs. `options` are those of Redis."""
    for name in ("redis", "service"):
        (directory / name).mkdir()
    redis = RedisServer(directory / "redis", *options)
    redis.start()
    try:
        with proxy_to(redis.port) as proxy:
            made = World(directory / "service", config, redis, proxy)
            try:
                made.service.start()
                yield made
            finally:
                made.service.stop()
    finally:
        redis.kill()


def delivered(workspace: Path) -> list[dict[str, Any]]:
    """Every snapshot that the local destination has in this folder."""
    documents = [orjson.loads(path.read_bytes()) for path in workspace.rglob("*.json")]
    return [document for document in documents if document.get("schema") == 1]


def all_evaluated(rows: int) -> dict[str, Any]:
    """What a monitor says of its rows when each of them was evaluated and none is left over."""
    return {"accepted": rows, "evaluated": rows, "dead_lettered": 0, "dropped": {}, "waiting": 0}
