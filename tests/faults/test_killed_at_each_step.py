"""kill -9 at each step between a 2xx and the delivery: of the service, before Redis does the step and right after it did
it; of Redis, when nobody has heard yet that it did.

A proxy in front of Redis sees the script of the step go by, and acts at that very moment. One service and one Redis go
through all of it, as they would in years: each accident has a monitor of its own.
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

import pytest

from collector.buffer.redis.store import _load_scripts
from tests.faults.fleet import World, all_evaluated, delivered, world_in

pytestmark = [pytest.mark.e2e, pytest.mark.redis, pytest.mark.timeout(300)]

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
ACCIDENTS = ("service-before", "service-after", "redis")
MONITOR = """
  - id: MONITOR
    columns: {id: id}
    window: {rows: 10}
    reports: [{name: r, metrics: [DatasetSummaryMetric]}]
    forward: [local]
"""


def monitor_of(step: str, accident: str) -> str:
    return f"{accident}-{list(STEPS).index(step)}"


class Case:
    """One accident. State: whether its step was reached."""

    def __init__(self, world: World, workspace: Path, step: str, accident: str) -> None:
        self.service = world.service
        self.redis = world.redis
        self.proxy = world.proxy.proxy
        self.step = step
        self.monitor = monitor_of(step, accident)
        self._workspace = workspace
        self._reached = threading.Event()

    def at_the_step(self, act: Callable[[], None], *, done: bool) -> None:
        """Act when the service comes to it for the first time. `done`: Redis does it all the same."""
        script, with_key, without_key = STEPS[self.step]
        wanted = (_load_scripts()[script].sha.encode(), f"{{{self.monitor}}}".encode(), with_key)

        def look(data: bytes) -> bool:
            if self._reached.is_set() or any(part not in data for part in wanted) or without_key in data:
                return False
            act()
            self._reached.set()
            return not done

        self.proxy.loses = look

    def kill_the_service(self) -> None:
        assert self.service.process is not None
        os.kill(self.service.process.pid, signal.SIGKILL)

    def lose_answers(self) -> None:
        self.proxy.swallow_answers = True

    def wait_for_the_step(self) -> None:
        assert self._reached.wait(60), self.service.log()[-3000:]

    def is_taken(self) -> bool:
        """Whether the rows are acknowledged, now or before."""
        rows = [{"id": f"r{n}", "x": n} for n in range(ROWS)]
        with suppress(urllib.error.URLError, OSError, HTTPException):
            status, body = self.service.post(f"/v1/monitors/{self.monitor}/inferences", rows)
            assert status in (202, 503)
            assert status != 202 or body["accepted"] + body["duplicates"] == ROWS
            return bool(status == 202)
        return False

    def send_until_taken(self) -> None:
        deadline = time.monotonic() + 60
        while not self.is_taken():
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def every_row_counts_once(self) -> None:
        assert self.service.wait_settled(self.monitor) == all_evaluated(ROWS)
        stored = self.service.snapshots(monitor=self.monitor)
        assert [snapshot["rows"] for snapshot in stored] == [10, 10]
        wanted = sorted(snapshot["id"] for snapshot in stored)
        deadline = time.monotonic() + 60
        while set(self._delivered()) != set(wanted):
            assert time.monotonic() < deadline, self.service.log()[-3000:]
            time.sleep(0.1)
        assert self._delivered() == wanted

    def _delivered(self) -> list[str]:
        return sorted(each["id"] for each in delivered(self._workspace) if each["monitor"] == self.monitor)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, workspace: Path) -> Iterator[World]:
    monitors = (MONITOR.replace("MONITOR", monitor_of(step, accident)) for step in STEPS for accident in ACCIDENTS)
    config = f"destinations:\n  local: {{type: local, path: {workspace}}}\nmonitors:{''.join(monitors)}"
    with world_in(tmp_path_factory.mktemp("killed"), config) as made:
        yield made


@pytest.fixture
def begin(world: World, workspace: Path) -> Iterator[Callable[[str, str], Case]]:
    """What a test begins with runs, whatever the one before it has left."""
    world.revive()
    yield lambda step, accident: Case(world, workspace, step, accident)
    world.proxy.proxy.loses = lambda _: False
    world.proxy.proxy.swallow_answers = False


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_every_row_counts_once_although_the_service_is_killed_when(
    begin: Callable[[str, str], Case], step: str, done: bool
) -> None:
    case = begin(step, "service-after" if done else "service-before")
    case.at_the_step(case.kill_the_service, done=done)
    acknowledged = case.is_taken()
    case.wait_for_the_step()
    assert case.service.process is not None
    assert case.service.process.wait(10) == -signal.SIGKILL
    case.service.start()
    if not acknowledged:
        assert case.is_taken()
    case.every_row_counts_once()


@pytest.mark.parametrize("step", STEPS)
def test_every_row_counts_once_although_redis_is_killed_right_after(
    begin: Callable[[str, str], Case], step: str
) -> None:
    case = begin(step, "redis")
    case.at_the_step(case.lose_answers, done=True)
    sender = threading.Thread(target=case.send_until_taken)
    sender.start()
    case.wait_for_the_step()
    time.sleep(0.2)  # Redis writes it to its disk
    case.redis.kill()
    case.proxy.swallow_answers = False
    case.redis.start()
    sender.join(60)
    case.every_row_counts_once()
