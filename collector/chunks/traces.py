"""What a chunk remembers of the requests that brought it: the `traceparent` of some, before everything else.

A chunk of traced requests is `MARK, length of the names (16 bits), the names with commas between them, chunk`. Without
tracing no chunk looks like that.
"""

import struct
from collections.abc import Sequence

MARK = ord("T")
"""Where a plain chunk has its version."""
_HEAD = struct.Struct("<BH")


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
    return _HEAD.pack(MARK, len(listed)) + listed + data


def traces(data: bytes) -> Sequence[str]:
    """The names that it remembers."""
    if data[:1] != b"%c" % MARK:
        return ()
    return tuple(data[_HEAD.size : _begin(data)].decode("ascii").split(","))


def untraced(data: bytes) -> bytes:
    """The chunk without them."""
    return data[_begin(data) :] if data[:1] == b"%c" % MARK else data


def _begin(data: bytes) -> int:
    _, length = _HEAD.unpack_from(data)
    return _HEAD.size + int(length)
