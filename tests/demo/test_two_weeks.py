"""The demo end to end, on two weeks of February, with a service process of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

PROGRAM = """
import sys
from pathlib import Path
from collector.demo import main

sys.exit(main(host="127.0.0.1", port=8001, data_dir=Path(sys.argv[1]), exit_when_done=True, days=int(sys.argv[2])))
"""


def start(folder: Path, days: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), str(days)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip


def service_of(demo: subprocess.Popen[str]) -> int | None:
    """The process id of the `collector serve` that the demo has started."""
    children = Path(f"/proc/{demo.pid}/task/{demo.pid}/children")
    for child in children.read_text().split():
        if b"serve" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
            return int(child)
    return None


def test_two_weeks_are_evaluated_and_summed_up(tmp_path):
    demo = start(tmp_path / "demo", 14)
    said, _ = demo.communicate(timeout=240)
    assert demo.returncode == 0, said
    assert re.search(r"February\W+14\W+12,222\W+\d", said), said
    assert "12,222 rows and 11,123 labels sent, every one evaluated; 294 snapshots delivered." in said
    for name in ("EWR", "JFK", "LGA", "champion", "challenger", "challenger vs champion"):
        assert re.search(rf"{name}\W+14\W+[\d,]+\W+\d\.\d of 8\W+\d+ of 98\W+0\.[89]\d\d", said), said
    assert len(list((tmp_path / "demo" / "workspace").glob("*/snapshots/*.json"))) == 14 * 3 * 7


@pytest.mark.skipif(not Path("/proc/self/task").exists() and "CI" not in os.environ, reason="needs /proc")
def test_a_service_killed_in_the_middle_loses_nothing_and_counts_nothing_twice(tmp_path):
    demo = start(tmp_path / "demo", 59)
    log = tmp_path / "demo" / "service.log"
    killed: set[int] = set()
    while demo.poll() is None and len(killed) < 2:
        time.sleep(0.05)
        if not log.exists() or log.read_text().count("listening on") <= len(killed):
            continue
        service = service_of(demo)
        if service is not None and service not in killed:
            time.sleep(1.0)  # into the middle of receiving and evaluating
            os.kill(service, signal.SIGKILL)
            killed.add(service)
    said, _ = demo.communicate(timeout=240)
    assert demo.returncode == 0, said
    assert len(killed) == 2, said
    assert "every one evaluated; 1,239 snapshots delivered." in said
    assert "was started again" in said
