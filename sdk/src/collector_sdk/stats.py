"""What became of everything that was logged. Counted per row, never logged per row."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

KINDS = ("rows", "labels")


@dataclass(frozen=True, slots=True)
class Tally:
    """Where rows (or labels) are.

    logged + recovered = accepted + rejected + duplicates + late + queued + spooled + sum(dropped), at every instant.
    """

    logged: int = 0
    """given to `log()`, `log_batch()` or `label()`"""
    recovered: int = 0
    """found in the spool directory, left there by an earlier process"""
    accepted: int = 0
    """durable in the service"""
    rejected: int = 0
    """judged bad by the service, one by one"""
    duplicates: int = 0
    """the service had them already"""
    late: int = 0
    """their window was closed for good"""
    queued: int = 0
    """in memory, not answered yet"""
    spooled: int = 0
    """on disk, not answered yet"""
    dropped: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """given up, by reason: queue_full, invalid, rejected (the whole request), retries_exhausted, spool_full,
    spool_corrupt, closed, defect"""

    @property
    def balanced(self) -> bool:
        fates = self.accepted + self.rejected + self.duplicates + self.late + self.queued + self.spooled
        return self.logged + self.recovered == fates + sum(self.dropped.values())

    @property
    def lost(self) -> int:
        """Rows that will never be evaluated."""
        return self.rejected + self.late + sum(self.dropped.values())


@dataclass(frozen=True, slots=True)
class Stats(Tally):
    """The tally of rows; that of labels under `labels`; and how the sending went."""

    labels: Tally = field(default_factory=Tally)
    requests: int = 0
    retries: int = 0
    spool_corrupt: int = 0
    """spool files that could not be read and were set aside"""
    last_error: str | None = None


class Ledger:
    """The counts, kept by several threads at once. The lock is reentrant, because a signal handler may log."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
        self._dropped: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
        self._queued = 0
        self._sending: Counter[str] = Counter()
        self._last_error: str | None = None

    def take(self, kind: str, count: int, *, limit: int) -> int:
        """Count as logged, and as queued as many as the limit (of rows and labels together) leaves room for.

        Returns how many are queued; the others are dropped{queue_full}. The caller holds the lock.
        """
        room = limit - self._queued
        taken = count if count <= room else max(room, 0)
        counts = self._counts[kind]
        counts["logged"] += count
        counts["queued"] += taken
        self._queued += taken
        if taken < count:
            self._dropped[kind]["queue_full"] += count - taken
        return taken

    def refuse(self, kind: str, count: int, reason: str, error: str | None = None) -> None:
        """Count as logged and dropped at once."""
        with self.lock:
            self._counts[kind]["logged"] += count
            self._dropped[kind][reason] += count
            if error is not None:
                self._last_error = error

    def move(self, kind: str, count: int, source: str, fate: str) -> None:
        """From queued or spooled to a fate that is a field of Tally."""
        with self.lock:
            self._counts[kind][source] -= count
            self._queued -= count if source == "queued" else 0
            self._counts[kind][fate] += count

    def drop(self, kind: str, count: int, source: str, reason: str, error: str | None = None) -> None:
        with self.lock:
            self._counts[kind][source] -= count
            self._queued -= count if source == "queued" else 0
            self._dropped[kind][reason] += count
            if error is not None:
                self._last_error = error

    def recover(self, kind: str, count: int) -> None:
        with self.lock:
            self._counts[kind]["recovered"] += count
            self._counts[kind]["spooled"] += count

    def note(self, event: str) -> None:
        """One more of `requests`, `retries` or `spool_corrupt`."""
        with self.lock:
            self._sending[event] += 1

    def fail(self, error: str) -> None:
        with self.lock:
            self._last_error = error

    def pending(self) -> int:
        """Rows and labels in memory or on disk that are not answered yet."""
        with self.lock:
            return sum(counts["queued"] + counts["spooled"] for counts in self._counts.values())

    def stats(self) -> Stats:
        with self.lock:
            rows = self._counts["rows"]
            return Stats(
                logged=rows["logged"],
                recovered=rows["recovered"],
                accepted=rows["accepted"],
                rejected=rows["rejected"],
                duplicates=rows["duplicates"],
                late=rows["late"],
                queued=rows["queued"],
                spooled=rows["spooled"],
                dropped=MappingProxyType(dict(self._dropped["rows"])),
                labels=self._labels(),
                requests=self._sending["requests"],
                retries=self._sending["retries"],
                spool_corrupt=self._sending["spool_corrupt"],
                last_error=self._last_error,
            )

    def _labels(self) -> Tally:
        counts = self._counts["labels"]
        return Tally(
            logged=counts["logged"],
            recovered=counts["recovered"],
            accepted=counts["accepted"],
            rejected=counts["rejected"],
            duplicates=counts["duplicates"],
            late=counts["late"],
            queued=counts["queued"],
            spooled=counts["spooled"],
            dropped=MappingProxyType(dict(self._dropped["labels"])),
        )
