"""Every number of every snapshot that a demo has delivered, beside the plain computation: `make demo-check`.

python -m tests.demo.check demo-data
"""

import json
import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from tests.demo.plain import Name, Values, every_day

TOLERANCE = 1e-9
_SHOWN = 20


class Told(NamedTuple):
    """A delivered snapshot as a flat table, and its revision."""

    values: Values
    revision: int


@dataclass
class Compared:
    """How many values of how many snapshots agree, and what does not."""

    snapshots: int = 0
    numbers: int = 0
    revised: set[str] = field(default_factory=set)
    """Days of which all snapshots were replaced at least once."""
    problems: list[str] = field(default_factory=list)


def compare(found: Mapping[Name, Told], wanted: Iterable[tuple[Name, Values]]) -> Compared:
    """What was delivered beside what should be."""
    result, left = Compared(), dict(found)
    once: set[str] = set()
    for name, values in wanted:
        if name not in left:
            result.problems.append(f"{name}: was not delivered")
            continue
        told = left.pop(name)
        result.snapshots += 1
        result.numbers += len(values)
        result.problems += [f"{name}: {problem}" for problem in differences(told.values, values)]
        result.revised.add(name.date)
        if told.revision == 1:
            once.add(name.date)
    result.revised -= once
    result.problems += [f"{name}: was delivered, and nobody expected it" for name in left]
    return result


def compare_folder(folder: Path) -> Compared:
    """The snapshots in the folder's workspace beside the plain values of its flights."""
    return compare(dict(map(_read, folder.glob("workspace/*/snapshots/*.json"))), every_day(folder))


def differences(found: Values, wanted: Values) -> Iterable[str]:
    """What does not agree, value by value; nothing is left out on either side."""
    for name in sorted({*found, *wanted}):
        left, right = found.get(name, "missing"), wanted.get(name, "missing")
        numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (left, right))
        if numbers and math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=TOLERANCE):  # type: ignore[arg-type]
            continue
        if left != right:
            yield f"{name} is {left}, expected {right}"


# ---------------------------------------------------------------- a snapshot as a flat table


def _read(path: Path) -> tuple[Name, Told]:
    snapshot = json.loads(path.read_bytes())
    date = pd.Timestamp(snapshot["window"]["start"]).tz_convert("America/New_York").strftime("%Y-%m-%d")
    rows_of = next(iter((snapshot["segment"] or {"": "all"}).values()))
    against = next(iter(snapshot["reference"].get("arm", {"": None}).values()))
    name = Name(snapshot["report"], date, rows_of, against)
    return name, Told({"rows": snapshot["rows"], **_TABLES[snapshot["report"]](snapshot)}, snapshot["revision"])


def _drift(snapshot: Mapping[str, Any]) -> dict[str, object]:
    results = _results(snapshot)
    table, index = results["DataDriftTable"], results["ColumnDriftMetric"]
    found: dict[str, object] = {
        "reference rows": snapshot["reference"]["rows"],
        "drifted columns": results["DatasetDriftMetric"]["number_of_drifted_columns"],
        "columns": table["number_of_columns"],
        "share drifted": table["share_of_drifted_columns"],
        "distance psi": index["drift_score"],
        "distance psi drifted": index["drift_detected"],
    }
    for name, column in table["drift_by_columns"].items():
        found |= {f"{name} method": column["stattest_name"], f"{name} score": column["drift_score"],
                  f"{name} drifted": column["drift_detected"]}  # fmt: skip
    return found


def _stability(snapshot: Mapping[str, Any]) -> dict[str, object]:
    tests = {test["test"]: test for test in snapshot["tests"]}
    told = {name: test["parameters"] for name, test in tests.items()}
    passed = {name: test["status"] == "SUCCESS" for name, test in tests.items()}
    return {
        "number of rows": told["TestNumberOfRows"]["value"],
        "enough rows": passed["TestNumberOfRows"],
        "share missing": told["TestShareOfMissingValues"]["value"],
        "little missing": passed["TestShareOfMissingValues"],
        "delays missing": told["TestColumnShareOfMissingValues"]["value"],
        "few delays missing": passed["TestColumnShareOfMissingValues"],
        "mean delay": told["TestMeanInNSigmas"]["current_mean"],
        "usual delay": told["TestMeanInNSigmas"]["reference_mean"],
        "delay spread": told["TestMeanInNSigmas"]["reference_std"],
        "usual mean delay": passed["TestMeanInNSigmas"],
        "share drifted": told["TestShareOfDriftedColumns"]["value"],
        "little drift": passed["TestShareOfDriftedColumns"],
        "prediction score": told["TestColumnDrift"]["score"],
        "prediction as usual": passed["TestColumnDrift"],
    }


def _quality(snapshot: Mapping[str, Any]) -> dict[str, object]:
    results = _results(snapshot)
    (test,) = snapshot["tests"]
    found: dict[str, object] = {
        "label coverage": snapshot["label_coverage"],
        "good enough": test["status"] == "SUCCESS",
    }
    for side in ("current", "reference"):
        told = results["ClassificationQualityMetric"][side]
        found |= {f"{side} {name.replace('_', ' ')}": told[name]
                  for name in ("roc_auc", "accuracy", "precision", "recall", "f1", "log_loss")}  # fmt: skip
        found[f"{side} confusion"] = results["ClassificationConfusionMatrix"][f"{side}_matrix"]["values"]
    return found


def _results(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    return {metric["metric"]: metric["result"] for metric in snapshot["metrics"]}


_TABLES = {"drift": _drift, "stability": _stability, "quality": _quality}


def main(folder: Path) -> int:
    compared = compare_folder(folder)
    say = [*compared.problems[:_SHOWN],
           f"{compared.numbers:,} values of {compared.snapshots:,} snapshots compared, {len(compared.problems)} differ"]  # fmt: skip
    sys.stdout.writelines(f"{line}\n" for line in say)
    return 1 if compared.problems or not compared.snapshots else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
