"""Widgets as HTML: a fragment for the pages, and one file that works offline. Everything from a snapshot is escaped."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import escape
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from collector.render.parts import FULL, HALF, Widget, mapping, moment, sequence, text
from collector.render.widgets import test_widgets, widgets
from collector.snapshot import Snapshot

_SIZES = {0: "quarter", HALF: "half", FULL: "full"}
_VERDICTS = {"drift": "verdict-drift", "no drift": "verdict-none"}
_STATES = {"success": "passed", "fail": "failed", "warning": "warning", "unknown": "error"}
_SEARCH_FROM_ROWS = 12
IFRAME_HEIGHT_PIXELS = 900


def page(snapshot: Snapshot) -> str:
    """The snapshot as one HTML file: charts, tables, tests; no network."""
    style, plotly, script = asset("widgets.css"), plotly_js(), asset("widgets.js")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(heading(snapshot))}</title><style>{style}</style></head>\n'
        f"<body><main>{fragment(snapshot)}</main>\n<script>{plotly}</script>\n<script>{script}</script>\n"
        "</body></html>\n"
    )


def iframe(snapshot: Snapshot) -> str:
    """The page for a notebook's cell, kept apart from the notebook's own styles and scripts."""
    source = escape(page(snapshot), quote=True)
    return (
        f'<iframe title="{escape(heading(snapshot))}" srcdoc="{source}" sandbox="allow-scripts" width="100%" '
        f'height="{IFRAME_HEIGHT_PIXELS}" style="border:0"></iframe>'
    )


def heading(snapshot: Snapshot) -> str:
    """What a page about the snapshot is called."""
    of = snapshot.monitor or snapshot.project
    return f"{text(snapshot.report)} of {text(of)}" if of else text(snapshot.report)


def fragment(snapshot: Snapshot) -> str:
    """Head, tests and metrics of a snapshot, to stand inside a page that loads plotly, `widgets.css` and `widgets.js`."""
    tests, metrics = test_widgets(snapshot), widgets(snapshot)
    parts = [f"<h1>{escape(heading(snapshot))}</h1>", _facts(snapshot)]
    if tests:
        parts.append(f'<section id="tests" aria-label="Tests"><h2>Tests</h2>{grid(tests)}</section>')
    if metrics:
        parts.append(f'<section id="metrics" aria-label="Metrics"><h2>Metrics</h2>{grid(metrics)}</section>')
    if not tests and not metrics:
        parts.append('<p class="quiet">This snapshot holds no metrics and no tests.</p>')
    return "".join(parts)


def _facts(snapshot: Snapshot) -> str:
    facts: list[tuple[str, object]] = []
    if snapshot.window:
        facts.append(("window", f"{moment(snapshot.window.get('start'))} to {moment(snapshot.window.get('end'))} UTC"))
    else:
        facts.append(("time", f"{moment(snapshot.as_dict()['timestamp'])} UTC"))
    facts.append(("rows", snapshot.rows))
    if snapshot.sampled:
        facts.append(("sampled", f"{text(snapshot.sampled.get('rows'))} of {text(snapshot.sampled.get('of'))} rows"))
    if snapshot.label_coverage is not None:
        facts.append(("labels", f"{snapshot.label_coverage:.1%} of the rows"))
    if snapshot.reference:
        known = {("compared with" if name == "arm" else f"reference {name}"): value
                 for name, value in snapshot.reference.items()}  # fmt: skip
        facts += [(name, value) for name, value in known.items() if value is not None]
    facts += [("segment", snapshot.segment)] if snapshot.segment else []
    facts += [("tags", list(snapshot.tags))] if snapshot.tags else []
    facts += [(name, value) for name, value in snapshot.metadata.items()]
    facts += [("revision", snapshot.revision)] if snapshot.revision > 1 else []
    items = (f"<div><dt>{escape(text(name))}</dt><dd>{escape(text(value))}</dd></div>" for name, value in facts)
    return f'<dl class="facts">{"".join(items)}</dl>'


# ---------------------------------------------------------------- widgets


def grid(shown: Sequence[Widget]) -> str:
    return f'<div class="grid">{"".join(map(_widget, shown))}</div>'


def _widget(widget: Widget) -> str:
    draw = _DRAW.get(widget["type"], _unknown)
    head = f"<h3>{escape(widget['title'])}</h3>" if widget.get("title") else ""
    return f'<article class="widget {_SIZES.get(widget["size"], "full")}">{head}{draw(widget)}</article>'


def _counter(widget: Widget) -> str:
    counters = (
        f"<div><strong{_verdict_class(each['value'])}>{escape(each['value'])}</strong><span>{escape(each['label'])}</span></div>"
        for each in widget["params"]["counters"]
    )
    return f'<div class="counters">{"".join(counters)}</div>'


def _verdict_class(word: str) -> str:
    return f' class="{_VERDICTS[word]}"' if word in _VERDICTS else ""


def _table(widget: Widget) -> str:
    return _plain_table(widget["params"]["header"], widget["params"]["data"])


def _plain_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _text(widget: Widget) -> str:
    return f'<p class="pre">{escape(widget["params"]["text"])}</p>'


def _graph(widget: Widget) -> str:
    return figure(widget["params"], label=widget["title"])


def figure(described: Mapping[str, Any], *, label: str, opens: str = "", tall: bool = False) -> str:
    """A place where `widgets.js` draws a plotly figure. A click on a point goes to `opens` + the point's customdata."""
    link = f' data-opens="{escape(opens)}"' if opens else ""
    json = json_in_script(orjson.dumps(described, option=orjson.OPT_NON_STR_KEYS).decode())
    return (
        f'<div class="figure{" tall" if tall else ""}" role="img" aria-label="{escape(label)}"{link}>'
        f'<script type="application/json">{json}</script></div>'
    )


