"""Rows out of requests and responses: named, joined, and given the id and the instant that their events carry. Pure."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.errors import Invalid
from collector.model import Side, Table
from collector.monitor import Monitor
from collector.receive.decoders import bodies
from collector.receive.decoders.bodies.naming import named, names_of
from collector.receive.decoders.bodies.parsed import Parsed
from collector.receive.decoders.table import Decoded, Instants, Limits
from collector.receive.senders import Sighting

_HEAD = struct.Struct("<Bq")
_VERSION = 1
_NO_TIME = -(2**63)

Columns = Mapping[str, Sequence[object]]


@dataclass(frozen=True, slots=True)
class Part:
    """One side of inferences, its columns named. `time_us`: when the model was asked, or answered."""

    columns: Columns
    rows: int
    time_us: int | None


def part_of(monitor: Monitor, side: Side, body: bytes, time_us: int | None, limits: Limits) -> Part:
    """Raises Malformed, Invalid, TooLarge."""
    return named_part(monitor, side, bodies.parse(body, limits), time_us)


def named_part(monitor: Monitor, side: Side, parsed: Parsed, time_us: int | None) -> Part:
    """Raises Invalid when the values do not fit the monitor's names."""
    columns, rows = named(parsed, names_of(monitor, side))
    return Part(columns, rows, time_us)


def pack(sighting: Sighting) -> bytes:
    """A half as it waits: what is needed to make a part of it again, whatever the monitor looks like by then."""
    return _HEAD.pack(_VERSION, _NO_TIME if sighting.time_us is None else sighting.time_us) + sighting.body


def unpack(data: bytes) -> tuple[bytes, int | None]:
    """The body and the instant of a half that waited."""
    version, time_us = _HEAD.unpack_from(data)
    if version != _VERSION:
        raise Invalid(f"the counterpart was kept by another release, in version {version}")
    return data[_HEAD.size :], None if time_us == _NO_TIME else time_us


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
    columns = dict(first.columns)
    if request is not None and response is not None:
        predictions = monitor.columns.predictions
        columns |= {name: v for name, v in response.columns.items() if name in predictions or name not in columns}
    times = [part.time_us for part in (request, response) if part is not None and part.time_us is not None]
    completed(columns, rows, monitor, inference=inference, time_us=times[0] if times else now_us)
    for name in monitor.told_apart_by:
        if name not in columns and name in origin:
            columns[name] = [origin[name]] * rows
    return Decoded(Table(columns, rows))


def completed(
    columns: dict[str, Sequence[object]], rows: int, monitor: Monitor, *, inference: str, time_us: int
) -> None:
    """Add id and instant, when the monitor has columns for them and the sender gave none."""
    id_name, time_name = monitor.columns.id, monitor.columns.timestamp
    if id_name is not None and id_name not in columns:
        columns[id_name] = ids_of(inference, rows)
    if time_name is not None and time_name not in columns:
        columns[time_name] = Instants([time_us] * rows)


def ids_of(inference: str, rows: int) -> Sequence[str]:
    """The ids of the rows of one request.

    >>> ids_of("a", 1), ids_of("a", 2)
    (['a'], ['a-0', 'a-1'])
    """
    return [inference] if rows == 1 else [f"{inference}-{row}" for row in range(rows)]
