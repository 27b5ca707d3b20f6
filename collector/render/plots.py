"""What metrics look like that are figures first: courses over time, grids, boxes, curves, parts of a feature."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from collector.render import figures
from collector.render.figures import CURRENT, REFERENCE
from collector.render.parts import FULL, Figure, Widget, finite, graph, mapping, sequence, table, text, title
from collector.render.shown import Shown

HALVES = (("reference", REFERENCE), ("current", CURRENT))
_PALETTE = (CURRENT, "#2a7f9e", "#8a6fb0", "#c7962c", "#4f8a4f")
TIME = "time"
MAX_FIGURES = 24
"""Of one metric; a data set may have hundreds of features."""


def _figure(traces: Sequence[Mapping[str, Any]], x_title: str, y_title: str, **layout: Any) -> Figure:
    """Axes that hold texts are categories: the text "1" is a name, not a number. Times stay times."""
    return {
        "data": [dict(trace) for trace in traces],
        "layout": {
            "xaxis": {"title": {"text": x_title}, "automargin": True, **_type(traces, "x", x_title)},
            "yaxis": {"title": {"text": y_title}, "automargin": True, **_type(traces, "y", y_title)},
            "legend": {"orientation": "h", "y": 1.12},
            "margin": {"t": 30, "r": 10},
            **layout,
        },
    }


def _type(traces: Sequence[Mapping[str, Any]], axis: str, heading: str) -> dict[str, str]:
    named = any(isinstance(value, str) for trace in traces for value in trace.get(axis, ()))
    return {"type": "category"} if named and heading != TIME else {}


def _drawn(
    heading: str, traces: Sequence[Mapping[str, Any]], x_title: str, y_title: str, **layout: Any
) -> list[Widget]:
    return [graph(heading, _figure(traces, x_title, y_title, **layout))] if traces else []


def _line(name: str, x: Sequence[Any], y: Sequence[Any], colour: str) -> Mapping[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": [each if finite(each) is not None else text(each) for each in x],
        "y": [finite(each) for each in y], "line": {"color": colour},
    }  # fmt: skip


# ---------------------------------------------------------------- one column, two columns


def column_distribution(shown: Shown) -> list[Widget]:
    return _distribution(f"Distribution of {shown.column}", shown.column, shown)


def error_distribution(shown: Shown) -> list[Widget]:
    return _distribution("Distribution of errors", "prediction minus target", shown)


def _distribution(heading: str, x_title: str, shown: Shown) -> list[Widget]:
    figure = figures.distribution(x_title, {"distribution": shown.result})
    return [] if figure is None else [graph(heading, figure)]


def interaction(shown: Shown) -> list[Widget]:
    """A grid per half; boxes where a number stands by category."""
    x, y = text(shown.result.get("x_column")), text(shown.result.get("y_column"))
    if "values" in shown.result:
        number, category = (x, y) if shown.result.get("x_type") == "num" else (y, x)
        names = [text(value) for value in sequence(shown.result["values"])]
        boxes = [
            _boxes(half, names, sequence(shown.result.get(half)), colour)
            for half, colour in HALVES
            if sequence(shown.result.get(half))
        ]
        return _drawn(f"{number} by {category}", boxes, category, number, boxmode="group")
    across, up = sequence(shown.result.get("x")), sequence(shown.result.get("y"))
    return _grids(f"{y} by {x}", shown, across, up, x_title=x, y_title=y)


def _grids(
    heading: str, shown: Shown, x: Sequence[Any], y: Sequence[Any], *, x_title: str, y_title: str
) -> list[Widget]:
    """Edges of bins, or names of categories, along either axis."""
    found: list[Widget] = []
    for half, _ in reversed(HALVES):
        rows = [[finite(value) for value in sequence(row)] for row in sequence(shown.result.get(half))]
        trace = {
            "type": "heatmap", "x": [_place(each) for each in x], "y": [_place(each) for each in y], "z": rows,
            "colorscale": [[0, "#f3ece9"], [1, CURRENT]], "showscale": False,
        }  # fmt: skip
        if rows and x and y:
            found += _drawn(f"{heading}: {half}", [trace], x_title, y_title)
    return found


def _place(value: object) -> object:
    return value if finite(value) is not None else text(value)


def _boxes(name: str, x: Sequence[str], fives: Sequence[Any], colour: str) -> Mapping[str, Any]:
    kept = [(place, mapping(five)) for place, five in zip(x, fives, strict=False) if finite(mapping(five).get("p50"))
            is not None]  # fmt: skip
    ends = {"lowerfence": "min", "q1": "p25", "median": "p50", "q3": "p75", "upperfence": "max"}
    return {
        "type": "box", "name": name, "x": [place for place, _ in kept], "marker": {"color": colour},
        **{end: [finite(five.get(field)) for _, five in kept] for end, field in ends.items()},
    }  # fmt: skip


# ---------------------------------------------------------------- over time


def course(heading: str, y_title: str) -> Callable[[Shown], list[Widget]]:
    """The renderer of a metric whose halves are courses: a line of means each, the deviation when pointed at."""

    def renderer(shown: Shown) -> list[Widget]:
        named = f"{heading} of {shown.column}" if shown.column else heading
        found: list[Widget] = []
        for half, _ in reversed(HALVES):
            described = shown.half(half)
            starts = sequence(described.get("start"))
            lines = {name: mapping(line) for name, line in described.items() if mapping(line).get("mean")}
            traces = []
            for (name, line), colour in zip(lines.items(), _PALETTE, strict=False):
                deviations = [text(finite(each)) for each in sequence(line.get("std"))]
                trace = _line(name, starts, sequence(line["mean"]), colour)
                traces.append({**trace, "text": deviations, "hovertemplate": "%{x}: %{y} (± %{text})"})
            found += _drawn(f"{named}: {half}", traces, text(described.get("axis")), y_title)
        return found

    return renderer


def predicted_vs_actual(shown: Shown) -> list[Widget]:
    edges = sequence(shown.result.get("edges"))
    return _grids("Predicted by actual", shown, edges, edges, x_title="target", y_title="prediction")


# ---------------------------------------------------------------- probabilities


def _by_label(
    heading: str, shown: Shown, draw: Callable[[Mapping[str, Any]], list[Mapping[str, Any]]], titles: tuple[str, str]
) -> list[Widget]:
    found: list[Widget] = []
    for half, _ in reversed(HALVES):
        for label, described in shown.half(half).items():
            found += _drawn(f"{heading} of {text(label)}: {half}", draw(mapping(described)), *titles, barmode="overlay")
    return found[:MAX_FIGURES]


def class_separation(shown: Shown) -> list[Widget]:
    def draw(described: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        return [
            _boxes(name, [name], [described.get(name)], colour)
            for name, colour in (("label", CURRENT), ("others", REFERENCE))
        ]

    return _by_label("Class separation", shown, draw, ("rows of", "probability"))


def probabilities(shown: Shown) -> list[Widget]:
    def draw(described: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        starts = [finite(edge) for edge in sequence(described.get("edges"))][:-1]
        return [
            {"type": "bar", "name": name, "x": starts, "y": list(sequence(described.get(name))), "offset": 0,
             "marker": {"color": colour, "opacity": 0.6}}
            for name, colour in (("label", CURRENT), ("others", REFERENCE))
        ]  # fmt: skip

    return _by_label("Probabilities", shown, draw, ("probability", "rows"))


def lift_curve(shown: Shown) -> list[Widget]:
    def draw(described: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        return [_line("lift", sequence(described.get("top")), sequence(described.get("lift")), CURRENT)]

    return _by_label("Lift", shown, draw, ("% of rows, most probable first", "lift"))


# ---------------------------------------------------------------- by feature


def by_feature(shown: Shown) -> list[Widget]:
    """A figure per feature, the first of them; lines of the reference are dotted."""
    found: list[Widget] = []
    what = "Target" if shown.name.startswith("Target") else "Quality"
    for name in list(shown.half("current"))[:MAX_FIGURES]:
        traces = []
        for half, dash in (("reference", "dot"), ("current", "solid")):
            feature = mapping(shown.half(half).get(name))
            x = [text(each) for each in sequence(feature.get("values"))] or _spans(sequence(feature.get("edges")))
            for (line, means), colour in zip(mapping(feature.get("lines")).items(), _PALETTE, strict=False):
                trace = _line(f"{line}, {half}", x, sequence(means), colour)
                traces.append({**trace, "mode": "lines+markers", "line": {"color": colour, "dash": dash}})
        found += _drawn(f"{what} by {text(name)}", traces, text(name), "mean")
    return found


def _spans(edges: Sequence[Any]) -> list[str]:
    return [f"{text(low)} to {text(high)}" for low, high in pairwise(edges)] or [text(edge) for edge in edges]


# ---------------------------------------------------------------- values and words


def comment(shown: Shown) -> list[Widget]:
    """The user's text as text: a table's cell, since an Evidently page reads a note as markdown."""
    return [table("Comment", [""], [[text(shown.result.get("text"))]], size=FULL)]


def stability(shown: Shown) -> list[Widget]:
    rows = [[title(text(name)), text(value)] for name, value in shown.result.items()]
    return [table("Rows that look the same and differ", ["", "rows"], rows)]
