"""The collector as a process of its own, as in production: started, restarted when it was killed, stopped."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from collector.errors import Permanent, Unavailable

_START_SECONDS = 60.0
_START_TRIES = 5
_STOP_SECONDS = 30.0
_CALL_SECONDS = 20.0


def free_port(host: str, wanted: int) -> int:
    """The wanted port, or one that is free when somebody else listens there."""
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    raise Permanent(f"nothing can listen at {host}")


class Service:
    """State: the process, and how often it had to be started again."""

    def __init__(self, config: Path, *, host: str, port: int) -> None:
        self.url = f"http://{host}:{port}"
        self._starts = 0
        self._folder = config.parent
        self._command = [sys.executable, "-m", "collector", "serve", "--config", str(config.absolute()),
                         "--host", host, "--port", str(port)]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self._folder / "service.log"

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def revive(self) -> bool:
        """Start it again if it is gone and nobody else has. Says whether it did.

        What it had acknowledged is in its buffer; the SDK sends the rest again.
        """
        if self._process is not None and self._process.poll() is None:
            return False
        with suppress(Unavailable, Permanent):
            self.get("/readyz")
            return False
        self._start()
        return True

    @property
    def restarts(self) -> int:
        return max(self._starts - 1, 0)

    def get(self, path: str, **query: str) -> Any:
        """The JSON of an answer. Raises Unavailable when the service does not answer, Permanent when it refuses."""
        return self._call("GET", f"{path}?{urllib.parse.urlencode(query)}" if query else path)

    def post(self, path: str) -> Any:
        return self._call("POST", path)

    def snapshots(self, monitor: str, **query: str) -> Iterator[Mapping[str, Any]]:
        """The list of a monitor's snapshots, newest first."""
        query |= {"monitor": monitor, "limit": "500"}
        while True:
            page = self.get("/v1/snapshots", **query)
            yield from page["snapshots"]
            if page["next"] is None:
                return
            query["after"] = page["next"]

    def _start(self) -> None:
        """Start it and wait until it is ready; again when somebody kills it meanwhile. Raises Permanent."""
        environment = {
            **os.environ,
            "COLLECTOR_BUFFER_URL": f"sqlite://{self._folder.absolute() / 'buffer.db'}",
            "COLLECTOR_DATA_DIR": str(self._folder.absolute() / "prepared"),
            "COLLECTOR_KEEP_SNAPSHOTS": "20000",  # of a whole year, all that are made
        }
        for _ in range(_START_TRIES):
            self._starts += 1
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
                    self._command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
            if self._becomes_ready(self._process):
                return
            if (self._process.poll() or 0) >= 0:  # it ended by itself, or hangs: another try would do the same
                break
        said = self.log.read_text(errors="replace")[-2000:]
        raise Permanent(f"the service did not start; the end of {self.log}:\n{said}")

    def _becomes_ready(self, process: subprocess.Popen[bytes]) -> bool:
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until and process.poll() is None:
            with suppress(Unavailable, Permanent):
                self.get("/readyz")
                return True
            time.sleep(0.05)
        return False

    def _call(self, method: str, path: str) -> Any:
        request = urllib.request.Request(self.url + path, method=method)  # noqa: S310 - http, our own service
        try:
            with urllib.request.urlopen(request, timeout=_CALL_SECONDS) as answer:  # noqa: S310
                body = answer.read()
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")[:500]
            if error.code in (429, 503):
                raise Unavailable(f"{method} {path}: {error.code} {said}") from error
            raise Permanent(f"{method} {path}: {error.code} {said}") from error
        except (OSError, ValueError) as error:
            raise Unavailable(f"{method} {path}: {error}") from error
        try:
            return json.loads(body)
        except ValueError:
            return body.decode(errors="replace")
