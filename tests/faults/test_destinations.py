"""Destinations that take a snapshot and do not say so: it is sent again, and counts once for whoever keeps the key."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson
import pytest

from tests.faults.fleet import all_evaluated
from tests.forward.stub import Stub, running
from tests.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

TIMES = 1
"""So often each of them does wrong. Silence takes a minute."""
WINDOWS = 3
SILENT_SECONDS = 62.0
"""Longer than the service waits for an answer."""
CONFIG = """
destinations:
  fails: {type: webhook, url: HOOK/fails}
  resets: {type: webhook, url: HOOK/resets}
  falls-silent: {type: webhook, url: HOOK/falls-silent}
  evidently: {type: evidently, url: EVIDENTLY}
monitors:
  - id: m
    columns: {id: id}
    window: {rows: 10}
    reports: [{name: r, metrics: [DatasetSummaryMetric]}]
    forward: [fails, resets, falls-silent, evidently]
"""


class Hooks(ThreadingHTTPServer):
    """Keeps what comes under its key, as the documentation of webhooks asks for. State: that, and how often it came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.kept: dict[str, dict[str, int]] = {}
        self.came: Counter[str] = Counter()
        self.done = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Hook(BaseHTTPRequestHandler):
    server: Hooks

    def do_POST(self) -> None:
        name = self.path.strip("/")
        body = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.kept.setdefault(name, {})[self.headers["Idempotency-Key"]] = body["rows"]
        self.server.came[name] += 1
        if self.server.came[name] <= TIMES:
            if name == "resets":
                self.close_connection = True
                self.connection.close()
                return
            if name == "falls-silent":
                self.server.done.wait(SILENT_SECONDS)
                return
            self.send_response(500)
        else:
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        return


@contextmanager
def hooks() -> Iterator[Hooks]:
    server = Hooks()
    thread = threading.Thread(target=server.serve_forever, name="hooks", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.done.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextmanager
def evidently(stub: Stub) -> Iterator[str]:
    """The stub in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="evidently", daemon=True)
    thread.start()
    server = running(stub)
    try:
        yield asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(70)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def test_what_was_taken_and_not_answered_arrives_once_in_effect_at_each(tmp_path: Path) -> None:
    stub = Stub(drop_after_storing=TIMES)
    with hooks() as server, evidently(stub) as address:
        config = CONFIG.replace("HOOK", server.url).replace("EVIDENTLY", address)
        service = Service(tmp_path, config, COLLECTOR_SHUTDOWN_SECONDS="1")
        service.start()
        try:
            rows = [{"id": f"r{n}", "x": n} for n in range(10 * WINDOWS)]
            assert service.post("/v1/monitors/m/inferences", rows)[1]["accepted"] == len(rows)
            settled = service.wait_settled("m")
            expected = {f"{each['id']}/{each['revision']}": each["rows"] for each in service.snapshots(monitor="m")}
            wait_until_delivered(service)
            assert service.get("/v1/dead-letters")[1]["dead_letters"] == []
        finally:
            service.stop()
    assert settled == all_evaluated(10 * WINDOWS)
    assert len(expected) == WINDOWS
    assert server.kept == dict.fromkeys(("fails", "resets", "falls-silent"), expected)
    assert server.came == dict.fromkeys(("fails", "resets", "falls-silent"), WINDOWS + TIMES)
    assert stub.drop_after_storing == 0
    assert len(stub.stored()) == WINDOWS


def wait_until_delivered(service: Service) -> None:
    """Until no outbox holds anything."""
    deadline = time.monotonic() + 240
    while True:
        lines = service.get("/metrics")[1].splitlines()
        waiting = [line for line in lines if line.startswith("collector_forward_waiting_snapshots{")]
        taken = [line for line in lines if line.startswith('collector_forward_snapshots_total{outcome="delivered"')]
        if len(taken) == 4 and all(line.endswith(f" {WINDOWS}.0") for line in taken):
            assert len(waiting) == 4
            return
        assert time.monotonic() < deadline, f"{waiting} {taken}\n{service.log()[-3000:]}"
        time.sleep(0.5)
