"""The wire format of stored rows: a chunk, typed and encoded by column. No numpy here: a receiver stays small.

A chunk is `version byte, flags byte, body`. The body, compressed with zstd when that is worth it, is

    rows, length of the layout, length of the lists (32 bits each)
    layout   JSON [names, kinds]: a letter for each column
    lists    JSON, for each column whose kind is B, H, I or j a list; of texts the distinct ones (null is missing)
    cells    the columns' cells one after another, of a fixed width by kind:

    d  float64, missing is NaN          b h i q  integers of 1, 2, 4, 8 bytes     ?  bool, one byte each
    t  int64 microseconds UTC           B H I    texts: indexes into their list, of 1, 2, 4 bytes
    j  no cells: mixed values, integers beyond 64 bits, booleans with gaps, all of them in the list

Chunks of requests that look alike begin with the same layout, so that whoever reads thousands of them parses it once.
"""

import math
import struct
import sys
import threading
from array import array
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, chain
from typing import Literal, NamedTuple, TypeAlias, cast

import orjson
import zstandard

from collector.errors import Invalid

VERSION = 2
MISSING_TIME = -(2**63)
"""Stands for a missing instant in a `t` column, as NaT does in pandas."""
TEXTS = "BHI"
WIDTHS: Mapping[str, int] = {
    "d": 8, "b": 1, "h": 2, "i": 4, "q": 8, "?": 1, "t": 8, "B": 1, "H": 2, "I": 4, "j": 0,
}  # fmt: skip
"""Bytes of a cell by the kind of its column."""

_CODES = {"t": "q", "?": "B"}
"""How the cells of a kind are read, where it is not by the kind's own letter."""
_COMPRESSED = 1
_COMPRESS_FROM_BYTES = 512
_LEVEL = -1
"""zstd's quickest level that still finds what repeats: a twentieth more bytes than level 1, a quarter of its time."""
_NARROW_FROM_ROWS = 64
"""Integers of smaller chunks keep eight bytes: a few rows save nothing, and thousands of chunks share one layout."""
_EXACT_INTEGER = 2**53
_HEAD = struct.Struct("<III")
_NAN = math.nan
_INFINITY = "\0"
"""Key of the wrapper: no client can send a nested value, the door refuses those."""

if sys.byteorder != "little":  # pragma: no cover
    raise RuntimeError("chunks are little-endian; this machine is not")


class _Packers(threading.local):
    """A compressor costs more to make than to use, and must not be shared between threads."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=_LEVEL).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_packers = _Packers()


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The columns of a chunk. One object for all chunks that look alike, so it may be compared by identity.

    `before` holds, for each column, the bytes that the columns before it need a row; the last number is all of them.
    """

    names: Sequence[str]
    kinds: str
    before: Sequence[int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "before", tuple(accumulate((WIDTHS[kind] for kind in self.kinds), initial=0)))


class Chunk(NamedTuple):
    """A decoded chunk: its cells are still bytes, for whoever makes arrays of them.

    `lists` is aligned with the columns: of texts the distinct ones, of a `j` column all values, otherwise empty.
    Chunks with equal lists may share the objects.
    """

    rows: int
    layout: Layout
    lists: Sequence[Sequence[object]]
    cells: memoryview

    def of_column(self, place: int) -> memoryview:
        """The bytes of one column."""
        before = self.layout.before
        return self.cells[before[place] * self.rows : before[place + 1] * self.rows]


def encode(columns: Mapping[str, Sequence[object]], rows: int, *, times: Collection[str] = ()) -> bytes:
    """Encode columns of equal length. Columns named in `times` hold microseconds, or None.

    >>> chunk = decode(encode({"distance": [733, None], "carrier": ["AA", "UA"]}, 2))
    >>> chunk.layout.names, chunk.layout.kinds, chunk.lists
    (('distance', 'carrier'), 'dB', ((), ('AA', 'UA')))
    """
    return packed(typed(columns, rows, times=times))


class Typed(NamedTuple):
    """Columns as cells of their kinds, not yet a chunk. Those of requests with equal names and kinds can be joined.

    `lists` has an entry for each column that has one (see above), and None for the others.
    """

    rows: int
    names: tuple[str, ...]
    kinds: str
    cells: "Sequence[_Cells]"
    lists: Sequence[list[object] | None]


