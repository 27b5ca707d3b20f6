"""The corpus' first files: one good input of each kind for each door. `python -m tests.fuzz.seeds` writes them anew."""

import base64
import gzip
import io
import json
import zlib
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.model import Side
from collector.receive.decoders.bodies import grpc_form
from tests.fuzz.corpus import FOLDER

TIME = "2013-02-01T10:00:00Z"
ROWS = [
    {"id": "a", "time": TIME, "distance": 733, "departure_delay": 12.5, "carrier": "AA", "note": "on time", "score": 0.3},
    {"id": "b", "time": 1359712800, "distance": 1400, "departure_delay": None, "carrier": "9E", "note": "", "score": 0.07},
]  # fmt: skip
COLUMNS: dict[str, list[Any]] = {name: [row[name] for row in ROWS] for name in ROWS[0]}
LABELS = [{"id": "a", "target": 1, "timestamp": TIME}, {"id": 7, "target": 0.5}]
MATRIX = [[733, 12.5], [1400, -3.0]]


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _lines(*values: object) -> bytes:
    return b"".join(_json(value) + b"\n" for value in values)


def _table() -> Any:
    types = {
        "id": pa.array(["a", "b"]),
        "time": pa.array([1359712800_000_000, 1359712801_000_000], pa.timestamp("us", "UTC")),
        "distance": pa.array([733, None], pa.int32()),
        "departure_delay": pa.array([12.5, -3.0], pa.float32()),
        "carrier": pa.array(["AA", "9E"]).dictionary_encode(),
        "note": pa.array(["on time", None], pa.large_string()),
        "score": pa.array([0.3, 0.07]),
    }
    return pa.table(types)


def _odd_table() -> Any:
    """Types that are rare at this door."""
    return pa.table(
        {
            "flag": pa.array([True, None]),
            "day": pa.array([1, 2], pa.date32()),
            "money": pa.array(["1.50", "2.25"]).cast(pa.decimal128(10, 2)),
            "half": pa.array([1.0, 2.0], pa.float16()),
            "big": pa.array([2**64 - 1, 0], pa.uint64()),
            "view": pa.array(["a long text that is not inlined", "b"], pa.string_view()),
            "list": pa.array([[1], None], pa.list_(pa.int64())),
            "struct": pa.array([{"a": 1}, None]),
            "span": pa.array([1, 2], pa.duration("s")),
            "hour": pa.array([1, 2], pa.time32("s")),
            "bytes": pa.array([b"\xff", b""]),
            "none": pa.nulls(2),
            "runs": pa.RunEndEncodedArray.from_arrays(pa.array([2], pa.int32()), pa.array(["same"])),
        }
    )


