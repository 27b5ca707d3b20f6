"""The commands that ask a running service, against a running service."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from collector.cli import main
from tests.service import Service, free_port

CONFIG = """
destinations: {hook: {type: webhook, url: "http://127.0.0.1:%d/"}}
monitors:
  - id: flights
    project: Flights
    columns: {id: id, timestamp: t}
    window: {every: 1d, idle: 0s}
    reports: [{name: rows, tests: [TestNumberOfRows: {gte: 1}]}]
    forward: [hook]
    tags: [prod]
  - id: doomed
    window: {rows: 1}
    reports: [{name: rows, tests: [TestNumberOfRows: {gte: 1}]}]
"""


class Refusing(BaseHTTPRequestHandler):
    """A webhook that will never take this: what is sent there is a dead letter at once."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Quietly."""


@pytest.fixture(scope="module")
def hook():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def service(tmp_path_factory, hook):
    folder = tmp_path_factory.mktemp("service")
    running = Service(folder, CONFIG % hook).start()
    rows = [{"id": f"{day}-{row}", "t": f"2013-01-{day:02}T06:00:00Z"} for day in range(1, 4) for row in range(5)]
    assert running.post("/v1/monitors/flights/inferences", rows)[0] == 202
    assert running.post("/v1/monitors/flights/flush", {})[0] == 202
    assert running.post("/v1/monitors/doomed/inferences", [{"x": 1}])[0] == 202
    running.wait_settled("flights")
    running.wait_settled("doomed")
    yield running
    running.stop()


def run(service, *arguments):
    return CliRunner().invoke(main, [*arguments, "--url", service.url])


def json_of(service, *arguments):
    answer = run(service, *arguments)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def wait_for_letters(service, count):
    for _ in range(200):
        letters = json_of(service, "dead-letters", "list", "--json")["dead_letters"]
        if len(letters) >= count:
            return letters
        service.get("/livez")
    raise AssertionError("the deliveries were not set aside")


def test_monitors_are_listed_and_shown(service):
    listed = run(service, "monitors", "list")
    shown = json_of(service, "monitors", "show", "flights")

    header, *lines = listed.stdout.splitlines()
    assert header.split()[:2] == ["MONITOR", "PROJECT"]
    assert sorted(line.split()[:2] for line in lines) == [["doomed", "doomed"], ["flights", "Flights"]]
    assert shown["state"]["rows"]["evaluated"] == 15


def test_snapshots_are_listed_newest_first_filtered_and_shown(service):
    listed = json_of(service, "snapshots", "list", "--monitor", "flights", "--json")["snapshots"]
    assert [each["timestamp"] for each in listed] == [f"2013-01-0{day}T00:00:00Z" for day in (3, 2, 1)]

    assert (
        len(json_of(service, "snapshots", "list", "--monitor", "flights", "--limit", "2", "--json")["snapshots"]) == 2
    )
    later = json_of(service, "snapshots", "list", "--from", "2013-01-02", "--tag", "prod", "--json")["snapshots"]
    assert len(later) == 2
    assert json_of(service, "snapshots", "list", "--tag", "none", "--json")["snapshots"] == []
    assert json_of(service, "snapshots", "show", listed[0]["id"])["rows"] == 5
    table = run(service, "snapshots", "list", "--monitor", "flights", "--limit", "1").stdout.splitlines()
    assert table[1].split() == ["2013-01-03T00:00:00Z", "flights", "rows", "5", "SUCCESS=1", listed[0]["id"]]


def test_a_deleted_snapshot_is_gone(service):
    (only,) = json_of(service, "snapshots", "list", "--monitor", "doomed", "--json")["snapshots"]
    doomed = only["id"]

    assert run(service, "snapshots", "delete", doomed).stdout == f"deleted {doomed}\n"
    answer = run(service, "snapshots", "show", doomed)
    assert answer.exit_code == 2
    assert answer.stderr == f"the collector answered 404: there is no snapshot '{doomed}'\n"


def test_dead_letters_are_listed_shown_replayed_and_deleted(service):
    letters = wait_for_letters(service, 3)
    first, second = letters[0]["id"], letters[1]["id"]

    assert json_of(service, "dead-letters", "show", first)["monitor"] == "flights"
    assert "outbox/hook" in run(service, "dead-letters", "list", "--monitor", "flights").stdout
    assert run(service, "dead-letters", "replay", first).stdout == f"put back {first}\n"
    assert run(service, "dead-letters", "delete", second).stdout == f"deleted {second}\n"
    answer = run(service, "dead-letters", "delete", second)
    assert answer.exit_code == 2
    assert "there is no dead letter" in answer.stderr


def test_an_unknown_monitor_is_told_with_the_near_miss(service):
    answer = run(service, "monitors", "show", "flight")

    assert answer.exit_code == 2
    assert answer.stderr.startswith("the collector answered 404: ")
    assert "did you mean 'flights'" in answer.stderr


def test_what_the_service_does_not_understand_is_told(service):
    answer = run(service, "snapshots", "list", "--from", "yesterday")

    assert answer.exit_code == 2
    assert answer.stderr.startswith("the collector answered 400: from: ")


def test_a_service_that_is_not_there_is_told_with_its_address():
    url = f"http://127.0.0.1:{free_port()}"
    answer = CliRunner().invoke(main, ["monitors", "list"], env={"COLLECTOR_URL": url})

    assert answer.exit_code == 2
    assert answer.stderr.startswith(f"no collector answers at {url}: ")


@pytest.mark.parametrize(
    "url", ["nonsense", "file:///etc/passwd", "http://", "http://[bad", "http://host:port", "http://a..b"]
)
def test_an_address_that_is_none_is_told(url):
    answer = CliRunner().invoke(main, ["monitors", "list", "--url", url])

    assert answer.exit_code == 2
    assert "Traceback" not in answer.output
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("answer", [b"-ERR unknown command\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"],
                         ids=["another protocol", "cut off"])  # fmt: skip
def test_an_answer_that_is_none_is_told(answer):
    def talk() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        talking = threading.Thread(target=talk)
        talking.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        found = CliRunner().invoke(main, ["monitors", "list", "--url", url])
        talking.join()

    assert found.exit_code == 2
    assert found.stderr.startswith(f"no collector answers at {url}: no whole answer (")


def test_a_key_that_no_header_takes_is_told_and_not_shown():
    found = CliRunner().invoke(main, ["monitors", "list", "--api-key", "s3cret\nX: 1"])

    assert found.exit_code == 2
    assert found.stderr == "the key of --api-key or COLLECTOR_API_KEY holds a character that no header takes\n"


def test_a_key_is_sent_and_a_missing_one_is_told(tmp_path):
    (tmp_path / "keys").write_text("keys: [{name: dashboards, key: a-long-key, scopes: [read]}]\n")
    running = Service(tmp_path, CONFIG % free_port(), COLLECTOR_API_KEYS_FILE=str(tmp_path / "keys")).start()
    try:
        refused, listed = (
            run(running, "monitors", "list"),
            run(running, "monitors", "list", "--api-key", "a-long-key\n"),
        )
    finally:
        running.stop()

    assert refused.exit_code == 2
    assert refused.stderr.startswith("the collector answered 401: ")
    assert "Give a key with --api-key or COLLECTOR_API_KEY." in refused.stderr
    assert listed.exit_code == 0