def typed(
    columns: Mapping[str, Sequence[object]],
    rows: int,
    *,
    times: Collection[str] = (),
    types: Mapping[str, Collection[type]] | None = None,
) -> Typed:
    """`types` may say the types of a column's values, neither more nor fewer: who has looked need not look again."""
    known = types or {}
    found = [
        ("t", _instants(column), None)
        if name in times
        else _encode_column(column, rows, known.get(name) or set(map(type, column)))
        for name, column in columns.items()
    ]
    kinds, cells, lists = zip(*found, strict=True) if found else ((), (), ())
    return Typed(rows, tuple(columns), "".join(kinds), cells, lists)


def joined(parts: Sequence[Typed]) -> Typed:
    """Rows below each other, of columns with equal names and kinds.

    >>> joined([typed({"s": ["a", "b"]}, 2), typed({"s": ["c", "a"]}, 2)]).lists
    [['a', 'b', 'c']]
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    rows = sum(part.rows for part in parts)
    columns: list[_Encoded] = []
    for place, kind in enumerate(first.kinds):
        cells = [part.cells[place] for part in parts]
        lists = [part.lists[place] or [] for part in parts]
        if kind in TEXTS:
            columns.append(_joined_texts(cells, lists))
        else:
            columns.append((kind, b"".join(cells), list(chain.from_iterable(lists)) if kind == "j" else None))
    kinds, all_cells, all_lists = zip(*columns, strict=True)
    return Typed(rows, first.names, "".join(kinds), all_cells, list(all_lists))


def packed(columns: Typed) -> bytes:
    """As a chunk."""
    layout = orjson.dumps((columns.names, columns.kinds))
    listed = orjson.dumps([each for each in columns.lists if each is not None])
    body = b"".join((_HEAD.pack(columns.rows, len(layout), len(listed)), layout, listed, *columns.cells))
    if len(body) >= _COMPRESS_FROM_BYTES:
        smaller = _packers.compress(body)
        if len(smaller) < len(body):
            return b"%c%c%b" % (VERSION, _COMPRESSED, smaller)
    return b"%c\0%b" % (VERSION, body)


_Cells: TypeAlias = "bytes | array[int] | array[float]"
_Encoded = tuple[str, _Cells, list[object] | None]
"""Kind, cells, and what stands in the lists."""


def _encode_column(values: Sequence[object], rows: int, types: Collection[type]) -> _Encoded:
    try:
        if len(types) == 1:
            if float in types:
                # Packing is several times quicker than making an array of a tuple; an array is packed already.
                return "d", values if type(values) is array else struct.pack(f"<{rows}d", *values), None
            if str in types:
                return _texts(values)
            if int in types:
                return _integers(cast("Sequence[int]", values), rows)
            if bool in types:
                return "?", bytes(cast("Sequence[bool]", values)), None
        others = set(types) - {float, int, type(None)}
        if not others:
            numbers = cast("Sequence[float | None]", values)
            if int not in types or max(abs(value) for value in values if type(value) is int) <= _EXACT_INTEGER:
                return "d", array("d", [_NAN if value is None else value for value in numbers]), None
        elif others == {str} and len(types) == 2 and type(None) in types:
            return _texts(values)
    except OverflowError:  # an integer beyond 64 bits
        pass
    return "j", b"", [_json_value(value) for value in values]


def _instants(values: Sequence[object]) -> "array[int]":
    instants = cast("Sequence[int | None]", values)  # the caller's promise
    try:
        return array("q", cast("Sequence[int]", instants))
    except TypeError:  # one of them is missing
        return array("q", [MISSING_TIME if value is None else value for value in instants])


def _integers(values: Sequence[int], rows: int) -> _Encoded:
    if rows >= _NARROW_FROM_ROWS:
        for kind in "bhi":
            try:
                return kind, array(kind, values), None
            except OverflowError:  # told at the first one that does not fit
                continue
    return "q", array("q", values), None


def _texts(values: Sequence[object]) -> _Encoded:
    found = set(values)
    if len(found) <= 256:  # in order, so that chunks of the same texts share their list, whichever came first
        distinct = sorted(found - {None}, key=str) + [None] * (None in found)
        return "B", bytes(map({value: code for code, value in enumerate(distinct)}.__getitem__, values)), distinct
    distinct = list(dict.fromkeys(values))
    codes = {value: code for code, value in enumerate(distinct)}
    kind = _kind_of_codes(len(codes))
    return kind, array(kind, map(codes.__getitem__, values)), distinct


def _joined_texts(cells: "Sequence[_Cells]", lists: Sequence[Sequence[object]]) -> _Encoded:
    """One list for all of them; the codes follow."""
    codes: dict[object, int] = {}
    places = [[codes.setdefault(value, len(codes)) for value in values] for values in lists]
    kind = _kind_of_codes(len(codes))
    if kind == "B":  # so were all of them: a table of bytes translates them in one go
        moved = [bytes(each).translate(bytes(place).ljust(256)) for each, place in zip(cells, places, strict=True)]
        return kind, b"".join(moved), list(codes)
    merged = array(kind)
    for each, place in zip(cells, places, strict=True):
        merged.extend(map(place.__getitem__, cast("Sequence[int]", each)))
    return kind, merged, list(codes)


def _kind_of_codes(distinct: int) -> str:
    return "B" if distinct <= 256 else "H" if distinct <= 65536 else "I"


def _json_value(value: object) -> object:
    """What JSON cannot say: integers beyond 64 bits become floats, or text; infinities are wrapped."""
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return float(value) if abs(value) < 10**300 else str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else {_INFINITY: str(value)}
    return value


def decode(data: bytes) -> Chunk:
    """Undo `encode`. Raises Invalid when the bytes are no chunk, or one of another version of this format."""
    if len(data) < 2 or data[0] != VERSION:
        raise Invalid(f"not a chunk of version {VERSION}: it begins with {data[:2]!r}")
    body = _packers.decompress(data[2:]) if data[1] & _COMPRESSED else data[2:]
    rows, layout_bytes, listed_bytes = _HEAD.unpack_from(body)
    cells = _HEAD.size + layout_bytes + listed_bytes
    layout, lists = _described(body[_HEAD.size : cells], layout_bytes)
    return Chunk(rows, layout, lists, memoryview(body)[cells:])


def picked(data: bytes, indexes: Sequence[int]) -> bytes:
    """A chunk of some rows of this one, in the order of the indexes.

    >>> some = decode(picked(encode({"x": [1.0, 2.0, 3.0], "s": ["a", "b", "a"]}, 3), [2, 0]))
    >>> some.rows, some.of_column(0).cast("d").tolist(), some.of_column(1).tolist(), some.lists[1]
    (2, [3.0, 1.0], [0, 0], ('a', 'b'))
    """
    chunk = decode(data)
    lists: list[list[object] | None] = []
    cells: list[_Cells] = []
    for place, kind in enumerate(chunk.layout.kinds):
        if kind == "j":
            lists.append([_json_value(chunk.lists[place][index]) for index in indexes])
            cells.append(b"")
            continue
        code = cast("Literal['q']", _CODES.get(kind, kind))  # or another of them: they differ in width alone
        column = chunk.of_column(place).cast(code)
        cells.append(array(code, [column[index] for index in indexes]))
        lists.append(list(chunk.lists[place]) if kind in TEXTS else None)
    return packed(Typed(len(indexes), tuple(chunk.layout.names), chunk.layout.kinds, cells, lists))


@lru_cache(maxsize=1024)
def _layout(text: bytes) -> Layout:
    names, kinds = orjson.loads(text)
    return Layout(tuple(names), kinds)


def _described(text: bytes, layout_bytes: int) -> tuple[Layout, Sequence[Sequence[object]]]:
    """Layout and lists. Kept for short ones only: they repeat, and a long one is mostly somebody's ids."""
    return (_kept if len(text) <= _KEPT_BYTES else _parsed)(text, layout_bytes)


def _parsed(text: bytes, layout_bytes: int) -> tuple[Layout, Sequence[Sequence[object]]]:
    layout = _layout(text[:layout_bytes])
    listed = iter(orjson.loads(text[layout_bytes:]))
    lists: list[Sequence[object]] = []
    for kind in layout.kinds:
        if kind == "j":
            lists.append([float(v[_INFINITY]) if isinstance(v, dict) and _INFINITY in v else v for v in next(listed)])
        else:
            lists.append(tuple(next(listed)) if kind in TEXTS else ())
    return layout, tuple(lists)


_KEPT_BYTES = 4096
_kept = lru_cache(maxsize=1024)(_parsed)