def stream(table: Any, compression: str | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def _arrow_file(table: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table)
    return bytes(sink.getvalue())


def parquet(table: Any, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def _event(kind: str, data: object, **more: object) -> dict[str, object]:
    return {"specversion": "1.0", "id": "1", "source": "closed", "type": kind, "time": TIME, "data": data, **more}


def _binary_event(kind: str, body: bytes, **more: str) -> bytes:
    head = {"Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": "1", "ce-source": "http://x/",
            "ce-type": kind, "ce-time": TIME, **more}  # fmt: skip
    return "\n".join(f"{name}: {value}" for name, value in head.items()).encode() + b"\n\n" + body


def _tensor(name: str, shape: list[int], datatype: str, data: list[Any]) -> dict[str, object]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def _binary_tensors(key: str) -> bytes:
    head = {"name": "x", "shape": [2, 2], "datatype": "FP32", "parameters": {"binary_data_size": 16}}
    text = {"name": "t", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": 12}}
    return _json({key: [head, text]}) + bytes(16) + b"\x02\0\0\0AA\x02\0\0\x009E"


def _bodies(asked: bool) -> dict[str, bytes]:
    """What models are asked, or answer: the same formats, under other keys."""
    v1, v2 = ("instances", "inputs") if asked else ("predictions", "outputs")
    names = ["distance", "departure_delay"] if asked else ["score", "other"]
    return {
        "v1-lists": _json({v1: MATRIX}),
        "v1-objects": _json({v1: [dict(zip(names, row, strict=True)) for row in MATRIX]}),
        "v1-values": _json({v1: [1, 2]}),
        "v1-columns": _json({v2: {name: [[1], [2]] for name in names}}),
        "v2-matrix": _json({v2: [_tensor("m", [2, 2], "FP32", [733, 12.5, 1400, -3.0])]}),
        "v2-named": _json({v2: [_tensor(names[0], [2], "INT64", [1, 2]), _tensor(names[1], [2, 1], "FP64", [[1.5], [2.5]])]}),
        "v2-text": _json({v2: [_tensor("t", [2, 2], "BYTES", ["a", "b", "c", "d"])]}),
        "v2-binary": _binary_tensors(v2),
        "seldon-ndarray": _json({"data": {"names": names, "ndarray": MATRIX}}),
        "seldon-tensor": _json({"data": {"names": names, "tensor": {"shape": [2, 2], "values": [1.0, 2.0, 3.0, 4.0]}}}),
        "mlflow-split": _json({"dataframe_split": {"columns": names, "data": MATRIX}}),
        "mlflow-records": _json({"dataframe_records": [dict(zip(names, row, strict=True)) for row in MATRIX]}),
        "list": _json(MATRIX),
    }  # fmt: skip


def _grpc(side: Side) -> dict[str, bytes]:
    made = grpc_form._messages()[side]
    plain, raw = made(), made()
    for name, values in (("distance", [733.0, 1400.0]), ("departure_delay", [12.5, -3.0])):
        tensor = plain.tensors.add(name=name, datatype="FP64", shape=[2])
        tensor.contents.fp64.extend(values)
    plain.tensors.add(name="t", datatype="BYTES", shape=[2]).contents.bytes.extend([b"AA", b"9E"])
    raw.tensors.add(name="m", datatype="FP32", shape=[2, 2])
    raw.raw.append(bytes(16))
    return {"contents": plain.SerializeToString(), "raw": raw.SerializeToString(), "empty": b""}


def _value(python: object) -> dict[str, object]:
    if isinstance(python, dict):
        return {"kvlistValue": {"values": [{"key": key, "value": _value(each)} for key, each in python.items()]}}
    if isinstance(python, list):
        return {"arrayValue": {"values": [_value(each) for each in python]}}
    kinds = {bool: "boolValue", int: "intValue", float: "doubleValue", str: "stringValue"}
    return {} if python is None else {kinds[type(python)]: python}


def _attributes(mapping: Mapping[str, object]) -> list[dict[str, object]]:
    return [{"key": key, "value": _value(each)} for key, each in mapping.items()]


def _logs(scope: str, *records: dict[str, object]) -> dict[str, object]:
    resource = {"attributes": _attributes({"service.name": "closed", "service.namespace": "models"})}
    return {
        "resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": {"name": scope}, "logRecords": list(records)}]}]
    }


def _otlp() -> dict[str, dict[str, object]]:
    nano = "1359712800000000000"
    parts = {"features": {"distance": 733, "carrier": "AA"}, "prediction": 0.3, "id": "a", "target": 1}
    bento = {**{name: value for name, value in ROWS[0].items() if name not in ("id", "time")}, "request_id": "9",
             "timestamp": "2013-02-01T10:00:00.250000", "bento_meta": {"monitor_name": "closed"}}  # fmt: skip
    return {
        "parts": _logs("mine", {"timeUnixNano": nano, "body": _value(parts)}),
        "bentoml": _logs("bentoml_monitor_data", {"timeUnixNano": nano, "body": _value(bento)}),
        "event": _logs("", {"observedTimeUnixNano": nano, "eventName": "ml.inference",
                            "attributes": _attributes({"distance": 1, "ml.prediction.id": "a", "list": [1, "a", None]})}),
        "text": _logs("mine", {"body": _value(json.dumps(ROWS[0]))}),
    }  # fmt: skip


def _collector() -> dict[str, object]:
    column = {"type": "evidently:base:ColumnName", "name": "distance", "display_name": "distance", "dataset": "main"}
    metrics = [
        {"type": "evidently:metric:DatasetDriftMetric", "drift_share": 0.5, "options": {"color": None}},
        {"type": "evidently:metric:ColumnDriftMetric", "column_name": column, "stattest": "psi"},
        {"type": "evidently:metric:DatasetMissingValuesMetric",
         "missing_values": [None, "", float("inf"), float("-inf")], "replace": True},
    ]  # fmt: skip
    trigger = {
        "type": "evidently:collector_trigger:RowsCountOrIntervalTrigger",
        "rows_count_trigger": {"type": "evidently:collector_trigger:RowsCountTrigger", "rows_count": 100},
        "interval_trigger": {"type": "evidently:collector_trigger:IntervalTrigger", "interval": 90.0},
    }
    report = {"metrics": metrics, "tests": [], "metadata": {"owner": "ml", "list": ["a"]}, "tags": ["x"]}
    return {
        "id": "",
        "trigger": trigger,
        "report_config": report,
        "project_id": "p",
        "api_url": "http://localhost:8000",
    }


