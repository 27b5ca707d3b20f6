"""Which metric looks like what: the one list of renderers, and the way from a snapshot to its widgets."""

from collections.abc import Mapping, Sequence
from typing import Any

from collector.render import drift, figures, performance, plots, quality
from collector.render.parts import (
    FULL,
    Widget,
    counter,
    failure,
    graph,
    mapping,
    note,
    table,
    text,
    title,
    widget_id,
)
from collector.render.shown import Renderer, Shown
from collector.snapshot import Snapshot

RENDERERS: Mapping[str, Renderer] = {
    "DatasetDriftMetric": drift.dataset_drift,
    "DataDriftTable": drift.drift_table,
    "ColumnDriftMetric": drift.column_drift,
    "DatasetSummaryMetric": quality.dataset_summary,
    "ColumnSummaryMetric": quality.column_summary,
    "DatasetMissingValuesMetric": quality.missing_values,
    "ColumnMissingValuesMetric": quality.column_missing_values,
    "ClassificationQualityMetric": performance.classification_quality,
    "ClassificationConfusionMatrix": performance.confusion_matrix,
    "ClassificationQualityByClass": performance.quality_by_class,
    "ClassificationClassBalance": performance.class_balance,
    "RegressionQualityMetric": performance.regression_quality,
    "RegressionPerformanceMetrics": performance.regression_quality,
    "ColumnDistributionMetric": plots.column_distribution,
    "ColumnInteractionPlot": plots.interaction,
    "ColumnValuePlot": plots.course("Course", "value"),
    "RegressionPredictedVsActualScatter": plots.predicted_vs_actual,
    "RegressionPredictedVsActualPlot": plots.course("Predicted and actual", "value"),
    "RegressionErrorPlot": plots.course("Error", "prediction minus target"),
    "RegressionAbsPercentageErrorPlot": plots.course("Error in percent", "% of the target"),
    "RegressionErrorDistribution": plots.error_distribution,
    "ClassificationClassSeparationPlot": plots.class_separation,
    "ClassificationProbDistribution": plots.probabilities,
    "ClassificationLiftCurve": plots.lift_curve,
    "ClassificationQualityByFeatureTable": plots.by_feature,
    "TargetByFeaturesTable": plots.by_feature,
    "DataQualityStabilityMetric": plots.stability,
    "Comment": plots.comment,
}
_SAID = {"column_name", "column_type"}
"""Fields that the heading says already."""
_DRAW_THEIR_COLUMN = {"ColumnSummaryMetric", "ColumnDriftMetric", "ColumnDistributionMetric"}
_STATES = {"SUCCESS": "success", "FAIL": "fail", "WARNING": "warning", "ERROR": "unknown", "SKIPPED": "unknown"}
_SHOWN_STATUSES = ("SUCCESS", "WARNING", "FAIL", "ERROR")
MAX_DISTRIBUTIONS = 12
"""Columns whose distribution is drawn without being asked for; the drift table opens the others."""


def widgets(snapshot: Snapshot) -> list[Widget]:
    """What the snapshot's metrics look like, in their order; then distributions that none of them has drawn."""
    found: list[Widget] = []
    for index, metric in enumerate(snapshot.metrics):
        for place, widget in enumerate(_of_metric(metric, snapshot)):
            widget.setdefault("id", widget_id(snapshot.id, index, place))
            found.append(widget)
    return [*found, *_distributions(snapshot)]


def test_widgets(snapshot: Snapshot) -> list[Widget]:
    """Counters by status and the list of tests; nothing when the snapshot has no tests.

    The description of a test is shown as it is; `evidently.py` turns it into markdown.
    """
    if not snapshot.tests:
        return []
    counts = snapshot.test_counts()
    head = counter("", [(str(counts[status]), status) for status in _SHOWN_STATUSES])
    head |= {"id": widget_id(snapshot.id, "tests", "counts")}
    head["params"]["v2_test"] = True
    tests = [
        {
            "title": text(test.get("name")),
            "description": text(test.get("description")),
            "state": _STATES.get(test.get("status", ""), "unknown"),
            "groups": {},
        }
        for test in sorted(snapshot.tests, key=_worst_first)
    ]
    suite = {
        "type": "test_suite",
        "title": "",
        "size": FULL,
        "id": widget_id(snapshot.id, "tests", "list"),
        "params": {"v2_test": True, "tests": tests},
    }
    return [head, suite]


