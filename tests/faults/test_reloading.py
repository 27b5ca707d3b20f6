"""SIGHUP while rows come in: the new configuration holds, no row is lost, and a wrong file changes nothing."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.fleet import all_evaluated, delivered
from tests.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

BEFORE = """
destinations:
  one: {type: local, path: ONE}
monitors:
  - {id: m, columns: {id: id}, window: {rows: 50}, reports: [{name: r, metrics: [DatasetSummaryMetric]}], forward: [one]}
"""
AFTER = """
destinations:
  one: {type: local, path: ONE}
  two: {type: local, path: TWO}
monitors:
  - {id: m, columns: {id: id}, window: {rows: 50}, reports: [{name: r, metrics: [DatasetSummaryMetric]}], forward: [one, two]}
  - {id: new, columns: {id: id}, window: {rows: 1}, reports: [{name: r, metrics: [DatasetSummaryMetric]}], forward: [two]}
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path, placed(tmp_path, BEFORE))
    yield made
    made.stop()


def placed(folder: Path, text: str) -> str:
    return text.replace("ONE", str(folder / "one")).replace("TWO", str(folder / "two"))


def hang_up(service: Service, text: str) -> None:
    assert service.process is not None
    service._config.write_text(placed(service.directory, text))
    service.process.send_signal(signal.SIGHUP)


def until(holds: Callable[[], object], what: str, service: Service) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, f"{what}\n{service.log()[-3000:]}"
        time.sleep(0.1)


def test_a_new_configuration_holds_and_no_row_is_lost_meanwhile(service: Service):
    service.start()
    sent = 0
    stopping = threading.Event()

    def send() -> None:
        nonlocal sent
        while not stopping.is_set():
            status, body = service.post(
                "/v1/monitors/m/inferences", [{"id": f"r{sent + n}", "x": n} for n in range(10)]
            )
            assert (status, body["accepted"]) == (202, 10)
            sent += 10
            time.sleep(0.01)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        for text in (AFTER, BEFORE, AFTER):
            hang_up(service, text)
            wanted = 200 if text is AFTER else 404
            until(lambda wanted=wanted: service.get("/v1/monitors/new")[0] == wanted, "the new monitor", service)  # type: ignore[misc]
    finally:
        stopping.set()
        sender.join()
    assert service.post("/v1/monitors/new/inferences", [{"id": "a", "x": 1}])[0] == 202
    until(lambda: delivered(service.directory / "two"), "nothing came to the new destination", service)
    service.call("POST", "/v1/monitors/m/flush")
    assert service.wait_settled("m") == all_evaluated(sent)
    assert b'collector_configuration_reloads_total{outcome="taken"} 3.0' in service.get("/metrics")[1].encode()


def test_a_wrong_file_is_refused_with_its_line_and_the_old_configuration_stays(service: Service):
    service.start()
    hang_up(service, AFTER.replace("rows: 1}", "rows: banana}"))
    until(lambda: "the configuration stays as it was" in service.log(), "no line in the log", service)
    assert "monitors[1].window.rows" in service.log()
    assert service.get("/v1/monitors/new")[0] == 404
    service.post("/v1/monitors/m/inferences", [{"id": f"r{n}", "x": n} for n in range(50)])
    assert service.wait_settled("m")["evaluated"] == 50
    hang_up(service, AFTER)
    until(lambda: service.get("/v1/monitors/new")[0] == 200, "a right file after a wrong one", service)


def test_a_configuration_whose_reference_cannot_be_read_changes_nothing(service: Service):
    service.start()
    hang_up(service, AFTER.replace("{id: new,", "{id: new, reference: {path: nowhere.parquet},"))
    until(lambda: "the configuration stays as it was" in service.log(), "no line in the log", service)
    assert service.get("/v1/monitors/new")[0] == 404
    service.post("/v1/monitors/m/inferences", [{"id": f"r{n}", "x": n} for n in range(50)])
    assert service.wait_settled("m")["evaluated"] == 50
    until(lambda: len(delivered(service.directory / "one")) == 1, "the old destination", service)
