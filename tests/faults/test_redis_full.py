"""Redis is at its memory limit, and nobody raises it: what waits is evaluated and forgotten until there is room."""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.redis_server import RedisServer
from tests.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.redis, pytest.mark.timeout(300)]

CONFIG = """
monitors:
  - id: wide
    columns: {numerical_features: [distance], text_features: [note]}
    window: {every: 10s}
    reference: {path: reference.json}
    reports: [{name: quality, metrics: [DatasetMissingValuesMetric]}]
"""
REQUESTS = 20
NOTE_BYTES = 2_000
ROWS = 50
ABOVE_BYTES = REQUESTS * ROWS * NOTE_BYTES // 4
"""So far above its limit Redis is: less than the rows take that wait, more than anything else of ours."""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    (tmp_path / "redis").mkdir()
    server = RedisServer(tmp_path / "redis")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def service(tmp_path: Path, redis: RedisServer) -> Iterator[Service]:
    (tmp_path / "reference.json").write_text(json.dumps(request()))
    made = Service(tmp_path, CONFIG, COLLECTOR_BUFFER_URL=redis.url)
    made.start()
    yield made
    made.stop()


def request() -> list[dict[str, object]]:
    return [{"distance": float(row), "note": secrets.token_hex(NOTE_BYTES // 2)} for row in range(ROWS)]


def wait_until_alive(service: Service) -> None:
    deadline = time.monotonic() + 100
    while service.runs and time.monotonic() < deadline:
        with suppress(OSError):
            if service.get("/livez")[0] == 200:
                return
        time.sleep(0.1)
    raise AssertionError(service.log()[-2000:])


def test_a_redis_above_its_limit_comes_below_it_by_the_work_alone(redis: RedisServer, service: Service) -> None:
    for _ in range(REQUESTS):
        assert service.post("/v1/monitors/wide/inferences", request())[0] == 202
    with redis.client() as client:
        client.config_set("maxmemory", client.info("memory")["used_memory"] - ABOVE_BYTES)
    status, answer = service.post("/v1/monitors/wide/inferences", request())
    assert status == 503
    assert "memory limit" in answer["detail"]
    service.kill()  # who starts at such a Redis must work too, or nobody does
    service.launch()
    wait_until_alive(service)

    deadline = time.monotonic() + 120
    while status != 202:
        assert time.monotonic() < deadline, f"{answer}: {service.log()[-2000:]}"
        time.sleep(0.5)
        status, answer = service.post("/v1/monitors/wide/inferences", request())
    rows = service.wait_settled("wide")
    assert (rows["accepted"], rows["evaluated"]) == ((REQUESTS + 1) * ROWS,) * 2
