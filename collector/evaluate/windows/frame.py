"""Stored chunks to one frame, column by column, without parsing text again. Types are those pandas gives such rows.

A window of single rows has thousands of small chunks. Those of one layout and one size lie below each other in memory
as a block, so that a column of all of them is one slice: what is done in Python is done per block, not per chunk.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, cast

import numpy as np
import orjson
import pandas as pd
from numpy.typing import NDArray

from collector.chunks import MISSING_TIME, TEXTS, Chunk, Layout, decode
from collector.model import DIGEST_BYTES, StoredChunk

Array = NDArray[Any]
_DTYPES: Mapping[str, Any] = {
    "d": np.float64, "b": np.int8, "h": np.int16, "i": np.int32, "q": np.int64, "?": np.bool_, "t": np.int64,
    "B": np.uint8, "H": np.uint16, "I": np.uint32,
}  # fmt: skip
_INTEGERS = frozenset("bhiq")
_NUMBERS = _INTEGERS | {"d"}
_TEXTS = frozenset(TEXTS)


class _Alike(NamedTuple):
    """Chunks that will be a block; those of which some rows are taken are alone in theirs."""

    chunks: list[Chunk]
    starts: list[int]
    take: Array | None

    @property
    def taken(self) -> int:
        return self.chunks[0].rows if self.take is None else len(self.take)


class _Block(NamedTuple):
    """Chunks of one layout and one number of rows: a line of `cells` each, and where their rows stand in the frame."""

    layout: Layout
    places: Mapping[str, int]
    rows: int
    cells: Array
    lists: Sequence[Sequence[Sequence[object]]]
    take: Array | None
    at: Array | slice


class _Part(NamedTuple):
    """A column's part in one block."""

    block: _Block
    place: int
    kind: str

    def cells(self) -> Array:
        """The cells, a line for each chunk."""
        block, before = self.block, self.block.layout.before
        bytes_ = block.cells[:, before[self.place] * block.rows : before[self.place + 1] * block.rows]
        found: Array = np.ascontiguousarray(bytes_).view(_DTYPES[self.kind])
        return found if block.take is None else found[:, block.take]

    def lists(self) -> list[Sequence[object]]:
        """The list of each chunk."""
        return [of_chunk[self.place] for of_chunk in self.block.lists]

    def is_missing(self) -> bool:
        """Whether it holds nothing but missing values: then its kind says nothing."""
        return self.kind == "d" and bool(np.isnan(self.cells()).all())


def frame_of(chunks: Sequence[StoredChunk]) -> pd.DataFrame:
    """The rows of the chunks, in order. A column that a chunk lacks is null there. Raises Invalid on a bad chunk."""
    blocks, rows = _blocks(chunks)
    names = dict.fromkeys(chain.from_iterable(block.layout.names for block in blocks))
    columns = {}
    for name in names:
        parts = [
            _Part(block, block.places[name], block.layout.kinds[block.places[name]])
            for block in blocks
            if name in block.places
        ]
        columns[name] = _join(parts, rows, whole=len(parts) == len(blocks))
    return pd.DataFrame(columns, index=pd.RangeIndex(rows), copy=False)


def _blocks(chunks: Sequence[StoredChunk]) -> tuple[list[_Block], int]:
    """The blocks, in the order of their first chunk, and how many rows they have together. Empty ones are left out."""
    groups: dict[tuple[object, int | None], _Alike] = {}
    stop = 0
    for stored in chunks:
        chunk = decode(stored.data)
        take = None if stored.take is None else np.asarray(stored.take, np.intp)
        key = (chunk.layout, chunk.rows) if take is None else (id(stored), None)
        alike = groups.get(key)
        if alike is None:
            alike = groups[key] = _Alike([], [], take)
        alike.chunks.append(chunk)
        alike.starts.append(stop)
        stop += chunk.rows if take is None else len(take)
    return [_block(alike) for alike in groups.values() if alike.taken], stop


def _block(alike: _Alike) -> _Block:
    layout, rows = alike.chunks[0].layout, alike.chunks[0].rows
    cells = np.frombuffer(b"".join([chunk.cells for chunk in alike.chunks]), dtype=np.uint8)
    return _Block(
        layout=layout,
        places={name: place for place, name in enumerate(layout.names)},
        rows=rows,
        cells=cells.reshape(len(alike.chunks), layout.before[-1] * rows),
        lists=[chunk.lists for chunk in alike.chunks],
        take=alike.take,
        at=_places(alike.starts, alike.taken),
    )


