"""Cells to a chunk."""

from collections.abc import Collection, Mapping, Sequence

import orjson

from collector.chunks.columns import Typed, typed
from collector.chunks.layout import COMPRESSED, HEAD, VERSION, packers

_COMPRESS_FROM_BYTES = 512


def encode(columns: Mapping[str, Sequence[object]], rows: int, *, times: Collection[str] = ()) -> bytes:
    """Encode columns of equal length. Columns named in `times` hold microseconds, or None.

    >>> from collector.chunks import decode
    >>> chunk = decode(encode({"distance": [733, None], "carrier": ["AA", "UA"]}, 2))
    >>> chunk.layout.names, chunk.layout.kinds, chunk.lists
    (('distance', 'carrier'), 'dB', ((), ('AA', 'UA')))
    """
    return packed(typed(columns, rows, times=times))


def packed(columns: Typed) -> bytes:
    """As a chunk."""
    layout = orjson.dumps((columns.names, columns.kinds))
    listed = orjson.dumps([each for each in columns.lists if each is not None])
    body = b"".join((HEAD.pack(columns.rows, len(layout), len(listed)), layout, listed, *columns.cells))
    if len(body) >= _COMPRESS_FROM_BYTES:
        smaller = packers.compress(body)
        if len(smaller) < len(body):
            return b"%c%c%b" % (VERSION, COMPRESSED, smaller)
    return b"%c\0%b" % (VERSION, body)
