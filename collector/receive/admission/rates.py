"""How fast one key may go: token buckets for its requests and its rows. Pure but for the clock that is passed in.

A bucket belongs to one process: with several, each lets a key go at its full rate.
"""

from collections.abc import Callable
from dataclasses import dataclass

from collector.receive.problems import TooFast


@dataclass(frozen=True, slots=True)
class Rate:
    """What a key was promised. None: no limit. `burst_seconds` is how long it may save up what it does not use."""

    requests_per_second: float | None = None
    rows_per_second: float | None = None
    burst_seconds: float = 1.0


class Bucket:
    """Tokens come back at a rate, up to so many. State: how many there were, and when.

    >>> bucket = Bucket(per_second=2, most=4, now=0.0)
    >>> bucket.take(5, now=0.0)
    >>> bucket.wait_seconds(now=0.5)
    0.5
    >>> bucket.wait_seconds(now=1.0)
    0.0
    """

    def __init__(self, *, per_second: float, most: float, now: float) -> None:
        self._per_second = per_second
        self._most = max(most, 1.0)
        self._level = self._most
        self._then = now

    def wait_seconds(self, now: float) -> float:
        """How long until there is one token; 0 when there is one."""
        return max(0.0, (1.0 - self._level_at(now)) / self._per_second)

    def take(self, tokens: float, now: float) -> None:
        """Take them, also when there are fewer: what is owed has to come back first."""
        self._level = self._level_at(now) - tokens
        self._then = now

    def _level_at(self, now: float) -> float:
        return min(self._most, self._level + (now - self._then) * self._per_second)


class Pace:
    """The buckets of one key. A request costs one token of the first, and one token of the second for each row.

    How many rows a request has is known when it was parsed. So it is let in while there is one token, and a request of
    many rows leaves a debt that later ones wait for: it is not refused for ever because it is large.
    """

    def __init__(self, name: str, rate: Rate, now: Callable[[], float]) -> None:
        """`name` is the key's, for the answer; `now` says seconds that never go back."""
        self.rate = rate
        self._name = name
        self._now = now
        self._requests = self._bucket(rate.requests_per_second)
        self._rows = self._bucket(rate.rows_per_second)

    def _bucket(self, per_second: float | None) -> Bucket | None:
        if per_second is None:
            return None
        return Bucket(per_second=per_second, most=per_second * self.rate.burst_seconds, now=self._now())

    def refusal(self) -> TooFast | None:
        """What to tell a request that comes now; None when it may be let in. Changes nothing."""
        now = self._now()
        for bucket, per_second, noun in (
            (self._requests, self.rate.requests_per_second, "requests"),
            (self._rows, self.rate.rows_per_second, "rows"),
        ):
            wait = bucket.wait_seconds(now) if bucket is not None else 0.0
            if wait > 0:
                return TooFast(
                    f"the key {self._name!r} may send {per_second:g} {noun} a second",
                    reason=f"{noun}_rate",
                    limit=per_second,
                    retry_after_seconds=wait,
                )
        return None

    def admit(self) -> None:
        """Let one request in. Raises TooFast; then it cost nothing."""
        refusal = self.refusal()
        if refusal is not None:
            raise refusal
        self.let_in()

    def let_in(self) -> None:
        if self._requests is not None:
            self._requests.take(1, self._now())

    def charge(self, rows: int) -> None:
        """The request that was let in has so many rows."""
        if self._rows is not None:
            self._rows.take(rows, self._now())
