"""What a chunk remembers of the requests that brought it: the `traceparent` of some, before everything else.

A chunk of traced requests is `MARKED, length of the names (16 bits), the names with commas between them, chunk`. Without
tracing no chunk looks like that.
"""

import struct
from collections.abc import Sequence

MARKED = b"T"
"""Where a plain chunk has its version."""
_HEAD = struct.Struct("<cH")


def traced(data: bytes, names: Sequence[str]) -> bytes:
    """The chunk, remembering these; as it is, when there are none.

    >>> some = traced(b"chunk", ["00-1-2-01"])
    >>> traces(some), untraced(some)
    (('00-1-2-01',), b'chunk')
    >>> traces(b"chunk"), untraced(b"chunk")
    ((), b'chunk')
    """
    if not names:
        return data
    listed = ",".join(names).encode("ascii")
    return _HEAD.pack(MARKED, len(listed)) + listed + data


def traces(data: bytes) -> Sequence[str]:
    """The names that it remembers."""
    begin = _begin(data)
    return tuple(data[_HEAD.size : begin].decode("ascii", "replace").split(",")) if begin else ()


def untraced(data: bytes) -> bytes:
    """The chunk without them."""
    return data[_begin(data) :]


def _begin(data: bytes) -> int:
    """Where the chunk begins: at once, unless it is marked."""
    if len(data) < _HEAD.size or data[:1] != MARKED:
        return 0
    _, length = _HEAD.unpack_from(data)
    return _HEAD.size + int(length)
