"""A service that is killed between a request and its response, and replicas that get one half each, lose no inference."""

import random
import threading
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.redis_server import RedisServer
from tests.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
CONFIG = """
monitors:
  - id: flights
    columns: {id: id, timestamp: at, prediction: score, numerical_features: [distance]}
    window: {every: 1h, idle: 1s}
    reports: [{name: rows, tests: [TestNumberOfRows: {gt: 0}]}]
"""
PAIRS = 150
KILLS = 2
Event = tuple[str, int]


def post(service: Service, event: Event) -> Any:
    """One event as KServe's logger sends it. Raises when there is no answer, or a refusal."""
    side, number = event
    headers = {
        "Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": f"r{number}", "ce-source": "http://x/",
        "ce-type": f"org.kubeflow.serving.inference.{side}", "ce-time": "2024-05-01T10:30:00Z",
        "ce-inferenceservicename": "flights", "ce-namespace": "models",
    }  # fmt: skip
    body: dict[str, object] = {"instances": [[number]]} if side == "request" else {"predictions": [number / PAIRS]}
    status, answer = service.post("/", body, **headers)
    assert status == 200, answer
    return answer


def events(seed: int) -> list[Event]:
    found: list[Event] = [(side, number) for number in range(PAIRS) for side in ("request", "response")]
    random.Random(seed).shuffle(found)
    return found


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path, CONFIG)
    yield made
    made.stop()


def test_a_request_that_was_acknowledged_meets_its_response_after_a_kill(service: Service) -> None:
    service.start()
    assert post(service, ("request", 1))["events"] == {"waiting": 1}
    service.kill()
    service.start()
    answer = post(service, ("response", 1))
    assert (answer["accepted"], answer["events"]) == (1, {"met": 1})


def test_events_that_are_repeated_after_kills_make_each_row_once(service: Service) -> None:
    """Senders repeat what got no answer; whatever the kill interrupted, the repeat completes it."""
    chosen = random.Random(7)
    waiting = events(7)
    for _ in range(KILLS):
        service.start()
        killer = threading.Timer(chosen.uniform(0.05, 0.4), service.kill)
        killer.start()
        waiting = [event for event in waiting if not is_answered(service, event)]
        killer.join()
    service.start()
    assert all(is_answered(service, event) for event in waiting)
    assert service.wait_settled("flights")["accepted"] == PAIRS


def is_answered(service: Service, event: Event) -> bool:
    try:
        post(service, event)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
    return True


@pytest.mark.redis
def test_replicas_that_get_one_half_each_make_each_row_once(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    redis = RedisServer(tmp_path / "redis")
    redis.start()
    replicas = []
    try:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            replicas.append(Service(tmp_path / name, CONFIG, COLLECTOR_BUFFER_URL=redis.url).start())
        shuffled = events(11) + events(12)  # each of them twice
        halves = (shuffled[::2], shuffled[1::2])
        failures: list[Exception] = []

        def run(replica: Service, mine: list[Event]) -> None:
            try:
                for event in mine:
                    post(replica, event)
            except Exception as error:  # noqa: BLE001 - told by the test
                failures.append(error)

        threads = [threading.Thread(target=run, args=each) for each in zip(replicas, halves, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert replicas[0].wait_settled("flights")["accepted"] == PAIRS
    finally:
        for replica in replicas:
            replica.stop()
        redis.kill()
