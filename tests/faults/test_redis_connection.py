"""Between the service and Redis something fails while rows come: each is told so, repeated, and counts once."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.fleet import World, all_evaluated, world_in
from tests.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.redis, pytest.mark.timeout(300)]

MONITORS = """
  - id: named-CASE
    columns: {id: id, timestamp: at, numerical_features: [distance]}
    window: {every: 1h, idle: 1s}
    reports: [{name: quality, metrics: [DatasetSummaryMetric]}]
  - id: nameless-CASE
    columns: {numerical_features: [distance]}
    window: {rows: 20}
    reports: [{name: quality, metrics: [DatasetSummaryMetric]}]
"""
ROWS = 10
HOURS = 4


def config(*cases: str) -> str:
    """Each case has monitors of its own."""
    return "monitors:" + "".join(MONITORS.replace("CASE", case) for case in cases)


class Sender(threading.Thread):
    """Sends requests, one after the other, each until it is taken, as the SDK does. Remembers what it was told."""

    def __init__(self, service: Service, case: str) -> None:
        super().__init__(name="sender")
        self.service = service
        self.case = case
        self.taken = 0
        self.told: Counter[int] = Counter()
        self.without_retry_after = 0
        self.known = 0
        self._ending = threading.Event()

    def run(self) -> None:
        while not self._ending.is_set():
            numbers = range(self.taken * ROWS, (self.taken + 1) * ROWS)
            named = [{"id": f"r{n}", "at": f"2024-05-01T{n % HOURS:02}:30:00Z", "distance": float(n)} for n in numbers]
            self._until_taken(f"named-{self.case}", named, None)
            nameless = [{"distance": float(n)} for n in numbers]
            self._until_taken(f"nameless-{self.case}", nameless, f"k{self.taken}")
            self.taken += 1
            time.sleep(0.01)

    def _until_taken(self, monitor: str, rows: list[dict[str, Any]], key: str | None) -> None:
        while (status := self._send(monitor, rows, key)) != 202:
            assert status in (0, 429, 503), status
            time.sleep(0.1)

    def _send(self, monitor: str, rows: list[dict[str, Any]], key: str | None) -> int:
        headers = {"Content-Type": "application/json", **({} if key is None else {"Idempotency-Key": key})}
        request = urllib.request.Request(
            f"{self.service.url}/v1/monitors/{monitor}/inferences", json.dumps(rows).encode(), headers, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status = int(answer.status)
                body = json.loads(answer.read())
                assert body["accepted"] + body["duplicates"] == len(rows), body
                self.known += body["duplicates"]
        except urllib.error.HTTPError as error:
            status = error.code
            self.without_retry_after += error.headers.get("Retry-After") is None
        except OSError:
            status = 0
        self.told[status] += 1
        return status

    def stop(self) -> None:
        self._ending.set()
        self.join(120)
        assert not self.is_alive(), "a request was never taken"


def connections_are_cut(world: World) -> None:
    for _ in range(5):
        world.proxy.cut()
        time.sleep(0.1)


def the_network_is_slow(world: World) -> None:
    world.proxy.proxy.delay_seconds = 0.3
    time.sleep(3)
    world.proxy.proxy.delay_seconds = 0.0


def connections_are_half_open(world: World) -> None:
    world.proxy.proxy.silent = True
    time.sleep(11)  # longer than the service waits for an answer
    world.proxy.proxy.silent = False


def answers_are_lost(world: World) -> None:
    world.proxy.proxy.swallow_answers = True
    time.sleep(11)
    world.proxy.proxy.swallow_answers = False


def nobody_listens(world: World) -> None:
    world.proxy.proxy.refuses = True
    world.proxy.cut()
    time.sleep(2)
    world.proxy.proxy.refuses = False


def redis_is_out_of_memory(world: World) -> None:
    with world.redis.client() as client:
        client.config_set("maxmemory", "1mb")
        time.sleep(2)
        client.config_set("maxmemory", "0")


def redis_is_a_replica_for_a_while(world: World) -> None:
    with world.redis.client() as client:
        client.replicaof("127.0.0.1", "1")
        time.sleep(2)
        client.replicaof("NO", "ONE")


def redis_is_killed_and_started_again(world: World) -> None:
    world.redis.kill()
    time.sleep(1)
    world.redis.start()


ACCIDENTS: list[tuple[Callable[[World], None], bool]] = [
    # Whether senders must have been told to wait meanwhile.
    (connections_are_cut, False),
    (the_network_is_slow, False),
    (connections_are_half_open, True),
    (answers_are_lost, True),
    (nobody_listens, True),
    (redis_is_out_of_memory, True),
    (redis_is_a_replica_for_a_while, True),
    (redis_is_killed_and_started_again, True),
]


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    cases = (accident.__name__ for accident, _ in ACCIDENTS)
    with world_in(tmp_path_factory.mktemp("synced"), config(*cases)) as made:
        yield made


@pytest.mark.parametrize(("accident", "told"), ACCIDENTS, ids=[accident.__name__ for accident, _ in ACCIDENTS])
def test_every_row_counts_once_although(synced: World, accident: Callable[[World], None], told: bool) -> None:
    synced.revive()
    sender = Sender(synced.service, accident.__name__)
    sender.start()
    wait_for_requests(sender, 5)
    accident(synced)
    wait_for_requests(sender, sender.taken + 5)
    sender.stop()
    assert (sender.told[503] > 0) >= told, sender.told
    assert sender.without_retry_after == 0
    assert set(sender.told) <= {202, 503}, sender.told
    assert_rows_are_where_they_belong(sender)


def test_redis_that_forgot_everything_is_filled_anew_and_the_account_balances(tmp_path: Path) -> None:
    """Without a file acknowledged rows are gone with their whole account: what comes after counts as always."""
    with world_in(tmp_path, config("forgotten"), ()) as world:
        sender = Sender(world.service, "forgotten")
        sender.start()
        wait_for_requests(sender, 5)
        redis_is_killed_and_started_again(world)
        wait_for_requests(sender, sender.taken + 10)
        sender.stop()
        assert set(sender.told) <= {202, 503}, sender.told
        for monitor in ("named-forgotten", "nameless-forgotten"):
            rows = settled(world.service, monitor)
            assert 0 < rows["accepted"] < sender.taken * ROWS
            assert rows["evaluated"] == rows["accepted"]
            assert rows["dead_lettered"] == 0
            assert rows["dropped"] == {}


def test_redis_that_syncs_every_second_and_is_killed_has_what_is_older(tmp_path: Path) -> None:
    """It writes before it answers, unless its disk is slow; then it puts off by two seconds at most what is at risk."""
    with world_in(tmp_path, config("older"), ("--appendonly", "yes", "--appendfsync", "everysec")) as world:
        sender = Sender(world.service, "older")
        sender.start()
        wait_for_requests(sender, 5)
        sender.stop()
        time.sleep(2.5)
        redis_is_killed_and_started_again(world)
        again = Sender(world.service, "older")
        again.start()  # the same rows: known ones are duplicates
        wait_for_requests(again, sender.taken + 5)
        again.stop()
        assert_rows_are_where_they_belong(again)
        assert again.known >= 2 * sender.taken * ROWS
        assert "redis+aof" in world.service.log()


def wait_for_requests(sender: Sender, count: int) -> None:
    deadline = time.monotonic() + 60
    while sender.taken < count:
        assert time.monotonic() < deadline, f"rows are not taken any more: {sender.told}"
        assert sender.is_alive()
        time.sleep(0.02)


def settled(service: Service, monitor: str) -> dict[str, Any]:
    assert service.call("POST", f"/v1/monitors/{monitor}/flush")[0] == 202
    return service.wait_settled(monitor)


def assert_rows_are_where_they_belong(sender: Sender) -> None:
    service, sent = sender.service, sender.taken * ROWS
    named, nameless = f"named-{sender.case}", f"nameless-{sender.case}"
    for monitor in (named, nameless):
        assert settled(service, monitor) == all_evaluated(sent)
    by_window = {s["window"]["start"]: s["rows"] for s in service.snapshots(monitor=named)}
    expected = Counter(f"2024-05-01T{n % HOURS:02}" for n in range(sent))
    assert {start[:13]: rows for start, rows in by_window.items()} == expected
    assert sum(s["rows"] for s in service.snapshots(monitor=nameless)) == sent
