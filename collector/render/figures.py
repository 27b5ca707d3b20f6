"""Figures as plain plotly dictionaries, made without plotly. Colours read well on light and on dark ground."""

import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from collector.render.parts import Figure, finite, mapping, sequence, text

CURRENT, REFERENCE = "#e4572e", "#7d8597"
MAX_CATEGORIES = 30
"""Bars of one chart; what is left is summed as other."""
_TICK_CHARACTERS = 14
"""A longer name stands whole at its bar, when pointed at."""
_OTHER = "(other)"
_LARGEST = sys.float_info.max


def distribution(column: str, described: object) -> Figure | None:
    """Current against reference, in shares, or None when there is nothing to draw.

    `described` is an entry of a snapshot's `columns`.
    """
    halves = mapping(mapping(described).get("distribution"))
    found = {name: mapping(halves.get(name)) for name in ("reference", "current")}
    if any("edges" in half for half in found.values()):
        return _histograms(column, {name: _bins(half) for name, half in found.items()})
    return _bars(column, {name: _categories(half) for name, half in found.items()})


def sparkline(half: object) -> dict[str, list[Any]] | None:
    """A distribution as the x and y of a tiny histogram."""
    described = mapping(half)
    if "edges" in described:
        edges, shares = _bins(described)
        return {"x": [text(edge) for edge in edges[:-1]], "y": shares} if shares else None
    categories = _top(_categories(described), 10)
    return {"x": list(categories), "y": list(categories.values())} if categories else None


def _shares(counts: Sequence[Any]) -> list[float]:
    numbers = [max(finite(count) or 0.0, 0.0) for count in counts]
    total = sum(numbers)
    return [round(number / total, 6) for number in numbers] if 0 < total < float("inf") else []


def _bins(half: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    edges = [finite(edge) for edge in sequence(half.get("edges"))]
    shares = _shares(sequence(half.get("counts")))
    whole = [edge for edge in edges if edge is not None]
    if len(whole) != len(edges) or len(edges) != len(shares) + 1:
        return [], []
    return whole, shares


def _categories(half: Mapping[str, Any]) -> dict[str, float]:
    names = [text(value) for value in sequence(half.get("values"))]
    counts = [*sequence(half.get("counts"))]
    if len(names) != len(counts):
        return {}
    other = finite(half.get("other"))
    if other:
        names, counts = [*names, _OTHER], [*counts, other]
    shares: dict[str, float] = {}
    for name, share in zip(names, _shares(counts), strict=False):
        shares[name] = shares.get(name, 0.0) + share
    return shares


def _top(shares: Mapping[str, float], count: int) -> dict[str, float]:
    kept = sorted((name for name in shares if name != _OTHER), key=lambda name: -shares[name])[:count]
    rest = sum(share for name, share in shares.items() if name not in kept)
    result = {name: shares[name] for name in shares if name in kept}
    return {**result, _OTHER: round(rest, 6)} if rest > 0 else result


def _histograms(column: str, halves: Mapping[str, tuple[list[float], list[float]]]) -> Figure | None:
    drawn = {name: half for name, half in halves.items() if half[1]}
    if not drawn:
        return None
    edges = [half[0] for half in drawn.values()]
    same_bins = all(each == edges[0] for each in edges)
    traces = []
    for name, (starts, shares) in drawn.items():
        # a bin may be wider than the largest number, or so narrow that no number is its height
        widths = [min(right - left, _LARGEST) or 1.0 for left, right in pairwise(starts)]
        # bins of different widths compare by area, not by height
        heights = shares
        if not same_bins:
            heights = [min(share / abs(width), _LARGEST) for share, width in zip(shares, widths, strict=True)]
        traces.append({
            "type": "bar", "name": name, "x": starts[:-1], "y": heights, "width": widths, "offset": 0,
            "customdata": [[text(left), text(right), f"{share:.2%}"]
                           for (left, right), share in zip(pairwise(starts), shares, strict=True)],
            "hovertemplate": "%{customdata[0]} to %{customdata[1]}: %{customdata[2]}",
            "marker": {"color": _colour(name), "opacity": 0.6},
        })  # fmt: skip
    layout = _layout(column, "share" if same_bins else "density")
    return {"data": traces, "layout": {**layout, "barmode": "overlay", "bargap": 0}}


def _bars(column: str, halves: Mapping[str, Mapping[str, float]]) -> Figure | None:
    drawn = {name: half for name, half in halves.items() if half}
    if not drawn:
        return None
    weight: dict[str, float] = {}
    for half in drawn.values():
        for name, share in half.items():
            weight[name] = weight.get(name, 0.0) + share
    names = list(_top(weight, MAX_CATEGORIES))
    traces = []
    for half_name, half in drawn.items():
        rest = sum(share for name, share in half.items() if name not in names)
        shares = [half.get(name, 0.0) + (rest if name == _OTHER else 0.0) for name in names]
        traces.append({
            "type": "bar", "name": half_name, "x": names, "y": shares,
            "hovertemplate": "%{x}: %{y:.2%}", "marker": {"color": _colour(half_name)},
        })  # fmt: skip
    layout = _layout(column, "share")
    layout["xaxis"]["type"] = "category"  # the text "1" is a name here, not a number
    if any(len(name) > _TICK_CHARACTERS for name in names):
        layout["xaxis"] |= {"tickmode": "array", "tickvals": names, "ticktext": [_short(name) for name in names]}
    return {"data": traces, "layout": {**layout, "barmode": "group"}}


def _short(name: str) -> str:
    return name if len(name) <= _TICK_CHARACTERS else name[: _TICK_CHARACTERS - 1] + "…"


def _colour(half: str) -> str:
    return CURRENT if half == "current" else REFERENCE


def _layout(x_title: str, y_title: str) -> dict[str, Any]:
    return {
        "xaxis": {"title": {"text": x_title}, "automargin": True},
        "yaxis": {"title": {"text": y_title}, "automargin": True, "rangemode": "tozero"},
        "legend": {"orientation": "h", "y": 1.12},
        "margin": {"t": 30, "r": 10},
    }


def heatmap(labels: Sequence[str], rows: Sequence[Sequence[float]], *, x_title: str, y_title: str) -> Figure:
    """A matrix with its numbers written into the cells, first row on top."""
    trace = {
        "type": "heatmap", "x": list(labels), "y": list(labels), "z": [list(row) for row in rows],
        "text": [[text(value) for value in row] for row in rows], "texttemplate": "%{text}",
        "colorscale": [[0, "#f3ece9"], [1, CURRENT]], "showscale": False,
        "hovertemplate": y_title + " %{y}, " + x_title + " %{x}: %{text}<extra></extra>",
    }  # fmt: skip
    layout = {
        "xaxis": {"title": {"text": x_title}, "type": "category", "automargin": True},
        "yaxis": {"title": {"text": y_title}, "type": "category", "automargin": True, "autorange": "reversed"},
        "margin": {"t": 30, "r": 10},
    }
    return {"data": [trace], "layout": layout}
