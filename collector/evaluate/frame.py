"""Stored chunks to one frame, column by column, without parsing text again. Types are those pandas gives such rows."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import orjson
import pandas as pd
from numpy.typing import NDArray

from collector.chunks import MISSING_TIME, EncodedColumn, decode
from collector.model import DIGEST_BYTES, StoredChunk

Array = NDArray[Any]
_CODE_TYPES = {1: np.uint8, 2: np.uint16, 4: np.uint32}


class _Piece(NamedTuple):
    """A column's part in one chunk, or None where the chunk has no such column."""

    column: EncodedColumn | None
    rows: int
    take: Array | None


def frame_of(chunks: Sequence[StoredChunk]) -> pd.DataFrame:
    """The rows of the chunks, in order. A column that a chunk lacks is null there. Raises Invalid on a bad chunk."""
    decoded = [
        (decode(chunk.data), None if chunk.take is None else np.asarray(chunk.take, np.intp)) for chunk in chunks
    ]
    names: dict[str, None] = {}
    for chunk, _ in decoded:
        names |= dict.fromkeys(column.name for column in chunk.columns)
    by_chunk = [{column.name: column for column in chunk.columns} for chunk, _ in decoded]
    sizes = [chunk.rows if take is None else len(take) for chunk, take in decoded]
    columns = {
        name: _join(
            [
                _Piece(columns.get(name), rows, take)
                for columns, rows, (_, take) in zip(by_chunk, sizes, decoded, strict=True)
            ]
        )
        for name in names
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(sum(sizes)))


def _join(pieces: Sequence[_Piece]) -> "pd.Series[Any]":
    kinds = {_kind(piece) for piece in pieces} - {None}
    if kinds <= {"f", "i"}:
        return _join_numbers(pieces, kinds)
    if kinds == {"s"}:
        return _join_texts(pieces)
    if kinds == {"t"}:
        return _join_instants(pieces)
    if kinds == {"b"} and all(_kind(piece) is not None for piece in pieces):
        return pd.Series(np.concatenate([_taken(piece, np.bool_) for piece in pieces]))
    values: list[object] = []
    for piece in pieces:
        values += _plain_values(piece)
    return pd.Series(values)


def _kind(piece: _Piece) -> str | None:
    """The kind of a piece; None when it holds nothing but missing values."""
    if piece.column is None or piece.rows == 0:
        return None
    if piece.column.kind == "f" and np.isnan(_taken(piece, np.float64)).all():
        return None
    return piece.column.kind


def _taken(piece: _Piece, dtype: Any) -> Array:
    assert piece.column is not None  # noqa: S101 - the caller has looked
    values: Array = np.frombuffer(piece.column.data, dtype=dtype)
    return values if piece.take is None else values[piece.take]


def _join_numbers(pieces: Sequence[_Piece], kinds: set[Any]) -> "pd.Series[Any]":
    if not kinds:
        return pd.Series([None] * sum(piece.rows for piece in pieces), dtype=object)
    if all(piece.rows == 0 or (piece.column is not None and piece.column.kind == "i") for piece in pieces):
        return pd.Series(np.concatenate([_taken(piece, np.int64) for piece in pieces if piece.rows]))
    parts = [
        np.full(piece.rows, np.nan)
        if piece.column is None
        else _taken(piece, np.int64 if piece.column.kind == "i" else np.float64).astype(np.float64, copy=False)
        for piece in pieces
    ]
    return pd.Series(np.concatenate(parts))


def _join_instants(pieces: Sequence[_Piece]) -> "pd.Series[Any]":
    parts = [
        np.full(piece.rows, MISSING_TIME, dtype=np.int64) if _kind(piece) is None else _taken(piece, np.int64)
        for piece in pieces
    ]
    return pd.Series(np.concatenate(parts).view("datetime64[us]"))


def _join_texts(pieces: Sequence[_Piece]) -> "pd.Series[Any]":
    """One dictionary for all chunks: every distinct text becomes a Python string once."""
    known: dict[object, int] = {}
    parts: list[Array] = []
    for piece in pieces:
        if _kind(piece) is None:
            parts.append(np.full(piece.rows, -1, dtype=np.int64))
            continue
        assert piece.column is not None  # noqa: S101 - _kind has looked
        codes = _taken(piece, _CODE_TYPES[piece.column.width])
        place = [-1 if value is None else known.setdefault(value, len(known)) for value in piece.column.values]  # noqa: PD011
        parts.append(np.asarray(place, dtype=np.int64)[codes])
    distinct = pd.Series(list(known))
    codes = np.concatenate(parts)
    if distinct.dtype == object:  # pandas 2, where a missing text stays None
        return pd.Series(np.array([*known, None], dtype=object)[codes], dtype=object)
    return pd.Series(cast("Any", distinct.array).take(codes, allow_fill=True))


def _plain_values(piece: _Piece) -> list[object]:
    """The values of a piece as Python objects, for columns that mix kinds."""
    column = piece.column
    if column is None:
        return [None] * piece.rows
    if column.kind == "j":
        return list(column.values) if piece.take is None else [column.values[index] for index in piece.take]  # noqa: PD011
    if column.kind == "s":
        return [column.values[code] for code in _taken(piece, _CODE_TYPES[column.width]).tolist()]  # noqa: PD011
    if column.kind == "t":
        return [
            None if value == MISSING_TIME else pd.Timestamp(value, unit="us")
            for value in _taken(piece, np.int64).tolist()
        ]
    dtype = {"f": np.float64, "i": np.int64, "b": np.bool_}[column.kind]
    values: list[object] = _taken(piece, dtype).tolist()
    if column.kind == "f":  # a float that stands for an integer or for a missing value, as JSON had it
        return [None if value != value else value for value in values]  # noqa: PLR0124 - NaN
    return values


def join_labels(
    frame: pd.DataFrame, chunks: Sequence[StoredChunk], labels: Mapping[bytes, bytes], target: str
) -> pd.DataFrame:
    """The frame with the targets that arrived later. A label overrides a target that came with its row."""
    decoded = {label: orjson.loads(label) for label in set(labels.values())}
    values: list[object] = []
    for chunk in chunks:
        count = len(chunk.ids) // DIGEST_BYTES
        indexes = range(count) if chunk.take is None else chunk.take
        for index in indexes:
            label = labels.get(chunk.ids[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES])
            values.append(_NO_LABEL if label is None else decoded[label])
    if len(values) != len(frame):  # rows without ids cannot be joined
        values = [_NO_LABEL] * len(frame)
    sent = frame[target].tolist() if target in frame else [None] * len(frame)
    joined = [_sent(other) if value is _NO_LABEL else value for value, other in zip(values, sent, strict=True)]
    return frame.assign(**{target: pd.Series(joined, index=frame.index)})


_NO_LABEL = object()


def _sent(value: object) -> object:
    return None if value is pd.NaT or value is pd.NA or value != value else value  # noqa: PLR0124 - NaN
