"""Log records into rows: what a record says of an inference, whose it is, and when. Pure.

Understood are BentoML's monitor, and records whose body is a map of columns, or `{features, prediction, target}`.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.errors import Invalid
from collector.model import RowError, Table, digest
from collector.monitor import Monitor
from collector.receive.decoders.bodies.parsed import from_objects
from collector.receive.decoders.json_text import loads
from collector.receive.decoders.otlp import LogRecord
from collector.receive.decoders.table import Decoded, Instants, Limits
from collector.receive.rows.times import NotAnInstant, instant_us
from collector.receive.words import kind

EVENT = "ml.inference"
_BENTOML = "bentoml_monitor_data"
_BENTOML_OWN = ("timestamp", "request_id", "trace_id", "bento_meta")
_PARTS = ("features", "prediction", "target", "id", "timestamp")


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """A record understood. `place` is its number in the request; `origin` as a source describes it; `request` is an id that
    several rows may share; `sender` tells replicas of one service apart.
    """

    place: int
    cells: Mapping[str, Any]
    services: Sequence[str]
    origin: Mapping[str, str]
    request: str
    sender: str
    time_ns: int
    time_us: int | None


def row_of(record: LogRecord, place: int) -> LoggedRow:
    """Raises Invalid when the record is no inference."""
    cells = _cells(record)
    time_us = record.time_ns // 1_000 or None
    request = _text(record.attributes.get("ml.prediction.id"))
    if record.scope == _BENTOML:
        time_us, request = _instant(cells.get("timestamp"), time_us), _text(cells.get("request_id"))
        request = "" if request == "None" else request  # outside of a request
        meta = cells.get("bento_meta")
        own = {name for name in _BENTOML_OWN if name in cells}
        cells = {name: value for name, value in cells.items() if name not in own}
        services = [*_services(record), *([_text(meta.get("monitor_name"))] if isinstance(meta, Mapping) else [])]
    else:
        services = _services(record)
    origin = {
        name: text
        for name, value in (
            ("namespace", record.resource.get("k8s.namespace.name") or record.resource.get("service.namespace")),
            ("endpoint", record.attributes.get("ml.variant")),
            ("model_version", record.attributes.get("ml.model.version") or record.resource.get("ml.model.version")),
        )
        if (text := _text(value))
    }
    if not cells:
        raise Invalid("the record has no columns")
    sender = _text(record.resource.get("service.instance.id") or record.resource.get("host.name"))
    return LoggedRow(
        place, cells, [each for each in services if each], origin, request, sender, record.time_ns, time_us
    )


def _cells(record: LogRecord) -> Mapping[str, Any]:
    body = record.body
    if isinstance(body, str) and body.lstrip().startswith("{"):
        body = loads(body.encode("utf-8", "replace"), what="the record's body")
    if isinstance(body, Mapping):
        return body
    if EVENT in (record.event, record.attributes.get("event.name")):
        return {name: value for name, value in record.attributes.items() if not name.startswith(("ml.", "event."))}
    raise Invalid(f"the record's body is {kind(body)}: expected a map of columns, or an event named {EVENT}")


def _services(record: LogRecord) -> list[str]:
    """The names by which a monitor may know the sender, the most particular first. BentoML's is `bento:monitor`."""
    service = _text(record.resource.get("service.name"))
    model = _text(record.attributes.get("ml.model.name")) or _text(record.resource.get("ml.model.name"))
    return [model, service, *([service.rpartition(":")[2]] if ":" in service else [])]


def _instant(value: object, otherwise: int | None) -> int | None:
    try:
        return instant_us(value)
    except NotAnInstant:
        return otherwise


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def rows_of(monitor: Monitor, logged: Sequence[LoggedRow], limits: Limits, *, now_us: int) -> Decoded:
    """The rows of one monitor as a table, with ids and instants where the records carry them. Raises Invalid, TooLarge."""
    limits.check(rows=len(logged), columns=1)
    parsed = from_objects([_flat(each.cells, monitor) for each in logged], limits)
    columns: dict[str, Sequence[object]] = dict(parsed.named)
    id_name, time_name = monitor.columns.id, monitor.columns.timestamp
    if id_name is not None:
        given = columns.get(id_name, [None] * len(logged))
        made = ids_of(logged, columns, hides=monitor.privacy.rule_of)
        columns[id_name] = [own if value is None else value for value, own in zip(given, made, strict=True)]
    if time_name is not None and time_name not in columns:
        columns[time_name] = Instants(now_us if each.time_us is None else each.time_us for each in logged)
    for name in monitor.told_apart_by:
        if name not in columns and any(name in each.origin for each in logged):
            columns[name] = [each.origin.get(name) for each in logged]
    return Decoded(Table(columns, len(logged)), numbers=[each.place for each in logged])


def ids_of(
    logged: Sequence[LoggedRow], columns: Mapping[str, Sequence[object]], *, hides: Callable[[str], object]
) -> Sequence[str | None]:
    """A row alone in its request is named after it. Rows that share a request, or have none, are told apart by their records'
    instants and by what they say: many clocks count milliseconds, a request may be spread over several exports, and a
    repeated export must find the same names. Columns that are to be hidden have no part in a name.
    """
    open_columns = [(name, values) for name, values in columns.items() if not hides(name)]
    shared = Counter(each.request for each in logged)
    seen: Counter[str] = Counter()
    ids: list[str | None] = []
    for row, each in enumerate(logged):
        if each.request and shared[each.request] == 1:
            ids.append(each.request)
        elif not each.time_ns:
            ids.append(None)
        else:
            says = [(name, values[row]) for name, values in open_columns if values[row] is not None]
            name = f"{each.request or 'log'}-{each.time_ns}-{digest(repr((each.sender, says))).hex()}"
            ids.append(f"{name}-{seen[name]}" if seen[name] else name)
            seen[name] += 1
    return ids


def _flat(cells: Mapping[str, Any], monitor: Monitor) -> Mapping[str, Any]:
    """`{features: {..}, prediction: .., target: ..}` as columns under the monitor's names."""
    features = cells.get("features")
    if not isinstance(features, Mapping) or not set(cells) <= set(_PARTS):
        return cells
    names = monitor.columns
    flat = dict(features)
    predictions = names.predictions or ("prediction",)
    value = cells.get("prediction")
    if isinstance(value, Mapping):
        flat |= value
    elif isinstance(value, list) and len(value) == len(predictions):
        flat |= dict(zip(predictions, value, strict=True))
    elif value is not None:
        flat[predictions[0]] = value
    for part, name in (("target", names.target), ("id", names.id), ("timestamp", names.timestamp)):
        if cells.get(part) is not None:
            flat[name or part] = cells[part]
    return flat


def rejected(errors: Sequence[RowError]) -> str:
    """The first few reasons in a sentence."""
    told = [
        f"record {each.row}{f', column {each.column!r}' if each.column else ''}: {each.reason}" for each in errors[:5]
    ]
    return "; ".join(told) + ("; ..." if len(errors) > 5 else "")
