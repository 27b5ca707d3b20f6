"""An object store is away when the service starts: nothing is lost, nothing waits but the windows that need it."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pytest

from tests.service import Service, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "key-of-the-tests",
    "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests",
    "AWS_DEFAULT_REGION": "us-east-1",
}
CONFIG = """
monitors:
  - id: flights
    columns: {id: flight, numerical_features: [distance], categorical_features: [carrier], text_features: [remark]}
    window: {rows: 100}
    reference: {path: "s3://references/january.parquet", keep: profile}
    reports:
      - {name: drift, metrics: [{ColumnDriftMetric: {column_name: distance}}]}
  - id: others
    window: {rows: 2}
    reports:
      - {name: summary, metrics: [DatasetSummaryMetric]}
"""


def flights(count: int) -> list[dict[str, object]]:
    return [
        {
            "flight": f"flight-of-ada-{number}",
            "distance": number * 1.5,
            "carrier": "AA",
            "remark": f"remark of {number}",
        }
        for number in range(count)
    ]


@pytest.fixture
def store_port() -> int:
    return free_port()


@pytest.fixture
def service(tmp_path: Path, store_port: int) -> Iterator[Service]:
    made = Service(tmp_path, CONFIG, AWS_ENDPOINT_URL=f"http://127.0.0.1:{store_port}", **CREDENTIALS)
    yield made
    made.stop()


@contextmanager
def store(port: int, body: bytes) -> Iterator[None]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=CREDENTIALS["AWS_DEFAULT_REGION"],
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    try:
        client.create_bucket(Bucket="references")
        client.put_object(Bucket="references", Key="january.parquet", Body=body)
        yield
    finally:
        client.close()
        server.stop()


def state_of(service: Service) -> dict[str, Any]:
    status, monitor = service.get("/v1/monitors/flights")
    assert status == 200
    return dict(monitor["state"])


def test_rows_are_received_and_windows_wait_until_the_store_is_back(service: Service, store_port: int, tmp_path: Path):
    service.start()
    assert service.post("/v1/monitors/flights/inferences", flights(100))[0] == 202
    assert service.post("/v1/monitors/others/inferences", [{"x": 1}, {"x": 2}])[0] == 202
    assert service.wait_settled("others")["evaluated"] == 2
    state = state_of(service)
    assert state["last_error"]["stage"] == "reference"
    assert state["last_error"]["reason"].startswith("s3://references/january.parquet: cannot be read")
    assert state["reference"]["version"] is None
    assert service.snapshots(monitor="flights") == []
    assert service.get("/v1/dead-letters")[1]["dead_letters"] == []

    body = io.BytesIO()
    pd.DataFrame(flights(300)).to_parquet(body)
    with store(store_port, body.getvalue()):
        assert service.wait_settled("flights")["evaluated"] == 100
    (snapshot,) = service.snapshots(monitor="flights")
    assert snapshot["reference"] == {"version": 1, "rows": 300}
    columns = ["flight", "distance", "carrier", "remark"]
    assert state_of(service)["reference"] == {"version": 1, "rows": 300, "columns": columns, "kept": "profile"}
    _, whole = service.get(f"/v1/snapshots/{snapshot['id']}")
    assert whole["metrics"][0].get("result", whole["metrics"][0])["drift_detected"] is True
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"secret-of-the-tests" not in everything
    assert b"flight-of-ada-299" not in everything  # a row of the reference that no window had
