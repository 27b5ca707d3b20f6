"""The wire format of stored rows: a chunk, typed and encoded by column. No numpy here: a receiver stays small.

A chunk is `version byte, flags byte, body`. The body, compressed with zstd when that is worth it, is a JSON header
(row count; name, kind and byte length of each column) behind its length, then the columns' bytes one after another:

    f  float64, missing is NaN          i  int64               b  bool, one byte each
    t  int64 microseconds UTC           s  JSON list of the distinct strings (null is missing), then a code per row
    j  JSON list: mixed or nested values, integers beyond 64 bits, booleans with gaps
"""

import math
import struct
import sys
from array import array
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import orjson
import zstandard

from collector.errors import Invalid

VERSION = 1
MISSING_TIME = -(2**63)
"""Stands for a missing instant in a `t` column, as NaT does in pandas."""
_COMPRESSED = 1
_COMPRESS_FROM_BYTES = 512
_EXACT_INTEGER = 2**53
_LENGTH = struct.Struct("<I")
_NAN = math.nan
_INFINITY = "\0"
"""Key of the wrapper: no client can send a nested value, the door refuses those."""

if sys.byteorder != "little":  # pragma: no cover
    raise RuntimeError("chunks are little-endian; this machine is not")


@dataclass(frozen=True, slots=True)
class EncodedColumn:
    """One column of a decoded chunk: still bytes, for whoever makes arrays of them.

    For `s`, `values` are the distinct strings and `data` their codes, one, two or four bytes a row by `width`.
    For `j`, `values` are the values themselves.
    """

    name: str
    kind: str
    data: memoryview
    values: Sequence[object] = ()
    width: int = 8


@dataclass(frozen=True, slots=True)
class DecodedChunk:
    rows: int
    columns: Sequence[EncodedColumn]


def encode(columns: Mapping[str, Sequence[object]], rows: int, *, times: Collection[str] = ()) -> bytes:
    """Encode columns of equal length. Columns named in `times` hold microseconds, or None.

    >>> chunk = encode({"distance": [733, None], "carrier": ["AA", "UA"]}, 2)
    >>> [(column.name, column.kind) for column in decode(chunk).columns]
    [('distance', 'f'), ('carrier', 's')]
    """
    header = []
    blobs = []
    for name, values in columns.items():
        kind, blob = _encode_times(values) if name in times else _encode_column(values)
        header.append((name, kind, len(blob)))
        blobs.append(blob)
    head = orjson.dumps([rows, header])
    body = b"".join([_LENGTH.pack(len(head)), head, *blobs])
    if len(body) >= _COMPRESS_FROM_BYTES:
        packed = zstandard.ZstdCompressor(level=1).compress(body)
        if len(packed) < len(body):
            return bytes((VERSION, _COMPRESSED)) + packed
    return bytes((VERSION, 0)) + body


def _encode_times(values: Sequence[object]) -> tuple[str, bytes]:
    instants = cast("Sequence[int | None]", values)  # the caller's promise
    return "t", array("q", [MISSING_TIME if value is None else value for value in instants]).tobytes()


def _encode_column(values: Sequence[object]) -> tuple[str, bytes]:
    kinds = set(map(type, values))
    try:
        if kinds <= {str, type(None)} and str in kinds:
            return "s", _encode_strings(values)
        if kinds == {int}:
            return "i", array("q", cast("Sequence[int]", values)).tobytes()
        if kinds == {bool}:
            return "b", bytes(cast("Sequence[bool]", values))
        if kinds <= {float, int, type(None)}:
            numbers = cast("Sequence[float | None]", values)
            if int not in kinds or max(abs(value) for value in values if isinstance(value, int)) <= _EXACT_INTEGER:
                return "f", array("d", [_NAN if value is None else value for value in numbers]).tobytes()
    except OverflowError:  # an integer beyond 64 bits
        pass
    return "j", orjson.dumps([_json_value(value) for value in values])


def _json_value(value: object) -> object:
    """What JSON cannot say: integers beyond 64 bits become floats, or text; infinities are wrapped."""
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return float(value) if abs(value) < 10**300 else str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else {_INFINITY: str(value)}
    return value


def _encode_strings(values: Sequence[object]) -> bytes:
    codes: dict[object, int] = {}
    indexes = [codes.setdefault(value, len(codes)) for value in values]
    distinct = orjson.dumps(list(codes))
    code_type = "B" if len(codes) <= 256 else "H" if len(codes) <= 65536 else "I"
    return _LENGTH.pack(len(distinct)) + distinct + array(code_type, indexes).tobytes()


def decode(data: bytes) -> DecodedChunk:
    """Undo `encode`. Raises Invalid when the bytes are no chunk, or one of a version that came after this code."""
    if len(data) < 2 or data[0] != VERSION:
        raise Invalid(f"not a chunk of version {VERSION}: it begins with {data[:2]!r}")
    body = memoryview(zstandard.ZstdDecompressor().decompress(data[2:]) if data[1] & _COMPRESSED else data)
    if not data[1] & _COMPRESSED:
        body = body[2:]
    (head_length,) = _LENGTH.unpack_from(body)
    start = _LENGTH.size + head_length
    rows, header = orjson.loads(body[_LENGTH.size : start])
    columns = []
    for name, kind, length in header:
        columns.append(_decode_column(name, kind, body[start : start + length], rows))
        start += length
    return DecodedChunk(rows, columns)


def _decode_column(name: str, kind: str, blob: memoryview, rows: int) -> EncodedColumn:
    if kind == "s":
        (length,) = _LENGTH.unpack_from(blob)
        values = orjson.loads(blob[_LENGTH.size : _LENGTH.size + length])
        codes = blob[_LENGTH.size + length :]
        return EncodedColumn(name, kind, codes, values, len(codes) // rows if rows else 1)
    if kind == "j":
        loaded = orjson.loads(blob)
        values = [float(v[_INFINITY]) if isinstance(v, dict) and _INFINITY in v else v for v in loaded]
        return EncodedColumn(name, kind, blob, values)
    return EncodedColumn(name, kind, blob, width=1 if kind == "b" else 8)
