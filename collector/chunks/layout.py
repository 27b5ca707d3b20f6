"""What a chunk looks like: the kinds of its columns, its head, and the two nouns of whoever reads one."""

import struct
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

import zstandard

VERSION = 2
COMPRESSED = 1
"""The flag of a compressed body."""
HEAD = struct.Struct("<III")
MISSING_TIME = -(2**63)
"""Stands for a missing instant in a `t` column, as NaT does in pandas."""
TEXTS = "BHI"
WIDTHS: Mapping[str, int] = {
    "d": 8, "b": 1, "h": 2, "i": 4, "q": 8, "?": 1, "t": 8, "B": 1, "H": 2, "I": 4, "j": 0,
}  # fmt: skip
"""Bytes of a cell by the kind of its column."""
INFINITY = "\0"
"""Key of an infinity's wrapper in a list: no client can send a nested value, the door refuses those."""
_LEVEL = -1
"""zstd's quickest level that still finds what repeats: a twentieth more bytes than level 1, a quarter of its time."""

if sys.byteorder != "little":  # pragma: no cover
    raise RuntimeError("chunks are little-endian; this machine is not")


class _Packers(threading.local):
    """A compressor costs more to make than to use, and must not be shared between threads."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=_LEVEL).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


packers = _Packers()


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
