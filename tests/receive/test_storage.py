"""Files from this machine and from object stores: real servers where one can be had."""

import io
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.registry import _registry as known

from collector.errors import Invalid, TooLarge, Transient
from collector.monitor import Monitor
from collector.ports import PROFILE_MARK
from collector.receive.decoders.table import Limits
from collector.receive.references.reference import from_body, from_location
from collector.receive.references.storage import fetch

MONITOR = Monitor.model_validate(
    {"id": "m", "columns": {"numerical_features": ["distance"], "categorical_features": ["carrier"]}}
)


def parquet(*distances: float, **columns: list) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"distance": list(distances), "carrier": ["AA"] * len(distances)} | columns), sink)
    return sink.getvalue()


def rows(stored: bytes) -> list[dict]:
    return list(pq.read_table(io.BytesIO(stored)).to_pylist())


# ------------------------------------------------------------ this machine


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    folder = tmp_path / "january"
    (folder / "day=2").mkdir(parents=True)
    (folder / "part-1.parquet").write_bytes(parquet(1.0, 2.0))
    (folder / "day=2" / "part-0.parquet").write_bytes(parquet(3))  # whole numbers
    (folder / "_metadata.parquet").write_bytes(b"of another program")
    (folder / "_SUCCESS").touch()
    return folder


@pytest.mark.parametrize("pattern", ["", "/**/*.parquet", "/*/part-*.parquet"])
def test_a_folder_or_a_pattern_is_all_its_parts_in_order(parts: Path, pattern: str):
    expected = [3.0] if "part-*" in pattern else [3.0, 1.0, 2.0]
    assert [row["distance"] for row in rows(from_location(MONITOR, f"{parts}{pattern}"))] == expected


def test_parts_that_do_not_go_together_are_told_by_name(parts: Path):
    (parts / "part-9.parquet").write_bytes(parquet(carrier=["AA"], distance=["far"]))
    with pytest.raises(Invalid, match=r"january: the part part-9\.parquet: .*distance"):
        from_location(MONITOR, str(parts))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none.parquet", "cannot be read: No such file or directory"),
        ("empty", "there is no Parquet file"),
        ("*.parquet", "there is no Parquet file"),
        ("r.xlsx", r"expected a file that ends in \.parquet"),
        ("broken.parquet", "not Parquet"),
    ],
)
def test_what_is_no_reference_is_told_with_its_path(tmp_path: Path, name: str, reason: str):
    (tmp_path / "empty").mkdir()
    (tmp_path / "r.xlsx").write_bytes(b"x")
    (tmp_path / "empty" / "x").touch()
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    location = tmp_path / ("empty" if name.startswith("*") else "") / name
    with pytest.raises(Invalid, match=reason) as told:
        from_location(MONITOR, str(location))
    assert str(told.value).startswith(str(tmp_path))


def test_more_than_memory_should_hold_is_refused_before_it_is_read(tmp_path: Path):
    (tmp_path / "r.parquet").write_bytes(parquet(1.0))
    with pytest.raises(TooLarge, match=r"r\.parquet: more than 100 bytes.*a sample of its rows"):
        fetch(str(tmp_path / "r.parquet"), most_bytes=100)


def test_a_column_that_is_nearly_there_is_named(tmp_path: Path):
    (tmp_path / "r.parquet").write_bytes(parquet(1.0).replace(b"distance", b"distence"))
    with pytest.raises(Invalid, match=r"r\.parquet: .*lacks the column 'distance' \(did you mean 'distence'\?\)"):
        from_location(MONITOR, str(tmp_path / "r.parquet"))


# ------------------------------------------------------------ S3, with a server


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    import boto3

    for name, value in {"AWS_ENDPOINT_URL": s3_endpoint, "AWS_ACCESS_KEY_ID": "key-of-the-tests",
                        "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests", "AWS_DEFAULT_REGION": "us-east-1"}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="references")
    for name, body in {"january.parquet": parquet(1.0), "parts/a/0.parquet": parquet(2.0), "parts/1.parquet": parquet(3.0),
                       "parts/_SUCCESS": b"", "r.csv": b"distance,carrier\n5,AA\n"}.items():  # fmt: skip
        client.put_object(Bucket="references", Key=name, Body=body)
    client.close()
    return "s3://references"


