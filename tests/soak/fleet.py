"""What the soak looks at: one Redis, two receivers, two workers, all of them processes of their own on this machine."""

import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import orjson
from redis.exceptions import RedisError

from tests.redis_server import RedisServer
from tests.service import Service

CONFIG = """
destinations:
  local: {type: local, path: WORKSPACE}
monitors:
  - id: flights
    columns: {id: id, timestamp: at, target: delayed, prediction: p, numerical_features: [distance], categorical_features: [carrier]}
    window: {every: 10s, lateness: 2s, idle: 2s, keep: 20s}
    labels: {wait: 5s, keep: 20s}
    reports:
      - {name: quality, metrics: [DatasetSummaryMetric], tests: [TestShareOfMissingValues: {lte: 0.5}]}
      - {name: performance, needs_target: true, metrics: [ClassificationQualityMetric]}
    forward: [local]
  - id: others
    columns: {id: id}
    window: {rows: 500, keep: 20s}
    reports: [{name: quality, metrics: [DatasetSummaryMetric]}]
    forward: [local]
"""
SETTINGS = {"COLLECTOR_KEEP_SNAPSHOTS": "500", "COLLECTOR_MAX_FUTURE_SECONDS": "600", "COLLECTOR_SHUTDOWN_SECONDS": "5"}


class Fleet:
    """State: the processes, and what was done to them."""

    def __init__(self, folder: Path) -> None:
        self.workspace = folder / "workspace"
        (folder / "redis").mkdir()
        self.redis = RedisServer(folder / "redis", "--appendonly", "yes", "--appendfsync", "always")
        config = CONFIG.replace("WORKSPACE", str(self.workspace))
        self.receivers = [self._service(folder / f"receiver-{n}", config) for n in range(2)]
        self.workers = [self._service(folder / f"worker-{n}", config) for n in range(2)]
        self.accidents: dict[str, int] = {}
        self._deck: list[Callable[[random.Random], None]] = []

    def _service(self, folder: Path, config: str) -> Service:
        folder.mkdir()
        return Service(folder, config, COLLECTOR_BUFFER_URL=self.redis.url, **SETTINGS)

    def start(self) -> None:
        self.redis.start()
        for receiver in self.receivers:
            receiver.start("--role", "receive")
        for worker in self.workers:
            worker.start("--role", "work")

    def stop(self) -> None:
        for service in (*self.receivers, *self.workers):
            service.stop()
        self.redis.kill()

    def accident(self, draw: random.Random) -> None:
        """Something happens to one of them, and it is put right again, as an operator or Kubernetes would."""
        if not self._deck:  # each kind has its turn, in an order that nobody knows
            self._deck = [
                self._kill_a_receiver, self._kill_a_worker, self._kill_evaluations, self._kill_redis, self._freeze_a_worker,
            ]  # fmt: skip
            draw.shuffle(self._deck)
        happen = self._deck.pop()
        name = happen.__name__.strip("_").replace("_", " ")
        self.accidents[name] = self.accidents.get(name, 0) + 1
        happen(draw)

    def _kill_a_receiver(self, draw: random.Random) -> None:
        receiver = draw.choice(self.receivers)
        receiver.kill()
        receiver.start("--role", "receive")

    def _kill_a_worker(self, draw: random.Random) -> None:
        worker = draw.choice(self.workers)
        worker.kill()
        worker.start("--role", "work")

    def _kill_evaluations(self, draw: random.Random) -> None:
        for pid in draw.choice(self.workers).family()[1:]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _kill_redis(self, draw: random.Random) -> None:
        self.redis.kill()
        time.sleep(draw.uniform(0.1, 1))
        self.redis.start()

    def _freeze_a_worker(self, draw: random.Random) -> None:
        process = draw.choice(self.workers).process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        time.sleep(draw.uniform(2, 5))  # longer than its leases
        process.send_signal(signal.SIGCONT)

    def memory_mib(self) -> Mapping[str, float]:
        """Resident memory of the receivers, of the workers with their evaluation processes, and of Redis' data."""
        found = {
            "receivers": sum(_resident_mib(service) for service in self.receivers),
            "workers": sum(_resident_mib(service) for service in self.workers),
        }
        with suppress(OSError, ValueError, RedisError), self.redis.client() as client:
            found["redis data"] = int(client.info("memory")["used_memory"]) / 2**20
        return found

    def delivered(self) -> Mapping[str, Mapping[str, object]]:
        """The snapshots at the destination, by id."""
        documents = [orjson.loads(path.read_bytes()) for path in self.workspace.rglob("*.json")]
        return {document["id"]: document for document in documents if document.get("schema") == 1}


def _resident_mib(service: Service) -> float:
    total = 0
    for pid in service.family():
        with suppress(OSError):
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return total * os.sysconf("SC_PAGE_SIZE") / 2**20
