"""What the service found, read back over its API: one line a month."""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table


@dataclass(slots=True)
class Month:
    """Sums over the days of a month."""

    name: str
    days: int = 0
    rows: int = 0
    drifted: list[int] = field(default_factory=list)
    columns: int = 0
    tests: int = 0
    failed: int = 0
    roc_auc: list[float] = field(default_factory=list)


def months(snapshots: Iterable[Mapping[str, Any]]) -> list[Month]:
    """The months of whole snapshots, in order. A window starts at midnight in New York: on that day in UTC, too."""
    found: dict[str, Month] = {}
    for snapshot in snapshots:
        start = snapshot["window"]["start"]
        month = found.setdefault(start[:7], Month(calendar.month_name[int(start[5:7])]))
        statuses = [test["status"] for test in snapshot["tests"]]
        month.tests += len(statuses)
        month.failed += sum(status in ("FAIL", "ERROR") for status in statuses)
        if snapshot["report"] == "drift":
            month.days += 1
            month.rows += snapshot["rows"]
            drift = _result(snapshot, "DatasetDriftMetric")
            if drift is not None:
                month.drifted.append(drift["number_of_drifted_columns"])
                month.columns = drift["number_of_columns"]
        if snapshot["report"] == "quality":
            quality = _result(snapshot, "ClassificationQualityMetric")
            if quality is not None and quality["current"].get("roc_auc") is not None:
                month.roc_auc.append(quality["current"]["roc_auc"])
    return [found[key] for key in sorted(found)]


def table(found: Sequence[Month]) -> Table:
    """The summary, with a line of totals."""
    shown = Table(title="Flight delays, 2013: every day against January", show_footer=True)
    total = Month("Total")
    for month in found:
        total.days += month.days
        total.rows += month.rows
        total.tests += month.tests
        total.failed += month.failed
        total.drifted += month.drifted
        total.roc_auc += month.roc_auc
    headings = ("Month", "Days", "Rows", "Drifted columns a day", "Failed tests", "ROC AUC")
    for heading, value in zip(headings, _line(total), strict=True):
        shown.add_column(heading, footer=value, justify="left" if heading == "Month" else "right")
    for month in found:
        shown.add_row(*_line(month))
    return shown


def _line(month: Month) -> tuple[str, ...]:
    drifted = f"{_mean(month.drifted):.1f}" if month.drifted else "-"
    return (
        month.name,
        f"{month.days}",
        f"{month.rows:,}",
        f"{drifted} of {month.columns}" if month.columns else drifted,
        f"{month.failed:,} of {month.tests:,}",
        f"{_mean(month.roc_auc):.3f}" if month.roc_auc else "-",
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _result(snapshot: Mapping[str, Any], metric: str) -> Mapping[str, Any] | None:
    for each in snapshot["metrics"]:
        if each["metric"] == metric:
            result: Mapping[str, Any] | None = each.get("result")
            return result
    return None
