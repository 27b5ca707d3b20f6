"""What an evaluation takes beside time: memory over the two frames, bytes of a snapshot, the import."""

import ctypes
import gc
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa

from tests.bench.frames import frames

NAMES = "from collector import ColumnMapping, Report, TestSuite, metric_preset, metrics, test_preset, tests"
FLOOR = "import pandas, scipy.stats"


def import_ratio(rounds: int = 7) -> float:
    """The time to load every name that reports need, as a share of that of pandas and scipy.stats; runs in turn."""
    seconds: dict[str, list[float]] = {NAMES: [], FLOOR: []}
    for _ in range(rounds):
        for statement, taken in seconds.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], check=True)
            taken.append(time.perf_counter() - began)
    return statistics.median(seconds[NAMES]) / statistics.median(seconds[FLOOR])


def memory_ratio(kind: str, rows: int, columns: int) -> float:
    """The peak of resident memory over that with the two frames alone, as a share of the frames; in a fresh process."""
    command = [sys.executable, "-m", "tests.bench.footprint", kind, str(rows), str(columns)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    return float(done.stdout)


def snapshot_bytes(rows: int, columns: int) -> int:
    """The saved report of both presets, with distributions."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "s.json"
        _evaluate("report", *frames(rows, columns), path)
        return path.stat().st_size


def _evaluate(kind: str, reference: pd.DataFrame, current: pd.DataFrame, path: Path) -> None:
    from collector import Report, TestSuite, metric_preset, test_preset

    made: Report | TestSuite
    if kind == "report":
        made = Report(metrics=[metric_preset.DataDriftPreset(), metric_preset.DataQualityPreset()])
    else:
        made = TestSuite(tests=[test_preset.DataDriftTestPreset(), test_preset.DataStabilityTestPreset()])
    made.run(reference_data=reference, current_data=current)
    made.save(path)


def _measured_memory(kind: str, rows: int, columns: int) -> float:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "s.json"
        _evaluate(kind, *frames(500, columns), path)  # what is loaded once belongs to no evaluation
        reference, current = frames(rows, columns)
        size = sum(int(each.memory_usage(index=False, deep=True).sum()) for each in (reference, current))
        gc.collect()
        pa.default_memory_pool().release_unused()
        ctypes.CDLL(None).malloc_trim(0)  # what making the frames has left
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
        before = _kilobytes("VmRSS")
        _evaluate(kind, reference, current, path)
        return (_kilobytes("VmHWM") - before) * 1024 / size


def _kilobytes(name: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise SystemExit(f"no {name} in /proc/self/status: memory is measured on Linux only")


if __name__ == "__main__":
    sys.stdout.write(f"{_measured_memory(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])):.3f}")
