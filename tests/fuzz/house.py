"""A real service that is asked anything, and watched from outside while it answers: status, time, memory, log."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from tests.fuzz.doors import CONFIG, DOORS
from tests.fuzz.wire import Answer, Wire
from tests.service import Service

MOST_BODY_BYTES = 1 << 20
MOST_CPU_SECONDS = 5.0
"""For an input of a few kilobytes. Time of the processor, not of the clock: the machine may be busy."""
MOST_MEMORY_TIMES = 96
"""So many times the limit of a body may be taken for one request; see docs/fuzzing.md for where it comes from."""
_PROBLEM_KEYS = {"type", "title", "status", "detail"}
_NO_HTTP = re.compile(r"Error handling request.*?\naiohttp\.http_exceptions\.\w+: [^\n]*", re.DOTALL)
"""What the server library says of bytes that are no HTTP."""
_TICKS = os.sysconf("SC_CLK_TCK")


class Defect(AssertionError):
    """The service broke a promise: the sentence says which."""


class House:
    """State: the service, a connection to it, and how much of its log was read."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._watch()

    def ask(self, door: str, data: bytes) -> list[Answer]:
        """All that the door is asked with these bytes. Raises Defect when any promise does not hold."""
        told, before = [], self.cpu_seconds()
        for address in DOORS[door].addresses:
            head, body = DOORS[door].request(address, data)
            told.append(self._asked(head, body))
            if told[-1].status < 400:
                for after in DOORS[door].then:
                    if self._asked(f"GET {after} HTTP/1.1\r\nHost: collector".encode(), b"").status >= 400:
                        raise Defect(f"{after} is broken by what {address} took")
        self.check_log()
        if self.cpu_seconds() - before > MOST_CPU_SECONDS:
            raise Defect(f"{self.cpu_seconds() - before:.1f} s of the processor for {len(data)} bytes")
        return told

    def _asked(self, head: bytes, body: bytes) -> Answer:
        try:
            answer = self.wire.ask(head, body)
        except TimeoutError as error:
            self.wire.close()
            raise Defect("no answer in time") from error
        except ConnectionError as error:
            self._revive()
            raise Defect(f"no answer: {error}; the log ends with {self.service.log()[-2000:]}") from error
        if answer.status >= 500:
            raise Defect(f"{answer.status}: {answer.body[:200]!r}\n{self._log.read().decode(errors='replace')[-4000:]}")
        _check(answer)
        return answer

    def close(self) -> None:
        self.wire.close()
        self._log.close()

    def _revive(self) -> None:
        """Some inputs end the process: the next one is asked of another."""
        process = self.service.process
        assert process is not None
        with suppress(subprocess.TimeoutExpired):
            process.wait(1)
            self.close()
            self.service.start("--role", "receive")
            self._watch()

    def _watch(self) -> None:
        assert self.service.process is not None
        self.wire = Wire(self.service.port)
        self._process = Path("/proc") / str(self.service.process.pid)
        self._log = (self.service.directory / "service.log").open("rb")
        self._log.seek(0, os.SEEK_END)

    def check_log(self) -> None:
        """What the service did not expect stands in its log."""
        new = _NO_HTTP.sub("", self._log.read().decode(errors="replace"))
        if "Traceback" in new or "unexpected error" in new:
            raise Defect(new[-4000:])

    def cpu_seconds(self) -> float:
        fields = (self._process / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory_bytes(self) -> int:
        return self._status("VmRSS")

    @contextmanager
    def peak(self) -> Iterator[list[int]]:
        """The memory that is taken beyond what there was, at its highest, in bytes."""
        (self._process / "clear_refs").write_text("5")
        before, taken = self.memory_bytes(), [0]
        yield taken
        taken[0] = self._status("VmHWM") - before

    def _status(self, name: str) -> int:
        for line in (self._process / "status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"no {name}: the service has ended")


def _check(answer: Answer) -> None:
    if answer.status < 400 or answer.content_type == "application/x-protobuf":
        return
    if answer.content_type.startswith("text/plain") and answer.status == 400:
        return  # what is no HTTP at all is refused before there is a request
    if answer.content_type not in ("application/problem+json", "application/json"):
        raise Defect(f"{answer.status} as {answer.content_type!r}: {answer.body[:200]!r}")
    problem = json.loads(answer.body)
    if not problem.keys() >= _PROBLEM_KEYS or problem["status"] != answer.status:
        raise Defect(f"no problem: {answer.body[:200]!r}")


@contextmanager
def opened(directory: Path) -> Iterator[House]:
    """A receiver with low limits, on the embedded buffer."""
    limits = {
        "COLLECTOR_MAX_BODY_BYTES": str(MOST_BODY_BYTES),
        "COLLECTOR_MAX_REQUEST_ROWS": "10000",
        "COLLECTOR_MAX_COLUMNS": "200",
        "COLLECTOR_HASH_KEY": "a key of sixteen bytes",
    }
    service = Service(directory, CONFIG, COLLECTOR_SQLITE_SYNCHRONOUS="OFF", **limits).start("--role", "receive")
    try:
        with closing(House(service)) as house:
            yield house
    finally:
        service.stop()
