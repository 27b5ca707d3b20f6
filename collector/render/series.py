"""Which numbers of a snapshot are plotted over time, under which name and labels.

A line is a metric's name and its labels, so labels hold what stays the same from window to window (the column, the
segment, a method that the user asked for) and never what may change (a threshold, a method chosen by sample size).
Names follow Evidently's own metrics where they fit, so that panels made for those keep working.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from collector.render.parts import finite, mapping
from collector.snapshot import Snapshot

MAX_POINTS = 20_000
"""Of one snapshot; a thousand columns have about ten points each."""
BASELINE = "baseline"
"""The label by which an arm's lines against the baseline differ from those against the reference."""


@dataclass(frozen=True, slots=True)
class Point:
    """One number of one line. `labels` are sorted by name."""

    metric: str
    labels: dict[str, str]
    value: float


Found = tuple[str, dict[str, object], object]
"""Name, labels, value: finite or not, labels of None are left out."""
Rule = Callable[[Mapping[str, Any], Mapping[str, Any]], Iterator[Found]]
"""(result, parameters) -> what it holds."""

_COUNTED = {
    "number_of_columns": "ColumnCount",
    "number_of_duplicated_rows": "DuplicatedRowCount",
    "number_of_empty_rows": "EmptyRowsCount",
    "number_of_constant_columns": "ConstantColumnsCount",
    "number_of_almost_constant_columns": "AlmostConstantColumnsCount",
    "number_of_duplicated_columns": "DuplicatedColumnsCount",
    "number_of_almost_duplicated_columns": "AlmostDuplicatedColumnsCount",
    "number_of_empty_columns": "EmptyColumnsCount",
}
_CHARACTERISTICS = {"min": "MinValue", "max": "MaxValue", "mean": "MeanValue", "std": "StdValue"}
_QUANTILES = {"p25": "0.25", "p50": "0.5", "p75": "0.75"}
_CLASSIFICATION = {
    "accuracy": "Accuracy", "precision": "Precision", "recall": "Recall", "f1": "F1Score", "roc_auc": "RocAuc",
    "log_loss": "LogLoss", "tpr": "TPR", "tnr": "TNR", "fpr": "FPR", "fnr": "FNR",
}  # fmt: skip
_BY_LABEL = {"f1": "F1ByLabel", "precision": "PrecisionByLabel", "recall": "RecallByLabel", "roc_auc": "RocAucByLabel"}
_REGRESSION = {"rmse": "RMSE", "r2_score": "R2Score", "abs_error_max": "AbsMaxError"}
_REGRESSION_SPREAD = {
    "MeanError": ("mean_error", "error_std"),
    "MAE": ("mean_abs_error", "abs_error_std"),
    "MAPE": ("mean_abs_perc_error", "abs_perc_error_std"),
}
_TESTS = {
    "FAIL": "FailedTestCount",
    "SUCCESS": "PassedTestCount",
    "WARNING": "WarningTestCount",
    "ERROR": "ErrorTestCount",
}


def series(snapshot: Snapshot) -> list[Point]:
    """The numbers to plot, finite only, each line once: the first of equal name and labels stays."""
    segment: dict[str, object] = {str(name): value for name, value in (snapshot.segment or {}).items()}
    for value in (snapshot.baseline or {}).values():
        segment[BASELINE] = value
    found: dict[tuple[str, tuple[tuple[str, str], ...]], Point] = {}
    for name, labels, value in _all(snapshot):
        number = finite(value)
        if number is None or len(found) >= MAX_POINTS:
            continue
        known = {str(key): str(each) for key, each in {**labels, **segment}.items() if each is not None}
        ordered = dict(sorted(known.items()))
        found.setdefault((name, tuple(ordered.items())), Point(name, ordered, number))
    return list(found.values())


def _all(snapshot: Snapshot) -> Iterator[Found]:
    yield "RowCount", {}, snapshot.rows
    yield "LabelCoverage", {}, snapshot.label_coverage
    for metric in snapshot.metrics:
        name, result = str(metric.get("metric")), metric.get("result")
        parameters = mapping(metric.get("parameters"))
        rule = _RULES.get(name)
        if rule is not None:
            yield from rule(mapping(result), parameters)
        else:
            yield from _any_metric(name, result, parameters)
    if snapshot.tests:
        counts = snapshot.test_counts()
        for status, name in _TESTS.items():
            yield name, {}, counts[status]
    for test in snapshot.tests:
        yield from _test(test)


def _test(test: Mapping[str, Any]) -> Iterator[Found]:
    """The value that a test looked at, under the test's own name."""
    parameters = mapping(test.get("parameters"))
    labels = {"column": parameters.get("column_name"), "label": parameters.get("label")}
    yield str(test.get("test") or test.get("name")), labels, parameters.get("value")


def _dataset_drift(result: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Found]:
    yield "DriftedColumnsCount", {"value_type": "count"}, result.get("number_of_drifted_columns")
    yield "DriftedColumnsCount", {"value_type": "share"}, result.get("share_of_drifted_columns")


def _drift_table(result: Mapping[str, Any], parameters: Mapping[str, Any]) -> Iterator[Found]:
    yield from _dataset_drift(result, parameters)
    for column, entry in mapping(result.get("drift_by_columns")).items():
        yield "ValueDrift", {"column": column}, mapping(entry).get("drift_score")


