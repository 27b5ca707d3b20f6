"""A value that must not be stored, sent through every door: afterwards it is in no store, file, log, answer or webhook.

Without the wish for privacy the same values are found, one for each door: so they would have been found with it.
"""

import http.server
import io
import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import zstandard

from tests.redis_server import RedisServer
from tests.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

MARK = "Zq7Quetzal"
"""How every secret begins; behind it stands the door that it went through."""
KEY = "MRG7vWqJ2nX5kTzB9cLdF4hP8sYaE6uQ"
PRIVACY = "privacy: {hash: [id, city, churned, guess], mask: [{card: {keep_last: 2}}], drop: [email]}"
CONFIG = """
destinations:
  local: {type: local, path: WORKSPACE}
  hook: {type: webhook, url: "HOOK/taken"}
  refusing: {type: webhook, url: "HOOK/refused"}
monitors:
  - id: m
    columns: {id: id, task: classification, target: churned, prediction: guess}
    PRIVACY
    segments: [city]
    window: {every: 1h}
    include_data: true
    reference: {upload: true}
    reports:
      - name: sees
        metrics:
          - ColumnSummaryMetric: {column_name: city}
          - ColumnDriftMetric: {column_name: city}
          - ColumnQuantileMetric: {column_name: city, quantile: 0.5}
          - ColumnSummaryMetric: {column_name: card}
        tests:
          - TestColumnValueMin: {column_name: card, gte: 5}
          - TestNumberOfRows: {lte: 0}
      - {name: judges, needs_target: true, metrics: [ClassificationQualityMetric]}
    forward: [local, hook, refusing]
    alerts: [{when: test_failed, to: hook}]
  - id: from-path
    columns: {id: id}
    PRIVACY
    reference: {path: REFERENCE}
    reports: [{name: r, metrics: [{ColumnDriftMetric: {column_name: city}}]}]
    forward: [hook]
"""
Send = Callable[[str, str, bytes, dict[str, str]], None]
JSON = {"Content-Type": "application/json"}
ARROW = "application/vnd.apache.arrow.stream"


def row(door: str, **more: object) -> dict[str, object]:
    """A row of which every private value says through which door it went."""
    secret = f"{MARK}-{door}-"
    private = {name: f"{secret}{name}" for name in ("id", "city", "card", "email")}
    return {**private, "guess": f"{secret}guess", "amount": 1.5, **more}


def event(kind: str, door: str) -> dict[str, str]:
    return {**JSON, "ce-specversion": "1.0", "ce-source": "s", "ce-id": f"{MARK}-{door}-id",
            "ce-type": f"org.kubeflow.serving.inference.{kind}"}  # fmt: skip


def arrow(rows: list[dict[str, object]]) -> bytes:
    table = pa.Table.from_pylist(rows)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def csv(rows: list[dict[str, object]]) -> bytes:
    return pd.DataFrame(rows).to_csv(index=False).encode()


def otlp(door: str) -> bytes:
    values = [{"key": k, "value": {"stringValue": str(v)}} for k, v in row(door).items()]
    record = {"timeUnixNano": str(time.time_ns()), "body": {"kvlistValue": {"values": values}}}
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()


def send_all(send: Send) -> None:
    """Through every door that keeps something."""
    rows, labels = "/v1/monitors/m/inferences", "/v1/monitors/m/labels"
    frame = pd.DataFrame([row("reference", churned=f"{MARK}-reference-churned")] * 3)
    out = io.BytesIO()
    frame.to_parquet(out)
    send("PUT", "/v1/monitors/m/reference", out.getvalue(), {"Content-Type": "application/vnd.apache.parquet"})
    send("POST", rows, json.dumps([row("json")]).encode(), JSON)
    many = [{**row("many"), "id": f"{MARK}-many-{number}"} for number in range(50)]
    send("POST", rows, json.dumps(many).encode(), JSON)
    send("POST", rows, json.dumps(row("line")).encode(), {"Content-Type": "application/x-ndjson"})
    send("POST", rows, csv([row("csv")]), {"Content-Type": "text/csv"})
    send("POST", rows, arrow([row("arrow")]), {"Content-Type": ARROW})
    send("POST", "/cloudevents/m", json.dumps(row("event")).encode(), {**event("", "event"), "ce-type": "my.rows"})
    for door, kinds in (("pair", ("request", "response")), ("half", ("request",)), ("answer", ("response",))):
        halves = {"request": {"instances": [row(door)]}, "response": {"predictions": [f"{MARK}-{door}-guess"]}}
        for kind in kinds:
            send("POST", "/cloudevents/m", json.dumps(halves[kind]).encode(), event(kind, door))
    send("POST", "/v1/logs/m", otlp("otlp"), JSON)
    send("POST", "/m/data", json.dumps({k: {"0": v} for k, v in row("frame").items()}).encode(), JSON)
    send("POST", labels, json.dumps([{"id": f"{MARK}-json-id", "target": f"{MARK}-label-churned"}]).encode(), JSON)
    send("POST", "/v1/monitors/from-path/inferences", json.dumps([row("compared")]).encode(), JSON)
    bad = [row("rejected", city=[f"{MARK}-rejected-list"]), row("rejected", card={"n": f"{MARK}-rejected-object"})]
    send("POST", rows, json.dumps(bad).encode(), JSON)
    send("POST", rows, json.dumps({"columns": {k: str(v) for k, v in row("rejected").items()}}).encode(), JSON)
    send("POST", labels, json.dumps([{"id": 0.5, "target": [f"{MARK}-rejected-label"]}]).encode(), JSON)
    send("POST", "/cloudevents/m", json.dumps({"instances": f"{MARK}-rejected-event"}).encode(), event("request", "r"))


