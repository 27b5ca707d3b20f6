"""Many snapshots of one monitor -> its charts over time and its strips of tests.

Works on summaries (`SnapshotRecord.summary`), never on whole snapshots. Every line of a report shares the report's
axis, so a page carries each instant and each snapshot id once, however many lines it draws.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from collector.render.parts import Figure, finite, mapping, moment, sequence, text
from collector.render.series import BASELINE
from collector.snapshot import baseline_of

MAX_LINES = 60
"""Of one chart; more cannot be told apart, and the snapshots' own pages show all."""
MAX_OTHER_CHARTS = 24
_MARKERS_UP_TO_POINTS = 60
_PALETTE = (
    "#2f6fed",
    "#e4572e",
    "#1a9e6b",
    "#a259d9",
    "#d99a00",
    "#00a3b8",
    "#d6336c",
    "#7d8597",
    "#6b8e23",
    "#5f3dc4",
)


@dataclass(frozen=True, slots=True)
class Group:
    """A chart's title, the metrics on it, and the labels that they must have.

    `share`: its axis shows percentages. `from_zero`: its axis begins at zero, where differences are not the point.
    """

    title: str
    metrics: Sequence[str]
    labels: Mapping[str, str] = field(default_factory=dict)
    share: bool = False
    from_zero: bool = True


GROUPS = (
    Group("Share of drifted columns", ("DriftedColumnsCount",), {"value_type": "share"}, share=True),
    Group("Drift score by column", ("ValueDrift",)),
    Group("Classification quality", ("Accuracy", "Precision", "Recall", "F1Score", "RocAuc"), from_zero=False),
    Group("Log loss", ("LogLoss",), from_zero=False),
    Group("Regression error", ("RMSE", "MAE"), {"value_type": "mean"}),
    Group("R2 score", ("R2Score",), from_zero=False),
    Group("Share of missing values", ("DatasetMissingValueCount",), {"value_type": "share"}, share=True),
    Group("Share of missing values by column", ("MissingValueCount",), {"value_type": "share"}, share=True),
    Group("Rows", ("RowCount",)),
    Group("Share of rows with a label", ("LabelCoverage",), share=True),
)
"""In the order of the page. What is in none of them is drawn further down, a chart per metric."""
_IN_STRIPS = {"FailedTestCount", "PassedTestCount", "WarningTestCount", "ErrorTestCount"}
_ONE_LINE = {"RowCount"}
"""Metrics that every report repeats: one line says it all."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A plotly figure whose traces name their report in `meta`; its x and ids stand in the axes."""

    title: str
    figure: Figure
    lines: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One window of a strip: where it leads, what it says, how it looks (success, warning, fail, unknown)."""

    snapshot: str
    sentence: str
    state: str


@dataclass(frozen=True, slots=True)
class Strip:
    report: str
    cells: Sequence[Cell]
    failed: int


@dataclass(frozen=True, slots=True)
class OverTime:
    charts: Sequence[Chart]
    others: Sequence[Chart]
    strips: Sequence[Strip]
    axes: Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(slots=True)
class _Axis:
    """The snapshots of one report in order of time."""

    x: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)


_Key = tuple[str, tuple[tuple[str, str], ...]]
"""A metric and its labels."""


def segments(summaries: Iterable[Mapping[str, Any]]) -> list[str]:
    """The keys that occur: all rows ("null"), then segments, then arms against a baseline."""
    found = {segment_key(summary) for summary in summaries}
    return sorted(found, key=lambda key: (key != "null", key.startswith("["), key))


def segment_key(summary: Mapping[str, Any]) -> str:
    """Which of a window's snapshots of a report a summary is of: its segment as canonical JSON, or segment and baseline.

    >>> segment_key({"segment": {"b": 1, "a": 2}}), segment_key({})
    ('{"a":2,"b":1}', 'null')
    >>> segment_key({"segment": {"arm": 2}, "reference": {"rows": 9, "arm": {"arm": 1}}})
    '[{"arm":2},{"arm":1}]'
    """
    segment, baseline = summary.get("segment"), baseline_of(summary.get("reference"))
    told = segment if baseline is None else [segment, baseline]
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS, default=str).decode()


def instant(summary: Mapping[str, Any]) -> str:
    """Where a snapshot stands on the axis: the start of its window, else its own time."""
    return str(mapping(summary.get("window")).get("start") or summary.get("timestamp"))


def over_time(summaries: Sequence[Mapping[str, Any]], segment: str = "null") -> OverTime:
    """Charts and strips of one segment, by its key. The order of the summaries does not matter."""
    chosen = [each for each in summaries if segment_key(each) == segment]
    chosen.sort(key=lambda each: (instant(each), str(each.get("id"))))
    axes: dict[str, _Axis] = {}
    lines: dict[str, dict[_Key, dict[int, float]]] = {}
    for summary in chosen:
        report = text(summary.get("report"))
        axis = axes.setdefault(report, _Axis())
        axis.x.append(instant(summary))
        axis.ids.append(str(summary.get("id")))
        _read(summary, lines.setdefault(report, {}), len(axis.x) - 1)
    found = [(report, key, values) for report, by_key in lines.items() for key, values in by_key.items()]
    found = _without_repeats(found)
    charts = [_chart(group, _of_group(group, found), axes) for group in GROUPS]
    grouped = {metric for group in GROUPS for metric in group.metrics} | _IN_STRIPS
    names = dict.fromkeys(key[0] for _, key, _ in found if key[0] not in grouped)
    others = [
        _chart(Group(name, (name,), from_zero=False), [line for line in found if line[1][0] == name], axes)
        for name in names
    ]
    return OverTime(
        charts=[chart for chart in charts if chart.lines],
        others=others[:MAX_OTHER_CHARTS],
        strips=_strips(chosen),
        axes={report: {"x": axis.x, "ids": axis.ids} for report, axis in axes.items()},
    )


_Line = tuple[str, _Key, dict[int, float]]
"""Report, metric and labels, value by place on the report's axis."""


