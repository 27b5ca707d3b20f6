"""The service starts while its Redis is not there yet: it waits, and can be stopped meanwhile."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redis_server import RedisServer
from tests.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.redis, pytest.mark.timeout(300)]

CONFIG = """
monitors:
  - id: m
    columns: {id: id}
    window: {rows: 2}
    reports: [{name: quality, metrics: [DatasetMissingValuesMetric]}]
"""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    (tmp_path / "redis").mkdir()
    server = RedisServer(tmp_path / "redis")
    yield server
    server.kill()


@pytest.fixture
def waiting(tmp_path: Path, redis: RedisServer) -> Iterator[Service]:
    """A service that waits for its Redis."""
    made = Service(tmp_path, CONFIG, COLLECTOR_BUFFER_URL=redis.url)
    made.launch()
    deadline = time.monotonic() + 60
    while "waiting for the buffer: Redis: it cannot be reached" not in made.log():
        assert made.runs, made.log()
        assert time.monotonic() < deadline, made.log()
        time.sleep(0.05)
    yield made
    made.stop()


def test_a_redis_that_comes_later_is_waited_for(redis: RedisServer, waiting: Service) -> None:
    redis.start()
    waiting.wait_ready()
    assert waiting.post("/v1/monitors/m/inferences", [{"id": "a", "x": 1}, {"id": "b", "x": 2}])[0] == 202
    assert waiting.wait_settled("m")["evaluated"] == 2


def test_who_waits_for_redis_can_be_stopped(waiting: Service) -> None:
    assert waiting.stop() == 0
