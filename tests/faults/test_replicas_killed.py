"""Receivers and workers on one Redis: any of them is killed, Redis too, and every row still counts once in effect."""

import os
import random
import signal
import time
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.fleet import SYNCED, all_evaluated, delivered
from tests.redis_server import RedisServer
from tests.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.redis, pytest.mark.timeout(240)]

MONITORS = """
  - id: flights-CASE
    columns: {id: id, timestamp: at, numerical_features: [distance], categorical_features: [carrier]}
    window: {every: 1h, idle: 1s}
    reports: [{name: quality, metrics: [DatasetSummaryMetric]}]
    forward: [local]
  - id: others-CASE
    columns: {id: id}
    window: {rows: 25}
    reports: [{name: quality, metrics: [DatasetSummaryMetric]}]
    forward: [local]
"""


class Cluster:
    """One Redis, one receiver, two workers, all of them processes of their own."""

    def __init__(self, directory: Path, *cases: str) -> None:
        """Each case has monitors of its own."""
        for name in ("redis", "receiver", "worker-1", "worker-2"):
            (directory / name).mkdir()
        self.workspace = directory / "workspace"
        self.redis = RedisServer(directory / "redis", *SYNCED)
        config = f"destinations:\n  local: {{type: local, path: {self.workspace}}}\nmonitors:"
        config += "".join(MONITORS.replace("CASE", case) for case in cases)
        services = [
            Service(directory / name, config, COLLECTOR_BUFFER_URL=self.redis.url)
            for name in ("receiver", "worker-1", "worker-2")
        ]
        self.receiver, *self.workers = services

    def start(self) -> None:
        """What does not run."""
        if not self.redis.runs:
            self.redis.start()
        if not self.receiver.runs:
            self.receiver.start("--role", "receive")
        for worker in self.workers:
            if not worker.runs:
                worker.start("--role", "work")

    def stop(self) -> None:
        for service in (self.receiver, *self.workers):
            service.stop()
        self.redis.kill()


class Sender:
    """Sends rows of both monitors until they are acknowledged, as the SDK would."""

    def __init__(self, cluster: Cluster, case: str) -> None:
        self.cluster = cluster
        self.flights, self.others = f"flights-{case}", f"others-{case}"
        self.sent = 0

    def send(self, count: int) -> None:
        numbers = range(self.sent, self.sent + count)
        flights = [
            {"id": f"r{n}", "at": f"2024-05-01T{n % 5:02}:30:00Z", "distance": float(n), "carrier": "AA"}
            for n in numbers
        ]
        self._until_taken(self.flights, flights)
        self._until_taken(self.others, [{"id": f"o{n}", "x": n} for n in numbers])
        self.sent += count

    def _until_taken(self, monitor: str, rows: list[dict[str, object]]) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                status, body = self.cluster.receiver.post(f"/v1/monitors/{monitor}/inferences", rows)
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                status, body = 0, {}
            if status == 202:
                assert body["accepted"] + body["duplicates"] == len(rows), body
                return
            assert status in (0, 429, 503), (status, body)
            time.sleep(0.1)
        raise AssertionError(f"rows of {monitor} were never taken")


def kill_a_worker(cluster: Cluster, draw: random.Random) -> None:
    worker = draw.choice(cluster.workers)
    worker.kill()
    worker.start("--role", "work")


def kill_evaluation_processes(cluster: Cluster, _: random.Random) -> None:
    """As the kernel does when memory is short: those that compute a window, and whoever starts them."""
    for worker in cluster.workers:
        for pid in worker.family()[1:]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def kill_the_receiver(cluster: Cluster, _: random.Random) -> None:
    cluster.receiver.kill()
    cluster.receiver.start("--role", "receive")


def kill_redis(cluster: Cluster, draw: random.Random) -> None:
    cluster.redis.kill()
    time.sleep(draw.uniform(0, 1))
    cluster.redis.start()


def freeze_a_worker(cluster: Cluster, draw: random.Random) -> None:
    """As a long pause of its machine: it wakes up when its leases are others' since long."""
    process = draw.choice(cluster.workers).process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    time.sleep(4)  # its leases last two seconds
    process.send_signal(signal.SIGCONT)


ACCIDENTS = (kill_a_worker, kill_evaluation_processes, kill_the_receiver, kill_redis, freeze_a_worker)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"), *(accident.__name__ for accident in ACCIDENTS))
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def cluster(running: Cluster) -> Cluster:
    """All of it runs, whatever an accident has left."""
    running.start()
    return running


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda each: each.__name__)
def test_every_row_counts_once_although(cluster: Cluster, accident: Callable[[Cluster, random.Random], None]) -> None:
    draw = random.Random(accident.__name__)
    sender = Sender(cluster, accident.__name__)
    for _ in range(2):
        for _ in range(4):
            sender.send(25)
        time.sleep(draw.uniform(0, 1))
        accident(cluster, draw)
    sender.send(25)
    assert cluster.receiver.call("POST", f"/v1/monitors/{sender.others}/flush")[0] == 202
    for monitor in (sender.flights, sender.others):
        assert cluster.receiver.wait_settled(monitor) == all_evaluated(sender.sent)
    wait_until_delivered(sender)


def wait_until_delivered(sender: Sender) -> None:
    """Every snapshot is at the destination, once, and their rows add up."""
    cluster, monitors = sender.cluster, (sender.flights, sender.others)
    deadline = time.monotonic() + 90
    found: dict[str, dict[str, int]] = {}
    while time.monotonic() < deadline:
        arrived = {each["id"]: each["rows"] for each in delivered(cluster.workspace) if each["monitor"] in monitors}
        stored = {
            monitor: {each["id"]: each["rows"] for each in cluster.receiver.snapshots(monitor=monitor)}
            for monitor in monitors
        }
        found = {**stored, "delivered": arrived}
        if arrived == stored[sender.flights] | stored[sender.others] and all(
            sum(rows.values()) == sender.sent for rows in stored.values()
        ):
            assert len(stored[sender.flights]) == 5
            assert set(stored[sender.others].values()) == {25}
            return
        time.sleep(0.3)
    raise AssertionError(f"{sender.sent} rows were sent to each monitor; found {found}")