def _suite() -> dict[str, object]:
    tests = [
        {"type": "evidently:test:TestNumberOfRows", "eq": {"value": 100, "relative": 0.1}, "is_critical": True},
        {"type": "evidently.tests.TestShareOfMissingValues", "lte": 0.05},
    ]
    trigger = {"type": "evidently:collector_trigger:RowsCountTrigger", "rows_count": 3}
    return {"trigger": trigger, "report_config": {"metrics": [], "tests": tests}, "project_id": "p"}


def _monitor() -> dict[str, object]:
    return {
        "project": "Flight delays",
        "columns": {"id": "id", "timestamp": "at", "task": "classification", "target": "late", "prediction": ["p", "q"],
                    "pos_label": 1, "numerical_features": ["distance"], "categorical_features": ["carrier"],
                    "embeddings": {"e": ["e0", "e1"]}, "target_names": {"0": "no", "1": "yes"}},
        "window": {"every": "1d", "rows": 50000, "time": "event", "lateness": "1h"},
        "labels": {"wait": "12h", "keep": "7d"},
        "segments": ["carrier"],
        "reference": {"first_windows": 3},
        "reports": [
            {"name": "drift", "metrics": ["DataDriftPreset", {"ColumnDriftMetric": {"column_name": "distance", "stattest": "psi"}}]},
            {"name": "tests", "tests": [{"TestShareOfMissingValues": {"lte": 0.05}}], "needs_target": True},
        ],
        "tags": ["prod"],
        "metadata": {"model_version": "3"},
        "include_data": False,
        "source": {"service": "flights", "events": "both", "wait": "5m"},
    }  # fmt: skip


def _captures() -> dict[str, list[dict[str, object]]]:
    def side(data: str, encoding: str, content_type: str) -> dict[str, str]:
        return {"observedContentType": content_type, "mode": "INPUT", "data": data, "encoding": encoding}

    meta = {"eventId": "e1", "inferenceTime": TIME}
    coded = base64.b64encode(b"733,12.5\n1400,-3.0\n").decode()
    body = base64.b64encode(_json({"instances": MATRIX})).decode()
    return {
        "sagemaker": [
            {"captureData": {"endpointInput": side("733,12.5\n", "CSV", "text/csv"),
                             "endpointOutput": side('{"predictions": [0.3]}', "JSON", "application/json")},
             "eventMetadata": {**meta, "inferenceId": "mine"}, "eventVersion": "0"},
            {"captureData": {"endpointInput": side(coded, "BASE64", "text/csv"),
                             "endpointOutput": side("0.31,0.07", "CSV", "text/csv")}, "eventMetadata": meta},
        ],
        "sagemaker-truth": [
            {"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": meta, "eventVersion": "0"},
            {"groundTruthData": {"data": "[[1], [0]]", "encoding": "JSON"}, "eventMetadata": meta},
        ],
        "azure": [_event("azureml.inference.model_inputs", ROWS), _event("azureml.inference.model_outputs", [{"score": 0.3}])],
        "kserve": [
            {"url": "http://x", "bytes": body, "contentType": "application/json", "id": "k1", "namespace": "models",
             "reqType": "org.kubeflow.serving.inference.request", "inferenceService": "flights", "component": "predictor"},
        ],
        "databricks": [
            {"databricks_request_id": "d1", "client_request_id": None, "status_code": 200, "timestamp_ms": 1359712800000,
             "request": json.dumps({"dataframe_records": ROWS}), "response": json.dumps({"predictions": [0.3, 0.07]})},
        ],
        "bentoml": [
            {"distance": 733, "score": 0.3, "timestamp": "2013-02-01T10:00:00.250000", "request_id": "1", "trace_id": "0"},
            {"distance": 100, "score": 0.5, "timestamp": "2013-02-01T10:00:02.250000", "request_id": "1", "trace_id": "0"},
        ],
        "rows": ROWS,
    }  # fmt: skip


def _csv(records: list[dict[str, object]]) -> bytes:
    """Objects in cells are JSON, as Spark writes them."""
    import csv

    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]))
    writer.writeheader()
    writer.writerows(
        {name: json.dumps(value) if isinstance(value, dict) else value for name, value in each.items()}
        for each in records
    )
    return out.getvalue().encode()


