"""kill -9 at each step between a 2xx and the delivery, before Redis does the step and right after it did it.

A proxy in front of Redis sees the script of the step go by, and kills the service at that very moment.
"""

import os
import signal
import time
import urllib.error
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

import orjson
import pytest

from collector.buffer.redis.store import _load_scripts
from tests.faults.proxy import ProxyThread, proxy_to
from tests.redis_server import RedisServer
from tests.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.redis, pytest.mark.timeout(180)]

CONFIG = """
destinations:
  local: {type: local, path: WORKSPACE}
monitors:
  - id: m
    columns: {id: id}
    window: {rows: 10}
    reports: [{name: r, metrics: [DatasetSummaryMetric]}]
    forward: [local]
"""
ROWS = 20
STEPS = {
    "rows are appended": ("append", b"", b"queue:"),
    "a window is put to work": ("put", b"queue:work", b"queue:outbox"),
    "a window is leased": ("lease", b"queue:work", b"queue:outbox"),
    "a window is acked with its snapshots and deliveries": ("ack", b"queue:work", b"no key"),
    "a delivery is leased": ("lease", b"queue:outbox", b"queue:work"),
    "a delivery is acked": ("ack", b"queue:outbox", b"queue:work"),
}
"""The script of each, a key that it has, and one that it has not."""


class World:
    """A Redis, a proxy, a service that knows Redis by the proxy's address. State: how often the service was killed."""

    def __init__(self, directory: Path, proxy: ProxyThread) -> None:
        self.proxy = proxy.proxy
        self.workspace = directory / "workspace"
        config = CONFIG.replace("WORKSPACE", str(self.workspace))
        self.service = Service(directory / "service", config, COLLECTOR_BUFFER_URL=f"redis://127.0.0.1:{proxy.port}/0")
        self.kills = 0

    def kill_at(self, step: str, *, done: bool) -> None:
        """Kill the service when it comes to this step for the first time."""
        script, with_key, without_key = STEPS[step]
        name = _load_scripts()[script].sha.encode()

        def kill(data: bytes) -> bool:
            if self.kills or name not in data or with_key not in data or without_key in data:
                return False
            self.kills += 1
            assert self.service.process is not None
            os.kill(self.service.process.pid, signal.SIGKILL)
            return not done

        self.proxy.loses = kill

    def delivered(self) -> list[dict[str, Any]]:
        documents = [orjson.loads(path.read_bytes()) for path in self.workspace.rglob("*.json")]
        return [document for document in documents if document.get("schema") == 1]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    for name in ("redis", "service"):
        (tmp_path / name).mkdir()
    redis = RedisServer(tmp_path / "redis", "--appendonly", "yes", "--appendfsync", "always")
    redis.start()
    try:
        with proxy_to(redis.port) as proxy:
            made = World(tmp_path, proxy)
            try:
                yield made
            finally:
                made.service.stop()
    finally:
        redis.kill()


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_every_row_counts_once_although_the_service_is_killed_when(world: World, step: str, done: bool) -> None:
    world.service.start()
    world.kill_at(step, done=done)
    acknowledged = is_taken(world.service)
    wait_for_the_kill(world)
    world.service.start()
    if not acknowledged:
        assert is_taken(world.service)
    assert world.service.wait_settled("m") == {
        "accepted": ROWS, "evaluated": ROWS, "dead_lettered": 0, "dropped": {}, "waiting": 0,
    }  # fmt: skip
    assert [snapshot["rows"] for snapshot in world.service.snapshots(monitor="m")] == [10, 10]
    wait_for_deliveries(world)
    assert world.kills == 1


def is_taken(service: Service) -> bool:
    with suppress(urllib.error.URLError, OSError, HTTPException):
        status, body = service.post("/v1/monitors/m/inferences", [{"id": f"r{n}", "x": n} for n in range(ROWS)])
        assert status == 202
        assert body["accepted"] + body["duplicates"] == ROWS
        return True
    return False


def wait_for_the_kill(world: World) -> None:
    assert world.service.process is not None
    deadline = time.monotonic() + 60
    while not world.kills:
        assert time.monotonic() < deadline, world.service.log()[-3000:]
        time.sleep(0.02)
    assert world.service.process.wait(10) == -signal.SIGKILL


def wait_for_deliveries(world: World) -> None:
    """Each snapshot is there once, and stays alone."""
    stored = {snapshot["id"] for snapshot in world.service.snapshots(monitor="m")}
    deadline = time.monotonic() + 60
    while {document["id"] for document in world.delivered()} != stored:
        assert time.monotonic() < deadline, world.service.log()[-3000:]
        time.sleep(0.1)
    assert sorted(document["id"] for document in world.delivered()) == sorted(stored)
