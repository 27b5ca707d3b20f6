"""Rows, queues and snapshots wait here, safely. One contract (`ports.Buffer`), two adapters, chosen by URL."""

from pathlib import Path
from urllib.parse import unquote

from collector.buffer.policy import Limits
from collector.clock import Clock
from collector.errors import Invalid
from collector.ports import Buffer

__all__ = ["Limits", "open_buffer"]

_REDIS = tuple(f"{scheme}{kind}" for scheme in ("redis", "rediss") for kind in ("", "+sentinel", "+cluster"))


def open_buffer(url: str, *, clock: Clock, limits: Limits, sqlite_synchronous: str = "FULL") -> Buffer:
    """The adapter for a URL: `sqlite://PATH` or one of Redis (docs/buffer.md). Await its `open()` before use.

    A path after `sqlite://` is taken as it stands: relative ones belong to the working directory. Raises Invalid.

    >>> from collector.clock import ManualClock
    >>> open_buffer("sqlite://./buffer.db", clock=ManualClock(), limits=Limits(10, 1000)).durability()
    'sqlite'
    """
    scheme, separator, rest = url.partition("://")
    if scheme == "sqlite" and separator:
        from collector.buffer.sqlite import SqliteBuffer  # noqa: PLC0415 - each adapter costs its users only

        path = Path(unquote(rest.partition("?")[0])).expanduser()
        if not path.name:
            raise Invalid(
                "the buffer URL sqlite:// names no file: expected sqlite://PATH", variable="COLLECTOR_BUFFER_URL"
            )
        return SqliteBuffer(path, clock=clock, limits=limits, synchronous=sqlite_synchronous)
    if scheme in _REDIS and separator:
        from collector.buffer.redis import RedisBuffer  # noqa: PLC0415

        return RedisBuffer(url, clock=clock, limits=limits)
    raise Invalid(
        f"the buffer URL begins with {scheme!r}: expected sqlite://PATH, redis://HOST:PORT/DB, "
        "redis+sentinel://HOST:PORT/SERVICE, redis+cluster://HOST:PORT,HOST:PORT or, with TLS, rediss...",
        variable="COLLECTOR_BUFFER_URL",
    )
