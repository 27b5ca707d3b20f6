"""The panels that a project's dashboard starts with: for every number we send that is worth a line."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from collector.render.evidently import METRIC_PREFIX

_NAMESPACE = uuid.UUID("c0b6ad1e-6c1c-5f0e-8d0a-53c6f4b0b8a2")


@dataclass(frozen=True, slots=True)
class Panel:
    """`lines`: metric -> legend. One panel is written when one of its metrics is there."""

    title: str
    lines: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)
    plot: str = "line"
    size: str = "half"


PANELS = (
    Panel("Share of drifted columns", {"DriftedColumnsCount": "share"}, {"value_type": "share"}),
    Panel("Drift score by column", {"ValueDrift": "{{column}}"}, size="full"),
    Panel("Failed tests", {"FailedTestCount": "failed", "ErrorTestCount": "error"}, plot="bar"),
    Panel("Rows", {"RowCount": "rows"}, plot="bar"),
    Panel("Share of missing values", {"DatasetMissingValueCount": "share"}, {"value_type": "share"}),
    Panel(
        "Classification quality",
        {"Accuracy": "accuracy", "Precision": "precision", "Recall": "recall", "F1Score": "F1", "RocAuc": "ROC AUC"},
        size="full",
    ),
    Panel("Regression error", {"RMSE": "RMSE", "MAE": "MAE"}),
    Panel("R2 score", {"R2Score": "R2"}),
)


def with_panels(document: Mapping[str, Any], project: str, metrics: Collection[str]) -> dict[str, Any] | None:
    """The dashboard with the panels of these metrics added at its end; None when all of them are there.

    What others put there stays as it is.
    """
    panels = list(document.get("panels") or ())
    tabs = [dict(tab) for tab in document.get("tabs") or ()]
    known = {str(panel.get("id")) for panel in panels}
    new = [
        _described(panel, identity)
        for panel in PANELS
        if any(metric in metrics for metric in panel.lines) and (identity := _id(project, panel)) not in known
    ]
    if not new:
        return None
    if not tabs:
        tabs = [{"id": str(uuid.uuid5(_NAMESPACE, f"{project}/tab")), "title": "Monitoring", "panels": [*known]}]
    tabs[0]["panels"] = [*(tabs[0].get("panels") or ()), *(panel["id"] for panel in new)]
    return {**document, "tabs": tabs, "panels": [*panels, *new]}


def _id(project: str, panel: Panel) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{project}/{panel.title}"))


def _described(panel: Panel, identity: str) -> dict[str, Any]:
    values = [
        {
            "metric": METRIC_PREFIX + metric,
            "legend": legend.strip(),
            "tags": [],
            "metadata": {},
            "metric_labels": dict(panel.labels),
            "view_params": {},
        }
        for metric, legend in panel.lines.items()
    ]
    return {
        "id": identity,
        "title": panel.title,
        "subtitle": None,
        "size": panel.size,
        "values": values,
        "plot_params": {"plot_type": panel.plot, "is_stacked": panel.plot == "bar"},
    }
