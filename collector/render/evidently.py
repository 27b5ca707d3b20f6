"""A snapshot as the body that an Evidently workspace takes, and the check that it does no harm there."""

import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic import ValidationError

from collector.errors import Invalid, TooLarge
from collector.render.evidently_schema import Body
from collector.render.html import heading
from collector.render.parts import Widget, note, text, widget_id
from collector.render.series import Point, series
from collector.render.widgets import test_widgets, widgets
from collector.snapshot import Snapshot

MAX_BODY_BYTES = 10_000_000
"""What a self-hosted service reads of one request."""
METRIC_PREFIX = "evidently:metric_v2:"
VIEW = "view"
"""Key of the metadata that tells which snapshots of a window a panel draws together: all rows, by origin, ..."""
FORWARD_ID, REVISION, CONTENT = "forward_id", "revision", "content"
"""Keys of the metadata by which a sent snapshot is found again, and told from another of the same window."""
_TESTS_ARE_SHOWN_AT = "FailedTestCount"
_SHORTENED = "This report is shortened"
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#~|])")

Json = dict[str, Any]


def body(snapshot: Snapshot, *, max_bytes: int = MAX_BODY_BYTES) -> Json:
    """The POST body. Widgets are left out, step by step, when it would be larger than `max_bytes`; a note says so.

    Equal snapshots give equal bodies.
    """
    points = series(snapshot)
    results = {_key(point): _result(point, snapshot) for point in points}
    made: Json = {
        "report": {"items": []},
        "name": _name(snapshot),
        "timestamp": _naive(snapshot.timestamp).isoformat(),
        "metadata": _metadata(snapshot),
        "tags": [str(tag) for tag in snapshot.tags],
        "metric_results": results,
        "top_level_metrics": list(results),
        "widgets": widgets(snapshot),
        "tests_widgets": _markdown(test_widgets(snapshot)),
    }
    made["metadata"][CONTENT] = hashlib.blake2b(_dumps(made), digest_size=8).hexdigest()
    return _within(made, snapshot, max_bytes)


