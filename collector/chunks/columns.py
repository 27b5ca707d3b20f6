"""Columns of values to cells: which kind each column gets, and how those of several requests are joined."""

import math
import struct
from array import array
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple, TypeAlias, cast

from collector.chunks.layout import INFINITY, MISSING_TIME, TEXTS
from collector.chunks.recognizing import recognized
from collector.chunks.texts import Coded, Codes, coded, in_order, joined_texts, kind_of_codes

_NARROW_FROM_ROWS = 64
"""Integers of smaller chunks keep eight bytes: a few rows save nothing, and thousands of chunks share one layout."""
_EXACT_INTEGER = 2**53
_NAN = math.nan


class Typed(NamedTuple):
    """Columns as cells of their kinds, not yet a chunk. Those of requests with equal names and kinds can be joined.

    `lists` has an entry for each column that has one (see above), and None for the others.
    """

    rows: int
    names: tuple[str, ...]
    kinds: str
    cells: "Sequence[Cells]"
    lists: "Sequence[Sequence[object] | None]"


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
        else _encode_column(column, known[name], rows)
        if name in known
        else _encode_column(*recognized(column), rows)
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
        lists = [part.lists[place] or () for part in parts]
        if kind in TEXTS:
            columns.append(joined_texts(cast("Sequence[Codes]", cells), cast("Sequence[Sequence[str | None]]", lists)))
        else:
            columns.append((kind, b"".join(cells), list(chain.from_iterable(lists)) if kind == "j" else None))
    kinds, all_cells, all_lists = zip(*columns, strict=True)
    return Typed(rows, first.names, "".join(kinds), all_cells, list(all_lists))


Cells: TypeAlias = "bytes | array[int] | array[float]"
_Encoded = tuple[str, Cells, "Sequence[object] | None"]
"""Kind, cells, and what stands in the lists."""


def _encode_column(values: Sequence[object], types: Collection[type], rows: int) -> _Encoded:
    try:
        if len(types) == 1:
            if float in types:
                # Packing is several times quicker than making an array of a tuple; an array is packed already.
                return "d", values if type(values) is array else _packer(rows)(*values), None
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
                return "d", _packer(rows)(*[_NAN if value is None else value for value in numbers]), None
        elif others == {str} and len(types) == 2 and type(None) in types:
            return _texts(values)
    except OverflowError:  # an integer beyond 64 bits
        pass
    return "j", b"", [json_value(value) for value in values]


@lru_cache(maxsize=256)
def _packer(floats: int) -> Callable[..., bytes]:
    return struct.Struct(f"<{floats}d").pack


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
    codes, distinct = in_order(values if type(values) is Coded else coded(cast("Sequence[str | None]", values)))
    return kind_of_codes(len(distinct)), codes, distinct


def json_value(value: object) -> object:
    """What JSON cannot say: integers beyond 64 bits become floats, or text; infinities are wrapped."""
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return float(value) if abs(value) < 10**300 else str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else {INFINITY: str(value)}
    return value