def all_seeds() -> dict[str, dict[str, bytes]]:
    """By door and name."""
    plain = {"array": _json(ROWS), "object": _json(ROWS[0]), "columns": _json({"columns": COLUMNS}),
             "nan": b'[{"id": "a", "distance": NaN, "score": -Infinity}]'}  # fmt: skip
    frame = {name: {str(place): value for place, value in enumerate(values)} for name, values in COLUMNS.items()}
    rows = _lines(*ROWS)
    csv_rows = b'id,time,distance,departure_delay,carrier,note,score\na,2013-02-01T10:00:00Z,733,12.5,AA,"on, ""time""",0.3\nb,1359712800,1400,,9E,,7e-2\n'
    captures = _captures()
    events = {
        "kserve": _event("org.kubeflow.serving.inference.request", {"instances": MATRIX}, inferenceservicename="closed"),
        "rows": _event("com.example.scored", ROWS),
        "base64": {**_event("org.kubeflow.serving.inference.response", None), "data_base64": "eyJwcmVkaWN0aW9ucyI6WzFdfQ=="},
        "seldon": _event("io.seldon.serving.inference.request", {"data": {"ndarray": MATRIX}}, requestid="r"),
        "azure": _event("azureml.inference.model_outputs", [{"score": 0.3}], correlationid="c"),
    }  # fmt: skip
    otlp = _otlp()
    return {
        "rows-json": plain,
        "rows-ndjson": {"lines": rows, "blank-lines": rows.replace(b"\n", b"\r\n\n")},
        "rows-csv": {"rows": csv_rows, "bom": b"\xef\xbb\xbf" + csv_rows},
        "rows-arrow": {"stream": stream(_table()), "zstd": stream(_table(), "zstd"), "lz4": stream(_table(), "lz4"),
                       "types": stream(_odd_table())},
        "rows-gzip": {"one": gzip.compress(_json(ROWS), mtime=0), "two": gzip.compress(b"[", mtime=0) + gzip.compress(b"{}]", mtime=0)},
        "rows-deflate": {"zlib": zlib.compress(_json(ROWS)), "raw": zlib.compress(_json(ROWS))[2:-4]},
        "rows-zstd": {"one": zstandard.compress(_json(ROWS)), "two": zstandard.compress(b"[") + zstandard.compress(b"{}]")},
        "labels-json": {"labels": _json(LABELS), "columns": _json({"columns": {"id": ["a"], "late": [1.5]}})},
        "labels-arrow": {"stream": stream(pa.table({"id": ["a"], "target": [1], "timestamp": pa.array([7], pa.timestamp("s"))}))},
        "reference-json": plain | {"numbers": _json([{"distance": 1, "departure_delay": 2.5, "carrier": "AA", "note": "x"}])},
        "reference-csv": {"rows": csv_rows},
        "reference-arrow": {"stream": stream(_table(), "zstd"), "file": _arrow_file(_table()), "types": stream(_odd_table())},
        "reference-parquet": {"rows": parquet(_table()), "plain": parquet(_table(), compression="none", use_dictionary=False),
                              "v1": parquet(_table(), version="1.0", data_page_version="2.0")},
        "events-binary": {
            "kserve": _binary_event("org.kubeflow.serving.inference.request", _json({"instances": MATRIX}),
                                    **{"ce-inferenceservicename": "closed", "ce-namespace": "models"}),
            "rows": _binary_event("mine", _json(ROWS)),
            "escaped": _binary_event("mine", _json(ROWS), **{"ce-subject": "a%C3%A9%ff", "Idempotency-Key": "x"}),
            "lines": b"Content-Type: application/x-ndjson\n\n" + _lines(*events.values()),
        },
        "events-structured": {name: _json(each) for name, each in events.items()},
        "events-batch": {"all": _json(list(events.values())), "empty": b"[]"},
        "events-lines": {"all": _lines(*events.values())},
        "model-request": _bodies(asked=True),
        "model-response": _bodies(asked=False),
        "feedback": {"truth": _json({"response": {"meta": {"puid": "a"}}, "truth": {"data": {"ndarray": [[1], [0]]}}})},
        "modelmesh": {"request": _json({"id": "1", "kind": "request", "modelid": "asked__isvc-0",
                                        "data": base64.b64encode(_grpc(Side.REQUEST)["contents"]).decode()})},
        "grpc-request": _grpc(Side.REQUEST),
        "grpc-response": _grpc(Side.RESPONSE),
        "otlp-json": {name: _json(each) for name, each in otlp.items()},
        "otlp-protobuf": {name: json_format.ParseDict(each, ExportLogsServiceRequest()).SerializeToString()
                          for name, each in otlp.items()},
        "retired-collector": {"report": _json(_collector()), "suite": _json(_suite())},
        "retired-frame": {"frame": _json(frame), "rows": _json(ROWS), "columns": _json(COLUMNS)},
        "query": {"all": b"monitor=open&segment=%7B%22origin%22%3A%22JFK%22%7D&tag=a&from=2013-02-01T10:00:00Z&to=2013-02-02&limit=10"
                         b"&after=1359712800000000:abc&values=true", "monitor": b"monitor=open", "segment": b"segment=null"},
        "address": {"monitor": b"open", "open": b"metrics", "nothing": b"abc/report.html"},
        "monitor": {"all-keys": _json(_monitor()), "little": b"{}"},
        "file-jsonl": {name: _lines(*records) for name, records in captures.items()},
        "file-json": {name: json.dumps(records, indent=1).encode() for name, records in captures.items()},
        "file-csv": {name: _csv(records) for name, records in captures.items()},
        "file-parquet": {name: parquet(pa.Table.from_pylist(records)) for name, records in captures.items() if name not in ("rows", "azure")}
                        | {"rows": parquet(_table()), "types": parquet(_table_for_parquet())},
    }  # fmt: skip


