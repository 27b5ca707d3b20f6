"""Snapshots as an evaluation makes them, in small: a drift report, a quality report, model quality, a test suite."""

import math
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from collector.snapshot import Snapshot, snapshot_id

NUMERICAL = ("distance", "departure_delay", "air_time")
CATEGORICAL = ("carrier", "origin")
START = datetime(2013, 2, 1, tzinfo=UTC)


def columns(seed: int = 1, shift: float = 0.0) -> dict[str, dict[str, Any]]:
    dice = random.Random(seed)
    found: dict[str, dict[str, Any]] = {}
    for index, name in enumerate(NUMERICAL):
        edges = [round(100 * index + 25.0 * step, 3) for step in range(21)]
        halves = {
            half: {
                "edges": edges,
                "counts": [round(900 * math.exp(-(((step - centre) / 4) ** 2))) for step in range(20)],
            }
            for half, centre in (("reference", 9), ("current", 9 + shift + dice.random()))
        }
        found[name] = {"type": "num", "distribution": halves}
    for name in CATEGORICAL:
        values = [f"{name[:1].upper()}{n}" for n in range(5)]
        halves = {
            half: {"values": values, "counts": [dice.randrange(50, 900) for _ in values], "other": dice.randrange(20)}
            for half in ("reference", "current")
        }
        found[name] = {"type": "cat", "distribution": halves}
    return found


def drift_metrics(seed: int = 1, shift: float = 0.0) -> list[dict[str, Any]]:
    dice = random.Random(seed)
    by_column = {}
    for name in (*NUMERICAL, *CATEGORICAL):
        score = round(dice.random() * 0.2 + 0.1 * shift * (name == "distance"), 6)
        by_column[name] = {
            "column_name": name,
            "column_type": "num" if name in NUMERICAL else "cat",
            "stattest_name": "Wasserstein distance (normed)" if name in NUMERICAL else "Jensen-Shannon distance",
            "stattest_threshold": 0.1,
            "drift_score": score,
            "drift_detected": score >= 0.1,
        }
    drifted = sum(bool(each["drift_detected"]) for each in by_column.values())
    whole = {
        "drift_share": 0.5,
        "number_of_columns": len(by_column),
        "number_of_drifted_columns": drifted,
        "share_of_drifted_columns": drifted / len(by_column),
        "dataset_drift": drifted / len(by_column) >= 0.5,
    }
    return [
        {"metric": "DatasetDriftMetric", "parameters": {"drift_share": 0.5}, "result": whole},
        {"metric": "DataDriftTable", "parameters": {}, "result": {**whole, "drift_by_columns": by_column}},
        {
            "metric": "ColumnDriftMetric",
            "parameters": {"column_name": "distance", "stattest": "psi", "stattest_threshold": 0.2},
            "result": by_column["distance"] | {"stattest_name": "PSI", "stattest_threshold": 0.2, "drift_score": 0.31},
        },
    ]


def quality_metrics() -> list[dict[str, Any]]:
    half = {
        "number_of_columns": 5, "number_of_rows": 900, "number_of_missing_values": 31, "number_of_categorical_columns": 2,
        "number_of_numeric_columns": 3, "number_of_constant_columns": 0, "number_of_duplicated_rows": 4,
        "nans_by_columns": {"distance": 0, "air_time": 31},
    }  # fmt: skip
    characteristics = {
        "number_of_rows": 900, "count": 869, "missing": 31, "missing_percentage": 3.44, "mean": 151.2, "std": 93.1,
        "min": 20.0, "p25": 82.0, "p50": 129.0, "p75": 192.0, "max": 695.0, "unique": 402, "unique_percentage": 44.67,
        "most_common": 42.0, "most_common_percentage": 1.2, "infinite_count": 0, "infinite_percentage": 0.0,
    }  # fmt: skip
    missing = {
        "number_of_rows": 900, "number_of_columns": 5, "number_of_missing_values": 31, "share_of_missing_values": 31 / 4500,
        "number_of_rows_with_missing_values": 31, "number_of_columns_with_missing_values": 1,
        "number_of_missing_values_by_column": {"distance": 0, "air_time": 31},
        "share_of_missing_values_by_column": {"distance": 0.0, "air_time": 31 / 900},
    }  # fmt: skip
    return [
        {"metric": "DatasetSummaryMetric", "parameters": {}, "result": {"current": half, "reference": {**half, "number_of_rows": 27000}}},
        {
            "metric": "ColumnSummaryMetric",
            "parameters": {"column_name": "air_time"},
            "result": {
                "column_name": "air_time", "column_type": "num",
                "current_characteristics": characteristics,
                "reference_characteristics": {**characteristics, "number_of_rows": 27000, "mean": 149.9},
            },
        },
        {"metric": "DatasetMissingValuesMetric", "parameters": {}, "result": {"current": missing, "reference": {**missing, "number_of_rows": 27000}}},
        {"metric": "ColumnSummaryMetric", "parameters": {"column_name": "gone"}, "error": "column 'gone' is not in the current data"},
    ]  # fmt: skip


