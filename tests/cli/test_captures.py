"""`collector backfill` of what model servers write to disk: every inference becomes the row that it was."""

import base64
import csv
import json
import os
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from collector.cli import main
from collector.commands import captures
from tests.receive.payloads import FOLDER
from tests.service import Service

FORMATS = (
    "sagemaker",
    "sagemaker-base64",
    "sagemaker-json-lines",
    "sagemaker-objects",
    "azure",
    "kserve",
    "kserve-parquet",
    "databricks",
    "databricks-parquet",
    "bentoml",
)
CONFIG = json.dumps(
    {
        "monitors": [
            {
                "id": name,
                "columns": {"id": "id", "timestamp": "at", "prediction": "score", "target": "late", "task": "regression",
                            "numerical_features": ["distance", "departure_delay"]},
                "window": {"every": "1d", "idle": "0s"},
                "reports": [{"name": "rows", "metrics": [
                    {"ColumnSummaryMetric": {"column_name": each}} for each in ("distance", "departure_delay", "score")
                ]}],
            }
            for name in (*FORMATS, "broken", "labels", "plain")
        ]
    }
)  # fmt: skip
ASKED, ANSWERED = [[733, 12.5], [1400, -3.0]], [0.31, 0.07]
MEANS = {"distance": 1066.5, "departure_delay": 4.75, "score": 0.19}
TIME = "2013-02-01T10:00:00Z"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    running = Service(tmp_path_factory.mktemp("service"), CONFIG).start()
    yield running
    running.stop()


def run(service, monitor, *files):
    return CliRunner().invoke(main, ["backfill", "--monitor", monitor, "--url", service.url, *map(str, files)])


def side(data, encoding="CSV", content_type="text/csv"):
    return {"observedContentType": content_type, "mode": "INPUT", "data": data, "encoding": encoding}


def sagemaker(name, asked, answered, **more):
    meta = {"eventId": name, "inferenceTime": TIME, **more}
    return {
        "captureData": {"endpointInput": asked, "endpointOutput": answered},
        "eventMetadata": meta,
        "eventVersion": "0",
    }


def kserve(what, body):
    return {
        "url": "http://x", "bytes": base64.b64encode(json.dumps(body).encode()).decode(), "contentType": "application/json",
        "reqType": f"org.kubeflow.serving.inference.{what}", "id": "k1", "sourceUri": "http://localhost:9081/",
        "inferenceService": "flights", "namespace": "models", "component": "predictor", "endpoint": "default",
        "metadata": "{}", "annotations": "{}", "certName": "", "tlsSkipVerify": "false",
    }  # fmt: skip


def lines(path, *records):
    path.write_text("".join(json.dumps(each) + "\n" for each in records))
    return [path]