KEPT = ("reference", "path", "json", "many", "line", "csv", "arrow", "event", "pair", "half", "answer", "otlp", "frame",
        "label", "compared", "backfill")  # fmt: skip
"""The doors whose values are in the store when nobody asks for privacy."""


class Hook:
    """A webhook that takes what is sent to one address, and refuses with an echo what is sent to the other."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.bodies.append(body)
                self.send_response(200 if self.path == "/taken" else 400)
                self.end_headers()
                self.wfile.write(body[:2000])

            def log_message(self, *_: object) -> None:
                return None

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.close()


@contextmanager
def store(kind: str, folder: Path) -> Iterator[tuple[dict[str, str], Callable[[], bytes]]]:
    """The settings of a buffer, and what lies in it."""
    if kind == "sqlite":
        yield {}, lambda: b""
        return
    (folder / "redis").mkdir()
    server = RedisServer(folder / "redis", "--appendonly", "yes")
    server.start()
    try:
        yield {"COLLECTOR_BUFFER_URL": server.url}, lambda: redis_dump(server)
    finally:
        server.kill()


def redis_dump(server: RedisServer) -> bytes:
    """Every key with all that is in it."""
    client: Any = server.client()
    read: dict[bytes, Callable[[bytes], Any]] = {
        b"string": client.get, b"hash": client.hgetall, b"set": client.smembers, b"list": lambda k: client.lrange(k, 0, -1),
        b"zset": lambda k: client.zrange(k, 0, -1, withscores=True), b"stream": client.xrange,
    }  # fmt: skip
    found = [key + b" " + b" ".join(flat(read[client.type(key)](key))) for key in client.scan_iter()]
    client.close()
    return b"\n".join(found)


def flat(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set):
        for each in value:
            yield from flat(each)
    else:
        yield value if isinstance(value, bytes) else str(value).encode()


def unpacked(data: bytes) -> bytes:
    """The data, and what is in the frames of zstd in it."""
    parts, at = [data], data.find(zstandard.MAGIC_NUMBER.to_bytes(4, "little"))
    while at >= 0:
        with suppress(zstandard.ZstdError):  # four bytes that only look like its beginning
            parts.append(zstandard.ZstdDecompressor().decompressobj().decompress(data[at:]))
        at = data.find(zstandard.MAGIC_NUMBER.to_bytes(4, "little"), at + 4)
    return b"\n".join(parts)


def play(folder: Path, kind: str, hook: Hook, privacy: str) -> tuple[bytes, dict[str, bytes]]:
    """Send everything, wait until it is evaluated and delivered, and look everywhere: what is in the stores and files,
    and what was answered and told.
    """
    reference, backfill = folder / "in" / "reference.csv", folder / "in" / "backfill.csv"
    reference.parent.mkdir()
    reference.write_bytes(csv([row("path")] * 3))
    backfill.write_bytes(csv([row("backfill")]))
    config = CONFIG.replace("PRIVACY", privacy).replace("WORKSPACE", str(folder / "workspace"))
    config = config.replace("HOOK", hook.url).replace("REFERENCE", str(reference))
    answers: list[bytes] = []
    with store(kind, folder) as (environment, dump):
        service = Service(folder, config, **environment, COLLECTOR_HASH_KEY=KEY, COLLECTOR_MAX_ATTEMPTS="1")

        def send(method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
            status, answer = service.call(method, path, body, headers)
            assert status < 500, (path, answer)
            answers.append(json.dumps(answer).encode())

        service.start()
        try:
            send_all(send)
            sent = subprocess.run(
                [sys.executable, "-m", "collector", "backfill", "--url", service.url, "--monitor", "m", backfill],
                capture_output=True, check=True,
            )  # fmt: skip
            answers += [sent.stdout, sent.stderr]
            halves = unpacked(everything(folder) + dump())
            for monitor in ("m", "from-path"):
                send("POST", f"/v1/monitors/{monitor}/flush", b"", {})
            settled(service, hook)
            for path in (
                "/v1/monitors/m",
                "/v1/snapshots",
                "/v1/dead-letters",
                "/m/logs",
                "/metrics",
                "/",
                "/monitors/m",
            ):
                with urllib.request.urlopen(service.url + path) as answer:
                    answers.append(answer.read())
            for snapshot in service.snapshots(monitor="m"):
                for suffix in ("", "/report.html"):
                    with urllib.request.urlopen(f"{service.url}/v1/snapshots/{snapshot['id']}{suffix}") as answer:
                        answers.append(answer.read())
            kept = halves + unpacked(everything(folder) + dump())
        finally:
            service.stop()
        kept += unpacked(everything(folder))
    return kept, {
        "answers": b"\n".join(answers),
        "webhooks": unpacked(b"\n".join(hook.bodies)),
        "log": service.log().encode(),
    }


def everything(folder: Path) -> bytes:
    """All files but what the test put there, and the log, which is looked at by itself."""
    ours = {folder / "collector.yaml", folder / "service.log", *(folder / "in").iterdir()}
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path not in ours]
    return b"\n".join(path.read_bytes() for path in files)


def settled(service: Service, hook: Hook) -> None:
    """Every report is there, the refused deliveries are dead letters, and an alert was told."""
    deadline = time.monotonic() + 90
    while True:
        reports = {each["report"] for each in service.snapshots()}
        letters = service.get("/v1/dead-letters")[1]["dead_letters"]
        if reports >= {"sees", "judges", "r"} and letters and any(b"test_failed" in body for body in hook.bodies):
            return
        assert time.monotonic() < deadline, (reports, letters, service.log()[-3000:])
        time.sleep(0.2)


def found_in(data: bytes) -> list[bytes]:
    """What is around each place where a secret begins."""
    places: list[bytes] = []
    at = data.find(MARK.encode())
    while at >= 0 and len(places) < 5:
        places.append(data[max(at - 60, 0) : at + 60])
        at = data.find(MARK.encode(), at + 1)
    return places


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_no_store_file_log_answer_or_webhook_has_a_private_value(tmp_path: Path, hook: Hook, kind: str) -> None:
    kept, told = play(tmp_path, kind, hook, PRIVACY)

    assert found_in(kept) == []
    for what, data in told.items():
        assert data, what
        assert found_in(data) == [], what
    for data in (kept, *told.values()):
        assert KEY.encode() not in data
    assert b"could not" in told["answers"] or b'"error"' in told["answers"], "no metric failed: nothing was shown of it"


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_without_the_wish_each_of_them_is_found(tmp_path: Path, hook: Hook, kind: str) -> None:
    """Else the test above would find nothing either way."""
    kept, told = play(tmp_path, kind, hook, "")

    assert [door for door in KEPT if f"{MARK}-{door}-".encode() not in kept] == []
    assert MARK.encode() in told["answers"]
    assert MARK.encode() in told["webhooks"]


def test_a_monitor_that_hashes_is_refused_by_a_service_without_a_key_and_left_alone_by_one_that_lost_it(
    tmp_path: Path,
) -> None:
    hashing = b'{"privacy": {"hash": ["city"]}}'
    with_key = Service(tmp_path, "monitors: []", COLLECTOR_HASH_KEY=KEY).start()
    try:
        assert with_key.call("PUT", "/v1/monitors/m", hashing, JSON)[0] == 201
        assert with_key.post("/v1/monitors/m/inferences", [{"city": "Oslo"}])[0] == 202
    finally:
        with_key.stop()
    without = Service(tmp_path, "monitors: []").start()
    try:
        status, problem = without.call("PUT", "/v1/monitors/other", hashing, JSON)
        assert (status, problem["key"]) == (422, "privacy.hash")
        assert "set COLLECTOR_HASH_KEY" in problem["detail"]
        status, problem = without.post("/v1/monitors/m/inferences", [{"city": "Oslo"}])
        assert (status, "set COLLECTOR_HASH_KEY" in problem["detail"]) == (503, True)
        assert without.rows("m")["accepted"] == 1
    finally:
        without.stop()
