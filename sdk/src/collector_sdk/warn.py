"""Log lines that cannot flood: one per kind and minute, with the number of those that were held back."""

import logging
import time
from collections import Counter
from collections.abc import Callable

logger = logging.getLogger("collector_sdk")
_PERIOD_SECONDS = 60.0


class RareWarnings:
    """Used by the sending thread only; `log()` never logs."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[str, float] = {}
        self._held_back: Counter[str] = Counter()

    def say(self, kind: str, sentence: str) -> None:
        now = self._clock()
        if kind in self._last and now - self._last[kind] < _PERIOD_SECONDS:
            self._held_back[kind] += 1
            return
        self._last[kind] = now
        more = self._held_back.pop(kind, 0)
        logger.warning("%s%s", sentence, f" (and {more} more like it since the last line)" if more else "")
