"""What stands on the pages: from monitors, summaries and snapshots to HTML. Pure; `pages.py` serves it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
import orjson
from markupsafe import Markup

from collector.render import html
from collector.render.over_time import Chart, OverTime, over_time, segment_key, segments, sentence_of, state_of, when
from collector.render.parts import finite, mapping, sequence, text
from collector.snapshot import Snapshot
from collector.workspace import static

_GLANCE_CELLS = 40
_LISTED_SNAPSHOTS = 60
_LISTED_TAGS = 60


@dataclass(frozen=True, slots=True)
class MonitorView:
    """A monitor as the pages know it. `state` is what `Monitors.describe` says of it."""

    id: str
    project: str
    state: Mapping[str, object]


def index(found: Sequence[tuple[MonitorView, Sequence[bytes]]]) -> str:
    return _render("index.html", path=[], monitors=[_glance(monitor, summaries) for monitor, summaries in found])


def _glance(monitor: MonitorView, summaries: Sequence[bytes]) -> dict[str, Any]:
    decoded = _decoded(summaries)
    whole = [each for each in decoded if segment_key(each) == "null"] or decoded
    shown = over_time(whole, segment_key(whole[0]) if whole else "null")
    strips = [
        {
            "report": strip.report,
            "cells": strip.cells[-_GLANCE_CELLS:],
            "latest": strip.cells[-1].sentence.split(": ", 1)[-1],
        }
        for strip in shown.strips
    ]
    states = [strip.cells[-1].state for strip in shown.strips]
    worst = next((state for state in ("fail", "unknown", "warning", "success") if state in states), "unknown")
    return _about(monitor) | {"latest": _latest(whole), "strips": strips, "state": worst}


def _latest(newest_first: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
    if not newest_first:
        return None
    newest = max(newest_first, key=when)
    drifted = None
    for summary in newest_first:
        for value in sequence(summary.get("values")):
            if (
                value.get("metric") == "DriftedColumnsCount"
                and mapping(value.get("labels")).get("value_type") == "share"
            ):
                drifted = drifted or f"{finite(value.get('value')) or 0.0:.0%}"
    return {"when": when(newest), "rows": text(newest.get("rows")), "drifted": drifted or ""}


def _about(monitor: MonitorView) -> dict[str, Any]:
    """What the head of a page says of a monitor, as far as its state tells."""
    state = monitor.state
    rows = mapping(state.get("rows"))
    facts = [(name.replace("_", " "), text(value)) for name, value in rows.items() if finite(value)]
    facts += [(f"dropped: {reason}", text(count)) for reason, count in mapping(rows.get("dropped")).items()]
    windows = sequence(state.get("open_windows"))
    facts += [("open windows", text(len(windows)))] if windows else []
    error = mapping(state.get("last_error"))
    accepted = finite(rows.get("accepted"))
    words = (
        f"{text(int(accepted))} rows have arrived. A snapshot appears here when the first window is due and evaluated; "
        f"POST /v1/monitors/{monitor.id}/flush closes the open windows now."
        if accepted
        else f"No rows have arrived yet. Send some to POST /v1/monitors/{monitor.id}/inferences, or with the SDK's log()."
    )
    return {
        "id": monitor.id,
        "project": monitor.project,
        "address": f"/monitors/{quote(monitor.id, safe='')}",
        "facts": facts,
        "waiting_words": words,
        "error": _error_words(error),
    }


def _error_words(error: Mapping[str, Any]) -> str:
    if not error:
        return ""
    parts = [text(error[name]) for name in ("at", "stage", "reason") if error.get(name)]
    return f"Last error: {', '.join(parts)}" if parts else f"Last error: {text(error)}"


def monitor_page(
    monitor: MonitorView, summaries: Sequence[bytes], wanted: str | None, tag: str | None, *, most: int
) -> str:
    """The page of one segment: the `wanted` one, as `segment_key` writes it. With a `tag`, of snapshots that carry it."""
    read = _decoded(summaries)
    tags = _telling_tags(read)
    tag = tag if tag in tags else None
    decoded = [each for each in read if tag is None or tag in sequence(each.get("tags"))]
    known = segments(decoded)
    segment = wanted if wanted in known else known[0] if known else "null"
    shown = over_time(decoded, segment)
    address = f"/monitors/{quote(monitor.id, safe='')}"
    links = [_link(_segment_words(key), address, chosen=key == segment, segment=key, tag=tag) for key in known]
    tag_links = [_link("all", address, chosen=tag is None)] if tags else []
    tag_links += [_link(each, address, chosen=each == tag, tag=each) for each in tags]
    chosen = [each for each in decoded if segment_key(each) == segment]
    chosen.sort(key=when, reverse=True)
    return _render(
        "monitor.html",
        path=[(monitor.id, address)],
        monitor=_about(monitor),
        segments=links,
        tags=tag_links,
        over_time=shown,
        draw=_draw,
        axes=_axes(shown),
        latest=[_listed(each) for each in chosen[:_LISTED_SNAPSHOTS]],
        listed_all=len(chosen) <= _LISTED_SNAPSHOTS,
        drawn=most if len(decoded) == most else 0,
    )


def _segment_words(key: str) -> str:
    told = orjson.loads(key)
    if isinstance(told, list):
        segment, baseline = told
        return f"{text(segment)} vs {', '.join(map(text, baseline.values()))}"
    return "all rows" if told is None else text(told)


def _telling_tags(summaries: Sequence[Mapping[str, Any]]) -> list[str]:
    """The tags that some snapshots have and others have not, but for those of segments: they have links of their own."""
    counts = Counter(text(tag) for summary in summaries for tag in set(sequence(summary.get("tags"))))
    for summary in summaries:
        for name, value in mapping(summary.get("segment")).items():
            counts.pop(f"{name}={value}", None)
    return sorted(tag for tag, count in counts.items() if count < len(summaries))[:_LISTED_TAGS]


def _link(name: str, address: str, *, chosen: bool, **query: str | None) -> dict[str, Any]:
    given = {key: value for key, value in query.items() if value is not None}
    return {"name": name, "address": f"{address}?{urlencode(given)}" if given else address, "chosen": chosen}


def _draw(chart: Chart) -> Markup:
    wide = chart.lines > 8
    drawn = Markup(html.figure(chart.figure, label=chart.title, opens="/snapshots/", tall=wide))  # noqa: S704 - escaped there
    more = Markup('<p class="quiet">{} more lines are left out.</p>').format(chart.left_out) if chart.left_out else ""
    size = "full" if wide else "half"
    return Markup('<article class="widget {}"><h3>{}</h3>{}{}</article>').format(size, chart.title, drawn, more)


def _axes(shown: OverTime) -> Markup:
    return Markup(html.json_in_script(orjson.dumps(shown.axes).decode()))  # noqa: S704 - escaped there


def _listed(summary: Mapping[str, Any]) -> dict[str, Any]:
    counts = mapping(summary.get("tests"))
    tests = sentence_of(counts)
    return {
        "id": text(summary.get("id")),
        "when": when(summary),
        "report": text(summary.get("report")),
        "rows": text(summary.get("rows")),
        "revision": text(summary.get("revision")),
        "tests": "" if tests == "no tests" else tests,
        "state": state_of(counts),
    }


def snapshot_page(body: bytes) -> str:
    snapshot = Snapshot.from_json(body)
    path = [(when(snapshot.summary()), f"/snapshots/{quote(snapshot.id, safe='')}")]
    if snapshot.monitor:
        path.insert(0, (snapshot.monitor, f"/monitors/{quote(snapshot.monitor, safe='')}"))
    report = Markup(html.fragment(snapshot))  # noqa: S704 - escaped there
    return _render("snapshot.html", path=path, title=html.heading(snapshot), report=report, id=snapshot.id)


def _decoded(summaries: Sequence[bytes]) -> list[dict[str, Any]]:
    return [orjson.loads(summary) for summary in summaries]


def message(title: str, sentence: str) -> str:
    """A page that says one thing."""
    return _render("message.html", path=[], title=title, sentence=sentence)


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("collector.workspace"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _render(template: str, **values: object) -> str:
    return _environment().get_template(template).render(static=static.address, **values)
