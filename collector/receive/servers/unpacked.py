"""The body of a request, unpacked, whether its headers say that it is packed or not."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from aiohttp import hdrs, web

from collector.receive.compression import decompress
from collector.receive.door import DOOR, Door, read

T = TypeVar("T")

ON_THE_LOOP_BYTES = 64 * 1024
"""A larger body is parsed in a thread: it would hold up the other requests for milliseconds."""
_GZIP = b"\x1f\x8b"


async def unpacked(request: web.Request) -> bytes:
    """The whole body, decompressed. Raises TooLarge, UnknownEncoding, Malformed.

    Brokers between a model server and us may take the Content-Encoding away and leave the body packed: gzip is known by
    its first bytes, with which no JSON begins.
    """
    body = await read(request)
    encoding = request.headers.get(hdrs.CONTENT_ENCODING) or ("gzip" if body.startswith(_GZIP) else None)
    if encoding is None:
        return body
    door = request.app[DOOR]
    limit = door.settings.max_body_bytes
    return await aside(door, len(body) * 32, lambda: decompress(body, encoding, limit=limit))


async def aside(door: Door, size: int, work: Callable[[], T]) -> T:
    """Do what takes long in a thread, a few at a time; what is small, at once."""
    if size <= ON_THE_LOOP_BYTES:
        return work()
    async with door.large:
        return await asyncio.to_thread(work)
