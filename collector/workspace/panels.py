"""The panels that a project's dashboard starts with: for every number we send that is worth a line.

A monitor's windows as a whole, its segments by a column, its arms against the baseline: each view has panels of its own,
for a panel that mixes them would draw one line through the numbers of all.
"""

import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector.render.evidently import METRIC_PREFIX, VIEW, label_name
from collector.snapshot import Snapshot

_PLACEHOLDER = re.compile(r"[A-Za-z0-9_]+")
"""What a legend may name; of other labels the page writes all, when there is no legend."""
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


@dataclass(frozen=True, slots=True)
class View:
    """What some panels draw together: a monitor's snapshots of one view, a line for each value of their segment."""

    monitor: str | None
    name: str
    labels: Sequence[str] = ()

    @staticmethod
    def of(snapshot: Snapshot) -> "View":
        return View(snapshot.monitor, snapshot.view, tuple(label_name(name) for name in snapshot.segment or ()))

    @property
    def filter(self) -> dict[str, str]:
        """The metadata that its snapshots carry."""
        return {VIEW: self.name} | ({"monitor": self.monitor} if self.monitor is not None else {})

    def title(self, panel: Panel) -> str:
        return f"{panel.title} {self.name}" if self.labels else panel.title

    def plot(self, panel: Panel) -> dict[str, Any]:
        """Bars side by side where there is a line for each value: the page joins no points between which another value
        has its own.
        """
        return {
            "plot_type": "bar" if self.labels else panel.plot,
            "is_stacked": panel.plot == "bar" and not self.labels,
        }

    def legend(self, of_metric: str) -> str:
        if not all(_PLACEHOLDER.fullmatch(label) for label in self.labels):
            return ""
        return " ".join([*(f"{{{{{label}}}}}" for label in self.labels), of_metric])


def with_panels(
    document: Mapping[str, Any], project: str, view: View, metrics: Collection[str]
) -> dict[str, Any] | None:
    """The dashboard with the view's panels of these metrics added at its end; None when all of them are there.

    What others put there stays as it is.
    """
    panels = list(document.get("panels") or ())
    tabs = [dict(tab) for tab in document.get("tabs") or ()]
    known = {str(panel.get("id")) for panel in panels}
    new = [
        _described(panel, identity, view)
        for panel in PANELS
        if any(metric in metrics for metric in panel.lines) and (identity := _id(project, view, panel)) not in known
    ]
    if not new:
        return None
    if not tabs:
        tabs = [{"id": str(uuid.uuid5(_NAMESPACE, f"{project}/tab")), "title": "Monitoring", "panels": [*known]}]
    tabs[0]["panels"] = [*(tabs[0].get("panels") or ()), *(panel["id"] for panel in new)]
    return {**document, "tabs": tabs, "panels": [*panels, *new]}


def _id(project: str, view: View, panel: Panel) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{project}/{view.monitor or ''}/{view.title(panel)}"))


def _described(panel: Panel, identity: str, view: View) -> dict[str, Any]:
    values = [
        {
            "metric": METRIC_PREFIX + metric,
            "legend": view.legend(legend),
            "tags": [],
            "metadata": view.filter,
            "metric_labels": dict(panel.labels),
            "view_params": {},
        }
        for metric, legend in panel.lines.items()
    ]
    return {
        "id": identity,
        "title": view.title(panel),
        "subtitle": view.monitor,
        "size": panel.size,
        "values": values,
        "plot_params": view.plot(panel),
    }