def _places(starts: Sequence[int], count: int) -> Array | slice:
    """Where the rows of a block go: `count` rows from each start."""
    if starts[-1] - starts[0] == (len(starts) - 1) * count:  # they follow each other
        return slice(starts[0], starts[-1] + count)
    found: Array = (np.asarray(starts, np.intp)[:, None] + np.arange(count, dtype=np.intp)).ravel()
    return found


def _join(parts: Sequence[_Part], rows: int, *, whole: bool) -> "pd.Series[Any]":
    kinds = {part.kind for part in parts}
    if "d" in kinds and not kinds <= _NUMBERS:  # a chunk of missing values may stand beside any other kind
        told = [part for part in parts if not part.is_missing()]
        whole = whole and len(told) == len(parts)
        parts, kinds = told, {part.kind for part in told}
    if kinds <= _NUMBERS:
        return _join_numbers(parts, rows, exact=whole and kinds <= _INTEGERS)
    if kinds <= _TEXTS:
        return _join_texts(parts, rows)
    if kinds == {"t"}:
        return pd.Series(_filled(parts, np.full(rows, MISSING_TIME, np.int64)).view("datetime64[us]"))
    if kinds == {"?"} and whole:
        return pd.Series(_filled(parts, np.empty(rows, np.bool_)))
    mixed = np.full(rows, None, dtype=object)
    for part in parts:
        mixed[part.block.at] = _plain_values(part)
    return pd.Series(mixed.tolist())


def _filled(parts: Sequence[_Part], into: Array) -> Array:
    for part in parts:
        into[part.block.at] = part.cells().ravel()
    return into


def _join_numbers(parts: Sequence[_Part], rows: int, *, exact: bool) -> "pd.Series[Any]":
    if exact:
        return pd.Series(_filled(parts, np.empty(rows, np.int64)))
    numbers = _filled(parts, np.full(rows, np.nan))
    if all(part.kind == "d" for part in parts) and np.isnan(numbers).all():
        return pd.Series([None] * rows, dtype=object)
    return pd.Series(numbers)


def _join_texts(parts: Sequence[_Part], rows: int) -> "pd.Series[Any]":
    """One dictionary for all chunks: every distinct text becomes a Python string once."""
    known: dict[object, int] = {}
    codes = np.full(rows, -1, dtype=np.int64)
    for part in parts:
        place: list[int] = []
        begins: list[int] = []
        places: dict[int, int] = {}  # chunks of equal lists share the object
        for values in part.lists():
            begin = places.setdefault(id(values), len(place))
            if begin == len(place):
                place += [-1 if value is None else known.setdefault(value, len(known)) for value in values]
            begins.append(begin)
        indexes = part.cells().astype(np.intp) + np.asarray(begins, np.intp)[:, None]
        codes[part.block.at] = np.asarray(place, np.int64)[indexes].ravel()
    distinct = pd.Series(list(known))
    if distinct.dtype == object:  # pandas 2, where a missing text stays None
        return pd.Series(np.array([*known, None], dtype=object)[codes], dtype=object)
    return pd.Series(cast("Any", distinct.array).take(codes, allow_fill=True))


def _plain_values(part: _Part) -> Array:
    """The values of a block as Python objects, for columns that mix kinds."""
    found: list[object]
    if part.kind == "j":
        take = part.block.take
        lists = part.lists() if take is None else [[values[i] for i in take] for values in part.lists()]
        found = list(chain.from_iterable(lists))
    elif part.kind in TEXTS:
        pairs = zip(part.lists(), part.cells().tolist(), strict=True)
        found = [values[code] for values, codes in pairs for code in codes]
    elif part.kind == "t":
        instants = part.cells().ravel().tolist()
        found = [None if value == MISSING_TIME else pd.Timestamp(value, unit="us") for value in instants]
    else:
        found = part.cells().ravel().tolist()
        if part.kind == "d":  # a float that stands for an integer or for a missing value, as JSON had it
            found = [None if value != value else value for value in found]  # noqa: PLR0124 - NaN
    plain = np.empty(len(found), dtype=object)
    plain[:] = found
    return plain


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
