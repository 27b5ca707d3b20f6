"""One file per encoding; `DECODERS` is the list. To add one: a module with `decode`, a line here, a page in docs."""

from collections.abc import Mapping
from functools import partial
from typing import Protocol

from collector.errors import UnknownEncoding
from collector.receive.decoders import arrow, csv, json_rows, ndjson
from collector.receive.decoders.table import AsText, Decoded, Limits


class Decoder(Protocol):
    """Bytes to columns. Raises Malformed, Invalid or TooLarge, and nothing else whatever the bytes are."""

    def __call__(self, body: bytes, limits: Limits, as_text: AsText = ()) -> Decoded: ...


DECODERS: Mapping[str, Decoder] = {
    "application/json": json_rows.decode,
    **dict.fromkeys(ndjson.MEDIA, ndjson.decode),
    "application/vnd.apache.arrow.stream": arrow.decode,
    "text/csv": csv.decode,
}


def find(content_type: str) -> Decoder:
    """The decoder of a content type. Nothing, and what clients send by default, count as JSON. Of its parameters only the
    charset of CSV has a meaning: the others are UTF-8 by definition.

    Raises UnknownEncoding with the known ones.
    """
    decoder = DECODERS.get(content_type)
    if decoder is not None:
        return decoder
    media, _, parameters = content_type.lower().partition(";")
    media = media.strip()
    decoder = DECODERS.get("application/json" if media in _UNSAID else media)
    if decoder is None:
        raise UnknownEncoding(f"content type {media!r} is not known; known: {', '.join(DECODERS)}")
    return decoder if decoder is not csv.decode else _in_charset(_charset(parameters))


def _in_charset(charset: str) -> Decoder:
    if charset not in csv.CODECS:
        raise UnknownEncoding(f"charset {charset[:40]!r} is not known; known: {', '.join(csv.CODECS)}")
    return partial(csv.decode, charset=charset)


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            return value.strip().strip('"')
    return "utf-8"


_UNSAID = {"", "application/octet-stream", "application/x-www-form-urlencoded", "text/json"}
"""`curl -d` says it sends a form, aiohttp's `data=bytes` says octets: neither is a statement about the body."""
