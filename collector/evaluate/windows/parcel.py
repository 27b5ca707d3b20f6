"""What goes to another process: a short letter, and beside it the large bytes that it speaks of.

Pickling copies what it packs while the interpreter's lock is held: for tens of megabytes that is long enough for every
request of the service to notice. A pipe takes bytes as they lie, without the lock.
"""

import io
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from collector.model import StoredChunk

_LARGE_BYTES = 64 * 1024
"""Less than this is copied sooner than it is sent by itself."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Arguments of a call. Only the letter and the number of the large ones are pickled with it."""

    letter: bytes
    beside: Sequence[pickle.PickleBuffer]

    def send(self, connection: "Connection[Any, Any]") -> None:
        """Blocks until all is taken. Raises OSError when nobody reads any more."""
        for each in self.beside:
            with each.raw() as view:
                connection.send_bytes(view)


def packed(*arguments: object) -> Parcel:
    """Pack the arguments of a call; large chunks among them are not copied.

    >>> parcel = packed(StoredChunk(bytes(100_000)), "a word")
    >>> len(parcel.letter) < 500, [each.raw().nbytes for each in parcel.beside]
    (True, [100000])
    """
    letter = io.BytesIO()
    beside: list[pickle.PickleBuffer] = []
    _Pickler(letter, protocol=5, buffer_callback=beside.append).dump(arguments)
    return Parcel(letter.getvalue(), beside)


def unpacked(letter: bytes, beside: Sequence[bytes]) -> tuple[Any, ...]:
    """The arguments again. `beside` has what `send` sent, in its order."""
    arguments: tuple[Any, ...] = pickle.loads(letter, buffers=beside)  # noqa: S301 - it comes from our own parent
    return arguments


class _Pickler(pickle.Pickler):
    def reducer_override(self, obj: object) -> Any:
        if type(obj) is StoredChunk and len(obj.data) >= _LARGE_BYTES:
            return StoredChunk, (pickle.PickleBuffer(obj.data), obj.ids, obj.take)
        return NotImplemented
