"""How long evaluations take, beside the peer's, on the same data: `python -m tests.bench.evaluate [--full] [--write FILE]`.

Both run in processes of their own, one after the other, warm, medians of several runs. Before anything is timed the
drift scores of both must agree, and the statuses of the drift tests.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[2]
PEER = ROOT / ".oracle" / "bin" / "python"
SIZES = [(1_000, 20), (10_000, 50)]
FULL = [(100_000, 50)]
WORK = ("report", "suite", "classification", "regression")
TARGETS = {"report": 50, "suite": 200, "classification": 20, "regression": 20}
"""How many times faster than the peer it should be at least."""
TITLES = {
    "report": "Report(DataDriftPreset, DataQualityPreset), with its snapshot",
    "suite": "TestSuite(DataDriftTestPreset, DataStabilityTestPreset)",
    "classification": "Report(ClassificationPreset), binary, probabilities",
    "regression": "Report(RegressionPreset)",
}


def frames(rows: int, columns: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reference and current: half floats, some integers, some texts, a few missing cells, a third of it shifted."""
    return _frame(rows, columns, seed=1, shift=0.0), _frame(rows, columns, seed=2, shift=0.2)


def _frame(rows: int, columns: int, *, seed: int, shift: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    made: dict[str, Any] = {}
    for index in range(columns):
        place = index % 10
        if place < 6:
            made[f"f{index}"] = rng.normal(shift if index % 3 == 0 else 0.0, 1, rows)
        elif place == 6:
            made[f"i{index}"] = rng.integers(0, 1000, rows)
        else:
            made[f"s{index}"] = rng.choice([f"value {number}" for number in range(3 + index)], rows)
    frame = pd.DataFrame(made)
    for name in list(frame)[::7]:
        frame[name] = frame[name].where(rng.random(rows) > 0.02)
    return frame


def scored(rows: int, columns: int, task: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same with target and prediction."""
    both = []
    for seed, frame in enumerate(frames(rows, columns)):
        rng = np.random.default_rng(10 + seed)
        if task == "regression":
            target = rng.normal(10, 3, rows)
            both.append(frame.assign(target=target, prediction=target + rng.normal(0.2, 1, rows)))
        else:
            target = (rng.random(rows) < 0.4).astype(int)
            probability = np.clip(0.3 * target + rng.random(rows) * 0.7, 0.001, 0.999)
            both.append(frame.assign(target=target, prediction=probability))
    return both[0], both[1]


# ---------------------------------------------------------------- one side, in its own process


def measure(rows: int, columns: int, repeats: int) -> dict[str, Any]:
    """Seconds per kind of work, and the values that both sides must agree on."""
    api = _api()
    work = _work(api, rows, columns)
    seconds, values = {}, {}
    for name, run in work.items():
        values[name] = run()
        taken = []
        for _ in range(repeats):
            began = time.perf_counter()
            run()
            taken.append(time.perf_counter() - began)
        seconds[name] = statistics.median(taken)
    return {"seconds": seconds, "values": {"report": values["report"], "suite": values["suite"]}}


def _api() -> dict[str, Any]:
    try:
        from evidently.legacy import metric_preset, test_preset
        from evidently.legacy.pipeline.column_mapping import ColumnMapping
        from evidently.legacy.report import Report
        from evidently.legacy.test_suite import TestSuite
    except ImportError:
        from collector import ColumnMapping, Report, TestSuite, metric_preset, test_preset
    return {
        "Report": Report,
        "TestSuite": TestSuite,
        "ColumnMapping": ColumnMapping,
        **vars(metric_preset),
        **vars(test_preset),
    }


def _work(api: dict[str, Any], rows: int, columns: int) -> dict[str, Callable[[], Any]]:
    reference, current = frames(rows, columns)
    saved = Path(tempfile.mkdtemp()) / "snapshot.json"
    tasks = {task: scored(rows, columns, task) for task in ("classification", "regression")}

    def report() -> dict[str, float]:
        made = api["Report"](metrics=[api["DataDriftPreset"](), api["DataQualityPreset"]()])
        made.run(reference_data=reference, current_data=current)
        made.save(str(saved))
        table = next(each for each in made.as_dict()["metrics"] if each["metric"] == "DataDriftTable")["result"]
        return {name: each["drift_score"] for name, each in table["drift_by_columns"].items()}

    def suite() -> dict[str, str]:
        made = api["TestSuite"](tests=[api["DataDriftTestPreset"](), api["DataStabilityTestPreset"]()])
        made.run(reference_data=reference, current_data=current)
        drift = [test for test in made.as_dict()["tests"] if test["name"] == "Drift per Column"]
        return {test["parameters"]["column_name"]: test["status"] for test in drift}

    def task(name: str, preset: str) -> Callable[[], None]:
        def run() -> None:
            mapping = api["ColumnMapping"]()
            mapping.task = name
            made = api["Report"](metrics=[api[preset]()])
            made.run(reference_data=tasks[name][0].copy(), current_data=tasks[name][1].copy(), column_mapping=mapping)
            made.as_dict()

        return run

    return {
        "report": report,
        "suite": suite,
        "classification": task("classification", "ClassificationPreset"),
        "regression": task("regression", "RegressionPreset"),
    }


# ---------------------------------------------------------------- both sides


def compare(rows: int, columns: int, *, repeats: int, peer_repeats: int) -> dict[str, tuple[float, float]]:
    """Seconds of the peer and of ours per kind of work. Raises SystemExit when their values differ."""
    theirs = _in_process(PEER, rows, columns, peer_repeats)
    ours = _in_process(Path(sys.executable), rows, columns, repeats)
    for name, score in theirs["values"]["report"].items():
        mine = ours["values"]["report"].get(name)
        if mine is None or abs(mine - score) > 1e-9 * max(1.0, abs(score)):
            raise SystemExit(f"{rows} x {columns}: drift of {name} is {mine}, the peer's {score}: nothing was timed")
    if theirs["values"]["suite"] != ours["values"]["suite"]:
        raise SystemExit(f"{rows} x {columns}: the statuses of the drift tests differ: nothing was timed")
    return {name: (theirs["seconds"][name], ours["seconds"][name]) for name in WORK}


def _in_process(python: Path, rows: int, columns: int, repeats: int) -> dict[str, Any]:
    command = [str(python), "-W", "ignore", __file__, "--measure", str(rows), str(columns), str(repeats)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"{python} failed:\n{done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def table(results: dict[tuple[int, int], dict[str, tuple[float, float]]]) -> str:
    """The page."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    revision = commit.stdout.strip() or "unknown"
    machine = platform.processor() or platform.machine()
    lines = [
        "# Benchmarks",
        "",
        "Made by `make bench`, on a machine that others use too: ratios of one run say more than times.",
        "",
        "## Evaluating",
        "",
        "Medians, warm, rows x columns of each of reference and current; the",
        "values of both sides agreed before anything was timed. The reference is not cached here, as it is in the service.",
        "",
        f"{machine}, Python {platform.python_version()}, pandas {pd.__version__}, numpy {np.__version__}, commit {revision}.",
        "",
        "| work | size | peer | here | faster | wanted |",
        "|---|---|---|---|---|---|",
    ]
    for (rows, columns), each in results.items():
        for name, (theirs, ours) in each.items():
            ratio = f"{theirs / ours:.0f}x"
            size = f"{rows:,} x {columns}"
            lines.append(
                f"| {TITLES[name]} | {size} | {theirs * 1e3:,.0f} ms | {ours * 1e3:,.1f} ms | {ratio} | {TARGETS[name]}x |"
            )
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", nargs=3, type=int, metavar=("ROWS", "COLUMNS", "REPEATS"), help=argparse.SUPPRESS)
    parser.add_argument("--full", action="store_true", help="100,000 rows too: minutes of the peer")
    parser.add_argument("--write", type=Path, help="the page to write, docs/benchmarks.md")
    chosen = parser.parse_args(arguments)
    if chosen.measure:
        sys.stdout.write(json.dumps(measure(*chosen.measure)) + "\n")
        return
    if not PEER.exists():
        raise SystemExit("the peer is not installed: make oracle")
    results = {}
    for rows, columns in [*SIZES, *(FULL if chosen.full else [])]:
        large = rows > 10_000
        results[rows, columns] = compare(rows, columns, repeats=3 if large else 9, peer_repeats=1 if large else 3)
    page = table(results)
    sys.stdout.write(page)
    if chosen.write:
        chosen.write.write_text(page)


if __name__ == "__main__":
    main(sys.argv[1:])
