"""The disk of the embedded buffer is full for a while: 503 and a clear line in the log, no lost row, no crash."""

import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.fleet import all_evaluated
from tests.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

CONFIG = """
monitors:
  - id: m
    columns: {id: id}
    window: {rows: 100}
    reports: [{name: quality, metrics: [DatasetSummaryMetric]}]
"""
ROWS = 100


@contextmanager
def small_disk(place: Path, *, megabytes: int) -> Iterator[Path]:
    """A file system of its own. Whoever may not mount one skips, but not in CI."""
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        if os.environ.get("CI"):
            pytest.fail(f"CI must be able to mount a tmpfs: {mounted.stderr.decode()}")
        pytest.skip("only root may mount a small disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", megabytes=24) as place:
        yield place


def send(service: Service, number: int, width: int) -> int:
    rows = [{"id": f"r{number}-{n}", "text": os.urandom(width // 2).hex()} for n in range(ROWS)]
    status, body = service.post("/v1/monitors/m/inferences", rows)
    if status == 202:
        assert body["accepted"] + body["duplicates"] == ROWS
    return status


def fill(place: Path) -> Path:
    """Take all the space that is left."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 65536)
        except OSError:
            return ballast


def wait_until_logged(service: Service, sentence: str) -> None:
    deadline = time.monotonic() + 20
    while sentence not in service.log():
        assert time.monotonic() < deadline, service.log()[-2000:]
        time.sleep(0.1)


def test_a_full_disk_is_a_503_and_when_there_is_room_again_the_service_goes_on(tmp_path: Path, disk: Path) -> None:
    (tmp_path / "service").mkdir()
    service = Service(tmp_path / "service", CONFIG, COLLECTOR_BUFFER_URL=f"sqlite://{disk}/buffer.db")
    service.start()
    try:
        assert send(service, 0, 100) == 202
        ballast = fill(disk)
        told = Counter(send(service, number, 10_000) for number in range(1, 11))
        assert set(told) == {503}
        assert service.process is not None
        assert service.process.poll() is None
        assert service.get("/livez")[0] == 200
        wait_until_logged(service, "the disk is full: free some space")  # by the next job that writes
        ballast.unlink()
        wait_until_ready(service)
        assert [send(service, number, 10_000) for number in range(1, 11)] == [202] * 10
        assert service.call("POST", "/v1/monitors/m/flush")[0] == 202
        assert service.wait_settled("m") == all_evaluated(1100)
        service.stop()
        service.start()
        assert service.rows("m")["accepted"] == 1100
    finally:
        service.stop()


def test_a_disk_that_fills_up_with_rows_loses_none_that_was_acknowledged(tmp_path: Path, disk: Path) -> None:
    """Nobody frees anything: rows are evaluated until the disk is full, kept rows stay, and the service lives."""
    (tmp_path / "service").mkdir()
    service = Service(tmp_path / "service", CONFIG, COLLECTOR_BUFFER_URL=f"sqlite://{disk}/buffer.db")
    service.start()
    try:
        taken = [number for number in range(60) if send(service, number, 20_000) == 202]
        assert 0 < len(taken) < 60
        assert service.process is not None
        assert service.process.poll() is None
        assert service.rows("m")["accepted"] == len(taken) * ROWS
        service.kill()
        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        service.start()
        assert service.rows("m")["accepted"] == len(taken) * ROWS
        assert send(service, 1000, 100) == 202
        assert service.call("POST", "/v1/monitors/m/flush")[0] == 202
        rows = service.wait_settled("m")
        assert rows["accepted"] == rows["evaluated"] == (len(taken) + 1) * ROWS
    finally:
        service.stop()


def test_a_file_that_may_not_grow_is_told_as_a_full_disk(tmp_path: Path) -> None:
    """As with a quota: what the process may write is limited, wherever it runs."""
    script = (
        "import asyncio, sys; from pathlib import Path\n"
        "from collector.buffer import Limits, open_buffer; from collector.clock import SystemClock\n"
        "from collector.errors import Unavailable\n"
        "from collector.model import Append, MonitorId, Pane, RequestPart\n"
        "async def main():\n"
        "    buffer = open_buffer(sys.argv[1], clock=SystemClock(), limits=Limits(10**9, 10**12))\n"
        "    await buffer.open()\n"
        "    made = lambda: Append(MonitorId('m'), Pane(None, None), b'x' * 500_000, (RequestPart(1),))\n"
        "    taken = 0\n"
        "    try:\n"
        "        while taken < 100:\n"
        "            await buffer.rows.append([made()]); taken += 1\n"
        "    except Unavailable as error: print(taken, (await buffer.account(MonitorId('m'))).accepted, error)\n"
        "    await buffer.close()\n"
        "asyncio.run(main())\n"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))

    done = subprocess.run(
        [sys.executable, "-c", script, f"sqlite://{tmp_path}/buffer.db"],
        capture_output=True, text=True, timeout=60, check=True, preexec_fn=limit,
    )  # fmt: skip
    taken, accepted, sentence = done.stdout.split(" ", 2)
    assert 0 < int(taken) < 100
    assert accepted == taken
    assert "cannot be used" in sentence


def wait_until_ready(service: Service) -> None:
    deadline = time.monotonic() + 30
    while service.get("/readyz")[0] != 200:
        assert time.monotonic() < deadline, service.log()[-2000:]
        time.sleep(0.1)
