"""How long evaluations take, beside the peer's, on the same data: `python -m tests.bench.evaluate [--full] [--write FILE]`.

Both run in processes of their own, one after the other, warm, medians of several runs. Before a line is written the
values of both must agree: drift scores, statuses of drift tests, the quality of models, and every number that the newer
API tests.
"""

import argparse
import json
import math
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.bench import footprint
from tests.bench.page import put_section

ROOT = Path(__file__).parents[2]
PEER = ROOT / ".oracle" / "bin" / "python"
SMALL, MIDDLE, LARGE = (1_000, 20), (10_000, 50), (100_000, 50)
Size = tuple[int, int]
TITLES = {
    "report": "Report(DataDriftPreset, DataQualityPreset), with its snapshot",
    "suite": "TestSuite(DataDriftTestPreset, DataStabilityTestPreset)",
    "classification": "Report(ClassificationPreset), binary, probabilities",
    "regression": "Report(RegressionPreset)",
    "newer": "the same report and a test of each of its numbers, vs Report(DataDriftPreset, DataSummaryPreset, include_tests) of 0.7",
}
WANTED: Mapping[str, Mapping[Size, int]] = {
    "report": {SMALL: 50, MIDDLE: 60, LARGE: 60},
    "suite": {MIDDLE: 200, LARGE: 200},
    "classification": dict.fromkeys((SMALL, MIDDLE, LARGE), 20),
    "regression": dict.fromkeys((SMALL, MIDDLE, LARGE), 20),
    "newer": {MIDDLE: 200, LARGE: 70},
}
"""How many times faster than the peer it should be at least."""
MAX_IMPORT_RATIO, MAX_MEMORY_RATIO, MAX_SNAPSHOT_KB = 1.2, 1.0, 200


def compare(size: Size) -> dict[str, tuple[float, float]]:
    """Seconds of the peer and of ours per kind of work. Raises SystemExit when their values differ."""
    large = size == LARGE
    ours = _in_process(Path(sys.executable), "ours", size, repeats=5 if large else 15)
    found = {}
    for side in ("older", "newer"):
        theirs = _in_process(PEER, side, size, repeats=1 if large else 3)
        for name, seconds in theirs["seconds"].items():
            check_equal(f"{size[0]} x {size[1]}, {name}", theirs["values"][name], ours["values"][name])
            found[name] = seconds, ours["seconds"][name]
    return found


def check_equal(what: str, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    """Raises SystemExit where the peer's values differ from ours, or either has none."""
    if not theirs or theirs.keys() != ours.keys():
        raise SystemExit(f"{what}: only one side has a value of {sorted(theirs.keys() ^ ours.keys())}")
    for name, value in theirs.items():
        mine = ours[name]
        same = math.isclose(mine, value, rel_tol=1e-9, abs_tol=1e-9) if isinstance(value, float) else mine == value
        if not same:
            raise SystemExit(f"{what}: {name} is {mine}, the peer's {value}: no line is written")


def _in_process(python: Path, side: str, size: Size, *, repeats: int) -> dict[str, Any]:
    command = [str(python), "-W", "ignore", "-m", "tests.bench.work", side, *map(str, size), str(repeats)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"{python} failed:\n{done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


# ---------------------------------------------------------------- the page


def section(results: Mapping[Size, Mapping[str, tuple[float, float]]], footprints: Sequence[str]) -> str:
    """The part of the page that is about evaluating."""
    lines = [
        "## Evaluating",
        "",
        "Medians, warm, rows x columns of each of reference and current, against the peer (evidently 0.7.23): its Reports and",
        "Test Suites, and in the lines that say so its newer API. The values of both sides agreed. The reference is profiled",
        "anew each time; the service keeps its profile.",
        "",
        f"{_versions()}.",
        "",
        "| work | size | peer | here | faster | wanted | reached |",
        "|---|---|---|---|---|---|---|",
    ]
    for size, each in results.items():
        for name, (theirs, ours) in each.items():
            wanted = WANTED[name].get(size)
            lines.append(
                f"| {TITLES[name]} | {size[0]:,} x {size[1]} | {theirs * 1e3:,.0f} ms | {ours * 1e3:,.1f} ms "
                f"| {theirs / ours:.0f}x | {f'{wanted}x' if wanted else '-'} | {_reached(theirs / ours, wanted)} |"
            )
    return "\n".join([*lines, "", *footprints]) + "\n"


def _reached(ratio: float, wanted: float | None) -> str:
    return "-" if wanted is None else "yes" if ratio >= wanted else "no"


def _footprints(size: Size) -> list[str]:
    """What else is promised, measured on frames of this size."""
    imported = footprint.import_ratio()
    report, suite = (footprint.memory_ratio(kind, *size) for kind in ("report", "suite"))
    kilobytes = footprint.snapshot_bytes(*size) / 1000

    about = f"{size[0]:,} x {size[1]}"
    rows = [
        ("import of all public names, to that of pandas and scipy.stats", imported, "", MAX_IMPORT_RATIO),
        (f"peak memory of the report over its two frames, {about}, to their size", report, "", MAX_MEMORY_RATIO),
        (f"peak memory of the suite over its two frames, {about}, to their size", suite, "", MAX_MEMORY_RATIO),
        (f"the report's snapshot with distributions, {about}", kilobytes, " kB", MAX_SNAPSHOT_KB),
    ]
    return [
        "| what it takes | here | wanted | reached |",
        "|---|---|---|---|",
        *(
            f"| {what} | {found:.3g}{unit} | under {most}{unit} | {'yes' if found < most else 'no'} |"
            for what, found, unit, most in rows
        ),
    ]


def _versions() -> str:
    git = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False, cwd=ROOT).stdout.strip() or "unknown"
    machine = platform.processor() or platform.machine()
    return f"{machine}, Python {platform.python_version()}, pandas {pd.__version__}, numpy {np.__version__}, commit {commit}"


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="100,000 rows too: minutes of the peer")
    parser.add_argument("--write", type=Path, help="the page whose section is replaced, docs/benchmarks.md")
    chosen = parser.parse_args(arguments)
    if not PEER.exists():
        raise SystemExit("the peer is not installed: make oracle")
    sizes = [SMALL, MIDDLE, *([LARGE] if chosen.full else [])]
    text = section({size: compare(size) for size in sizes}, _footprints(sizes[-1]))
    sys.stdout.write(text)
    if chosen.write:
        put_section(chosen.write, text)


if __name__ == "__main__":
    main(sys.argv[1:])
