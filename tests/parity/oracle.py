"""The peer's values for every frame and case, written as JSON. Run with the oracle's interpreter:

    .oracle/bin/python -m tests.parity.oracle DIRECTORY [--missing] [FRAME ...]

One metric or test per report: the peer's values depend on what ran before in the same report.
"""

import json
import math
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.parity.case import Case
from tests.parity.cases import cases
from tests.parity.frames import FRAMES, Frames, digest
from tests.parity.normal import by_name, settled

MISSING = "--missing"
"""Ask only for what is not known yet; without it, for everything."""

RAW = {"render": {"raw_data": True}}
NEED_RAW = {"RegressionErrorBiasTable"}
"""Without raw data the peer computes nothing."""

DRAWN = {
    "distribution", "small_distribution", "values_in_list_dist", "values_not_in_list_dist", "plot_data", "hist",
    "current_distribution", "reference_distribution", "cur_distr", "ref_distr", "distr", "counts", "current_fi",
    "reference_fi", "dataset_columns", "order_statistic_medians_x", "order_statistic_medians_y",
}  # fmt: skip
"""What is there to be drawn. Bins count where they decide a drift score."""


def main(directory: Path, wanted: list[str]) -> None:
    warnings.filterwarnings("ignore")
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "names.json"
    titles = json.loads(path.read_text(encoding="utf-8"))["titles"] if path.exists() else {}
    for name in [name for name in wanted if name != MISSING] or FRAMES:
        made = FRAMES[name]()
        golden = known(directory / f"{name}.json", digest(made)) if MISSING in wanted else {}
        asked = {
            case.id: golden[case.id] if case.id in golden else of(case, made, titles) for case in cases(name, made)
        }
        write(directory / f"{name}.json", digest(made), asked)
        print(f"{name}: {len(asked.keys() - golden.keys())} of {len(asked)} cases asked", file=sys.stderr)  # noqa: T201
    text = json.dumps(exported() | {"titles": titles}, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


def known(path: Path, frames: str) -> dict[str, Any]:
    """The golden values that are there already, of the same data."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"digest": None}
    found: dict[str, Any] = document["cases"] if document["digest"] == frames else {}
    return found


def set_apart(entries: Any, titles: dict[str, list[str]]) -> None:
    """Take what every entry of a test repeats, its name, group and title, out of the entries."""
    if "test" in entries:
        titles[entries.pop("test")] = [entries.pop("group"), entries.pop("name")]
    else:
        for each in entries.values():
            set_apart(each, titles)


def write(path: Path, frames: str, golden: dict[str, Any]) -> None:
    """One line per case, sorted: a change of a value is a change of a line."""
    lines = [f"{json.dumps(key, ensure_ascii=False)}: {line(golden[key])}" for key in sorted(golden)]
    body = ",\n".join(lines)
    path.write_text(f'{{"digest": "{frames}", "cases": {{\n{body}\n}}}}\n', encoding="utf-8")


def line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def of(case: Case, made: Frames, titles: dict[str, list[str]]) -> Any:
    """The peer's answer, or `{"error": type}`."""
    np.random.seed(0)  # noqa: NPY002 - the state that the peer draws from
    try:
        found = answer(case, made)
        if case.kind.startswith("test"):
            set_apart(found, titles)
        return found
    except Exception as error:  # noqa: BLE001 - that it fails, and how, is its answer
        return {"error": type(error).__name__}


def answer(case: Case, made: Frames) -> Any:
    from evidently.legacy.pipeline.column_mapping import ColumnMapping
    from evidently.legacy.report import Report
    from evidently.legacy.test_suite import TestSuite

    wish = build(case)
    data = {
        "current_data": made.current.copy(),
        "reference_data": made.reference.copy() if case.compared else None,
        "column_mapping": ColumnMapping(**made.mapping),
        "additional_data": {name: frame.copy() for name, frame in made.additional.items()} or None,
    }
    if case.kind.startswith("metric"):
        report = Report(metrics=[wish], options=RAW if case.name in NEED_RAW else None)
        report.run(**data)
        if case.kind == "metric preset":
            return dict(sorted((_named(metric), True) for metric in report._first_level_metrics))
        return settled(case, plain(report.as_dict()["metrics"][0]["result"]))
    suite = TestSuite(tests=[wish])
    suite.run(**data)
    judged = zip(suite._inner_suite.context.tests, suite.as_dict()["tests"], strict=True)
    entries = [settled(case, entry(test, result)) for test, result in judged]
    return entries[0] if case.kind == "test" else by_name(entries)


def build(case: Case) -> Any:
    from evidently.legacy import metric_preset, metrics, test_preset, tests

    homes = (metrics, metric_preset) if case.kind.startswith("metric") else (tests, test_preset)
    home = next(home for home in homes if hasattr(home, case.name))
    arguments = {name: _made(value) for name, value in case.arguments}
    return getattr(home, case.name)(**arguments)


def _made(value: Any) -> Any:
    from evidently.legacy import descriptors
    from evidently.legacy.metrics.data_drift import embedding_drift_methods
    from evidently.legacy.tests.utils import approx

    if isinstance(value, dict) and "approx" in value:
        number, relative, absolute = value["approx"]
        return approx(number, relative=relative, absolute=absolute)
    if isinstance(value, dict) and "embedding" in value:
        method, arguments = value["embedding"]
        return getattr(embedding_drift_methods, method)(**arguments)
    if isinstance(value, dict) and "descriptor" in value:
        name, arguments, column = value["descriptor"]
        described = getattr(descriptors, name)(**arguments)
        return described if column is None else described.on(column)
    if isinstance(value, dict):
        return {key: _made(each) for key, each in value.items()}
    return [_made(each) for each in value] if isinstance(value, list) else value


def _named(metric: Any) -> str:
    column = getattr(metric, "column_name", None)
    return type(metric).__name__ + ("" if column is None else f" {getattr(column, 'display_name', column)}")


def entry(test: Any, result: dict[str, Any]) -> dict[str, Any]:
    """A test's verdict and numbers, without its sentences."""
    found = {"test": type(test).__name__, "status": result["status"], "group": result["group"], "name": result["name"]}
    said = {key: value for key, value in (result["parameters"] or {}).items() if value is not None}
    about = {name: getattr(test, name, None) or getattr(test.metric, name, None) for name in ("column_name", "label")}
    subject = {name: getattr(value, "display_name", value) for name, value in about.items() if value is not None}
    return found | {"parameters": plain(subject | said)}


def plain(value: Any) -> Any:
    """As JSON holds it; floats in full, those that are not finite as text."""
    if isinstance(value, dict):
        kept = {key: plain(each) for key, each in value.items() if key not in DRAWN}
        return {_key(key): each for key, each in kept.items() if each != {} or value[key] == {}}
    if isinstance(value, (np.ndarray, pd.Series, pd.Index)):
        return [plain(each) for each in value.tolist()]
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(each) for each in value), key=str)
    if isinstance(value, pd.DataFrame):
        return {_key(column): plain(value[column]) for column in value.columns}
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if hasattr(value, "dict"):
        return plain(value.dict())
    return str(value)


def _key(key: Any) -> str:
    if isinstance(key, np.generic):
        key = key.item()
    return str(int(key)) if isinstance(key, float) and key.is_integer() else str(key)


def exported() -> dict[str, list[str]]:
    """Every name that the peer exports: so that none is forgotten."""
    from evidently.legacy import metric_preset, metrics, test_preset, tests
    from evidently.legacy.calculations.stattests.registry import _registered_stat_tests

    homes = {"metrics": metrics, "tests": tests, "metric presets": metric_preset, "test presets": test_preset}
    found = {
        what: sorted(name for name in dir(home) if isinstance(getattr(home, name), type))
        for what, home in homes.items()
    }
    return found | {"stattests": sorted(_registered_stat_tests)}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