def encode(made: Mapping[str, Any], *, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """The bytes to send. Raises Invalid (see `validate`) and TooLarge."""
    validate(made)
    encoded = _dumps(made)
    if len(encoded) > max_bytes:
        raise TooLarge(f"the body has {len(encoded):,} bytes: an Evidently service takes {max_bytes:,}")
    return encoded


def validate(made: Mapping[str, Any]) -> None:
    """Raise Invalid, with the place, for anything that could harm the service that takes it."""
    _refuse_non_finite(made, "body")
    try:
        Body.model_validate(made)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise Invalid(f"this body would harm an Evidently service: {place}: {first['msg']}", key=place) from error
    if len(_dumps(made)) > MAX_BODY_BYTES:
        raise TooLarge(f"the body has {len(_dumps(made)):,} bytes: an Evidently service takes {MAX_BODY_BYTES:,}")


def _dumps(made: object) -> bytes:
    return orjson.dumps(made, option=orjson.OPT_NON_STR_KEYS)


def _refuse_non_finite(value: object, place: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise Invalid(f"{place} is {value}: expected a finite number", key=place)
    if isinstance(value, Mapping):
        for key, each in value.items():
            _refuse_non_finite(each, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            _refuse_non_finite(each, f"{place}[{index}]")


# ---------------------------------------------------------------- results


def _key(point: Point) -> str:
    name = orjson.dumps([point.metric, point.labels])
    return hashlib.blake2b(name, digest_size=16).hexdigest()


def label_name(name: str) -> str:
    """A label called type would take the place of the metric's own."""
    return "label_type" if name == "type" else name


def _config(point: Point) -> Json:
    # the colon separates the prefix
    labels = {label_name(name): value for name, value in point.labels.items()}
    name = point.metric.replace(":", "_") or "Unnamed"
    return {"metric_id": _key(point), "params": {"type": METRIC_PREFIX + name, **dict(sorted(labels.items()))}}


def _result(point: Point, snapshot: Snapshot) -> Json:
    of = ", ".join(f"{name}: {value}" for name, value in point.labels.items())
    result: Json = {
        "type": "evidently:metric_result_v2:SingleValue",
        "display_name": f"{point.metric} ({of})" if of else point.metric,
        "metric_value_location": {"metric": _config(point), "param": {}},
        "value": point.value,
    }
    if point.metric == _TESTS_ARE_SHOWN_AT:
        result["tests"] = [_test(index, test, point) for index, test in enumerate(snapshot.tests)]
    return result


def _test(index: int, test: Mapping[str, Any], point: Point) -> Json:
    return {
        "id": str(index),
        "name": text(test.get("name")),
        "description": text(test.get("description")),
        "metric_config": _config(point),
        "test_config": {},
        "status": test["status"],
    }


# ---------------------------------------------------------------- about the snapshot


def _name(snapshot: Snapshot) -> str:
    named = f"{heading(snapshot)}, {text(snapshot.segment)}" if snapshot.segment else heading(snapshot)
    return named + "".join(f" vs {text(value)}" for value in (snapshot.baseline or {}).values())


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo is not None else instant


def _metadata(snapshot: Snapshot) -> dict[str, str]:
    """The user's metadata as text, and ours: what identifies the snapshot has the last word."""
    found: dict[str, object] = dict(snapshot.metadata)
    found["report"] = snapshot.report
    found["rows"] = snapshot.rows
    if snapshot.monitor is not None:
        found["monitor"] = snapshot.monitor
    if snapshot.window is not None:
        found["window_start"], found["window_end"] = snapshot.window.get("start"), snapshot.window.get("end")
    if snapshot.segment is not None:
        found["segment"] = orjson.dumps(snapshot.segment, option=orjson.OPT_SORT_KEYS).decode()
    found[VIEW] = snapshot.view
    found[FORWARD_ID], found[REVISION] = snapshot.id, snapshot.revision
    return {str(key): _plain(value) for key, value in found.items() if value is not None}


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else text(value)


def _markdown(shown: Sequence[Widget]) -> list[Widget]:
    """Descriptions of tests are markdown on an Evidently page: what looks like markup is meant as text."""
    for widget in shown:
        for test in widget["params"].get("tests", ()):
            test["description"] = _MARKDOWN.sub(r"\\\1", test["description"])
    return list(shown)


# ---------------------------------------------------------------- what is left out of a large body


def _within(made: Json, snapshot: Snapshot, max_bytes: int) -> Json:
    left_out: list[str] = []
    for what, drop in _STEPS:
        if len(_dumps(made)) <= max_bytes:
            return made
        left_out.append(what)
        kept = [widget for widget in map(drop, made["widgets"]) if widget is not None]
        sentence = f"Left out, to stay within {max_bytes:,} bytes: {', '.join(left_out)}. All numbers are here."
        notice = note(_SHORTENED, sentence) | {"id": widget_id(snapshot.id, "shortened")}
        made = {**made, "widgets": [notice, *(each for each in kept if each["id"] != notice["id"])]}
    while len(_dumps(made)) > max_bytes and len(made["metric_results"]) > 1:
        names = made["top_level_metrics"][: len(made["metric_results"]) // 2]
        results = {name: made["metric_results"][name] for name in names}
        sentence = (
            f"Left out, to stay within {max_bytes:,} bytes: all widgets, and all but the first {len(names)} numbers."
        )
        notice = note(_SHORTENED, sentence) | {"id": widget_id(snapshot.id, "shortened")}
        made = {**made, "metric_results": results, "top_level_metrics": names, "widgets": [notice]}
    return made


def _without_distributions(widget: Widget) -> Widget | None:
    if widget["type"] == "big_graph" and widget["title"].startswith("Distribution"):
        return None
    if widget["type"] == "rich_data":
        return widget | {"params": {name: value for name, value in widget["params"].items() if name != "graph"}}
    if widget["type"] == "big_table":
        params = widget["params"]
        histograms = {column["field"] for column in params["columns"] if column.get("type") == "histogram"}
        shorter = {
            **params,
            "columns": [column for column in params["columns"] if column["field"] not in histograms],
            "data": [
                {field: value for field, value in row.items() if field not in {*histograms, "details"}}
                for row in params["data"]
            ],
        }
        return {name: value for name, value in widget.items() if name != "additionalGraphs"} | {"params": shorter}
    return widget


def _without_tables(widget: Widget) -> Widget | None:
    return None if widget["type"] in {"table", "big_table", "rich_data"} else widget


def _without_any(widget: Widget) -> Widget | None:
    return widget if widget["type"] == "text" and widget["title"] == _SHORTENED else None


_STEPS: Sequence[tuple[str, Callable[[Widget], Widget | None]]] = (
    ("distributions", _without_distributions),
    ("tables", _without_tables),
    ("all other widgets", _without_any),
)
