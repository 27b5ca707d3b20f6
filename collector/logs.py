"""What the service says of itself in lines: text for people, or JSON for machines, and what each line is about.

Secrets that stand in addresses are blotted out in both.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

Format = Literal["text", "json"]

_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_ADDRESS = re.compile(r"(\w+://)[^/\s]+@")
_about: ContextVar[Mapping[str, object]] = ContextVar("about", default={})  # noqa: B039 - never changed, only replaced


@contextmanager
def about(**what: object) -> Iterator[None]:
    """Every line from within says what it is about: the monitor, the window, the lease, the attempt."""
    token = _about.set({**_about.get(), **what})
    try:
        yield
    finally:
        _about.reset(token)


def configure(level: str, form: Format) -> None:
    """Log to stderr from here on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else Lines(_TEXT))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)


class Lines(logging.Formatter):
    """Text, as ever."""

    def format(self, record: logging.LogRecord) -> str:
        return veiled(super().format(record))


class JsonLines(logging.Formatter):
    """A JSON object a line: `at`, `level`, `logger`, `message`, what it is about, and `exception` with its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, tz=UTC).isoformat().replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_about.get(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return veiled(json.dumps(line, default=str))


def veiled(text: str) -> str:
    """Without user and password of addresses.

    >>> veiled("redis://:hunter2@redis:6379/0 cannot be reached")
    'redis://***@redis:6379/0 cannot be reached'
    """
    return _ADDRESS.sub(r"\1***@", text)
