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

`columns` makes cells of values (`recognizing` their types, `texts` their codes), `encoding` a chunk of cells, `decoding`
takes a chunk apart. A chunk of traced requests remembers some of them (`traces`). `mixed` is how a table whose columns have
one type each, a stored reference, holds what a chunk's `j` column does.
"""

from collector.chunks.columns import Typed, joined, typed
from collector.chunks.decoding import decode, picked
from collector.chunks.encoding import encode, packed
from collector.chunks.layout import MISSING_TIME, TEXTS, VERSION, WIDTHS, Chunk, Layout
from collector.chunks.mixed import MIXED_MARK, mixed_text, mixed_value
from collector.chunks.recognizing import recognized
from collector.chunks.texts import Coded, kind_of_codes
from collector.chunks.traces import traced, traces

__all__ = [
    "MISSING_TIME", "MIXED_MARK", "TEXTS", "VERSION", "WIDTHS", "Chunk", "Coded", "Layout", "Typed", "decode", "encode",
    "joined", "kind_of_codes", "mixed_text", "mixed_value", "packed", "picked", "recognized", "traced", "traces", "typed",
]  # fmt: skip
