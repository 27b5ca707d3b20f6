"""One HTTP request over a connection that is kept. Says what came back, or that nothing did; never repeats."""

import contextlib
import gzip
import http.client
import os
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlsplit

from collector_sdk.version import __version__

_COMPRESS_FROM_BYTES = 1024
"""A smaller body does not get smaller by more than its headers."""
_MAX_ANSWER_BYTES = 1024 * 1024


class Unreachable(Exception):
    """No answer: refused, reset, timed out, not HTTP. Whether the request had its effect is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    retry_after: str | None = None


class Transport:
    """A keep-alive connection to one monitor of one service. Used by one thread at a time."""

    def __init__(
        self,
        url: str,
        *,
        monitor: str,
        api_key: str | None,
        timeout_seconds: float,
        compress: bool,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no address of a collector: expected http://host:port or https://host:port")
        try:
            parts.hostname.encode("idna")
        except UnicodeError as error:
            raise ValueError(f"{url!r} is no address of a collector: {parts.hostname!r} is no host name") from error
        self._host, self._port, self._secure = parts.hostname, parts.port, parts.scheme == "https"
        self._path = f"{parts.path.rstrip('/')}/v1/monitors/{quote(monitor, safe='')}"
        self._headers = {"Accept": "application/json", "User-Agent": f"inference-collector-sdk/{__version__}"}
        if api_key is not None:
            self._headers["Authorization"] = f"Bearer {_key(api_key)}"
        self._timeout_seconds = timeout_seconds
        self._compress = compress
        self._ssl_context = ssl_context
        self._connection: http.client.HTTPConnection | None = None

    def monitor(self, *, within_seconds: float | None = None) -> Answer:
        """What the service knows of the monitor. Raises Unreachable."""
        return self._exchange("GET", self._path, None, {}, within_seconds)

    def post(self, what: str, body: bytes, *, key: str, within_seconds: float | None = None) -> Answer:
        """Send rows (`inferences`) or `labels`, under a key that makes a repeat harmless. Raises Unreachable."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        if self._compress and len(body) >= _COMPRESS_FROM_BYTES:
            body = gzip.compress(body, compresslevel=1, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return self._exchange("POST", f"{self._path}/{what}", body, headers, within_seconds)

    def close(self) -> None:
        """Let the connection go."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def after_fork(self) -> None:
        """In the child: close its copy of the socket; the parent's goes on.

        Nothing else of the connection is touched: a reader of the parent may hold its lock, and is not there to let go.
        """
        connection, self._connection = self._connection, None
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):  # a daemon closes all that it inherits
                os.close(connection.sock.detach())

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], within_seconds: float | None
    ) -> Answer:
        limit = self._timeout_seconds if within_seconds is None else min(self._timeout_seconds, within_seconds)
        reused = self._connection is not None
        try:
            return self._once(method, path, body, headers, limit)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if not (reused and isinstance(error, ConnectionError)):  # includes RemoteDisconnected
                raise Unreachable(_sentence(error)) from error
        try:  # the server had closed the idle connection, which is no fault: again at once, on a new one
            return self._once(method, path, body, headers, limit)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unreachable(_sentence(error)) from error

    def _once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout_seconds: float
    ) -> Answer:
        connection = self._connection or self._connect()
        self._connection = connection
        connection.timeout = timeout_seconds
        until = time.monotonic() + timeout_seconds
        if connection.sock is not None:
            connection.sock.settimeout(timeout_seconds)
        connection.request(method, path, body=body, headers={**self._headers, **headers})
        sock = connection.sock
        response = connection.getresponse()
        content = _read(response, sock, until)
        if response.will_close or not response.isclosed():
            self.close()
        return Answer(response.status, content, response.getheader("Retry-After"))

    def _connect(self) -> http.client.HTTPConnection:
        if not self._secure:
            return http.client.HTTPConnection(self._host, self._port)
        return http.client.HTTPSConnection(
            self._host, self._port, context=self._ssl_context or ssl.create_default_context()
        )


def _read(response: http.client.HTTPResponse, sock: socket.socket, until: float) -> bytes:
    """The answer, or its first part; bytes that drip in do not prolong the time. Raises TimeoutError."""
    parts: list[bytes] = []
    room = _MAX_ANSWER_BYTES
    while room > 0:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer came too slowly")
        sock.settimeout(left)
        part = response.read1(room)
        if not part:
            break
        parts.append(part)
        room -= len(part)
    if response.length == 0:
        response.close()  # what `read` does at the end, and `read1` does not: the connection may be used again
    return b"".join(parts)


def _key(api_key: str) -> str:
    """Without the line end of the file that it was read from. Never shown, whatever is wrong with it."""
    key = api_key.strip()
    if not (key.isascii() and key.isprintable()):
        raise ValueError("api_key holds a character that no header takes: expected visible ASCII characters")
    return key


def _sentence(error: Exception) -> str:
    return f"no answer: {type(error).__name__}: {error}" if str(error) else f"no answer: {type(error).__name__}"


def retry_after_seconds(header: str | None, *, now: float) -> float | None:
    """Seconds to wait that a `Retry-After` asks for, as a number or as a date; None when it asks for nothing.

    >>> retry_after_seconds("3", now=0.0), retry_after_seconds("Thu, 01 Jan 1970 00:00:09 GMT", now=2.0)
    (3.0, 7.0)
    """
    if header is None:
        return None
    with contextlib.suppress(ValueError):
        seconds = float(header)
        return max(seconds, 0.0) if seconds == seconds else None  # noqa: PLR0124 - "nan" is a float, but no wait
    with contextlib.suppress(ValueError, TypeError):
        return max(parsedate_to_datetime(header).timestamp() - now, 0.0)
    return None
