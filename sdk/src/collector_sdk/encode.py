"""Entries -> the body of one request, under the monitor's own column names. A bad row never sinks a good one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from collector_sdk.columns import ColumnNames
from collector_sdk.entries import Block, Entry, Inference, Label
from collector_sdk.values import MISSING, dumps, instant, plain


@dataclass(frozen=True, slots=True)
class Encoded:
    """`body` holds the entries that are `kept`; `refused` says why others are not in it, one sentence each."""

    body: bytes
    kept: Sequence[Entry]
    refused: Sequence[str] = field(default_factory=list)


def encode(entries: Sequence[Entry], names: ColumnNames) -> Encoded:
    """Labels as a list; rows as columns when all have the same ones, which is smaller and quicker to read.

    A missing column stays missing: it is never filled up with null, which may be judged differently.

    >>> rows = [Inference({"distance": 733}, 0.31, "AA-1", "2013-02-01T05:15Z", None, 0.0)]
    >>> encode(rows, ColumnNames(id="flight", prediction=("p",))).body
    b'{"columns":{"distance":[733],"flight":["AA-1"],"timestamp":["2013-02-01T05:15Z"],"p":[0.31]}}'
    """
    try:
        blocks = [entry for entry in entries if isinstance(entry, Block)]
        if len(blocks) == len(entries) and len({tuple(block.columns) for block in blocks}) == 1:
            return Encoded(_columns(blocks, names), entries)
        single = _each(entries)
        return Encoded(_rows(single, [_named(entry, names) for entry in single]), entries)
    except Exception:  # noqa: BLE001 - some row is bad: find out which. An odd value may raise anything
        return _one_by_one(_each(entries), names)


def writable(entries: Sequence[Entry]) -> tuple[Sequence[Entry], Sequence[str]]:
    """The entries that a file can hold, whatever the columns will be called; and why others cannot."""
    try:
        dumps([list(entry) for entry in entries])
    except Exception:  # noqa: BLE001 - as above
        single = _each(entries)
        reasons = [_reason(entry) for entry in single]
        kept = [entry for entry, reason in zip(single, reasons, strict=True) if reason is None]
        return kept, [reason for reason in reasons if reason is not None]
    return entries, []


def _columns(blocks: Sequence[Block], names: ColumnNames) -> bytes:
    joined: dict[str, list[object]] = {name: [] for name in blocks[0].columns}
    for block in blocks:
        for name, values in block.columns.items():
            joined[name].extend(values)
    stamp = names.timestamp
    if stamp is not None:
        moments = (moment for block in blocks for moment in [block.logged_at] * block.rows)
        given = joined.get(stamp, [None] * sum(block.rows for block in blocks))
        joined[stamp] = [
            instant(moment if _is_missing(value) else value) for value, moment in zip(given, moments, strict=True)
        ]
    return dumps({"columns": joined})


def _rows(entries: Sequence[Inference | Label], rows: Sequence[dict[str, object]]) -> bytes:
    first = rows[0].keys() if rows else {}
    if rows and isinstance(entries[0], Inference) and all(row.keys() == first for row in rows):
        return dumps({"columns": {name: [row[name] for row in rows] for name in first}})
    return dumps(rows)


def _one_by_one(entries: Sequence[Inference | Label], names: ColumnNames) -> Encoded:
    kept: list[Inference | Label] = []
    good: list[dict[str, object]] = []
    refused: list[str] = []
    for entry in entries:
        try:
            row = {str(name): _plain(name, value) for name, value in _named(entry, names).items()}
        except Exception as error:  # noqa: BLE001 - an odd value may raise anything: it costs its own row
            refused.append(str(error))
        else:
            kept.append(entry)
            good.append(row)
    return Encoded(_rows(kept, good), kept, refused)


def _plain(name: object, value: object) -> object:
    try:
        return plain(value)
    except Exception as error:
        said = str(error) if isinstance(error, TypeError | ValueError) else f"{type(error).__name__}: {error}"
        raise TypeError(f"column {name!r}: {said}") from error


def _reason(entry: Inference | Label) -> str | None:
    """Why an entry cannot be written; None when it can."""
    values = dict(entry.features) if isinstance(entry, Inference) else {}
    roles = {name: value for name, value in entry._asdict().items() if name != "features"}
    try:
        for name, value in (*values.items(), *roles.items()):
            _plain(name, value)
    except Exception as error:  # noqa: BLE001 - as above
        return str(error)
    return None


def _each(entries: Sequence[Entry]) -> list[Inference | Label]:
    """The same entries, with every block taken apart into its rows."""
    single: list[Inference | Label] = []
    for entry in entries:
        if isinstance(entry, Block):
            for values in zip(*entry.columns.values(), strict=True):
                features = dict(zip(entry.columns, values, strict=True))
                single.append(Inference(features, None, None, None, None, entry.logged_at))
        else:
            single.append(entry)
    return single


def _named(entry: Inference | Label, names: ColumnNames) -> dict[str, object]:
    if isinstance(entry, Label):
        label = {"id": entry.id, "target": entry.target}
        return label if entry.timestamp is None else {**label, "timestamp": instant(entry.timestamp)}
    row = dict(entry.features)
    if entry.id is not None and names.id is not None:
        row[names.id] = entry.id
    if names.timestamp is not None:
        given = row.get(names.timestamp) if _is_missing(entry.timestamp) else entry.timestamp
        row[names.timestamp] = instant(entry.logged_at if _is_missing(given) else given)
    if entry.prediction is not None and names.prediction:
        row.update(_predictions(entry.prediction, names.prediction))
    if entry.target is not None and names.target is not None:
        row[names.target] = entry.target
    return row


def _is_missing(value: object) -> bool:
    return value is None or type(value).__name__ in MISSING


def _predictions(prediction: object, names: tuple[str, ...]) -> dict[str, object]:
    listed = prediction.tolist() if hasattr(prediction, "tolist") else prediction
    values = list(listed) if isinstance(listed, list | tuple) else [listed]
    if len(values) != len(names):
        columns = ", ".join(names)
        raise ValueError(f"{len(values)} predictions for {len(names)} prediction columns ({columns})")
    return dict(zip(names, values, strict=True))
