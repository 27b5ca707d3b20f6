"""What a request's head may be: checked once it is whole, and while it comes in."""

from collections.abc import Sequence

from collector.receive.problems import HeadTooLarge, TooSlow
from collector.settings import Settings

_LINE_BYTES = 3
"""A header's colon and line end: a head is never larger than the bytes that it came in."""


def check_head(address: str, headers: Sequence[tuple[bytes, bytes]], settings: Settings) -> None:
    """Raises HeadTooLarge."""
    if len(headers) > settings.max_headers:
        raise HeadTooLarge(
            f"the request has {len(headers)} headers: at most {settings.max_headers} are taken",
            limit=settings.max_headers,
        )
    if head_bytes(address, headers) > settings.max_head_bytes:
        raise head_too_large(settings)


def head_bytes(address: str | bytes, headers: Sequence[tuple[bytes, bytes]]) -> int:
    """How large a head is: its address, and each header with its line end."""
    return len(address) + sum([len(name) + len(value) + _LINE_BYTES for name, value in headers])


def head_too_large(settings: Settings) -> HeadTooLarge:
    limit = settings.max_head_bytes
    return HeadTooLarge(f"the request's headers and address have more than {limit} bytes together", limit=limit)


def too_slow(part: str, settings: Settings) -> TooSlow:
    """`part` is head or body."""
    limit = settings.body_timeout_seconds
    return TooSlow(f"the request's {part} did not arrive within {limit:g} seconds", limit=limit)