def _table_for_parquet() -> Any:
    return _odd_table().drop_columns(["runs", "span", "view"])


def _far_instants() -> bytes:
    return stream(pa.table({"id": ["a", "b"], "time": pa.array([-(2**62), 2**62], pa.timestamp("us")),
                             "note": pa.array([2**62, 1], pa.timestamp("us"))}))  # fmt: skip


def regressions() -> dict[str, dict[str, bytes]]:
    """What once went wrong."""
    deep = b"[" * 1010 + b"1" + b"]" * 1010
    nested = b'{"a":' * 300 + b"1" + b"}" * 300
    event = _json(_event("mine", "here")).replace(b'"here"', deep)
    rows = b'[{"id": "a", "time": %s}]'
    return {
        "rows-json": {
            "time-before-the-year-1": rows % b"-9e16",
            "time-before-the-year-1-by-its-offset": rows % b'"0001-01-01T00:00:00+14:00"',
            "time-after-the-year-9999-by-its-offset": rows % b'"9999-12-31T23:59:59-14:00"',
            "two-hundred-unknown-columns": _json([{f"distanc{n}": n for n in range(200)}]),
        },
        "rows-arrow": {"instants-beyond-the-calendar": _far_instants()},
        "labels-arrow": {"instants-beyond-the-calendar": _far_instants()},
        "reference-arrow": {"instants-beyond-the-calendar": _far_instants()},
        "events-structured": {"data-nested-deeply": event},
        "events-batch": {"data-nested-deeply": b"[" + event + b"]"},
        "events-lines": {"data-nested-deeply": event},
        "retired-collector": {"nested-deeply": _json(_collector() | {"x": "here"}).replace(b'"here"', nested),
                              "half-a-character": _json(_collector() | {"x": "\ud800"})},
        "monitor": {
            "metadata-nested-deeply": b'{"reports": [{"name": "a", "metrics": [{"ColumnDriftMetric": {"column_name": %s}}]}]}' % nested,
            "half-a-character": _json({"reports": [{"name": "a", "metrics": [{"ColumnDriftMetric": {"column_name": "\ud800"}}]}]}),
            "long-id": _json({"id": "x" * 60_000}),
            "many-unknown-keys": _json({f"colum{n}": n for n in range(4000)}),
        },
        "file-jsonl": {
            "nested-deeply": deep + b"\n" + _lines(ROWS[0]),
            "truth-without-a-value": _lines({"groundTruthData": {"data": "[[]]", "encoding": "JSON"}, "eventMetadata": {"eventId": "1"}}),
            "capture-nested-deeply": _lines({"groundTruthData": {"data": deep.decode(), "encoding": "JSON"}, "eventMetadata": {"eventId": "1"}}),
            "capture-that-is-no-csv": _lines({"groundTruthData": {"data": 'a\rb"\n\rc', "encoding": "CSV"}, "eventMetadata": {"eventId": "1"}}),
            "local-time-before-the-year-1": _lines({"distance": 1, "timestamp": "0001-01-01T00:00:00", "request_id": "1", "trace_id": "0"}),
        },
        "query": {"cursor-beyond-64-bits": b"after=9999999999999999999:x",
                  "segment-nested-deeply": b"segment=" + b'{"a":' * 300 + b"1" + b"}" * 300},
        "address": {"no-unicode": b"%ff\xff", "half-a-character": b"\xed\xa0\x80"},
        "file-json": {"nested-deeply": deep * 2},
    }  # fmt: skip


def main() -> None:
    found = all_seeds()
    for door, files in regressions().items():
        found[door] |= files
    for door, files in found.items():
        (FOLDER / door).mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (FOLDER / door / name).write_bytes(data)


if __name__ == "__main__":
    main()