test_widgets.__test__ = False  # type: ignore[attr-defined] # pytest shall not take it for one of its own


def _worst_first(test: Mapping[str, Any]) -> int:
    order = ("FAIL", "ERROR", "WARNING", "SKIPPED", "SUCCESS")
    return order.index(test["status"]) if test.get("status") in order else len(order)


def _of_metric(metric: Mapping[str, Any], snapshot: Snapshot) -> Sequence[Widget]:
    name = text(metric.get("metric"))
    shown = Shown(name, mapping(metric.get("parameters")), mapping(metric.get("result")), snapshot.columns)
    if metric.get("error") is not None:
        return [failure(_heading(shown), metric["error"])]
    renderer = RENDERERS.get(name, any_metric)
    return renderer(shown) if shown.result or "result" not in metric else any_metric(_wrapped(shown, metric["result"]))


def _wrapped(shown: Shown, value: object) -> Shown:
    """A result that is a bare value, from a metric of the user's own."""
    return Shown(shown.name, shown.parameters, {"value": value} if value is not None else {}, shown.columns)


def _heading(shown: Shown) -> str:
    return f"{shown.name} of {shown.column}" if shown.column else shown.name


def any_metric(shown: Shown) -> list[Widget]:
    """A metric without a renderer of its own: one value as a number, several as a table."""
    if not shown.result:
        return [note(_heading(shown), "This metric has no values for this window.")]
    if set(shown.result) == {"value"} and not isinstance(shown.result["value"], Mapping | list | tuple):
        return [counter(_heading(shown), [(text(shown.result["value"]), "value")])]
    halves = {name: value for name, value in shown.result.items() if isinstance(value, Mapping)}
    if halves and all(
        isinstance(value, Mapping) or value is None or name in _SAID for name, value in shown.result.items()
    ):
        return [_compared(_heading(shown), halves)]
    rows = [[title(text(name)), text(value)] for name, value in shown.result.items()]
    return [table(_heading(shown), ["", "value"], rows)]


def _compared(heading: str, halves: Mapping[str, Mapping[str, Any]]) -> Widget:
    """Mappings side by side: a column each, a row per name that any of them has."""
    names = list(dict.fromkeys(name for half in halves.values() for name in half))
    rows = [[text(name), *(text(half.get(name)) for half in halves.values())] for name in names]
    return table(heading, ["", *(text(half).replace("_", " ") for half in halves)], rows)


def _distributions(snapshot: Snapshot) -> list[Widget]:
    drawn: set[str] = set()
    scores: dict[str, Mapping[str, Any]] = {}
    for metric in snapshot.metrics:
        result = mapping(metric.get("result"))
        if metric.get("metric") in _DRAW_THEIR_COLUMN:
            drawn.add(text(result.get("column_name") or mapping(metric.get("parameters")).get("column_name")))
        scores |= {name: mapping(entry) for name, entry in mapping(result.get("drift_by_columns")).items()}
    left = [name for name in snapshot.columns if name not in drawn]
    left.sort(key=lambda name: not mapping(scores.get(name)).get("drift_detected"))
    found: list[Widget] = []
    for name in left:
        figure = figures.distribution(name, snapshot.columns[name])
        if figure is not None and len(found) < MAX_DISTRIBUTIONS:
            found.append(
                graph(f"Distribution of {name}", figure) | {"id": widget_id(snapshot.id, "distribution", name)}
            )
    return found
