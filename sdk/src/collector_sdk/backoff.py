"""How long to wait before the next attempt. Arithmetic only: who asks does the waiting."""

import random

FIRST_WAIT_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 15.0
"""Doubled with each failure in between, with jitter, so that many model servers do not return at once."""
LONGEST_RETRY_AFTER_SECONDS = 300.0
"""A longer Retry-After is cut: the queue would be full long before."""
LONGEST_FLOOR_SECONDS = 1.0
"""A Retry-After below this does not make us hurry more than our own backoff would: it may be 0, for ever."""


class Backoff:
    """Counts failures since the last success.

    >>> backoff = Backoff()
    >>> 0.125 <= backoff.failed(None) <= 0.25
    True
    >>> backoff.failed(20.0)
    20.0
    """

    def __init__(self) -> None:
        self._failures = 0

    def failed(self, retry_after_seconds: float | None) -> float:
        """Seconds to wait now; `retry_after_seconds` is what the service asked for."""
        longest = min(FIRST_WAIT_SECONDS * 2.0**self._failures, LONGEST_WAIT_SECONDS)
        self._failures = min(self._failures + 1, 16)
        wait = longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
        if retry_after_seconds is None:
            return wait
        return max(min(retry_after_seconds, LONGEST_RETRY_AFTER_SECONDS), min(wait, LONGEST_FLOOR_SECONDS))

    def succeeded(self) -> None:
        self._failures = 0
