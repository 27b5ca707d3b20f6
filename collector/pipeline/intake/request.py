"""One request on its way to the buffer: told once, when all of its rows are durable, or when some cannot be."""

from collections.abc import Sequence
from functools import lru_cache

from collector.errors import CollectorError, Unavailable
from collector.model import Receipt, RowError
from collector.ports import Told


class Request:
    """State: what became of its rows so far, and in how many places others still wait for their write."""

    __slots__ = (
        "_accepted",
        "_duplicates",
        "_errors",
        "_failure",
        "_late",
        "_rejected",
        "_told",
        "_waiting",
        "key",
        "trace",
    )

    def __init__(self, told: Told, key: str | None = None, trace: str | None = None) -> None:
        """`key` makes a resend harmless; `trace` names its span."""
        self.key = key
        self.trace = trace
        self._told = told
        self._waiting = self._accepted = self._duplicates = self._late = self._rejected = 0
        self._errors: Sequence[RowError] = ()
        self._failure: Exception | None = None

    def judged(self, *, places: int, rejected: int, errors: Sequence[RowError]) -> None:
        """Its good rows go to so many places; without any, it is told at once."""
        self._waiting = places
        self._rejected = rejected
        self._errors = errors or ()
        if not places:
            self._tell()

    def stored(self, *, accepted: int = 0, duplicates: int = 0, late: int = 0) -> None:
        """The rows of one place are durable."""
        self._accepted += accepted
        self._duplicates += duplicates
        self._late += late
        self._waiting -= 1
        if not self._waiting:
            self._tell()

    def failed(self, error: Exception) -> None:
        """The rows of one place could not be stored: the sender is to repeat the request."""
        known = isinstance(error, CollectorError)
        self._failure = error if known else Unavailable(f"the rows could not be stored: {type(error).__name__}")
        self._waiting -= 1
        if not self._waiting:
            self._tell()

    def refused(self, error: Exception) -> None:
        """None of its rows were looked at."""
        self._told(error)

    def _tell(self) -> None:
        if self._failure is not None:
            self._told(self._failure)
        elif self._rejected or self._duplicates or self._late:
            self._told(Receipt(self._accepted, self._rejected, self._duplicates, self._late, self._errors))
        else:
            self._told(_all_accepted(self._accepted))


_all_accepted = lru_cache(maxsize=1024)(Receipt)
"""The usual receipt: there is one for each number of rows."""
