"""A running service, asked over HTTP. Only the standard library: these commands start at once."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from collector.errors import Invalid, Unavailable

TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Service:
    """The service at `url`. Every call raises Unavailable when nobody answers, Invalid when the answer is no."""

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
            sent["Authorization"] = f"Bearer {self.api_key}"
        try:
            request = urllib.request.Request(address, data=body, headers=sent, method=method)  # noqa: S310 - see below
            if request.type not in ("http", "https"):
                raise Invalid(f"{self.url!r} is not the address of a service: expected http://HOST:PORT")
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - http(s), checked
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise Invalid(_refusal(error)) from error
        except (ValueError, urllib.error.URLError, OSError) as error:
            if isinstance(error, ValueError):
                raise Invalid(f"{self.url!r} is not the address of a service: expected http://HOST:PORT") from error
            reason = getattr(error, "reason", error)
            raise Unavailable(
                f"no collector answers at {self.url}: {reason}. Is it running? --url or COLLECTOR_URL says where."
            ) from error
        try:
            return json.loads(text) if text else None
        except ValueError as error:
            raise Invalid(f"{address} answered, but not with JSON: is this a collector?") from error


def quoted(name: str) -> str:
    """A name as one step of a path."""
    return urllib.parse.quote(name, safe="")


def _refusal(error: urllib.error.HTTPError) -> str:
    """The sentence of a problem document, or what little there is. With the hint that a key may be missing."""
    body = error.read()
    try:
        problem = json.loads(body)
        sentence = problem.get("detail") or problem.get("title") or ""
    except (ValueError, AttributeError):
        sentence = body.decode(errors="replace")[:200]
    hint = " Give a key with --api-key or COLLECTOR_API_KEY." if error.code in (401, 403) else ""
    return f"the collector answered {error.code}: {sentence or error.reason}{hint}"
