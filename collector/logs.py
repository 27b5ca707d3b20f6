"""What the service says of itself in lines: text for people, or JSON for machines, and what each line is about.

Secrets that stand in addresses are blotted out in both. An outage that lasts is no flood of lines: what one line of the code says
of one monitor is said `BURST` times, then once every `PAUSE_SECONDS`, with how many like it were left out.
"""

import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Format = Literal["text", "json"]

BURST = 20
PAUSE_SECONDS = 10.0
_MOST_PLACES = 1_000

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
    handler.addFilter(Repeats(time.monotonic))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # That a job is still running when its time comes again is no news: it is started once it has ended.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


@dataclass(slots=True)
class _Said:
    """How often it may still be said, as of when, and how often it was left out since it was said."""

    left: float
    at: float
    left_out: int = 0


class Repeats(logging.Filter):
    """Lets through what was not said too often. What is said for debugging always passes.

    State: what was said lately, by the line of the code that says it and the monitor that it is about: so one monitor's
    troubles hide no other's. Handlers ask from several threads.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        super().__init__()
        self._seconds = seconds
        self._said: dict[object, _Said] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.INFO:
            return True
        with self._lock:
            now = self._seconds()
            said = self._of((record.pathname, record.lineno, _about.get().get("monitor")), now)
            said.left = min(said.left + (now - said.at) / PAUSE_SECONDS, BURST)
            said.at = now
            if said.left < 1:
                said.left_out += 1
                return False
            said.left -= 1
            if said.left_out:
                record.msg, record.args = "%s (%d like it were left out)", (record.getMessage(), said.left_out)
                said.left_out = 0
        return True

    def _of(self, place: object, now: float) -> _Said:
        if place not in self._said and len(self._said) >= _MOST_PLACES:  # those that rested may be said as ever
            rested = now - BURST * PAUSE_SECONDS
            self._said = {each: said for each, said in self._said.items() if said.at > rested}
        return self._said.setdefault(place, _Said(BURST, now))


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
