"""Windows that crash, hang, or eat the process that evaluates them: set aside with the reason, and nobody else notices."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.fleet import all_evaluated
from tests.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PLUGIN = """
import os, signal, time
from collector.evaluate import Metric, register_metric

@register_metric
class Segfault(Metric):
    def calculate(self, context): os.kill(os.getpid(), signal.SIGSEGV)

@register_metric
class OutOfMemory(Metric):
    def calculate(self, context): os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does

@register_metric
class Hang(Metric):
    def calculate(self, context): time.sleep(600)

@register_metric
class Interrupt(Metric):
    def calculate(self, context): raise KeyboardInterrupt

@register_metric
class Raise(Metric):
    def calculate(self, context): raise RuntimeError("this metric cannot")
"""
POISON = {"Segfault": "died", "OutOfMemory": "died", "Hang": "longer than 2 s", "Interrupt": "KeyboardInterrupt"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    plugins = tmp_path / "plugins"
    info = plugins / "poison-1.dist-info"
    info.mkdir(parents=True)
    (plugins / "poison.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: poison\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[inference_collector.metrics]\npoison = poison\n")
    monitors = "\n".join(
        f"  - {{id: {name}, columns: {{id: id}}, window: {{rows: 2}}, reports: [{{name: r, metrics: [{name}]}}]}}"
        for name in (*POISON, "Raise", "DatasetSummaryMetric")
    )
    made = Service(
        tmp_path,
        f"monitors:\n{monitors}\n",
        PYTHONPATH=f"{plugins}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        COLLECTOR_MAX_ATTEMPTS="2",
        COLLECTOR_EVALUATE_TIMEOUT_SECONDS="2",
        COLLECTOR_EVALUATE_PROCESSES="2",
    )
    yield made
    made.stop()


def send(service: Service, monitor: str, *names: str) -> None:
    rows = [{"id": f"{name}{n}", "x": n} for name in names for n in range(2)]
    status, body = service.post(f"/v1/monitors/{monitor}/inferences", rows)
    assert (status, body["accepted"]) == (202, len(rows)), body


def test_poison_is_set_aside_with_its_reason_and_neighbours_are_evaluated(service: Service):
    service.start()
    for monitor in (*POISON, "Raise"):
        send(service, monitor, "a", "b")  # two windows each
    send(service, "DatasetSummaryMetric", "a", "b", "c")
    assert service.wait_settled("DatasetSummaryMetric")["evaluated"] == 6
    assert service.wait_settled("Raise")["evaluated"] == 4  # a metric that raises is a result with a reason
    (snapshot, _) = service.snapshots(monitor="Raise")
    assert "this metric cannot" in str(service.get(f"/v1/snapshots/{snapshot['id']}")[1]["metrics"])
    for monitor, reason in POISON.items():
        rows = service.wait_settled(monitor)
        assert rows == {"accepted": 4, "evaluated": 0, "dead_lettered": 4, "dropped": {}, "waiting": 0}
        letters = service.get(f"/v1/dead-letters?monitor={monitor}")[1]["dead_letters"]
        assert len(letters) == 2
        assert all(reason in letter["reason"] and letter["attempts"] == 2 for letter in letters), letters
        assert reason in service.get(f"/v1/monitors/{monitor}")[1]["state"]["last_error"]["reason"]


def test_a_dead_window_is_evaluated_when_it_is_replayed_after_the_mistake_was_mended(service: Service):
    service.start()
    send(service, "Segfault", "a")
    assert service.wait_settled("Segfault")["dead_lettered"] == 2
    mended = {
        "columns": {"id": "id"},
        "window": {"rows": 2},
        "reports": [{"name": "r", "metrics": ["DatasetSummaryMetric"]}],
    }
    assert service.call("PUT", "/v1/monitors/Segfault", str(mended).replace("'", '"').encode())[0] == 200
    (letter,) = service.get("/v1/dead-letters?monitor=Segfault")[1]["dead_letters"]
    assert service.call("POST", f"/v1/dead-letters/{letter['id']}/replay")[0] == 202
    deadline = time.monotonic() + 60
    while service.rows("Segfault")["evaluated"] < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert service.rows("Segfault") == all_evaluated(2)
