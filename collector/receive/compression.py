"""Content-Encoding undone with a cap: a small body that grows large is refused while it grows, not afterwards."""

import zlib
from collections.abc import Callable, Iterator, Mapping

import zstandard

from collector.errors import TooLarge, UnknownEncoding
from collector.receive.problems import Malformed

_MOST_ENCODINGS = 2
_PIECE_BYTES = 4096
"""Of a body that may hold many members; a few copies of so little cost nothing."""
_ZSTD_WINDOW_BYTES = 1 << 27
"""What the strongest standard level of zstd uses; a frame that asks for more memory is refused."""


def decompress(body: bytes, content_encoding: str, *, limit: int) -> bytes:
    """Undo the encodings, the last one first. Raises UnknownEncoding, Malformed (broken, cut off), TooLarge."""
    names = [name.strip().lower() for name in content_encoding.split(",")]
    if len(names) > _MOST_ENCODINGS:
        raise UnknownEncoding(f"{len(names)} content encodings: at most {_MOST_ENCODINGS} are undone")
    for name in reversed(names):
        undo = ENCODINGS.get(name)
        if undo is None:
            raise UnknownEncoding(f"content encoding {name!r} is not known; known: {', '.join(ENCODINGS)}")
        body = undo(body, limit)
    return body


def _identity(body: bytes, limit: int) -> bytes:  # noqa: ARG001 - it was checked when it was read
    return body


def _gzip(body: bytes, limit: int) -> bytes:
    """A gzip file may have several members, one after another, and zeros behind them."""
    whole = bytearray()
    decoder = zlib.decompressobj(wbits=31)
    for rest in _pieces(body):
        while rest:
            if decoder.eof:
                rest = rest.lstrip(b"\0")  # noqa: PLW2901 - what is left of the piece
                if not rest:
                    break
                decoder = zlib.decompressobj(wbits=31)
            whole += _inflated(decoder, rest, "gzip", limit, taken=len(whole))
            rest = decoder.unused_data  # noqa: PLW2901
    if not decoder.eof:
        raise _cut_off("gzip")
    return bytes(whole)


def _pieces(body: bytes) -> Iterator[bytes]:
    """A decoder copies what follows the member that it ends with: of a small piece, however many members there are."""
    return (body[at : at + _PIECE_BYTES] for at in range(0, len(body), _PIECE_BYTES))


def _deflate(body: bytes, limit: int) -> bytes:
    """With the zlib header that the standard asks for, or without it, as many clients send it."""
    raw = len(body) < 2 or body[0] & 0x0F != 8 or int.from_bytes(body[:2], "big") % 31 != 0
    decoder = zlib.decompressobj(wbits=-15 if raw else 15)
    data = _inflated(decoder, body, "deflate", limit)
    if not decoder.eof:
        raise _cut_off("deflate")
    return data


def _inflated(decoder: "zlib._Decompress", body: bytes, name: str, limit: int, *, taken: int = 0) -> bytes:
    try:
        data = decoder.decompress(body, limit - taken + 1)
    except zlib.error as error:
        raise Malformed(f"the body is not {name}: {error}") from error
    if taken + len(data) > limit:
        raise _too_large(limit)
    return data


def _zstd(body: bytes, limit: int) -> bytes:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    try:
        # The first pass only counts, in constant memory: a frame need not say how large it becomes.
        size = 0
        with decompressor.stream_reader(body, read_across_frames=True) as reader:
            while piece := reader.read(1 << 16):
                size += len(piece)
                if size > limit:
                    raise _too_large(limit)
        whole = bytearray()
        decoder = decompressor.decompressobj()
        for rest in _pieces(body):
            while rest:
                if decoder.eof:
                    decoder = decompressor.decompressobj()
                whole += decoder.decompress(rest)
                rest = decoder.unused_data  # noqa: PLW2901 - what is left of the piece
    except zstandard.ZstdError as error:
        raise Malformed(f"the body is not zstd: {error}") from error
    if not decoder.eof:
        raise _cut_off("zstd")
    return bytes(whole)


def _cut_off(name: str) -> Malformed:
    return Malformed(f"the body is not whole: its {name} data ends early")


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is larger than {limit} bytes after decompression", limit=limit)


ENCODINGS: Mapping[str, Callable[[bytes, int], bytes]] = {
    "identity": _identity,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "zstd": _zstd,
}
