"""Errors as answers (RFC 9457): a stable type, a sentence a person understands, the place of the fault.

`PROBLEMS` is the whole list; nothing answers with a type that is not in it. No HTTP library here.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from collector.errors import (
    Backpressure,
    CollectorError,
    Invalid,
    TooLarge,
    Unavailable,
    UnknownEncoding,
    UnknownMonitor,
)
from collector.model import RowError


class Malformed(Invalid):
    """The body is not what its content type says. `place` holds line and column where they are known."""


class BadParameter(Invalid):
    """A query parameter or header that cannot be understood. `place["parameter"]` names it."""


class NotFound(Invalid):
    """There is nothing under this id."""


class NoValidRows(Invalid):
    """Every row of the request was rejected."""

    def __init__(self, message: str, *, rejected: int, errors: Sequence[RowError]) -> None:
        super().__init__(message)
        self.rejected = rejected
        self.errors = errors


class Unauthorized(Invalid):
    """No key, or one that is not known."""


class Forbidden(Invalid):
    """The key is known, but it does not open this."""


class Limited(CollectorError):
    """A limit of the door was reached. `reason` is its label in the telemetry; the limit itself stands in `place`."""

    reason: str


class TooSlow(Limited, Invalid):
    """The head or the body of a request takes too long to come in."""

    reason = "slow"


class HeadTooLarge(Limited, TooLarge):
    """More headers, or longer ones, than a request may have."""

    reason = "head"


class TooFast(Limited, Backpressure):
    """The key sends more than it may. Nothing was read."""

    def __init__(self, message: str, *, reason: str, limit: float | None, retry_after_seconds: float) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds)
        self.reason = reason
        self.place = {"limit": limit}


class Overloaded(Limited, Unavailable):
    """As many requests or connections as there may be at once. Nothing was read."""

    def __init__(self, message: str, *, reason: str, limit: int) -> None:
        super().__init__(message, retry_after_seconds=1.0)
        self.reason = reason
        self.place = {"limit": limit}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: what a client may switch on."""

    name: str
    status: int
    title: str

    @property
    def type(self) -> str:
        return f"/problems/{self.name}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One answer: its kind, the sentence, the place, and the headers that go with it."""

    kind: Kind
    detail: str
    place: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        head = {"type": self.kind.type, "title": self.kind.title, "status": self.kind.status, "detail": self.detail}
        return head | {name: value for name, value in self.place.items() if value is not None and name not in head}


PROBLEMS = (
    Kind("malformed", 400, "The body cannot be parsed"),
    Kind("bad-parameter", 400, "A parameter cannot be understood"),
    Kind("unauthorized", 401, "A key is needed"),
    Kind("forbidden", 403, "The key does not open this"),
    Kind("not-found", 404, "There is nothing here"),
    Kind("unknown-monitor", 404, "No such monitor"),
    Kind("method-not-allowed", 405, "The address does not take this method"),
    Kind("too-slow", 408, "The request came in too slowly"),
    Kind("too-large", 413, "Too large"),
    Kind("unknown-encoding", 415, "The encoding of the body is not known"),
    Kind("invalid", 422, "The content is wrong"),
    Kind("no-valid-rows", 422, "Every row was rejected"),
    Kind("backpressure", 429, "Full for now"),
    Kind("rate-limited", 429, "Too much for this key"),
    Kind("head-too-large", 431, "Too many headers, or too long ones"),
    Kind("request-refused", 400, "The request was refused"),
    Kind("internal", 500, "A fault of this service"),
    Kind("overloaded", 503, "Too much at once"),
    Kind("unavailable", 503, "The buffer does not answer"),
)

_BY_NAME = {kind.name: kind for kind in PROBLEMS}

# The first class that fits decides: subclasses stand before their base.
_BY_ERROR: tuple[tuple[type[Exception], str], ...] = (
    (Malformed, "malformed"),
    (BadParameter, "bad-parameter"),
    (Unauthorized, "unauthorized"),
    (Forbidden, "forbidden"),
    (NotFound, "not-found"),
    (UnknownMonitor, "unknown-monitor"),
    (TooSlow, "too-slow"),
    (HeadTooLarge, "head-too-large"),
    (TooLarge, "too-large"),
    (UnknownEncoding, "unknown-encoding"),
    (NoValidRows, "no-valid-rows"),
    (Invalid, "invalid"),
    (TooFast, "rate-limited"),
    (Backpressure, "backpressure"),
    (Overloaded, "overloaded"),
    (Unavailable, "unavailable"),
)


def kind(name: str) -> Kind:
    return _BY_NAME[name]


def of_error(error: Exception) -> Problem | None:
    """The answer to an error that was raised on purpose; None for any other: that is a fault of ours."""
    for cls, name in _BY_ERROR:
        if isinstance(error, cls):
            return Problem(_BY_NAME[name], str(error), _place(error), _headers(error))
    return None


def internal() -> Problem:
    """The answer to a fault of ours: says nothing of the inside, which stands in the log."""
    return Problem(_BY_NAME["internal"], "Something went wrong here; it is not your request. It has been logged.")


def row_errors(errors: Sequence[RowError]) -> list[dict[str, object]]:
    return [{"row": each.row, "column": each.column, "reason": each.reason} for each in errors]


def _place(error: Exception) -> Mapping[str, object]:
    if isinstance(error, NoValidRows):
        return {"accepted": 0, "rejected": error.rejected, "errors": row_errors(error.errors)}
    return error.place if isinstance(error, Invalid | TooFast | Overloaded) else {}


def _headers(error: Exception) -> Mapping[str, str]:
    if isinstance(error, Backpressure | Unavailable):
        return {"Retry-After": str(max(1, math.ceil(error.retry_after_seconds)))}
    if isinstance(error, Unauthorized):
        return {"WWW-Authenticate": 'Bearer realm="collector"'}
    return {}
