"""A running service does what `/openapi.json` says, and nothing else, whatever it is asked."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.service import Service

pytestmark = pytest.mark.timeout(300)  # thousands of requests, and a snapshot that is evaluated

CONFIG = json.dumps(
    {
        "monitors": [
            {"id": "open", "window": {"every": "1d"}, "reports": [{"name": "gaps", "metrics": ["DatasetMissingValuesMetric"]}]}
        ]
    }
)  # fmt: skip
WISHES = Path(__file__).with_name("schemathesis.toml")
KEY = "a-key-for-everything"
EXAMPLES = 5
"""For each operation, beside those that its schema's own limits ask for."""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    directory = tmp_path_factory.mktemp("service")
    running = Service(directory, CONFIG, COLLECTOR_SQLITE_SYNCHRONOUS="OFF").start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    directory = tmp_path_factory.mktemp("guarded")
    keys = directory / "keys.yaml"
    keys.write_text(json.dumps({"keys": [{"name": "all", "key": KEY, "scopes": ["admin"]}]}))
    environment = {"COLLECTOR_SQLITE_SYNCHRONOUS": "OFF", "COLLECTOR_API_KEYS_FILE": str(keys)}
    running = Service(directory, CONFIG, **environment).start()
    yield running
    running.stop()


def a_snapshot(service: Service, **headers: str) -> str:
    """Made by the service, so that there is one to ask for."""
    rows = json.dumps([{"distance": n} for n in range(30)]).encode()
    assert service.call("POST", "/v1/monitors/open/inferences", rows, headers)[0] == 202
    assert service.call("POST", "/v1/monitors/open/flush", b"", headers)[0] == 202
    while True:  # the test's own time is its limit
        page = service.call("GET", "/v1/snapshots?monitor=open", None, headers)[1]
        if page["snapshots"]:
            return str(page["snapshots"][0]["id"])
        time.sleep(0.05)


def asked(service: Service, directory: Path, *options: str, **headers: str) -> None:
    """Let schemathesis ask; what it found is the test's message."""
    wishes = directory / "schemathesis.toml"
    wishes.write_text(WISHES.read_text().replace("SNAPSHOT", a_snapshot(service, **headers)))
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(wishes), "run", "--no-shrink"),
        *("--seed", "1", "--max-examples", str(EXAMPLES), "--continue-on-failure", "--warnings", "off", *options),
        *(each for name, value in headers.items() for each in ("--header", f"{name}: {value}")),
        f"{service.url}/openapi.json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=directory)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "unexpected error" not in service.log()


def test_the_service_does_what_its_document_says(service, tmp_path):
    asked(service, tmp_path)


def test_with_a_key_it_does_the_same(guarded, tmp_path):
    asked(guarded, tmp_path, "--phases", "coverage", Authorization=f"Bearer {KEY}")


def test_without_a_good_key_every_operation_that_needs_one_is_refused(guarded):
    document = guarded.get("/openapi.json")[1]
    guarded_ones = [
        (method.upper(), path.replace("{", "").replace("}", ""))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "security" in operation
    ]
    assert len(guarded_ones) > 25
    for method, path in guarded_ones:
        for authorization in ({}, {"Authorization": "Bearer another"}, {"Authorization": "Basic \xe9"}):
            status, problem = guarded.call(method, path, None if method == "GET" else b"{}", authorization)
            assert (status, problem["type"]) == (401, "/problems/unauthorized"), (method, path, authorization)


def test_the_document_names_no_operation_twice(service):
    document = service.get("/openapi.json")[1]
    names = [each["operationId"] for operations in document["paths"].values() for each in operations.values()]
    assert sorted(names) == sorted(set(names))
