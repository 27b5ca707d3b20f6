"""One file per encoding; `DECODERS` is the list. To add one: a module with `decode`, a line here, a page in docs."""

from collections.abc import Mapping
from typing import Protocol

from collector.errors import UnknownEncoding
from collector.receive.decoders import arrow, csv, json_rows, ndjson
from collector.receive.decoders.table import AsText, Decoded, Limits


class Decoder(Protocol):
    """Bytes to columns. Raises Malformed, Invalid or TooLarge, and nothing else whatever the bytes are."""

    def __call__(self, body: bytes, limits: Limits, as_text: AsText = ()) -> Decoded: ...


DECODERS: Mapping[str, Decoder] = {
    "application/json": json_rows.decode,
    "application/x-ndjson": ndjson.decode,
    "application/jsonl": ndjson.decode,
    "application/vnd.apache.arrow.stream": arrow.decode,
    "text/csv": csv.decode,
}


def find(content_type: str) -> Decoder:
    """The decoder of a content type, parameters aside. Nothing, and what clients send by default, count as JSON.

    Raises UnknownEncoding with the known ones.
    """
    decoder = DECODERS.get(content_type)
    if decoder is not None:
        return decoder
    media = content_type.partition(";")[0].strip().lower()
    decoder = DECODERS.get("application/json" if media in _UNSAID else media)
    if decoder is None:
        raise UnknownEncoding(f"content type {media!r} is not known; known: {', '.join(DECODERS)}")
    return decoder


_UNSAID = {"", "application/octet-stream", "application/x-www-form-urlencoded", "text/json"}
"""`curl -d` says it sends a form, aiohttp's `data=bytes` says octets: neither is a statement about the body."""
