"""`collector backfill`: old rows go through the same windows; repeating it changes nothing."""

import csv
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from collector.cli import main
from collector.commands import backfill as module, batches as batch_module
from collector.commands.backfill import backfill
from collector.commands.batches import batches
from collector.commands.remote import Service as Remote
from collector.errors import Backpressure, TooLarge
from tests.service import Service

CONFIG = """
monitors:
  - id: flights
    columns: {timestamp: t, categorical_features: [carrier], numerical_features: [distance]}
    window: {every: 1d, idle: 0s}
    reports: [{name: rows, tests: [TestNumberOfRows: {gte: 1}]}]
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    running = Service(tmp_path_factory.mktemp("service"), CONFIG).start()
    yield running
    running.stop()


def rows(count, start=0):
    return [
        {"t": f"2013-01-{1 + i % 28:02}T{i % 24:02}:00:00Z", "carrier": "9E" if i % 2 else 'a,"b\nc', "distance": i}
        for i in range(start, start + count)
    ]


def write(path, found):
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(found[0]))
            writer.writeheader()
            writer.writerows(found)
    elif path.suffix == ".ndjson":
        path.write_text("\n".join(map(json.dumps, found)) + "\n")
    elif path.suffix == ".json":
        path.write_text(json.dumps(found))
    else:
        pq.write_table(pa.Table.from_pylist(found), path)
    return path


def run(service, *arguments):
    return CliRunner().invoke(main, ["backfill", "--monitor", "flights", "--url", service.url, *map(str, arguments)])


@pytest.mark.parametrize("suffix", [".csv", ".ndjson", ".json", ".parquet"])
def test_every_row_of_every_kind_of_file_is_taken_once_however_often_it_is_sent(service, tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(batch_module, "ROWS", 40)
    start = {".csv": 1000, ".ndjson": 2000, ".json": 3000, ".parquet": 4000}[suffix]
    file = write(tmp_path / f"rows{suffix}", rows(100, start))
    before = service.rows("flights")["accepted"]

    first, second = run(service, file), run(service, file)
    assert first.exit_code == second.exit_code == 0, first.output
    assert first.stdout.splitlines()[1].split()[1:] == ["100", "0", "0", "0"]
    assert second.stdout.splitlines()[1].split()[1:] == ["0", "100", "0", "0"]
    assert service.rows("flights")["accepted"] == before + 100


def test_old_rows_end_up_in_the_windows_of_their_time(service, tmp_path):
    run(service, write(tmp_path / "a.csv", rows(50, 9000)))
    service.wait_settled("flights")

    days = {each["window"]["start"][:10] for each in service.snapshots(monitor="flights")}
    assert days == {f"2013-01-{day:02}" for day in range(1, 29)}


def test_bad_rows_are_named_by_their_place_in_the_file_and_do_not_sink_the_others(service, tmp_path, monkeypatch):
    monkeypatch.setattr(batch_module, "ROWS", 10)
    found = rows(30, 20_000)
    found[25]["distance"] = "far"
    for row in found[10:20]:
        row["t"] = "yesterday"
    answer = run(service, write(tmp_path / "rows.ndjson", found))

    assert answer.exit_code == 1
    assert answer.stdout.splitlines()[1].split()[1:] == ["19", "0", "0", "11"]
    told = answer.stderr.splitlines()
    assert len(told) == 5
    assert told[0].startswith("row 10, column 't': ")


@pytest.mark.parametrize(
    ("name", "body", "sentence"),
    [
        ("none.csv", None, "cannot be read: No such file or directory"),
        ("rows.txt", b"a", "expected a file that ends in .parquet, .csv, .ndjson, .jsonl, .json"),
        ("rows.parquet", b"PAR1", "cannot be read as parquet: "),
        ("rows.json", b'{"a": 1}', "cannot be read as json: expected a list of objects"),
        ("rows.csv", b"\xff\xfe", "cannot be read as csv: "),
    ],
)
def test_a_file_that_cannot_be_read_is_named(service, tmp_path, name, body, sentence):
    if body is not None:
        (tmp_path / name).write_bytes(body)
    answer = run(service, tmp_path / name)

    assert answer.exit_code == 2
    assert answer.stderr.startswith(f"{tmp_path}/{name}: {sentence}")


def test_an_unknown_monitor_is_told_before_anything_is_sent(service, tmp_path):
    file = write(tmp_path / "rows.csv", rows(1))
    (tmp_path / "c.yaml").write_text(CONFIG)

    answer = run(service, "--monitor", "flight", file)
    assert answer.exit_code == 2
    assert "did you mean 'flights'" in answer.stderr
    answer = run(service, "--monitor", "flight", "--config", tmp_path / "c.yaml", file)
    assert answer.stderr == "there is no monitor 'flight' (did you mean 'flights'?); known: flights\n"


@pytest.mark.parametrize("suffix", [".csv", ".ndjson", ".json", ".parquet"])
def test_batches_hold_every_row_in_order_and_say_how_far_they_are(tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(batch_module, "ROWS", 30)
    found = list(batches(write(tmp_path / f"rows{suffix}", rows(100))))

    assert [batch.offset for batch in found] == [0, 30, 60, 90]
    assert [len(batch.rows) for batch in found] == [30, 30, 30, 10]
    assert found[-1].read == 1.0
    left, right = found[1].halves()
    assert (left.offset, right.offset, len(left.rows), len(right.rows)) == (30, 45, 15, 15)


class Stub:
    """Answers a monitor, and to each batch what `decide(rows, seen)` says: a status, or None for 202."""

    def __init__(self, decide):
        self.taken: list[object] = []
        self.keys: list[str] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self._answer(200, {"id": "flights", "columns": {"timestamp": "t"}})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                found = [json.loads(line) for line in body.splitlines()]
                stub.keys.append(self.headers["Idempotency-Key"])
                status = decide(found, len(stub.keys))
                if status is None:
                    stub.taken += found
                    self._answer(202, {"accepted": len(found), "errors": []})
                else:
                    self._answer(status, {"detail": "no"})

            def _answer(self, status, document):
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Retry-After", "7")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def test_a_full_service_is_waited_for_as_long_as_it_says(tmp_path):
    waits: list[float] = []
    file = write(tmp_path / "rows.ndjson", rows(3))
    with Stub(lambda _, seen: [429, 503, None][seen - 1]) as stub:
        assert backfill(Remote(stub.url), "flights", [file], waits.append) == 0

    assert waits == [7.0, 7.0]
    assert stub.taken == rows(3)
    assert len(set(stub.keys)) == 1, "a repeat has the key of the first"


def test_a_service_that_stays_full_ends_the_backfill(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_WAITS", 3)
    file = write(tmp_path / "rows.ndjson", rows(3))
    with Stub(lambda *_: 429) as stub, pytest.raises(Backpressure):
        backfill(Remote(stub.url), "flights", [file], lambda _: None)

    assert len(stub.keys) == 4


def test_a_batch_that_is_too_large_is_halved_until_it_fits(tmp_path):
    file = write(tmp_path / "rows.ndjson", rows(10))
    with Stub(lambda found, _: 413 if len(found) > 3 else None) as stub:
        assert backfill(Remote(stub.url), "flights", [file]) == 0

    assert stub.taken == rows(10)
    assert len(set(stub.keys)) == len(stub.keys)


def test_a_single_row_that_is_too_large_ends_the_backfill(tmp_path):
    file = write(tmp_path / "rows.ndjson", rows(2))
    with Stub(lambda *_: 413) as stub, pytest.raises(TooLarge):
        backfill(Remote(stub.url), "flights", [file])
