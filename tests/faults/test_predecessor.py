"""What the retired collector did wrong, and this one must not. docs/reliability.md lists all of it, with the tests that
stand elsewhere.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from collector.clock import ManualClock
from collector.model import SnapshotRecord
from collector.monitor import Monitor
from collector.ports import Buffer, Job
from tests.pipeline.conftest import CountingEvaluator, buffer, clock  # noqa: F401 - fixtures
from tests.pipeline.harness import Pipeline
from tests.service import Service

CONFIG = """
destinations:
  hook: {type: webhook, url: "http://127.0.0.1:9/", secret: hunter2}
monitors:
  - {id: a-bad, columns: {id: id, numerical_features: [x], categorical_features: []}, window: {rows: 2}, reports: [{name: r, metrics: [DatasetSummaryMetric]}]}
  - {id: b-good, columns: {id: id}, window: {rows: 100}, reports: [{name: r, metrics: [DatasetSummaryMetric]}]}
  - {id: c-compared, columns: {id: id}, window: {rows: 2}, reference: {upload: true}, reports: [{name: r, metrics: [DataDriftPreset]}], forward: [hook]}
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    made = Service(tmp_path_factory.mktemp("service"), CONFIG)
    made.start()
    yield made
    made.stop()


class SlowEvaluator(CountingEvaluator):
    """Takes as long as the test wants."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.go_on = asyncio.Event(), asyncio.Event()

    async def evaluate(self, job: Job) -> Sequence[SnapshotRecord]:
        self.began.set()
        await self.go_on.wait()
        return await super().evaluate(job)


@pytest.mark.asyncio
async def test_receiving_does_not_wait_for_an_evaluation(buffer: Buffer, clock: ManualClock, tmp_path: Path):  # noqa: F811
    evaluator = SlowEvaluator()
    pipeline = Pipeline(buffer, evaluator, clock, tmp_path)
    wish = Monitor.model_validate(
        {"id": "m", "columns": {"id": "id"}, "window": {"rows": 2}, "reports": [{"name": "r", "metrics": ["M"]}]}
    )
    await pipeline.watch(wish)
    await pipeline.send(wish, ["a", "b"], [0, 0])
    working = asyncio.create_task(pipeline.work())
    await evaluator.began.wait()
    receipt = await asyncio.wait_for(pipeline.send(wish, ["c"], [0]), 5)  # of the very monitor
    assert receipt.accepted == 1
    assert not working.done()
    evaluator.go_on.set()
    await working


@pytest.mark.e2e
def test_a_malformed_payload_is_refused_and_stops_no_monitor(service: Service):
    for body in (b'{"data": "not a frame"}', b"[1, 2", b"null", b'[{"id": "r", "x": [1]}]', b"\xff\xfe"):
        status, told = service.call("POST", "/v1/monitors/a-bad/inferences", body, {"Content-Type": "application/json"})
        assert status in (400, 422), told
    good = [{"id": f"g{n}", "x": n} for n in range(200)]
    assert service.post("/v1/monitors/b-good/inferences", good)[0] == 202
    assert service.wait_settled("b-good")["evaluated"] >= 200


@pytest.mark.e2e
def test_a_window_of_so_many_rows_counts_rows_not_requests(service: Service):
    before = len(service.snapshots(monitor="b-good"))
    assert service.post("/v1/monitors/b-good/inferences", [{"id": f"once{n}", "x": n} for n in range(1000)])[0] == 202
    service.wait_settled("b-good")
    assert len(service.snapshots(monitor="b-good")) == before + 10


@pytest.mark.e2e
def test_a_reference_sent_through_the_api_is_found_and_a_failure_is_seen(service: Service):
    rows = [{"x": float(n)} for n in range(50)]
    status, told = service.call("PUT", "/v1/monitors/c-compared/reference", str(rows).replace("'", '"').encode(),
                                {"Content-Type": "application/json"})  # fmt: skip
    assert (status, told["rows"]) == (200, 50)
    service.post("/v1/monitors/c-compared/inferences", [{"id": "a", "x": 1.0}, {"id": "b", "x": 2.0}])
    service.wait_settled("c-compared")
    (snapshot,) = service.snapshots(monitor="c-compared")
    assert snapshot["reference"] == {"version": 1, "rows": 50}


@pytest.mark.e2e
def test_no_answer_holds_a_secret(service: Service):
    for path in ("/v1/monitors", "/v1/monitors/c-compared", "/metrics", "/openapi.json"):
        status, told = service.get(path)
        assert status == 200
        assert "hunter2" not in str(told)
    assert "hunter2" not in service.log()


@pytest.mark.e2e
def test_a_monitor_without_an_id_is_a_mistake_with_its_line_not_an_error_at_every_tick(tmp_path: Path):
    config = tmp_path / "collector.yaml"
    config.write_text("monitors:\n  - window: {rows: 2}\n")
    ended = subprocess.run(
        [sys.executable, "-m", "collector", "serve", "--config", str(config)],
        capture_output=True, text=True, timeout=60, check=False, env=os.environ | {"COLLECTOR_DATA_DIR": str(tmp_path)},
    )  # fmt: skip
    assert ended.returncode == 2
    assert "collector.yaml:2: monitors[0]: the key 'id' is missing" in ended.stderr


@pytest.mark.e2e
def test_monitors_can_be_listed_and_deleted_and_the_service_is_measured(service: Service):
    assert service.call("PUT", "/v1/monitors/new", b"{}")[0] == 201
    assert "new" in [each["id"] for each in service.get("/v1/monitors")[1]["monitors"]]
    assert service.call("DELETE", "/v1/monitors/new")[0] == 200
    assert service.get("/v1/monitors/new")[0] == 404
    assert service.get("/livez")[0] == service.get("/readyz")[0] == service.get("/metrics")[0] == 200