def _column_drift(result: Mapping[str, Any], parameters: Mapping[str, Any]) -> Iterator[Found]:
    labels = {"column": _column(result, parameters), "method": parameters.get("stattest")}
    yield "ValueDrift", labels, result.get("drift_score")


def _dataset_summary(result: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Found]:
    current = mapping(result.get("current"))
    for field, name in _COUNTED.items():
        yield name, {}, current.get(field)


def _column_summary(result: Mapping[str, Any], parameters: Mapping[str, Any]) -> Iterator[Found]:
    column = _column(result, parameters)
    current = mapping(result.get("current_characteristics"))
    for field, name in _CHARACTERISTICS.items():
        yield name, {"column": column}, current.get(field)
    for field, quantile in _QUANTILES.items():
        yield "QuantileValue", {"column": column, "quantile": quantile}, current.get(field)
    yield from _counted("MissingValueCount", column, current.get("missing"), current.get("number_of_rows"))
    yield "UniqueValues", {"column": column}, current.get("unique")


def _counted(name: str, column: object, count: object, rows: object) -> Iterator[Found]:
    number, total = finite(count), finite(rows)
    yield name, {"column": column, "value_type": "count"}, number
    if number is not None and total:
        yield name, {"column": column, "value_type": "share"}, number / total


def _missing_values(result: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Found]:
    current = mapping(result.get("current"))
    yield "DatasetMissingValueCount", {"value_type": "count"}, current.get("number_of_missing_values")
    yield "DatasetMissingValueCount", {"value_type": "share"}, current.get("share_of_missing_values")
    for column, count in mapping(current.get("number_of_missing_values_by_column")).items():
        yield from _counted("MissingValueCount", column, count, current.get("number_of_rows"))


def _classification(result: Mapping[str, Any], parameters: Mapping[str, Any]) -> Iterator[Found]:
    current = mapping(result.get("current"))
    for field, name in _CLASSIFICATION.items():
        yield name, _cut(parameters), current.get(field)


def _by_class(result: Mapping[str, Any], parameters: Mapping[str, Any]) -> Iterator[Found]:
    current = mapping(result.get("current"))
    for label, scores in (mapping(current.get("metrics")) or current).items():
        for field, name in _BY_LABEL.items():
            yield name, {"label": label, **_cut(parameters)}, mapping(scores).get(field)


def _class_balance(result: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Found]:
    for label, count in mapping(result.get("current")).items():
        yield "ClassCount", {"label": label}, count


def _regression(result: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Found]:
    current = mapping(result.get("current"))
    for field, name in _REGRESSION.items():
        yield name, {}, current.get(field)
    for name, (mean, spread) in _REGRESSION_SPREAD.items():
        yield name, {"value_type": "mean"}, current.get(mean)
        yield name, {"value_type": "std"}, current.get(spread)


def _no_numbers(_: Mapping[str, Any], __: Mapping[str, Any]) -> Iterator[Found]:
    """For metrics whose numbers have no meaning over time, or stand in another metric of the same preset."""
    yield from ()


def _any_metric(name: str, result: object, parameters: Mapping[str, Any]) -> Iterator[Found]:
    """The scalar numbers of a metric that this module does not know: the current half's when there is one."""
    fields = mapping(result)
    labels = _identity(parameters)
    if not fields:
        yield name, labels, result
        return
    current = fields.get("current")
    if "current" in fields and not isinstance(current, Mapping):
        yield name, labels, current
        return
    for field, value in (mapping(current) or fields).items():
        yield name, labels if field == "value" else {**labels, "field": field}, value


def _identity(parameters: Mapping[str, Any]) -> dict[str, object]:
    """What the user asked for tells two metrics of one kind apart."""
    asked = {("column" if name == "column_name" else name): value for name, value in parameters.items()}
    return {name: value for name, value in asked.items() if isinstance(value, str | int | float)}


def _quantile(result: Mapping[str, Any], parameters: Mapping[str, Any]) -> Iterator[Found]:
    labels = {"column": _column(result, parameters), "quantile": parameters.get("quantile")}
    yield "QuantileValue", labels, mapping(result.get("current")).get("value")


def _column(result: Mapping[str, Any], parameters: Mapping[str, Any]) -> object:
    return result.get("column_name") or parameters.get("column_name")


def _cut(parameters: Mapping[str, Any]) -> dict[str, object]:
    """Where probabilities become labels, when the user chose it."""
    return {name: parameters.get(name) for name in ("probas_threshold", "k")}


_RULES: Mapping[str, Rule] = {
    "DatasetDriftMetric": _dataset_drift,
    "DataDriftTable": _drift_table,
    "ColumnDriftMetric": _column_drift,
    "ColumnQuantileMetric": _quantile,
    "DatasetSummaryMetric": _dataset_summary,
    "ColumnSummaryMetric": _column_summary,
    "DatasetMissingValuesMetric": _missing_values,
    "ClassificationQualityMetric": _classification,
    "ClassificationQualityByClass": _by_class,
    "ClassificationClassBalance": _class_balance,
    "ClassificationConfusionMatrix": _no_numbers,
    "RegressionQualityMetric": _regression,
}
