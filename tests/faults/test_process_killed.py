"""The service is killed with SIGKILL between a 2xx and the delivery: no accepted row is lost, none counts twice."""

import random
import time
import urllib.error
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.snapshot import Snapshot
from tests.faults.fleet import delivered
from tests.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

CONFIG = """
destinations:
  local: {type: local, path: WORKSPACE}
monitors:
  - id: flights
    columns:
      id: id
      timestamp: at
      numerical_features: [distance]
      categorical_features: [carrier]
    window: {every: 1h, idle: 1s}
    reports:
      - name: quality
        metrics: [DatasetSummaryMetric]
        tests: [TestNumberOfRows: {gt: 0}]
    forward: [local]
"""
HOURS = 6


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path, CONFIG.replace("WORKSPACE", str(tmp_path / "workspace")))
    yield made
    made.stop()


def row(number: int) -> dict[str, object]:
    hour = number % HOURS
    return {"id": f"r{number}", "at": f"2024-05-01T{hour:02}:30:00Z", "distance": float(number), "carrier": "AA"}


def send(service: Service, first: int, count: int) -> bool:
    """One request; says whether it was acknowledged. A request without an answer may or may not be stored."""
    try:
        status, body = service.post("/v1/monitors/flights/inferences", [row(n) for n in range(first, first + count)])
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
    assert status == 202, body
    assert body["accepted"] + body["duplicates"] == count, body
    return True


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rows_acknowledged_before_a_kill_are_evaluated_exactly_once_in_effect(service: Service, seed: int):
    draw = random.Random(seed)
    service.start()
    sent = 0
    for _ in range(3):
        for _ in range(draw.randint(3, 15)):
            assert send(service, sent, 20)
            sent += 20
        time.sleep(draw.uniform(0, 1.5))
        service.kill()
        assert not send(service, sent, 20)  # nobody is there; the sender repeats it later
        service.start()
        assert send(service, sent, 20)
        sent += 20
    rows = service.wait_settled("flights")
    assert rows["accepted"] == sent
    assert rows["evaluated"] == sent
    assert rows["dead_lettered"] == 0
    assert_each_row_counts_once(service, sent)


def test_a_request_repeated_because_its_answer_was_lost_counts_once(service: Service):
    service.start()
    assert send(service, 0, 50)
    service.kill()
    service.start()
    assert send(service, 0, 50)
    assert service.wait_settled("flights")["accepted"] == 50
    assert_each_row_counts_once(service, 50)


def assert_each_row_counts_once(service: Service, sent: int) -> None:
    expected = Counter(row(number)["at"] for number in range(sent))
    snapshots = wait_for_rows(service, sent)
    assert {s["window"]["start"][:13] for s in snapshots} == {str(at)[:13] for at in expected}
    assert len({s["id"] for s in snapshots}) == len(snapshots) == len(expected)
    arrived = [Snapshot.from_dict(each) for each in delivered(service.directory / "workspace")]
    assert {s["id"]: s["rows"] for s in snapshots} == {s.id: s.rows for s in arrived}


def wait_for_rows(service: Service, sent: int) -> list[dict[str, Any]]:
    """Until the newest revisions are made and delivered."""
    deadline = time.monotonic() + 60
    snapshots: list[dict[str, Any]] = []
    while time.monotonic() < deadline:
        snapshots = service.snapshots(monitor="flights")
        arrived = sum(each["rows"] for each in delivered(service.directory / "workspace"))
        if sum(int(str(s["rows"])) for s in snapshots) == sent == arrived:
            return snapshots
        time.sleep(0.2)
    raise AssertionError(f"{sent} rows were sent, the snapshots say {snapshots}\n{service.log()[-3000:]}")