def classification_metrics(seed: int = 1) -> list[dict[str, Any]]:
    dice = random.Random(seed)
    scores = {
        name: round(0.7 + 0.2 * dice.random(), 6) for name in ("accuracy", "precision", "recall", "f1", "roc_auc")
    }
    scores |= {"log_loss": 0.43, "tpr": 0.7, "tnr": 0.9, "fpr": 0.1, "fnr": 0.3}
    matrix = {"labels": [0, 1], "values": [[610, 42], [88, 160]]}
    by_class = {label: {"precision": 0.8, "recall": 0.7, "f1": 0.746, "support": 450, "roc_auc": 0.8} for label in "01"}
    return [
        {"metric": "ClassificationQualityMetric", "parameters": {}, "result": {"current": scores, "reference": None, "target_name": "delayed"}},
        {"metric": "ClassificationConfusionMatrix", "parameters": {}, "result": {"current_matrix": matrix, "reference_matrix": None}},
        {"metric": "ClassificationQualityByClass", "parameters": {}, "result": {"current": {"metrics": by_class}, "reference": None}},
    ]  # fmt: skip


def regression_metrics() -> list[dict[str, Any]]:
    current = {
        "mean_error": -0.5, "error_std": 2.1, "mean_abs_error": 1.7, "abs_error_std": 1.1, "mean_abs_perc_error": 12.5,
        "abs_perc_error_std": 0.1, "rmse": 2.2, "r2_score": 0.81, "abs_error_max": 9.4,
    }  # fmt: skip
    return [
        {
            "metric": "RegressionQualityMetric",
            "parameters": {},
            "result": {"current": current, "reference": {**current, "rmse": 2.0}},
        }
    ]


def suite_tests(*, failing: bool = True) -> list[dict[str, Any]]:
    return [
        {
            "name": "Share of Drifted Columns", "test": "TestShareOfDriftedColumns", "group": "data_drift", "status": "FAIL" if failing else "SUCCESS",
            "description": "The drift is detected for 60% features (3 out of 5). The test threshold is lt=0.3",
            "parameters": {"condition": {"lt": 0.3}, "value": 0.6},
        },
        {
            "name": "Share of Missing Values", "test": "TestShareOfMissingValues", "group": "data_integrity", "status": "SUCCESS",
            "description": "The share of missing values is 0.00689. The test threshold is lte=0.05.",
            "parameters": {"condition": {"lte": 0.05}, "value": 0.00689},
        },
        {
            "name": "ROC AUC Score", "group": "classification", "status": "ERROR",
            "description": "No probabilities: *prediction* is a label column <b>here</b>", "parameters": {},
        },
    ]  # fmt: skip


def snapshot(
    report: str = "drift",
    *,
    day: int = 0,
    monitor: str = "flight-delays",
    project: str | None = "Flight delays",
    segment: Mapping[str, object] | None = None,
    **changes: Any,
) -> Snapshot:
    """A snapshot of one day. `report` is drift, quality, model, regression or stability (tests only)."""
    start = START + timedelta(days=day)
    end = start + timedelta(days=1)
    shift = day / 10
    metrics = {
        "drift": lambda: drift_metrics(day, shift),
        "quality": quality_metrics,
        "model": lambda: classification_metrics(day),
        "regression": regression_metrics,
        "stability": list,
    }[report]()
    values: dict[str, Any] = {
        "id": snapshot_id(monitor, report, f"day-{day}", segment),
        "report": report,
        "project": project,
        "monitor": monitor,
        "segment": segment,
        "window": {"start": start.isoformat().replace("+00:00", "Z"), "end": end.isoformat().replace("+00:00", "Z")},
        "timestamp": end,
        "rows": 900 + 7 * day,
        "reference": {"version": 1, "rows": 27000},
        "tags": ["prod"],
        "metadata": {"model_version": "3"},
        "metrics": metrics,
        "tests": suite_tests(failing=day % 3 == 0) if report == "stability" else [],
        "columns": columns(day, shift),
    }
    return Snapshot(**(values | changes))


def arms(report: str = "drift", *, day: int = 0, **changes: Any) -> list[Snapshot]:
    """A window of a champion and a challenger: all rows, each arm against the reference, the one against the other."""
    window = f"day-{day}"
    monitor = changes.get("monitor", "flight-delays")
    found = [snapshot(report, day=day, **changes)]
    for index, (arm, against) in enumerate((("champion", None), ("challenger", None), ("challenger", "champion"))):
        segment = {"model_version": arm}
        baseline = None if against is None else {"model_version": against}
        more: dict[str, Any] = {
            "id": snapshot_id(monitor, report, window, segment, baseline),
            "rows": 100 * (index + 1) + day,
            "tags": ["prod", arm, f"vs {against or 'reference'}"],
            "metadata": segment | ({} if against is None else {"baseline": against}),
        }
        if baseline is not None:
            more["reference"] = {"version": None, "rows": 100, "arm": baseline}
        found.append(snapshot(report, day=day, **(changes | more), segment=segment))
    return found
