"""A running service, asked over HTTP. Only the standard library: these commands start at once."""

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from collector.errors import Backpressure, CollectorError, Invalid, TooLarge, Unavailable

TIMEOUT_SECONDS = 30
_RETRY_AFTER_SECONDS = 5.0
"""When an answer says to repeat, but not when."""


@dataclass(frozen=True, slots=True)
class Service:
    """The service at `url`. Every call raises Unavailable when nobody answers, Backpressure when it
    is full, Invalid (TooLarge) when the answer is no.
    """

    url: str
    api_key: str | None = None

    def get(self, path: str, query: Mapping[str, str | int | None] | None = None) -> Any:
        """The JSON document at a path."""
        return self._call("GET", path, query=query)

    def post(self, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Any:
        return self._call("POST", path, body=body, headers=headers)

    def delete(self, path: str) -> Any:
        return self._call("DELETE", path)

    def pages(self, path: str, key: str, *, limit: int, query: Mapping[str, str | None]) -> Iterator[Mapping[str, Any]]:
        """Up to `limit` entries of a list that is answered page by page."""
        after: str | None = None
        left = limit
        while left > 0:
            page = self.get(path, {**query, "after": after, "limit": min(left, 100)})
            yield from page[key][:left]
            left -= len(page[key])
            after = page.get("next")
            if after is None:
                return

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int | None] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        given = {key: value for key, value in (query or {}).items() if value is not None}
        address = self.url.rstrip("/") + path + (f"?{urllib.parse.urlencode(given)}" if given else "")
        sent = {"Accept": "application/json", **(headers or {})}
        if self.api_key:
            sent["Authorization"] = f"Bearer {_key(self.api_key)}"
        try:
            request = urllib.request.Request(address, data=body, headers=sent, method=method)  # noqa: S310 - see below
            if request.type not in ("http", "https"):
                raise Invalid(f"{self.url!r} is not the address of a service: expected http://HOST:PORT")
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - http(s), checked
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise _refusal(error) from error
        except (ValueError, http.client.InvalidURL) as error:
            raise Invalid(f"{self.url!r} is not the address of a service: expected http://HOST:PORT") from error
        except (http.client.HTTPException, OSError) as error:
            torn = isinstance(error, http.client.HTTPException)  # cut off in the middle, or no HTTP at all
            reason = f"no whole answer ({type(error).__name__})" if torn else getattr(error, "reason", error)
            raise Unavailable(
                f"no collector answers at {self.url}: {reason}. Is it running? --url or COLLECTOR_URL says where."
            ) from error
        try:
            return json.loads(text) if text else None
        except ValueError as error:
            raise Invalid(f"{address} answered, but not with JSON: is this a collector?") from error


def _key(api_key: str) -> str:
    """Without the line end of the file that it was read from. Never shown, whatever is wrong with it."""
    key = api_key.strip()
    if not (key.isascii() and key.isprintable()):
        raise Invalid("the key of --api-key or COLLECTOR_API_KEY holds a character that no header takes")
    return key


def quoted(name: str) -> str:
    """A name as one step of a path."""
    return urllib.parse.quote(name, safe="")


def _refusal(error: urllib.error.HTTPError) -> CollectorError:
    """The problem document as the error that it stands for; `place` holds the document."""
    body = error.read()
    try:
        problem = dict(json.loads(body))
    except (ValueError, TypeError):
        problem = {"detail": body.decode(errors="replace")[:200]}
    hint = " Give a key with --api-key or COLLECTOR_API_KEY." if error.code in (401, 403) else ""
    sentence = problem.get("detail") or problem.get("title") or error.reason
    message = f"the collector answered {error.code}: {sentence}{hint}"
    if error.code in (429, 503):
        kind = Backpressure if error.code == 429 else Unavailable
        return kind(message, retry_after_seconds=_retry_after(error))
    return (TooLarge if error.code == 413 else Invalid)(message, **problem)


def _retry_after(error: urllib.error.HTTPError) -> float:
    given = error.headers.get("Retry-After", "")
    return float(given) if given.isdecimal() else _RETRY_AFTER_SECONDS
