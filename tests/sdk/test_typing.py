"""What a type checker says about code that uses the SDK."""

import subprocess
import sys
from pathlib import Path

API = """
from collector_sdk import AsyncCollector, Collector, Stats, Tally
from typing import assert_type

collector = Collector("http://collector:8001", monitor="m", api_key="k", compression=None, prediction_column=["a", "b"])
assert_type(collector.log({"x": 1}, prediction=[0.1, 0.9], id=7, timestamp="2013-02-01", target=None), None)
assert_type(collector.log_batch([{"x": 1}]), None)
assert_type(collector.label(id="a", target=0), None)
assert_type(collector.flush(), bool)
assert_type(collector.flush(timeout=1), bool)
assert_type(collector.close(), None)
assert_type(collector.stats(), Stats)
assert_type(collector.stats().labels, Tally)
assert_type(collector.stats().dropped["queue_full"], int)
with Collector("http://collector:8001", monitor="m") as opened:
    assert_type(opened, Collector)

async def use() -> None:
    async with AsyncCollector("http://collector:8001", monitor="m", spool_dir="spool") as waiting:
        assert_type(waiting.log({"x": 1}), None)
        assert_type(await waiting.flush(), bool)
        assert_type(await waiting.close(), None)
"""
WRONG = """
from collector_sdk import Collector
Collector("http://collector:8001")
collector = Collector("http://collector:8001", monitor="m", compression="br")
collector.log([1, 2])
collector.stats().accepted = 3
"""
ROOT = Path(__file__).parents[2]


def mypy(program: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "api.py"
    path.write_text(program)
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(tmp_path / "cache"), str(path)],
        capture_output=True, text=True, timeout=55, check=False,
        env={"MYPYPATH": str(ROOT / "sdk" / "src"), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


def test_correct_use_passes_the_strictest_check(tmp_path):
    checked = mypy(API, tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_wrong_use_is_found(tmp_path):
    checked = mypy(WRONG, tmp_path)
    for line in (3, 4, 5, 6):
        assert f"api.py:{line}: error" in checked.stdout


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "sdk" / "src" / "collector_sdk" / "py.typed").exists()