def _card(widget: Widget) -> str:
    params = widget["params"]
    rows = [[each["label"], *each["values"]] for each in params["metrics"]]
    numbers = _plain_table(["", *params["metricsValuesHeaders"]], rows) if rows else ""
    drawn = figure(params["graph"], label=f"Distribution of {params['header']}") if "graph" in params else ""
    head = f'<h3>{escape(params["header"])} <span class="quiet">{escape(params["description"])}</span></h3>'
    return f'{head}<div class="card"><div>{numbers}</div><div>{drawn}</div></div>'


def _big_table(widget: Widget) -> str:
    columns, rows = widget["params"]["columns"], widget["params"]["data"]
    details = {each["id"]: each for each in widget.get("additionalGraphs", ())}
    head = "".join(f'<th scope="col"><button type="button">{escape(each["title"])}</button></th>' for each in columns)
    body = []
    for row in rows:
        cells = [_cell(column, row) for column in columns]
        for part in mapping(row.get("details")).get("parts", ()):
            if part["id"] in details:
                drawn = _graph(details[part["id"]])
                cells[0] = (
                    f"<td>{escape(row[columns[0]['field']])}<details><summary>{escape(part['title'])}</summary>{drawn}</details></td>"
                )
        body.append(f"<tr>{''.join(cells)}</tr>")
    search = '<input class="search" type="search" placeholder="Search" aria-label="Search in this table">'
    return (
        f"{search if len(rows) >= _SEARCH_FROM_ROWS else ''}"
        f'<div class="scroll" tabindex="0"><table class="sortable"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _cell(column: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    value = row.get(column["field"], "")
    if column.get("type") == "histogram":
        return f"<td>{_spark(mapping(value), column['options']['color'])}</td>"
    return f"<td{_verdict_class(value)}>{escape(value)}</td>"


def _spark(bars: Mapping[str, Any], colour: str) -> str:
    heights = sequence(bars.get("y"))
    tallest, count = max(heights, default=0) or 1, len(heights) or 1
    width = 120 / count
    drawn = "".join(
        f'<rect x="{index * width:.1f}" y="{30 - 30 * height / tallest:.1f}" width="{max(width - 1, 0.5):.1f}" '
        f'height="{30 * height / tallest:.1f}"/>'
        for index, height in enumerate(heights)
    )
    return f'<svg class="spark" width="120" height="30" fill="{colour}" aria-hidden="true">{drawn}</svg>'


def _test_suite(widget: Widget) -> str:
    items = (
        f'<li><span class="state-{each["state"]}">{_STATES[each["state"]]}</span>'
        f'<div><strong>{escape(each["title"])}</strong><p class="quiet">{escape(each["description"])}</p></div></li>'
        for each in widget["params"]["tests"]
    )
    return f'<ul class="tests">{"".join(items)}</ul>'


def _unknown(widget: Widget) -> str:
    return f'<p class="quiet">No drawing for a widget of type {escape(text(widget["type"]))}.</p>'


_DRAW: Mapping[str, Callable[[Widget], str]] = {
    "counter": _counter,
    "table": _table,
    "text": _text,
    "big_graph": _graph,
    "rich_data": _card,
    "big_table": _big_table,
    "test_suite": _test_suite,
}


# ---------------------------------------------------------------- assets


def json_in_script(json: str) -> str:
    """JSON that stays what it is between script tags: nothing in it can end the element."""
    return json.replace("<", "\\u003c")


@cache
def asset(name: str) -> str:
    """A file of this package's own, as text."""
    return resources.files("collector.render").joinpath("assets", name).read_text(encoding="utf-8")


def plotly_path() -> Path:
    """Plotly's own script in the installed package's data, found without importing plotly."""
    spec = find_spec("plotly")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / "package_data" / "plotly.min.js"
        if path.is_file():
            return path
    raise FileNotFoundError("plotly.min.js: expected it in the data of the installed package plotly")


@cache
def plotly_js() -> str:
    source = plotly_path().read_text(encoding="utf-8")
    return source.replace("</script", "<\\/script")