@pytest.mark.parametrize(
    ("key", "distances"),
    [
        ("january.parquet", [1.0]),
        ("parts", [3.0, 2.0]),
        ("parts/*.parquet", [3.0]),
        ("parts/**/*.parquet", [3.0, 2.0]),
        ("r.csv", [5]),
    ],
)
def test_s3_has_files_folders_and_patterns(bucket: str, key: str, distances: list[float]):
    assert [row["distance"] for row in rows(from_location(MONITOR, f"{bucket}/{key}"))] == distances


def test_an_object_that_is_replaced_is_read_anew(bucket: str):
    import boto3

    from_location(MONITOR, f"{bucket}/january.parquet")
    client = boto3.client("s3")
    client.put_object(Bucket="references", Key="january.parquet", Body=parquet(7.0, 8.0))
    client.close()
    assert len(rows(from_location(MONITOR, f"{bucket}/january.parquet"))) == 2


def test_an_object_that_is_not_there_is_told(bucket: str):
    with pytest.raises(Invalid, match=r"^s3://references/february\.parquet: there is no such file$"):
        fetch(f"{bucket}/february.parquet")


def test_missing_credentials_are_told_at_once(bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(Invalid, match="NoCredentialsError"):
        fetch(f"{bucket}/january.parquet")


def test_a_store_that_does_not_answer_is_transient(bucket: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(Transient, match=r"^s3://references/january\.parquet: cannot be read"):
        fetch(f"{bucket}/january.parquet")


# ------------------------------------------------------------ HTTP, with a server


class _Store(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        status = {"/gone": 404, "/refused": 403, "/down": 503}.get(self.path.partition(".")[0], 200)
        body = parquet(4.0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Store)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_on_the_web_is_read(web: str):
    assert rows(from_location(MONITOR, f"http://{web}/r.parquet?signature=abcdef"))[0]["distance"] == 4.0


@pytest.mark.parametrize(("name", "error"), [("gone", Invalid), ("refused", Invalid), ("down", Transient)])
def test_what_gives_access_is_never_told(web: str, name: str, error: type[Exception]):
    with pytest.raises(error) as told:
        fetch(f"http://ada:pass-of-ada@{web}/{name}.parquet?sig=abcdef%2Fghi")
    assert str(told.value).startswith(f"http://{web}/{name}.parquet: ")
    for secret in ("ada", "abcdef", "sig="):
        assert secret not in str(told.value)


# ------------------------------------------------------------ the extra


@pytest.mark.parametrize(
    ("location", "module"),
    [
        ("s3://b/r.parquet", "s3fs"),
        ("gs://b/r.parquet", "gcsfs"),
        ("az://b/r.parquet", "adlfs"),
        ("s3://b/r", "fsspec.core"),
    ],
)
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, location: str, module: str):
    monkeypatch.setitem(sys.modules, module, None)
    for scheme in ("s3", "gs", "az"):  # as in a process that has read none yet
        monkeypatch.delitem(known, scheme, raising=False)
    with pytest.raises(Invalid, match=r"install inference-collector\[object-store\]"):
        fetch(location)


def test_an_unknown_scheme_is_told_with_the_known_ones():
    with pytest.raises(Invalid, match=r"^ftp://h/r\.parquet: expected a path or one of file:, s3://"):
        fetch("ftp://ada:secret@h/r.parquet")


def test_a_monitor_is_stored_and_shown_without_what_gives_access_to_its_reference():
    monitor = Monitor.model_validate({"id": "m", "reference": {"path": "https://ada:pass@h/r.parquet?sig=abcdef"}})
    assert monitor.reference is not None
    assert monitor.reference.path == "https://ada:pass@h/r.parquet?sig=abcdef"  # whoever reads it needs all of it
    assert monitor.model_dump(mode="json", exclude_defaults=True)["reference"] == {"path": "https://h/r.parquet"}
    assert "abcdef" not in f"{monitor!r} {monitor} {monitor.model_dump_json()}"


def test_a_profile_is_no_reference_to_upload():
    sink = io.BytesIO()
    pq.write_table(pa.table({"distance": [1.0], "carrier": ["AA"]}).replace_schema_metadata({PROFILE_MARK: "{}"}), sink)
    with pytest.raises(Invalid, match="expected the rows themselves"):
        from_body(MONITOR, sink.getvalue(), "application/vnd.apache.parquet", Limits(10, 10, 10_000))
