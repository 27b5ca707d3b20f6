"""kill -9 at a random instant: what was acknowledged is there, and nothing is there by halves."""

import random
import subprocess
import sys

import pytest

from collector.clock import ManualClock
from collector.model import SnapshotId, Window
from tests.buffer.conftest import Store
from tests.buffer.crashing import ROWS
from tests.buffer.making import ENDLESS, M, account, names, take

pytestmark = [pytest.mark.asyncio, pytest.mark.e2e]


def run_and_kill(url: str, *, after_lines: int) -> list[str]:
    """What the process had acknowledged before it was killed."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.buffer.crashing", url], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(after_lines)]
        process.kill()
        said += process.stdout.readlines()  # what it said before the signal arrived
    lines = [line.strip() for line in said if line.endswith("\n")]
    assert len(lines) >= after_lines, "the process ended by itself"
    return lines


@pytest.mark.parametrize("seed", range(3))
async def test_kill_9_loses_no_acknowledged_row_and_no_settled_window(
    store: Store, clock: ManualClock, seed: int
) -> None:
    lines = run_and_kill(store.url, after_lines=random.Random(seed).randrange(1, 300))
    acknowledged = {line.removeprefix("row ") for line in lines if line.startswith("row ")}
    windows = [int(line.removeprefix("window ")) for line in lines if line.startswith("window ")]

    buffer = await store.open()
    stored = names(await buffer.rows.read(M, Window(ENDLESS)))
    assert len(stored) == len(set(stored))
    assert acknowledged <= set(stored)
    assert len(stored) - len(acknowledged) <= 4  # one under way per sender

    found = await account(buffer)
    (pane,) = (await buffer.rows.state(M)).panes
    assert found.accepted == pane.rows == len(stored)
    assert {part for part, _ in pane.settled} >= set(windows)
    assert found.evaluated == ROWS * len(pane.settled)
    for part, _ in pane.settled:  # settlement, snapshot and delivery stand together
        assert await buffer.snapshots.get(SnapshotId(f"all#{part}")) is not None
    clock.advance(seconds=10**9)  # the crashed worker's lease, if it had one, expires
    deliveries = []
    while (lease := await take(buffer, queue="outbox/local", seconds=10**9)) is not None:
        deliveries.append(lease.key)
    assert sorted(deliveries) == sorted(f"all#{part}" for part, _ in pane.settled)
