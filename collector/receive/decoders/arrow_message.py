"""How large an Arrow stream becomes, read from its messages before any of it is decompressed.

A stream may compress its buffers one by one. Each compressed buffer begins with its length afterwards (8 bytes, -1 when
it is stored as it is), so the sum is known without unpacking anything. The metadata of a message is a flatbuffer, of
which four fields are needed; reading those by hand is what the library gives no other way to.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_CONTINUATION = 0xFFFFFFFF
_I32, _U16, _I64, _U32 = struct.Struct("<i"), struct.Struct("<H"), struct.Struct("<q"), struct.Struct("<I")


class NotArrow(ValueError):
    """The bytes are not the messages of a stream."""


def unpacked_bytes(body: memoryview) -> int:
    """The bytes of all buffers after decompression, as the stream states them. Raises NotArrow.

    A stream that lies about a buffer is found out when it is read: the library allocates what is stated here.
    """
    try:
        return sum(_batch_bytes(metadata, data) for metadata, data in _messages(body))
    except (struct.error, IndexError) as error:
        raise NotArrow("a message is cut off") from error


def _messages(body: memoryview) -> Iterator[tuple["_Table", memoryview]]:
    at = 0
    while at < len(body):
        (length,) = _U32.unpack_from(body, at)
        at += 4
        if length == _CONTINUATION:
            (length,) = _U32.unpack_from(body, at)
            at += 4
        if length == 0:
            return
        message = _Table.root(body[at : at + length])
        at += length
        (size,) = _I64.unpack_from(message.data, message.field(3)) if message.field(3) else (0,)
        if size < 0 or at + size > len(body):
            raise NotArrow("a message is cut off")
        yield message, body[at : at + size]
        at += size


def _batch_bytes(message: "_Table", data: memoryview) -> int:
    kind = message.data[message.field(1)] if message.field(1) else 0
    if kind not in (_DICTIONARY_BATCH, _RECORD_BATCH):
        return 0
    batch = message.table(2)
    if kind == _DICTIONARY_BATCH:
        batch = batch.table(1)
    if not batch.field(3):  # no compression: the buffers are what they are
        return len(data)
    total = 0
    for offset, length in batch.buffers(2):
        if length >= _I64.size:
            (size,) = _I64.unpack_from(data, offset)
            total += length if size < 0 else size
    return total


@dataclass(frozen=True, slots=True)
class _Table:
    """A flatbuffer's table: `field` finds where a field lies, 0 when it is absent."""

    data: memoryview
    at: int

    @staticmethod
    def root(data: memoryview) -> "_Table":
        return _Table(data, _U32.unpack_from(data, 0)[0])

    def field(self, number: int) -> int:
        table = self.at - _I32.unpack_from(self.data, self.at)[0]
        if table < 0:
            raise NotArrow("the metadata points outside of itself")
        if 4 + 2 * number >= _U16.unpack_from(self.data, table)[0]:
            return 0
        relative: int = _U16.unpack_from(self.data, table + 4 + 2 * number)[0]
        return self.at + relative if relative else 0

    def table(self, number: int) -> "_Table":
        where = self._pointed(number)
        return _Table(self.data, where)

    def buffers(self, number: int) -> list[tuple[int, int]]:
        where = self._pointed(number)
        (count,) = _U32.unpack_from(self.data, where)
        if count * 16 > len(self.data):
            raise NotArrow("the metadata points outside of itself")
        pairs = [(where + 4 + 16 * index, where + 12 + 16 * index) for index in range(count)]
        return [(_I64.unpack_from(self.data, a)[0], _I64.unpack_from(self.data, b)[0]) for a, b in pairs]

    def _pointed(self, number: int) -> int:
        where = self.field(number)
        if not where:
            raise NotArrow("a message lacks a field")
        pointed: int = where + _U32.unpack_from(self.data, where)[0]
        return pointed
