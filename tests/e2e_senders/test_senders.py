"""The model servers' own packages, against our service: BentoML's monitor, and what the kserve package encodes."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import missing
from tests.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".senders" / "bin" / "python"
COLUMNS = {"id": "id", "timestamp": "at", "prediction": "score", "numerical_features": ["distance"],
           "categorical_features": ["carrier"]}  # fmt: skip
METRICS = [{"ColumnSummaryMetric": {"column_name": name}} for name in ("distance", "carrier", "score")]
CONFIG = json.dumps(
    {
        "monitors": [
            {"id": name, "source": {"service": service}, "columns": COLUMNS, "window": {"every": "1d", "idle": "0s"},
             "reports": [{"name": "rows", "metrics": METRICS}]}
            for name, service in (("bentoml", "flights:delays"), ("kserve", "isvc"))
        ]
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    if not PYTHON.exists():
        missing("the senders' packages (`make senders`)")
    running = Service(tmp_path_factory.mktemp("service"), CONFIG).start()
    yield running
    running.stop()


def run(sender: str, *arguments: str) -> str:
    command = [str(PYTHON), "-W", "ignore", "-m", f"tests.e2e_senders.{sender}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def summary(service: Service, monitor: str) -> tuple[int, dict[str, Any]]:
    """The rows of the only snapshot, and the characteristics of its columns."""
    service.call("POST", f"/v1/monitors/{monitor}/flush")
    service.wait_settled(monitor)
    (listed,) = service.snapshots(monitor=monitor)
    _, body = service.get(f"/v1/snapshots/{listed['id']}")
    found = {each["parameters"]["column_name"]: each["result"]["current_characteristics"] for each in body["metrics"]}
    return body["rows"], found


@pytest.mark.parametrize(("path", "first_request"), [("/v1/logs", "100"), ("", "200")])
def test_bentomls_monitor_sends_its_rows(service: Service, path: str, first_request: str) -> None:
    before = service.rows("bentoml")["accepted"]
    run("bentoml_sender", service.url + path, first_request)
    assert service.rows("bentoml")["accepted"] == before + 4


def test_what_the_kserve_package_encodes_becomes_rows_as_json_and_with_binary_tensors(service: Service) -> None:
    assert json.loads(run("kserve_sender", service.url).splitlines()[-1]) == [200] * 4
    rows, columns = summary(service, "kserve")
    assert rows == 4
    assert columns["distance"]["mean"] == 1066.5
    assert columns["score"]["mean"] == pytest.approx(0.19)
    assert columns["carrier"]["unique"] == 2
