"""The work that is timed, on one side, in a process of its own: `python -m tests.bench.work SIDE ROWS COLUMNS REPEATS`.

Runs in our environment and in the peer's, and prints JSON: seconds per kind of work, and the values that both sides must
agree on. Sides: ours, older (the peer's Reports and Test Suites), newer (its 0.7 API).
"""

import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.bench.frames import frames, scored

Values = dict[str, Any]
Work = Mapping[str, Callable[[], Values]]


def measure(work: Work, repeats: int) -> dict[str, Any]:
    """Medians of warm runs, and what the first run said."""
    seconds, values = {}, {}
    for name, run in work.items():
        values[name] = run()
        taken = []
        for _ in range(repeats):
            began = time.perf_counter()
            run()
            taken.append(time.perf_counter() - began)
        seconds[name] = statistics.median(taken)
    return {"seconds": seconds, "values": values}


def ours(rows: int, columns: int) -> Work:
    from collector import ColumnMapping, Report, TestSuite, metric_preset, test_preset

    api = {"Report": Report, "TestSuite": TestSuite, "ColumnMapping": ColumnMapping}
    api |= {name: getattr(module, name) for module in (metric_preset, test_preset) for name in module.__all__}
    return {**_reports_and_suites(api, rows, columns), "newer": _with_tests(rows, columns)}


def older(rows: int, columns: int) -> Work:
    from evidently.legacy import metric_preset, test_preset
    from evidently.legacy.pipeline.column_mapping import ColumnMapping
    from evidently.legacy.report import Report
    from evidently.legacy.test_suite import TestSuite

    api = {"Report": Report, "TestSuite": TestSuite, "ColumnMapping": ColumnMapping}
    return _reports_and_suites({**api, **vars(metric_preset), **vars(test_preset)}, rows, columns)


def _reports_and_suites(api: Mapping[str, Any], rows: int, columns: int) -> Work:
    """The same lines for both sides: the names are the same."""
    reference, current = frames(rows, columns)
    saved = Path(tempfile.mkdtemp()) / "snapshot.json"

    def report() -> Values:
        made = api["Report"](metrics=[api["DataDriftPreset"](), api["DataQualityPreset"]()])
        made.run(reference_data=reference, current_data=current)
        made.save(str(saved))
        table = next(each for each in made.as_dict()["metrics"] if each["metric"] == "DataDriftTable")["result"]
        return {name: each["drift_score"] for name, each in table["drift_by_columns"].items()}

    def suite() -> Values:
        made = api["TestSuite"](tests=[api["DataDriftTestPreset"](), api["DataStabilityTestPreset"]()])
        made.run(reference_data=reference, current_data=current)
        drift = [test for test in made.as_dict()["tests"] if test["name"] == "Drift per Column"]
        return {test["parameters"]["column_name"]: test["status"] for test in drift}

    def task(name: str, preset: str) -> Callable[[], Values]:
        before, now = scored(rows, columns, name)

        def run() -> Values:
            mapping = api["ColumnMapping"]()
            mapping.task = name
            made = api["Report"](metrics=[api[preset]()])
            made.run(reference_data=before.copy(), current_data=now.copy(), column_mapping=mapping)
            quality = made.as_dict()["metrics"][0]["result"]["current"]
            return {key: quality[key] for key in ("accuracy", "roc_auc", "mean_abs_error", "rmse") if key in quality}

        return run

    return {
        "report": report,
        "suite": suite,
        "classification": task("classification", "ClassificationPreset"),
        "regression": task("regression", "RegressionPreset"),
    }


# ---------------------------------------------------------------- the newer API: metrics with a test for each


