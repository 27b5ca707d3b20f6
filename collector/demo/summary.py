"""What was found, read from the workspace: a line for each month, then for each airport and for each model."""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from collector.demo.expected import ALL, key_of
from collector.demo.models import CHALLENGER, CHAMPION

_AGAINST = f"{CHALLENGER} vs {CHAMPION}"


@dataclass(slots=True)
class Line:
    """Sums over days."""

    name: str
    days: int = 0
    rows: int = 0
    drifted: list[int] = field(default_factory=list)
    columns: int = 0
    tests: int = 0
    failed: int = 0
    roc_auc: list[float] = field(default_factory=list)

    def add(self, snapshot: Mapping[str, Any]) -> None:
        statuses = [test["status"] for test in snapshot["tests"]]
        self.tests += len(statuses)
        self.failed += sum(status in ("FAIL", "ERROR") for status in statuses)
        if snapshot["report"] == "drift":
            self.days += 1
            self.rows += snapshot["rows"]
            drift = _result(snapshot, "DatasetDriftMetric")
            if drift is not None:
                self.drifted.append(drift["number_of_drifted_columns"])
                self.columns = drift["number_of_columns"]
        if snapshot["report"] == "quality":
            quality = _result(snapshot, "ClassificationQualityMetric")
            if quality is not None and quality["current"].get("roc_auc") is not None:
                self.roc_auc.append(quality["current"]["roc_auc"])


@dataclass(frozen=True, slots=True)
class Summary:
    """The lines of the table, in its order."""

    months: Sequence[Line]
    total: Line
    airports: Sequence[Line]
    models: Sequence[Line]
    recomputed: int
    """Days of which a snapshot was replaced, because rows or labels came later."""


def summary(snapshots: Iterable[Mapping[str, Any]]) -> Summary:
    """Add up whole snapshots, in any order. A day starts at midnight in New York: on that date in UTC, too."""
    months: dict[int, Line] = {}
    total = Line("Total")
    airports: dict[str, Line] = {}
    models = {name: Line(name) for name in (CHAMPION, CHALLENGER, _AGAINST)}
    recomputed = set()
    for snapshot in snapshots:
        key = key_of(snapshot)
        if snapshot["revision"] > 1:
            recomputed.add(key.start)
        if key.rows_of == ALL:
            month = int(key.start[5:7])
            months.setdefault(month, Line(calendar.month_name[month])).add(snapshot)
            total.add(snapshot)
        elif key.baseline is not None:
            models[_AGAINST].add(snapshot)
        elif key.rows_of in models:
            models[key.rows_of].add(snapshot)
        else:
            airports.setdefault(key.rows_of, Line(key.rows_of)).add(snapshot)
    return Summary(_in_order(months), total, _in_order(airports), list(models.values()), len(recomputed))


def table(found: Summary) -> Table:
    """The summary, as it is printed."""
    shown = Table(title="Flight delays, 2013: every day against January")
    shown.add_column("", no_wrap=True)
    for heading in ("Days", "Rows", "Drifted columns a day", "Failed tests", "ROC AUC"):
        shown.add_column(heading, justify="right")
    for lines in (found.months, [found.total], found.airports, found.models):
        for line in lines:
            shown.add_row(*_cells(line), style="bold" if line is found.total else None)
        shown.add_section()
    return shown


def _in_order(lines: Mapping[Any, Line]) -> list[Line]:
    return [lines[key] for key in sorted(lines)]


def _cells(line: Line) -> tuple[str, ...]:
    drifted = f"{_mean(line.drifted):.1f}" if line.drifted else "-"
    return (
        line.name,
        f"{line.days}",
        f"{line.rows:,}",
        f"{drifted} of {line.columns}" if line.columns else drifted,
        f"{line.failed:,} of {line.tests:,}",
        f"{_mean(line.roc_auc):.3f}" if line.roc_auc else "-",
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _result(snapshot: Mapping[str, Any], metric: str) -> Mapping[str, Any] | None:
    for each in snapshot["metrics"]:
        if each["metric"] == metric:
            result: Mapping[str, Any] | None = each.get("result")
            return result
    return None
