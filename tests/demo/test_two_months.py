"""The demo end to end on February and March, with a service that is killed twice. The whole year, left in peace, is
`make demo` and `make demo-check`.

Those months have all there is to see: the day on which the clocks go forward, cancelled flights, labels that come
before their rows, and a week that comes late, whose windows are opened late and computed anew.
"""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from collector.demo.replay import LATE_WEEK
from tests.demo import check

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.timeout(500),
    pytest.mark.skipif(not Path("/proc/self/task").exists() and "CI" not in os.environ, reason="needs /proc"),
]

SNAPSHOTS = 59 * 3 * 7
"""Days, reports, and slices: all, three airports, two models, one beside the other."""


class Ended(NamedTuple):
    """What a demo has left and said, and the services of it that were killed."""

    folder: Path
    said: str
    code: int
    killed: frozenset[int]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    folder = tmp_path_factory.mktemp("demo")
    log = folder / "service.log"
    demo = subprocess.Popen(
        [sys.executable, "-m", "collector", "demo", "--exit", "--months", "2", "--data-dir", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
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
    said, _ = demo.communicate(timeout=400)
    return Ended(folder, said, demo.returncode, frozenset(killed))


@pytest.fixture(scope="module")
def compared(ended: Ended) -> check.Compared:
    return check.compare_folder(ended.folder)


def service_of(demo: subprocess.Popen[str]) -> int | None:
    """The process id of the `collector serve` that the demo has started."""
    children = Path(f"/proc/{demo.pid}/task/{demo.pid}/children")
    for child in children.read_text().split():
        if b"serve" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
            return int(child)
    return None


def test_a_service_killed_in_the_middle_loses_nothing_and_counts_nothing_twice(ended: Ended) -> None:
    assert ended.code == 0, ended.said
    assert len(ended.killed) == 2, ended.said
    assert "was started again" in ended.said
    assert f"every one evaluated; {SNAPSHOTS:,} snapshots delivered." in ended.said
    assert len(list(ended.folder.glob("workspace/*/snapshots/*.json"))) == SNAPSHOTS


def test_what_was_found_is_summed_up_by_month_and_by_whose_rows(ended: Ended) -> None:
    assert re.search(r"February\W+28\W+24,951\W+\d", ended.said), ended.said
    assert re.search(r"March\W+31\W+28,834\W+\d", ended.said), ended.said
    for name in ("EWR", "JFK", "LGA", "champion", "challenger", "challenger vs champion"):
        assert re.search(rf"{name}\W+59\W+[\d,]+\W+\d\.\d of 8\W+\d+ of 413\W+0\.[89]\d\d", ended.said), ended.said


def test_every_value_of_every_snapshot_is_that_of_a_plain_computation(compared: check.Compared) -> None:
    assert compared.problems == []
    assert compared.snapshots == SNAPSHOTS
    assert compared.numbers > 20 * compared.snapshots


def test_the_late_week_was_computed_anew_and_replaced_where_it_was_delivered(compared: check.Compared) -> None:
    assert {day.strftime("%Y-%m-%d") for day in pd.date_range(*LATE_WEEK)} <= compared.revised
