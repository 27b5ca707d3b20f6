"""A chunk to its parts again, or to a chunk of some of its rows."""

from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, cast

import orjson

from collector.chunks.columns import Cells, Typed, json_value
from collector.chunks.encoding import packed
from collector.chunks.layout import COMPRESSED, HEAD, INFINITY, TEXTS, VERSION, Chunk, Layout, packers
from collector.chunks.traces import MARKED, traced, traces, untraced
from collector.errors import Invalid

_CODES = {"t": "q", "?": "B"}
"""How the cells of a kind are read, where it is not by the kind's own letter."""


def decode(data: bytes) -> Chunk:
    """Undo `encode`. Raises Invalid when the bytes are no chunk, or one of another version of this format."""
    if data[:1] == MARKED:
        data = untraced(data)
    if len(data) < 2 or data[0] != VERSION:
        raise Invalid(f"not a chunk of version {VERSION}: it begins with {data[:2]!r}")
    body = packers.decompress(data[2:]) if data[1] & COMPRESSED else data[2:]
    rows, layout_bytes, listed_bytes = HEAD.unpack_from(body)
    cells = HEAD.size + layout_bytes + listed_bytes
    layout, lists = _described(body[HEAD.size : cells], layout_bytes)
    return Chunk(rows, layout, lists, memoryview(body)[cells:])


def picked(data: bytes, indexes: Sequence[int]) -> bytes:
    """A chunk of some rows of this one, in the order of the indexes.

    >>> from collector.chunks import encode
    >>> some = decode(picked(encode({"x": [1.0, 2.0, 3.0], "s": ["a", "b", "a"]}, 3), [2, 0]))
    >>> some.rows, some.of_column(0).cast("d").tolist(), some.of_column(1).tolist(), some.lists[1]
    (2, [3.0, 1.0], [0, 0], ('a', 'b'))
    """
    chunk = decode(data)
    lists: list[list[object] | None] = []
    cells: list[Cells] = []
    for place, kind in enumerate(chunk.layout.kinds):
        if kind == "j":
            lists.append([json_value(chunk.lists[place][index]) for index in indexes])
            cells.append(b"")
            continue
        code = cast("Literal['q']", _CODES.get(kind, kind))  # or another of them: they differ in width alone
        column = chunk.of_column(place).cast(code)
        cells.append(array(code, [column[index] for index in indexes]))
        lists.append(list(chunk.lists[place]) if kind in TEXTS else None)
    some = packed(Typed(len(indexes), tuple(chunk.layout.names), chunk.layout.kinds, cells, lists))
    return traced(some, traces(data))


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
            lists.append([float(v[INFINITY]) if isinstance(v, dict) and INFINITY in v else v for v in next(listed)])
        else:
            lists.append(tuple(next(listed)) if kind in TEXTS else ())
    return layout, tuple(lists)


_KEPT_BYTES = 4096
_kept = lru_cache(maxsize=1024)(_parsed)
