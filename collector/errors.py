"""One error tree, named after what the caller should do.

CollectorError
├── Invalid             the input is wrong: fix it, do not repeat it
│   ├── UnknownMonitor      no monitor of that id
│   ├── TooLarge            over a limit
│   └── UnknownEncoding     a content type or encoding that we do not speak
├── Backpressure        full for now: wait `retry_after_seconds`, then repeat
├── Unavailable         a server we need does not answer: wait, then repeat
├── LeaseLost           somebody else holds the lease now: drop the work, it is not yours
├── Transient           may work later: repeat with backoff
└── Permanent           never will: set aside with the reason
"""

from collections.abc import Mapping


class CollectorError(Exception):
    """Root of every error that this service raises on purpose."""


class Invalid(CollectorError):
    """The input is wrong. `place` says where: a key, a line, a row, a column."""

    def __init__(self, message: str, **place: object) -> None:
        super().__init__(message)
        self.place: Mapping[str, object] = place


class UnknownMonitor(Invalid):
    """No monitor has this id. `place["nearest"]` holds the near miss, when there is one."""


class TooLarge(Invalid):
    """A body, a row or a column is over its limit."""


class UnknownEncoding(Invalid):
    """A content type or content encoding that no decoder takes."""


class Backpressure(CollectorError):
    """The buffer is full for now. Nothing was stored."""

    def __init__(self, message: str, *, retry_after_seconds: float = 5.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(CollectorError):
    """The buffer's store cannot be reached, or refuses to write. Nothing is known to be stored."""

    def __init__(self, message: str, *, retry_after_seconds: float = 2.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class LeaseLost(CollectorError):
    """The lease expired and was taken by another owner, or its item is gone."""


class Transient(CollectorError):
    """A destination or an evaluation failed in a way that may pass."""

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Permanent(CollectorError):
    """Repeating cannot help. The item is dead-lettered at once."""
