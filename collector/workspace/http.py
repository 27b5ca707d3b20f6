"""What an HTTP answer means for whoever sent the request: one table for everything that speaks HTTP outwards."""

import contextlib
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from collector.errors import Permanent, Transient

TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10)
_MAY_PASS = {408, 425, 429}
_NEVER_PASS = {501, 505}
"""Every other 5xx may: proxies and clouds have numbers of their own for a server that is away (520, 530)."""
_MAX_RETRY_AFTER_SECONDS = 3600.0


def sendable(body: bytes | None) -> io.BytesIO | None:
    """A body for one request, written in pieces: a large one shall not hold the event loop."""
    return None if body is None else io.BytesIO(body)


def judge(to: str, response: aiohttp.ClientResponse, answer: str) -> None:
    """Return when the answer is a success; raise what it means otherwise.

    Redirects are not followed: a POST that becomes a GET would be taken for a delivery.
    """
    if response.status < 300:
        return
    said = f"{to} answered {response.status} {response.reason or ''}".rstrip()
    if response.status < 400:
        raise Permanent(f"{said}: it redirects; configure the address that it redirects to")
    detail = f"{said}: {answer[:300]}" if answer else said
    if response.status in _MAY_PASS or (response.status >= 500 and response.status not in _NEVER_PASS):
        raise Transient(detail, retry_after_seconds=retry_after_seconds(response.headers.get("Retry-After")))
    raise Permanent(detail)


def retry_after_seconds(value: str | None, *, now: datetime | None = None) -> float | None:
    """A Retry-After header, in seconds or as a date; None when there is none that makes sense.

    >>> retry_after_seconds("7"), retry_after_seconds("soon"), retry_after_seconds(None)
    (7.0, None, None)
    """
    if value is None:
        return None
    seconds = None
    with contextlib.suppress(ValueError):
        seconds = float(value)
    if seconds is None:
        with contextlib.suppress(ValueError, TypeError):
            when = parsedate_to_datetime(value)
            when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
            seconds = max((when - (now or datetime.now(UTC))).total_seconds(), 0.0)
    # the comparison also refuses "nan"
    return min(seconds, _MAX_RETRY_AFTER_SECONDS) if seconds is not None and seconds >= 0 else None


@contextlib.asynccontextmanager
async def translated(to: str) -> AsyncIterator[None]:
    """Turn aiohttp's errors into ours. Addresses may hold secrets, so no message repeats one."""
    try:
        yield
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, aiohttp.InvalidUrlClientError) as error:
        raise Permanent(f"{to}: its url is not an address: expected http://host or https://host") from error
    except TimeoutError as error:
        raise Transient(f"{to} did not answer within {TIMEOUT.total:g} s") from error
    except aiohttp.ClientResponseError as error:  # in its own words it names the whole address
        raise Transient(f"{to} gave an answer that cannot be read: {error.message.strip().splitlines()[0]}") from error
    except (aiohttp.ClientError, OSError) as error:
        raise Transient(f"{to} cannot be reached: {error or type(error).__name__}") from error
