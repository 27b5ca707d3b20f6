"""Rows out of requests and responses: named, joined, and given the id and the instant that their events carry. Pure."""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.errors import Invalid
from collector.model import Side, Table
from collector.monitor import Monitor
from collector.receive.decoders import bodies
from collector.receive.decoders.bodies.naming import named, names_of
from collector.receive.decoders.bodies.parsed import Parsed
from collector.receive.decoders.json_text import loads_rows
from collector.receive.decoders.table import Decoded, Instants, Limits
from collector.receive.rows.privacy import Protection
from collector.receive.servers.senders import Sighting
from collector.receive.words import BrokenText

_HEAD = struct.Struct("<Bq")
_AS_IT_CAME, _HIDDEN = 1, 2
"""The versions of a half: its body, or its columns with what is to be hidden hidden."""
_NO_TIME = -(2**63)

Columns = Mapping[str, Sequence[object]]


@dataclass(frozen=True, slots=True)
class Part:
    """One side of inferences, its columns named. `time_us`: when the model was asked, or answered. The columns `hidden` are
    as they are kept already.
    """

    columns: Columns
    rows: int
    time_us: int | None
    hidden: frozenset[str] = frozenset()


def part_of(monitor: Monitor, side: Side, body: bytes, time_us: int | None, limits: Limits) -> Part:
    """Raises Malformed, Invalid, TooLarge."""
    return named_part(monitor, side, bodies.parse(body, limits), time_us)


def named_part(monitor: Monitor, side: Side, parsed: Parsed, time_us: int | None) -> Part:
    """Raises Invalid when the values do not fit the monitor's names."""
    columns, rows = named(parsed, names_of(monitor, side))
    return Part(columns, rows, time_us)


def pack(sighting: Sighting, part: Part, protection: Protection | None) -> bytes:
    """A half as it waits: what is needed to make a part of it again, whatever the monitor looks like by then. Nothing of
    it is kept as it came when something is to be hidden.
    """
    time_us = _NO_TIME if part.time_us is None else part.time_us
    if protection is None:
        return _HEAD.pack(_AS_IT_CAME, time_us) + sighting.body
    columns = {
        name: protection.kept(name, values) for name, values in part.columns.items() if not protection.drops(name)
    }
    hidden = [name for name in columns if protection.hides(name)]
    kept = json.dumps({"rows": part.rows, "hidden": hidden, "columns": columns}, default=_as_json)
    return _HEAD.pack(_HIDDEN, time_us) + kept.encode()


def _as_json(value: object) -> object:
    """Text that is no Unicode is read as such again."""
    if isinstance(value, BrokenText):
        return "\ud800"
    raise TypeError(f"no part has a {type(value).__name__}")


def unpack(monitor: Monitor, side: Side, data: bytes, limits: Limits) -> Part:
    """The part that a half was when it began to wait. Raises Invalid when it has no meaning any more."""
    version, waited = _HEAD.unpack_from(data)
    time_us = None if waited == _NO_TIME else waited
    if version == _AS_IT_CAME:
        return part_of(monitor, side, data[_HEAD.size :], time_us, limits)
    if version == _HIDDEN:
        kept = loads_rows(data[_HEAD.size :])
        return Part(kept["columns"], kept["rows"], time_us, frozenset(kept["hidden"]))
    raise Invalid(f"the counterpart was kept by another release, in version {version}")


def joined(
    monitor: Monitor, parts: Mapping[Side, Part], *, inference: str, origin: Mapping[str, str], now_us: int
) -> Decoded:
    """The rows of one inference, of one side or both. Row i of the request belongs to row i of the response.

    The request's instant is the rows' event time. Several rows share the id of their request: it is `id-0`, `id-1`, ...
    for them. Raises Invalid when the sides differ in rows.
    """
    request, response = parts.get(Side.REQUEST), parts.get(Side.RESPONSE)
    first = request or response
    assert first is not None  # noqa: S101 - the caller has one of them
    rows = first.rows
    if request is not None and response is not None and request.rows != response.rows:
        raise Invalid(f"the request has {request.rows} rows, the response {response.rows}")
    columns, hidden = dict(first.columns), set(first.hidden)
    if request is not None and response is not None:
        predictions = monitor.columns.predictions
        answered = {name: v for name, v in response.columns.items() if name in predictions or name not in columns}
        columns |= answered
        hidden = (hidden - answered.keys()) | (response.hidden & answered.keys())
    times = [part.time_us for part in (request, response) if part is not None and part.time_us is not None]
    completed(columns, rows, monitor, inference=inference, origin=origin, time_us=times[0] if times else now_us)
    return Decoded(Table(columns, rows), hidden=hidden)


def completed(
    columns: dict[str, Sequence[object]],
    rows: int,
    monitor: Monitor,
    *,
    inference: str,
    origin: Mapping[str, str],
    time_us: int,
) -> None:
    """Add id, instant, and what of the sender tells rows apart, when the monitor has columns for them and the rows have none."""
    id_name, time_name = monitor.columns.id, monitor.columns.timestamp
    if id_name is not None and id_name not in columns:
        columns[id_name] = ids_of(inference, rows)
    if time_name is not None and time_name not in columns:
        columns[time_name] = Instants([time_us] * rows)
    for name in monitor.told_apart_by:
        if name not in columns and name in origin:
            columns[name] = [origin[name]] * rows


def ids_of(inference: str, rows: int) -> Sequence[str]:
    """The ids of the rows of one request.

    >>> ids_of("a", 1), ids_of("a", 2)
    (['a'], ['a-0', 'a-1'])
    """
    return [inference] if rows == 1 else [f"{inference}-{row}" for row in range(rows)]