def files_of(name, folder):
    """The two inferences as this sender writes them."""
    if name == "sagemaker":
        one = sagemaker("e1", side("733,12.5\n"), side("0.31"), inferenceId="mine")
        two = sagemaker("e2", side(json.dumps({"instances": [ASKED[1]]}), "JSON"),
                        side(json.dumps({"predictions": [0.07]}), "JSON"))  # fmt: skip
        shadow = sagemaker("e3", side("1,1\n"), side("1"), invocationSource="ShadowExperiment")
        return lines(folder / "capture.jsonl", one, two, shadow)
    if name == "sagemaker-base64":
        asked = base64.b64encode(b"733,12.5\n1400,-3.0\n").decode()
        answered = base64.b64encode(b"0.31,0.07").decode()  # one line for both rows
        return lines(
            folder / "c.jsonl",
            sagemaker("e1", side(asked, "BASE64"), side(answered, "BASE64", "text/csv; charset=utf-8")),
        )
    if name == "sagemaker-json-lines":
        media = "application/jsonlines"
        asked = "".join(json.dumps({"features": each}) + "\n" for each in ASKED)
        answered = "".join(json.dumps({"score": each}) + "\n" for each in ANSWERED)
        return lines(
            folder / "c.jsonl",
            sagemaker("e1", side(asked, "JSON", media), side(answered, "JSON", f"{media}; charset=utf-8")),
        )
    if name == "sagemaker-objects":
        asked = base64.b64encode(b'{"distance": 733, "departure_delay": 12.5}').decode()
        one = sagemaker("e1", side(asked, "BASE64", "application/json"), side('{"score": 0.31}', "JSON"))
        many = side('{"instances": [[1400, -3.0]]}', "JSON", "application/jsonlines")
        return lines(folder / "c.jsonl", one, sagemaker("e2", many, side("0.07")))
    if name == "azure":
        return [FOLDER / "azureml.jsonl"]
    if name == "kserve":
        one, two = folder / "k1-request.json", folder / "k1-response.json"
        one.write_text(json.dumps(kserve("request", {"instances": ASKED}) | {"occurrenceTime": TIME}))
        two.write_text(json.dumps([kserve("response", {"predictions": ANSWERED}) | {"occurrenceTime": TIME}], indent=1))
        return [two, one]
    if name == "kserve-parquet":
        found = [kserve("request", {"instances": ASKED}), kserve("response", {"predictions": ANSWERED})]
        pq.write_table(pa.Table.from_pylist(found[:1]), folder / "k1-request.parquet")
        with (folder / "k1-response.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(found[1]))
            writer.writeheader()
            writer.writerow(found[1])
        return [folder / "k1-request.parquet", folder / "k1-response.csv"]
    row = {"client_request_id": None, "databricks_request_id": "d1", "status_code": 200, "timestamp_ms": 1359712800000,
           "execution_time_ms": 5, "sampling_fraction": 1.0, "request_metadata": {"model_name": "flights"},
           "request": json.dumps({"dataframe_records": [dict(zip(MEANS, each, strict=False)) for each in ASKED]}),
           "response": json.dumps({"predictions": ANSWERED})}  # fmt: skip
    failed = row | {"databricks_request_id": "d2", "status_code": 400, "response": None}
    if name == "databricks":
        return lines(folder / "payload.jsonl", row, failed)
    pq.write_table(pa.Table.from_pylist([row, failed]), folder / "payload.parquet")
    return [folder / "payload.parquet"]


def summary(service, monitor):
    """Rows and the mean of every column, over all snapshots of the monitor."""
    service.call("POST", f"/v1/monitors/{monitor}/flush")
    service.wait_settled(monitor)
    rows, sums = 0, dict.fromkeys(MEANS, 0.0)
    for each in service.snapshots(monitor=monitor):
        _, body = service.get(f"/v1/snapshots/{each['id']}")
        rows += body["rows"]
        for metric in body["metrics"]:
            current = metric["result"]["current_characteristics"]
            sums[metric["parameters"]["column_name"]] += current["mean"] * body["rows"]
    return rows, {name: round(total / rows, 9) for name, total in sums.items()}


@pytest.mark.parametrize("name", [each for each in FORMATS if each != "bentoml"])
def test_every_inference_of_a_capture_becomes_its_row_once(service, tmp_path, name):
    files = files_of(name, tmp_path)
    for _ in range(2):
        done = run(service, name, *files)
        assert done.exit_code == 0, done.output
    assert summary(service, name) == (2, MEANS)


def test_the_lines_of_bentoml_are_rows_already(service, tmp_path):
    records = [json.loads(line) for line in (FOLDER / "bentoml_data.log").read_text().splitlines()]
    (path,) = lines(tmp_path / "data.1.log.2013-02-01", *({**each, "departure_delay": 1.0} for each in records))
    for count in (["4", "0", "0", "0"], ["0", "4", "0", "0"]):
        done = run(service, "bentoml", path)
        assert (done.exit_code, done.stdout.splitlines()[1].split()[1:]) == (0, count), done.output
    assert summary(service, "bentoml") == (4, {"distance": 608.25, "departure_delay": 1.0, "score": 0.37})


def test_the_local_times_of_bentoml_and_the_ids_of_a_batch(tmp_path, monkeypatch):
    import time

    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        path = FOLDER / "bentoml_data.log"
        capture = captures.recognised(path, timestamp="at")
        assert capture is not None
        refused: list[str] = []
        (batch,) = captures.batches(path, capture, id_name="id", timestamp="at", refuse=refused.append)
        rows = [json.loads(each) for each in batch.rows]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert refused == []
    assert rows[0] == {"distance": 733, "carrier": "AA", "score": 0.31, "id": "14642743634293743168",
                       "at": "2013-02-01T15:00:00.250000+00:00"}  # fmt: skip
    assert [each["id"].rpartition("93743")[2] for each in rows] == ["168", "169", "170-0", "170-1"]


def test_ground_truth_becomes_labels(service, tmp_path):
    truth = [
        {"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": {"eventId": "a"}, "eventVersion": "0"},
        {
            "groundTruthData": {"data": "1\n0", "encoding": "CSV"},
            "eventMetadata": {"inferenceId": "b"},
            "eventVersion": "0",
        },
    ]
    done = run(service, "labels", *lines(tmp_path / "truth.jsonl", *truth))
    assert (done.exit_code, done.stdout.splitlines()[1].split()[1:]) == (0, ["3", "0", "0", "0"]), done.output


def test_the_event_time_is_the_captures_or_the_files(tmp_path):
    (path,) = lines(tmp_path / "k.jsonl", kserve("request", {"instances": ASKED}))
    os.utime(path, (1_359_712_800, 1_359_712_800))
    capture = captures.recognised(path, timestamp="at")
    assert capture is not None
    (batch,) = captures.batches(path, capture, id_name="id", timestamp="at", refuse=pytest.fail)
    (event,) = map(json.loads, batch.rows)
    assert datetime.fromisoformat(event["time"]) == datetime(2013, 2, 1, 10, tzinfo=UTC)
    assert (event["id"], event["type"], event["namespace"]) == ("k1", "collector.inference.request", "models")


def test_bad_records_are_told_and_sink_no_others(service, tmp_path):
    path = tmp_path / "capture.jsonl"
    good = sagemaker("g1", side("733,12.5\n"), side("0.31"))
    bad = [{"captureData": {}, "eventMetadata": {}}, sagemaker("b1", side("{", "JSON"), side("1")),
           sagemaker("b2", side("far,1\n"), side("1"))]  # fmt: skip
    lines(path, good, *bad)
    path.write_text(path.read_text() + '{"captureData": {"endpo\n')
    done = run(service, "broken", path)
    assert done.exit_code == 1, done.output
    assert done.stdout.splitlines()[1].split()[1:] == ["1", "0", "0", "4"]
    assert "record 2 is not as SageMaker data capture writes it: KeyError: 'eventId'" in done.stderr
    assert "record 5 is not as SageMaker data capture writes it: ValueError: no JSON object" in done.stderr
    assert "expected a number, not text 'far'" in done.stderr


def test_what_waits_for_its_counterpart_is_told(service, tmp_path):
    (path,) = lines(tmp_path / "only.jsonl", sagemaker("w1", side("1,2\n"), None))
    done = run(service, "broken", path)
    assert (done.exit_code, "1 requests or responses wait" in done.stderr) == (0, True), done.output


def test_rows_that_look_like_a_capture_are_rows_when_the_monitor_knows_their_time(tmp_path):
    row = {"at": TIME, "distance": 1, "timestamp": TIME, "request_id": "r", "trace_id": "t"}
    (path,) = lines(tmp_path / "rows.jsonl", row)
    assert captures.recognised(path, timestamp="at") is None
    assert captures.recognised(path, timestamp="other") is not None
