"""What drift metrics look like: scores with their thresholds and verdicts."""

from collections.abc import Mapping, Sequence
from typing import Any

from collector.render import figures
from collector.render.parts import (
    HALF,
    NOTHING,
    Widget,
    big_table,
    counter,
    finite,
    graph,
    mapping,
    percent,
    text,
    title,
    widget_id,
)
from collector.render.shown import Shown


def verdict(detected: object) -> str:
    """The word for a verdict.

    >>> verdict(True), verdict(False), verdict(None)
    ('drift', 'no drift', '-')
    """
    return NOTHING if detected is None else "drift" if detected else "no drift"


def dataset_drift(shown: Shown) -> list[Widget]:
    """How many columns drifted, and what that says of the whole."""
    result = shown.result
    limit = result.get("drift_share", shown.parameters.get("drift_share"))
    values = [
        (verdict(result.get("dataset_drift")), f"dataset (from {percent(limit)} of the columns)"),
        (text(result.get("number_of_columns")), "columns compared"),
        (text(result.get("number_of_drifted_columns")), "drifted columns"),
        (percent(result.get("share_of_drifted_columns")), "share of drifted columns"),
    ]
    return [counter("Dataset drift", values)]


def drift_table(shown: Shown) -> list[Widget]:
    """A row per column, the drifted ones first; each opens its distribution."""
    by_column = mapping(shown.result.get("drift_by_columns"))
    unscored = mapping(shown.result.get("columns_without_score"))
    entries = [(text(name), mapping(entry)) for name, entry in by_column.items()]
    entries += [(text(name), {"error": reason}) for name, reason in unscored.items() if name not in by_column]
    entries.sort(key=lambda each: not each[1].get("drift_detected"))
    tiny = {name: _sparklines(shown, name) for name, entry in entries}
    details, rows = [], []
    for name, entry in entries:
        row = {
            "column": name,
            "type": text(entry.get("column_type")),
            "verdict": text(entry["error"]) if "error" in entry else verdict(entry.get("drift_detected")),
            "score": text(finite(entry.get("drift_score"))),
            "threshold": text(finite(entry.get("stattest_threshold"))),
            "stattest": text(entry.get("stattest_name")),
            **{half: bars for half, bars in tiny[name].items() if bars},
        }
        figure = figures.distribution(name, shown.columns.get(name))
        if figure is not None:
            detail = {**graph(f"Distribution of {name}", figure, size=2), "id": widget_id("drift", name)}
            details.append(detail)
            row["details"] = {"parts": [{"title": "Distribution", "id": detail["id"], "type": "widget"}]}
        rows.append(row)
    return [big_table("Drift by column", _table_columns(tiny), rows, details)]


def _table_columns(tiny: Mapping[str, Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    columns: list[dict[str, Any]] = [{"title": "Column", "field": "column"}, {"title": "Type", "field": "type"}]
    for half, colour in (("reference", figures.REFERENCE), ("current", figures.CURRENT)):
        # the page draws a histogram in every row of such a column, or fails
        if tiny and all(bars[half] for bars in tiny.values()):
            options = {"xField": "x", "yField": "y", "color": colour}
            columns.append({"title": title(half), "field": half, "type": "histogram", "options": options})
    return [
        *columns,
        {"title": "Verdict", "field": "verdict"},
        {"title": "Drift score", "field": "score"},
        {"title": "Threshold", "field": "threshold"},
        {"title": "Method", "field": "stattest"},
    ]


def _sparklines(shown: Shown, name: str) -> dict[str, dict[str, list[Any]] | None]:
    described = mapping(mapping(shown.columns.get(name)).get("distribution"))
    return {half: figures.sparkline(described.get(half)) for half in ("reference", "current")}


def column_drift(shown: Shown) -> list[Widget]:
    """One column: verdict, score, threshold, and its distribution."""
    result = shown.result
    values = [
        (verdict(result.get("drift_detected")), "verdict"),
        (text(finite(result.get("drift_score"))), f"drift score ({text(result.get('stattest_name'))})"),
        (text(finite(result.get("stattest_threshold"))), "threshold"),
    ]
    figure = figures.distribution(shown.column, shown.columns.get(shown.column))
    found = [counter(f"Drift of {shown.column}", values, size=2 if figure is None else HALF)]
    return found if figure is None else [*found, graph(f"Distribution of {shown.column}", figure)]