def newer(rows: int, columns: int) -> Work:
    from evidently import Report
    from evidently.presets import DataDriftPreset, DataSummaryPreset

    reference, current = frames(rows, columns)

    def run() -> Values:
        made = Report([DataDriftPreset(), DataSummaryPreset()], include_tests=True).run(current, reference).dict()
        values: Values = {}
        for metric in made["metrics"]:
            config, value = metric["config"], metric["value"]
            kind = config["type"].rpartition(":")[2]
            if "column_type" in config or kind in _NOT_TESTED:
                continue
            if kind in _TESTED_PART:
                value = value[_TESTED_PART[kind]]
            parts = {"": value} if not isinstance(value, dict) else {f" {part}": value[part] for part in value}
            where = [str(config[key]) for key in ("column", "quantile") if key in config]
            values |= {" ".join([f"{kind}{part}", *where]): float(number) for part, number in parts.items()}
        return values

    return {"newer": run}


_NOT_TESTED = {"AlmostConstantColumnsCount", "AlmostDuplicatedColumnsCount", "UniqueValueCount"}
"""There, or here: we have no test of almost constant columns."""
_TESTED_PART = {"DriftedColumnsCount": "share", "DatasetMissingValueCount": "count"}
_NEWER_NAMES = {
    "TestColumnDrift": "ValueDrift",
    "TestColumnNumberOfMissingValues": "MissingValueCount count",
    "TestColumnQuantile": "QuantileValue",
    "TestColumnShareOfMissingValues": "MissingValueCount share",
    "TestColumnValueMax": "MaxValue",
    "TestColumnValueMean": "MeanValue",
    "TestColumnValueMin": "MinValue",
    "TestColumnValueStd": "StdValue",
    "TestNumberOfColumns": "ColumnCount",
    "TestNumberOfConstantColumns": "ConstantColumnsCount",
    "TestNumberOfDuplicatedColumns": "DuplicatedColumnsCount",
    "TestNumberOfDuplicatedRows": "DuplicatedRowCount",
    "TestNumberOfEmptyColumns": "EmptyColumnsCount",
    "TestNumberOfEmptyRows": "EmptyRowsCount",
    "TestNumberOfMissingValues": "DatasetMissingValueCount",
    "TestNumberOfRows": "RowCount",
    "TestShareOfDriftedColumns": "DriftedColumnsCount",
}
"""Our tests by the metric of the newer API whose value they judge."""


def _with_tests(rows: int, columns: int) -> Callable[[], Values]:
    """The same metrics, and a test of each number that the newer API tests by itself."""
    from collector import Report, metric_preset, tests

    reference, current = frames(rows, columns)
    of_columns = ["TestColumnNumberOfMissingValues", "TestColumnShareOfMissingValues"]
    of_numbers = ["TestColumnValueMin", "TestColumnValueMax", "TestColumnValueMean", "TestColumnValueStd"]
    each = tests.generate_column_tests

    def run() -> Values:
        made = Report(
            metrics=[metric_preset.DataDriftPreset(), metric_preset.DataQualityPreset()],
            tests=[
                tests.TestShareOfDriftedColumns(lt=0.5),
                *(getattr(tests, name)() for name in _NEWER_NAMES if name.startswith("TestNumberOf")),
                tests.TestAllFeaturesValueDrift(),
                *(each(getattr(tests, name)) for name in of_columns),
                *(each(getattr(tests, name), "num") for name in of_numbers),
                *(each(tests.TestColumnQuantile, "num", {"quantile": share}) for share in (0.25, 0.5, 0.75)),
            ],
        )
        made.run(reference_data=reference, current_data=current)
        values: Values = {}
        for test in made.as_dict()["tests"]:
            parameters = test["parameters"]
            where = [str(parameters[key]) for key in ("column_name", "quantile") if key in parameters]
            name = " ".join([_NEWER_NAMES[test["test"]], *where])
            values[name] = parameters["value"] if "value" in parameters else parameters["score"]
        return values

    return run


if __name__ == "__main__":
    side, *numbers = sys.argv[1:]
    warnings.simplefilter("ignore")
    rows, columns, repeats = map(int, numbers)
    sides: dict[str, Callable[[int, int], Work]] = {"ours": ours, "older": older, "newer": newer}
    sys.stdout.write(json.dumps(measure(sides[side](rows, columns), repeats), default=float) + "\n")
