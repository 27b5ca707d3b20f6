"""Loads: wrk's keep-alive connections, and one patient client that times every answer."""

import http.client
import re
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.servers import CLIENT_CORE, Server

CONNECTIONS = 16

_SCRIPT = """
local made, next = {}, 0
wrk.method = "POST"
function init()
  for number = 0, COUNT - 1 do
    local file = io.open("DIRECTORY/" .. number, "rb")
    made[number] = wrk.format("POST", nil, {["Content-Type"] = "MEDIA"}, file:read("*a"))
    file:close()
  end
end
function request()
  next = (next + 1) % COUNT
  return made[next]
end
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """What wrk saw. `client_cores` is what it took itself."""

    requests: float
    p99_ms: float
    client_cores: float


def wrk(server: Server, *bodies: bytes, seconds: float, media: str = "application/json", pinned: bool = True) -> Rate:
    """The bodies one after another, over and over. Raises SystemExit when requests were refused."""
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "post.lua"
        for number, body in enumerate(bodies):
            (Path(directory) / f"{number}").write_bytes(body)
        script.write_text(
            _SCRIPT.replace("DIRECTORY", directory).replace("COUNT", str(len(bodies))).replace("MEDIA", media)
        )
        command = [
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{seconds:g}s",
            "--timeout",
            "20s",
            "--latency",
            "-s",
            str(script),
        ]
        core = ["taskset", "-c", str(CLIENT_CORE)] if pinned else []
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        out = subprocess.run(
            [*core, *command, f"{server.url}{server.path}"],
            capture_output=True,
            text=True,
            timeout=seconds + 60,
            check=True,
        ).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if "Non-2xx" in out:
        raise SystemExit(f"the server refused requests:\n{out}")
    late, rate = re.search(r"99%\s+([\d.]+)(us|ms|s)", out), re.search(r"Requests/sec:\s+([\d.]+)", out)
    assert late is not None
    assert rate is not None
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Rate(float(rate[1]), float(late[1]) * {"us": 0.001, "ms": 1, "s": 1000}[late[2]], spent / seconds)


class Patient(threading.Thread):
    """Asks every few milliseconds, on one connection, and notes when it asked and how long the answer took.

    An answer that comes late does not make it ask less: what should have been asked meanwhile is late as well.
    """

    def __init__(self, server: Server, path: str, body: bytes | None, *, every_seconds: float = 0.005) -> None:
        super().__init__(daemon=True)
        where = urlsplit(server.url)
        self._connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
        self._path, self._body, self._every = path, body, every_seconds
        self._ending = threading.Event()
        self.answers: list[tuple[float, float]] = []
        """(when it was to be asked, milliseconds)"""

    def run(self) -> None:
        due = time.perf_counter()
        while not self._ending.is_set():
            time.sleep(max(0.0, due - time.perf_counter()))
            self._connection.request(
                "GET" if self._body is None else "POST", self._path, self._body, {"Content-Type": "application/json"}
            )
            answer = self._connection.getresponse()
            answer.read()
            assert answer.status < 300, answer.status
            self.answers.append((due, (time.perf_counter() - due) * 1000))
            due += self._every

    def stop(self) -> None:
        self._ending.set()
        self.join()


@contextmanager
def asking(server: Server, path: str, body: bytes | None = None) -> Iterator[Patient]:
    patient = Patient(server, path, body)
    patient.start()
    try:
        yield patient
    finally:
        patient.stop()


def p99(milliseconds: list[float]) -> float:
    return sorted(milliseconds)[max(0, int(len(milliseconds) * 0.99) - 1)]
