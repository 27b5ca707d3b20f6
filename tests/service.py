"""A real `collector serve` for tests: started as a process of its own, talked to over HTTP, killed when asked."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

START_SECONDS = 120.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """State: the process, and where it listens."""

    def __init__(self, directory: Path, config: str, **environment: str) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.trusted: ssl.SSLContext | None = None
        self._config = directory / "collector.yaml"
        self._config.write_text(config)
        self._environment = {
            **os.environ,
            "COLLECTOR_BUFFER_URL": f"sqlite://{directory / 'buffer.db'}",
            "COLLECTOR_DATA_DIR": str(directory / "data"),
            "COLLECTOR_TICK_SECONDS": "0.2",
            "COLLECTOR_LEASE_SECONDS": "2",
            "COLLECTOR_RETRY_SECONDS": "0.1",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> "Service":
        self.launch(*options)
        self.wait_ready()
        return self

    def launch(self, *options: str) -> None:
        """Start it, and do not wait until it is ready."""
        command = [sys.executable, "-m", "collector", "serve", "--config", str(self._config),
                   "--host", "127.0.0.1", "--port", str(self.port), *options]  # fmt: skip
        with (self.directory / "service.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def wait_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process is not None
            if self.process.poll() is not None:
                break
            with suppress(OSError):
                if self.get("/readyz")[0] == 200:
                    return
            time.sleep(0.05)
        raise AssertionError(f"the service did not become ready:\n{self.log()[-4000:]}")

    def family(self) -> list[int]:
        """The process and all that it started, itself or through others: parents first."""
        found = [] if self.process is None else [self.process.pid]
        for pid in found:
            with suppress(OSError):
                found += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return found

    def kill(self) -> None:
        """kill -9, as the kernel's OOM killer would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
                raise AssertionError(f"the service did not stop in time:\n{self.log()[-4000:]}") from None
        return self.process.returncode

    def log(self) -> str:
        return (self.directory / "service.log").read_text(errors="replace")

    def get(self, path: str) -> tuple[int, Any]:
        return self.call("GET", path)

    def post(self, path: str, body: object, **headers: str) -> tuple[int, Any]:
        return self.call("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        request = urllib.request.Request(self.url + path, data=body, headers=dict(headers or {}), method=method)
        try:
            with urllib.request.urlopen(request, timeout=20, context=self.trusted) as answer:
                return answer.status, _decoded(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _decoded(error.read())

    def told(self, path: str) -> Any:
        """The answer to a question, asked again while the store is away: a 503 says so, right after an accident."""
        deadline = time.monotonic() + 20
        while True:
            status, body = self.get(path)
            if status == 503 and time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            assert status == 200, body
            return body

    def rows(self, monitor: str) -> dict[str, Any]:
        return dict(self.told(f"/v1/monitors/{monitor}")["state"]["rows"])

    def snapshots(self, **query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            parameters = "&".join(f"{key}={value}" for key, value in query.items())
            page = self.told(f"/v1/snapshots?limit=200&{parameters}{after}")
            found += page["snapshots"]
            if page["next"] is None:
                return found
            after = f"&after={page['next']}"

    def wait_settled(self, monitor: str, *, seconds: float = 120) -> dict[str, Any]:
        """Wait until no row waits; says where they went."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            rows = self.rows(monitor)
            if rows["waiting"] == 0:
                return rows
            time.sleep(0.1)
        raise AssertionError(f"rows still wait: {self.get(f'/v1/monitors/{monitor}')}\n{self.log()[-4000:]}")


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
