"""kill -9 at each step between a 2xx and the delivery: of the service, before Redis does the step and right after it did
it; of Redis, when nobody has heard yet that it did.

A proxy in front of Redis sees the script of the step go by, and acts at that very moment.
"""

import os
import signal
import threading
import time
import urllib.error
from collections.abc import Callable, Iterator
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
    """A Redis, a proxy, a service that knows Redis by the proxy's address. State: whether the step was reached."""

    def __init__(self, directory: Path, redis: RedisServer, proxy: ProxyThread) -> None:
        self.redis = redis
        self.proxy = proxy.proxy
        self.workspace = directory / "workspace"
        config = CONFIG.replace("WORKSPACE", str(self.workspace))
        self.service = Service(directory / "service", config, COLLECTOR_BUFFER_URL=f"redis://127.0.0.1:{proxy.port}/0")
        self.reached = threading.Event()

    def at(self, step: str, act: Callable[[], None], *, done: bool) -> None:
        """Act when the service comes to this step for the first time. `done`: Redis does it all the same."""
        script, with_key, without_key = STEPS[step]
        name = _load_scripts()[script].sha.encode()

        def look(data: bytes) -> bool:
            if self.reached.is_set() or name not in data or with_key not in data or without_key in data:
                return False
            act()
            self.reached.set()
            return not done

        self.proxy.loses = look

    def kill_the_service(self) -> None:
        assert self.service.process is not None
        os.kill(self.service.process.pid, signal.SIGKILL)

    def lose_answers(self) -> None:
        self.proxy.swallow_answers = True

    def wait_for_the_step(self) -> None:
        assert self.reached.wait(60), self.service.log()[-3000:]

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
            made = World(tmp_path, redis, proxy)
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
    world.at(step, world.kill_the_service, done=done)
    acknowledged = is_taken(world.service)
    world.wait_for_the_step()
    assert world.service.process is not None
    assert world.service.process.wait(10) == -signal.SIGKILL
    world.service.start()
    if not acknowledged:
        assert is_taken(world.service)
    every_row_counts_once(world)


@pytest.mark.parametrize("step", STEPS)
def test_every_row_counts_once_although_redis_is_killed_right_after(world: World, step: str) -> None:
    world.service.start()
    world.at(step, world.lose_answers, done=True)
    sender = threading.Thread(target=send_until_taken, args=(world.service,))
    sender.start()
    world.wait_for_the_step()
    time.sleep(0.2)  # Redis writes it to its disk
    world.redis.kill()
    world.proxy.swallow_answers = False
    world.redis.start()
    sender.join(60)
    every_row_counts_once(world)


def every_row_counts_once(world: World) -> None:
    assert world.service.wait_settled("m") == {
        "accepted": ROWS, "evaluated": ROWS, "dead_lettered": 0, "dropped": {}, "waiting": 0,
    }  # fmt: skip
    assert [snapshot["rows"] for snapshot in world.service.snapshots(monitor="m")] == [10, 10]
    wait_for_deliveries(world)


def send_until_taken(service: Service) -> None:
    deadline = time.monotonic() + 60
    while not is_taken(service):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def is_taken(service: Service) -> bool:
    with suppress(urllib.error.URLError, OSError, HTTPException):
        status, body = service.post("/v1/monitors/m/inferences", [{"id": f"r{n}", "x": n} for n in range(ROWS)])
        assert status in (202, 503)
        assert status != 202 or body["accepted"] + body["duplicates"] == ROWS
        return bool(status == 202)
    return False


def wait_for_deliveries(world: World) -> None:
    """Each snapshot is there once, and stays alone."""
    stored = {snapshot["id"] for snapshot in world.service.snapshots(monitor="m")}
    deadline = time.monotonic() + 60
    while {document["id"] for document in world.delivered()} != stored:
        assert time.monotonic() < deadline, world.service.log()[-3000:]
        time.sleep(0.1)
    assert sorted(document["id"] for document in world.delivered()) == sorted(stored)
