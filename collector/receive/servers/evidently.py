"""The retired Evidently collector's configuration as a monitor, and its data frames as rows. Pure.

Its metrics and tests have the names and parameters of ours, under a type such as `evidently:metric:ColumnDriftMetric`.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.config import load_monitor
from collector.errors import Invalid
from collector.model import Table
from collector.monitor import Monitor
from collector.receive.decoders.table import Decoded, Limits, from_columns, from_rows
from collector.receive.words import kind, shown

_SHORTEST_SECONDS = 1.0
"""It looked every second, whatever the interval."""
_TYPE = re.compile(r"[A-Za-z_][A-Za-z0-9_.:]*")
_PICTURES = ("type", "options", "header")
"""Fields that say how something is drawn, not what it is."""
_OFF = ("feature_importance", "descriptors")
"""Parameters that we have not; they are off unless somebody turned them on."""
_USUAL_MISSING = (None, "", math.inf, -math.inf)
_TRIGGERS = "IntervalTrigger, RowsCountTrigger, RowsCountOrIntervalTrigger"


@dataclass(frozen=True, slots=True)
class Wish:
    """A collector as it was asked for: the monitor, and the workspace that its reports shall go to."""

    monitor: Monitor
    api_url: str


def wish_of(name: str, config: Any, *, destinations: Mapping[str, str]) -> Wish:
    """`destinations`: names by the URL of their workspace. Raises Invalid that says which key is wrong.

    >>> trigger = {"type": "evidently:collector_trigger:RowsCountTrigger", "rows_count": 100}
    >>> report = {"metrics": [{"type": "evidently:metric:DatasetDriftMetric", "drift_share": 0.5}], "tests": []}
    >>> wish = wish_of("m", {"trigger": trigger, "report_config": report, "project_id": "p"}, destinations={})
    >>> wish.monitor.window.rows, wish.monitor.reports[0].metrics[0].name
    (100, 'DatasetDriftMetric')
    """
    config = _object(config, "the body")
    report = _object(config.get("report_config"), "report_config")
    api_url = str(config.get("api_url") or "http://localhost:8000").rstrip("/")
    metadata = report.get("metadata") or {}
    target = destinations.get(api_url)
    monitor = load_monitor(
        {
            "id": name,
            "project": str(config.get("project_id") or name),
            # A collector had no column mapping: these are the names that it looked for.
            "columns": {"target": "target", "prediction": "prediction"},
            "window": {**_window(_object(config.get("trigger"), "trigger"), "trigger"), "time": "arrival"},
            "reference": {"upload": True},
            "reports": [_report(report, metadata)],
            "tags": report.get("tags") or [],
            "metadata": {str(key): _text(value) for key, value in _object(metadata, "metadata").items()},
            "forward": [] if target is None else [target],
        },
        origin="the collector",
    )
    return Wish(monitor, api_url)


def _window(trigger: Mapping[str, Any], place: str) -> dict[str, object]:
    kind = _last_name(trigger.get("type")) or ""
    if kind == "RowsCountOrIntervalTrigger":
        rows = _object(trigger.get("rows_count_trigger"), f"{place}.rows_count_trigger")
        interval = _object(trigger.get("interval_trigger"), f"{place}.interval_trigger")
        return _rows(rows, f"{place}.rows_count_trigger") | _interval(interval, f"{place}.interval_trigger")
    if kind == "RowsCountTrigger":
        return _rows(trigger, place)
    if kind == "IntervalTrigger":
        return _interval(trigger, place)
    raise Invalid(f"{place}.type: unknown trigger {kind or 'none'!r}; known: {_TRIGGERS}", key=f"{place}.type")


def _rows(trigger: Mapping[str, Any], place: str) -> dict[str, object]:
    count = trigger.get("rows_count", 1)
    if type(count) is not int or count < 1:
        raise Invalid(f"{place}.rows_count: expected a whole number above 0, not {shown(count)}", key=place)
    return {"rows": count}


def _interval(trigger: Mapping[str, Any], place: str) -> dict[str, object]:
    seconds = trigger.get("interval")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds < math.inf:
        raise Invalid(f"{place}.interval: expected a number of seconds above 0, not {shown(seconds)}", key=place)
    return {"every": max(float(seconds), _SHORTEST_SECONDS)}


def _report(report: Mapping[str, Any], metadata: Any) -> dict[str, object]:
    found = {what: _specs(report.get(what), what) for what in ("metrics", "tests")}
    if not found["metrics"] and not found["tests"]:
        # A report that has not run yet lists nothing, but it notes its presets.
        presets = metadata if isinstance(metadata, Mapping) else {}
        found = {"metrics": _presets(presets, "metric_presets"), "tests": _presets(presets, "test_presets")}
    if not found["metrics"] and not found["tests"]:
        raise Invalid("report_config: neither metrics nor tests; run the report once before ReportConfig.from_report")
    return {"name": "test_suite" if found["tests"] else "report", **found}


def _presets(metadata: Mapping[str, Any], key: str) -> list[dict[str, object]]:
    names = metadata.get(key)
    return [{"name": name} for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _specs(items: Any, what: str) -> list[dict[str, object]]:
    if items is None:
        return []
    if not isinstance(items, list):
        raise Invalid(f"report_config.{what}: expected a list, not {shown(items)}", key=f"report_config.{what}")
    return [_spec(item, f"report_config.{what}[{number}]") for number, item in enumerate(items)]


def _spec(item: Any, place: str) -> dict[str, object]:
    item = _object(item, place)
    name = _last_name(item.get("type"))
    if name is None:
        raise Invalid(f"{place}.type: expected the type of a metric or test, not {shown(item.get('type'))}", key=place)
    parameters = {
        key: _parameter(value, f"{place}: {name}.{key}")
        for key, value in item.items()
        if value is not None and key not in _PICTURES and not (key in _OFF and not value)
    }
    if _is_usual_missing(parameters.get("missing_values")):
        del parameters["missing_values"]
    return {"name": name, "parameters": parameters}


def _parameter(value: Any, place: str) -> Any:
    """A column is sent as an object with its name."""
    if isinstance(value, Mapping) and "display_name" in value and "name" in value:
        if value.get("dataset", "main") != "main":
            raise Invalid(
                f"{place}: {value['display_name']!r} is computed by a descriptor, which is not sent; "
                "configure this monitor in collector.yaml instead",
                key=place,
            )
        return value["name"]
    if isinstance(value, Mapping):
        return {key: _parameter(each, place) for key, each in value.items()}
    if isinstance(value, list):
        return [value_ if _infinite(value_) else _parameter(value_, place) for value_ in value]
    if _infinite(value):
        raise Invalid(f"{place} is infinite: expected a finite number", key=place)
    return value


def _infinite(value: object) -> bool:
    return isinstance(value, float) and math.isinf(value)


def _is_usual_missing(values: Any) -> bool:
    return isinstance(values, list) and len(values) == 4 and all(each in values for each in _USUAL_MISSING)


def _last_name(type_name: Any) -> str | None:
    """The class, whether the type is an alias (`evidently:metric:X`) or, from older clients, a path (`a.b.X`)."""
    if not isinstance(type_name, str) or not _TYPE.fullmatch(type_name):
        return None
    return re.split(r"[.:]", type_name)[-1] or None


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Invalid(f"{what}: expected an object, not {kind(value)}", key=what)
    return value


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


# ---------------------------------------------------------------- data frames


def is_empty(value: Any) -> bool:
    """Whether it is a data frame without rows: a client sends what has come since the last time, which may be nothing.

    >>> is_empty({"a": {}, "b": {}}), is_empty({"a": {"0": 1}})
    (True, False)
    """
    return value == [] or (isinstance(value, Mapping) and all(cells in ({}, []) for cells in value.values()))


def frame(value: Any, limits: Limits) -> Decoded:
    """`DataFrame.to_dict()`: an object per column, whose keys are the index. Also lists of values, or of rows.

    Raises Invalid, TooLarge.

    >>> frame({"a": {"0": 1, "1": 2}, "b": {"1": "y"}}, Limits(10, 10, 100)).table.columns
    {'a': [1, 2], 'b': [None, 'y']}
    """
    if isinstance(value, list):
        return from_rows(value, limits)
    columns = _object(value, "the data")
    if not any(isinstance(cells, Mapping) for cells in columns.values()):
        return from_columns(columns, limits)
    index: dict[str, None] = {}
    for name, cells in columns.items():
        if not isinstance(cells, Mapping):
            raise Invalid(
                f"column {name!r} is {kind(cells)}: expected an object with a value for each row", column=name
            )
        if index.keys() != cells.keys():
            index |= dict.fromkeys(cells)
        limits.check(rows=len(index), columns=len(columns))
    if not index:
        raise Invalid("no rows: the data frame is empty")
    return Decoded(Table({name: _cells(cells, index) for name, cells in columns.items()}, len(index)))


def _cells(cells: Mapping[str, object], index: Mapping[str, None]) -> Sequence[object]:
    return list(cells.values()) if list(cells) == list(index) else [cells.get(key) for key in index]
