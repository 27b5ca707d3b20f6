"""A real Evidently service in a process of its own, from the virtual environment `.oracle`."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.browser.chromium import missing

ORACLE = Path(__file__).parents[2] / ".oracle" / "bin" / "evidently"
START_SECONDS = 90


class Service:
    """`evidently ui` over a folder. May be stopped and started again on the same port."""

    def __init__(self, folder: Path, *, secret: str | None = None) -> None:
        if not ORACLE.exists():
            missing("the Evidently service (`make oracle`)")
        self.folder = folder
        self._secret = secret
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {**os.environ, "DO_NOT_TRACK": "1"}
        command = [str(ORACLE), "ui", "--workspace", str(self.folder), "--port", str(self._port)]
        command += ["--secret", self._secret] if self._secret else []
        log = (self.folder.parent / "evidently.log").open("ab")
        with log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                self.get("/api/version")
            except (urllib.error.URLError, ConnectionError):
                if self._process.poll() is not None:
                    break
                time.sleep(0.2)
            else:
                return
        raise AssertionError(f"the service did not start; its log: {self.folder.parent / 'evidently.log'}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    # ------------------------------------------------------------ its HTTP, without our client

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data=data, method=method, headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read().decode()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def get(self, path: str) -> Any:
        status, answer = self.call("GET", path)
        assert status == 200, f"GET {path}: {status} {answer}"
        return answer

    def project(self, name: str) -> str:
        (found,) = (each["id"] for each in self.get("/api/v2/projects") if each["name"] == name)
        return str(found)

    def snapshots(self, project: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.get(f"/api/projects/{quote(project)}/snapshots")
        return listed

    def series(
        self,
        project: str,
        metric: str,
        *,
        tags: Sequence[str] = (),
        metadata: Mapping[str, str] | None = None,
        **labels: str,
    ) -> list[dict[str, Any]]:
        """The lines of a metric, as a panel with these filters asks for them."""
        wanted = {
            "tags": list(tags), "metadata": dict(metadata or {}), "metric": f"evidently:metric_v2:{metric}",
            "metric_labels": labels,
        }  # fmt: skip
        status, answer = self.call(
            "POST", f"/api/v2/snapshots/{project}/data_series_batch", {"series_filter": [wanted]}
        )
        assert status == 201, answer
        found: list[dict[str, Any]] = answer["series"]
        return found

    def datasets(self, project: str) -> list[tuple[str, int]]:
        """The names of a project's datasets, and how many rows each has."""
        listed = self.get(f"/api/datasets?project_id={quote(project)}")["datasets"]
        return [(each["name"], each["row_count"]) for each in listed]

    def read(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            assert answer.status == 200
            body: bytes = answer.read()
            return body

    def download(self, project: str, snapshot: str, report_format: str) -> str:
        address = f"{self.url}/api/projects/{project}/{snapshot}/download?report_format={report_format}"
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert answer.status == 200
            text: str = answer.read().decode()
            return text
