"""A collector service of a few lines, in a thread: it keeps what a real one would, and fails on demand."""

import gzip
import json
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from collector_sdk import Collector

COLUMNS = {"id": "flight_id", "timestamp": "at", "prediction": "p", "target": "delayed"}
MONITOR = {"id": "flights", "monitor": {"id": "flights", "columns": COLUMNS}, "state": {}}


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    connection: tuple[str, int]

    @property
    def key(self) -> str:
        return self.headers["idempotency-key"]

    @property
    def rows(self) -> list[dict[str, Any]]:
        if isinstance(self.body, dict) and "columns" in self.body:
            names = list(self.body["columns"])
            return [dict(zip(names, each, strict=True)) for each in zip(*self.body["columns"].values(), strict=True)]
        return list(self.body)


@dataclass
class Stub:
    """`failures` are given first, one a POST: (status, headers, body) or "hang up" before the answer."""

    url: str = ""
    monitor: dict[str, Any] | None = field(default_factory=lambda: dict(MONITOR))
    requests: list[Request] = field(default_factory=list)
    failures: deque[Any] = field(default_factory=deque)
    judge: Callable[[list[dict[str, Any]]], dict[str, Any]] | None = None
    answering: threading.Event = field(default_factory=threading.Event)
    stored: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def posts(self) -> list[Request]:
        return [request for request in self.requests if request.method == "POST"]

    def rows(self, what: str = "inferences") -> list[dict[str, Any]]:
        """What the service holds in effect: a key that came twice counts once."""
        return [row for key in self.order if key.startswith(what) for row in self.stored[key]]

    def wait_for(self, happened: Callable[[], bool], seconds: float = 10.0) -> None:
        with self.arrived:
            assert self.arrived.wait_for(happened, seconds), "the SDK did not send in time"

    def answer(self, request: Request) -> tuple[int, dict[str, str], Any] | None:
        self.requests.append(request)
        if request.method == "GET":
            return (404, {}, {"title": "no such monitor"}) if self.monitor is None else (200, {}, self.monitor)
        failure = self.failures.popleft() if self.failures else None
        what = request.path.rsplit("/", 1)[1]
        if failure == "hang up before":
            return None
        if failure is None or failure == "hang up after":
            key = f"{what} {request.key}"
            if key not in self.stored:
                self.order.append(key)
            self.stored[key] = request.rows
            answer = {"accepted": len(request.rows), "rejected": 0, "duplicates": 0, "late": 0, "errors": []}
            answer |= self.judge(request.rows) if self.judge else {}
            return None if failure else (202, {}, answer)
        status, headers, body = failure
        return status, headers, body


def make_handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            if headers.get("content-encoding") == "gzip":
                raw = gzip.decompress(raw)
            body = json.loads(raw) if raw else None
            with stub.arrived:
                answer = stub.answer(Request(self.command, self.path, headers, body, self.client_address))
                stub.arrived.notify_all()
            stub.answering.wait()
            if answer is None:
                self.close_connection = True
                return
            status, extra, document = answer
            content = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {**extra, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = handle_any  # noqa: N815 - the names that http.server looks for

        def log_message(self, *arguments: object) -> None:
            pass

    return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""


class Service:
    """The stub and the server in front of it, which can go away and come back on the same port."""

    def __init__(self) -> None:
        self.stub = Stub()
        self.stub.answering.set()
        self.port = 0
        self._server: Server | None = None

    def start(self, context: ssl.SSLContext | None = None) -> Stub:
        self._server = Server(("127.0.0.1", self.port), make_handler(self.stub))
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.stub.url = f"{'http' if context is None else 'https'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self.stub

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.stub.answering.set()
    made.stop()


@pytest.fixture
def stub(service: Service) -> Stub:
    return service.start()


@pytest.fixture
def make(stub: Stub) -> Iterator[Callable[..., Collector]]:
    """Collectors of the stub's monitor, closed at the end."""
    made: list[Collector] = []

    def build(**options: Any) -> Collector:
        made.append(Collector(options.pop("url", stub.url), monitor="flights", **options))
        return made[-1]

    yield build
    for collector in made:
        collector.close(timeout=1)