def _read(summary: Mapping[str, Any], lines: dict[_Key, dict[int, float]], place: int) -> None:
    own = {str(name) for name in mapping(summary.get("segment"))}
    own |= {BASELINE} if baseline_of(summary.get("reference")) is not None else set()
    for value in sequence(summary.get("values")):
        number = finite(mapping(value).get("value"))
        if number is None:
            continue
        labels = mapping(value.get("labels"))
        # all lines of the page have the segment; it is said once, at the top
        key = (str(value.get("metric")), tuple((str(k), str(v)) for k, v in labels.items() if k not in own))
        lines.setdefault(key, {})[place] = float(f"{number:.6g}")


def _without_repeats(found: Sequence[_Line]) -> list[_Line]:
    longest: dict[str, _Line] = {}
    for line in found:
        metric = line[1][0]
        if metric in _ONE_LINE and (metric not in longest or len(line[2]) > len(longest[metric][2])):
            longest[metric] = line
    return [line for line in found if line[1][0] not in _ONE_LINE or line is longest[line[1][0]]]


def _of_group(group: Group, found: Sequence[_Line]) -> list[_Line]:
    return [
        line
        for line in found
        if line[1][0] in group.metrics and all(dict(line[1][1]).get(k, v) == v for k, v in group.labels.items())
    ]


def _chart(group: Group, lines: Sequence[_Line], axes: Mapping[str, _Axis]) -> Chart:
    # the lines that reach highest say most; on a crowded chart they stay
    drawn = (
        sorted(lines, key=lambda line: -max(line[2].values()))[:MAX_LINES] if len(lines) > MAX_LINES else list(lines)
    )
    several_metrics = len({line[1][0] for line in lines}) > 1
    several_reports = len({line[0] for line in lines}) > 1
    traces = []
    for index, (report, (metric, labels), values) in enumerate(drawn):
        parts = [metric] if several_metrics else []
        parts += [value for name, value in labels if name not in group.labels]
        parts += [report] if several_reports else []
        length = len(axes[report].x)
        y = [values.get(place) for place in range(length)]
        traces.append({
            "type": "scatter",
            "mode": "lines+markers" if length <= _MARKERS_UP_TO_POINTS else "lines",
            "name": " ".join(parts) or metric,
            "meta": report,
            "y": y,
            "line": {"color": _PALETTE[index % len(_PALETTE)], "width": 1.8},
            "marker": {"size": 5},
            "hovertemplate": "%{x|%Y-%m-%d %H:%M}: %{y:.4g}",
        })  # fmt: skip
    layout: dict[str, Any] = {
        "showlegend": len(traces) > 1,
        "legend": {"orientation": "h", "y": -0.2} if len(traces) <= 10 else {},
        "hovermode": "closest" if len(traces) > 10 else "x unified",
        "xaxis": {"type": "date"},
        "yaxis": {"rangemode": "tozero" if group.from_zero else "normal", "automargin": True}
        | ({"tickformat": "~%"} if group.share else {}),
    }
    return Chart(group.title, {"data": traces, "layout": layout}, len(traces), len(lines) - len(drawn))


# ---------------------------------------------------------------- tests


def state_of(counts: Mapping[str, Any]) -> str:
    """How a window's tests look at a glance.

    >>> state_of({"SUCCESS": 3}), state_of({"SUCCESS": 3, "FAIL": 1}), state_of({"ERROR": 1})
    ('success', 'fail', 'unknown')
    """
    for status, state in (("FAIL", "fail"), ("ERROR", "unknown"), ("WARNING", "warning")):
        if finite(counts.get(status)):
            return state
    return "success"


def sentence_of(counts: Mapping[str, Any]) -> str:
    """The counts of a window's tests in words.

    >>> sentence_of({"SUCCESS": 3, "FAIL": 1, "ERROR": 0})
    '3 passed, 1 failed'
    """
    words = {
        "SUCCESS": "passed",
        "FAIL": "failed",
        "WARNING": "with a warning",
        "ERROR": "could not run",
        "SKIPPED": "skipped",
    }
    return ", ".join(f"{text(counts[s])} {word}" for s, word in words.items() if finite(counts.get(s))) or "no tests"


def _strips(chosen: Sequence[Mapping[str, Any]]) -> list[Strip]:
    by_report: dict[str, list[Cell]] = {}
    for summary in chosen:
        counts = mapping(summary.get("tests"))
        if any(finite(count) for count in counts.values()):
            cell = Cell(str(summary.get("id")), f"{when(summary)}: {sentence_of(counts)}", state_of(counts))
            by_report.setdefault(text(summary.get("report")), []).append(cell)
    return [Strip(report, cells, sum(cell.state == "fail" for cell in cells)) for report, cells in by_report.items()]


def when(summary: Mapping[str, Any]) -> str:
    """A window as a person says it: whole days as days.

    >>> when({"window": {"start": "2013-02-01T00:00:00Z", "end": "2013-02-02T00:00:00Z"}})
    '2013-02-01'
    >>> when({"window": {"start": "2013-02-01T06:00:00Z", "end": "2013-02-01T07:00:00Z"}})
    '2013-02-01 06:00'
    """
    return moment(instant(summary))
