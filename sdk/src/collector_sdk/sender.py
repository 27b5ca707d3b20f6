"""The life of a batch after the queue: encoded, offered to the service, settled, given up, or kept on disk.

No thread and no queue here: the worker says when to work, and asks how long to wait.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from collector_sdk.backoff import FIRST_WAIT_SECONDS, Backoff
from collector_sdk.batch import Batch
from collector_sdk.columns import ColumnNames, WantedNames
from collector_sdk.courier import Again, Refused, Settled, ask_names, deliver
from collector_sdk.encode import encode, writable
from collector_sdk.spool import Corrupt, Spool, Spooled, SpoolFull
from collector_sdk.stats import Ledger
from collector_sdk.transport import Transport
from collector_sdk.warn import RareWarnings

_MAX_SERVER_ERRORS = 5
"""So many 500s over one batch are taken as that batch's own fault; all other failures as the service's."""
_SHORTEST_REQUEST_SECONDS = 0.05
_ASK_AGAIN_SECONDS = 30.0
"""A monitor that is not known may be made later, with names that are not the defaults."""


class Sender:
    """Batches in hand, then on disk when there is a spool. The one owner of the connection.

    `abandon` may come from another thread while an attempt is under way; the lock decides whose batches those are.
    """

    def __init__(
        self,
        transport: Transport,
        spool: Spool | None,
        ledger: Ledger,
        wanted: WantedNames,
        *,
        retry_seconds: float,
        max_body_bytes: int,
        warnings: RareWarnings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._spool = spool
        self._ledger = ledger
        self._wanted = wanted
        self._retry_seconds = retry_seconds
        self._max_body_bytes = max_body_bytes
        self._warnings = warnings
        self._clock = clock
        self._lock = threading.RLock()
        self._names: ColumnNames | None = wanted.resolve(None) if wanted.complete else None
        self._ask_again_at = math.inf
        self._hand: deque[Batch] = deque()
        self._files: deque[Spooled] = deque()  # the first of them may be in hand
        self._server_errors: tuple[str, int] = ("", 0)
        self._backoff = Backoff()
        self._abandoned = False
        self.not_before = 0.0
        """No attempt is made before this instant of the clock."""

    @property
    def idle(self) -> bool:
        """Whether every batch that came has its fate."""
        return not self._hand and not self._files

    @property
    def full(self) -> bool:
        """Whether more batches would have to wait in memory: leave them in the queue."""
        return any(batch.source == "queued" for batch in self._hand)

    def recover(self) -> None:
        """Take over what an earlier process left in the spool."""
        with self._lock:
            if self._spool is None or self._abandoned:
                return
            files, odd = self._spool.adopt()
            for path in odd:
                self._corrupt(f"{path.name} was set aside: its name is not that of a spool file")
            for spooled in files:
                self._files.append(spooled)
                self._ledger.recover(spooled.kind, spooled.count)

    def add(self, batches: Iterable[Batch]) -> None:
        """Batches behind all that came before. While others wait on disk, they wait there too."""
        with self._lock:
            if self._abandoned:
                self._let_go(batches)
            elif self._spool is not None and self._files:
                for batch in batches:
                    if not self._keep(self._spool, batch):
                        self._hand.append(batch)
            else:
                self._hand.extend(batches)

    def work(self, *, deadline: float | None = None) -> None:
        """Send until nothing is left, or until it is wiser to wait."""
        while self._clock() >= self.not_before:
            with self._lock:
                if self._abandoned or not (self._hand or self._load()):
                    return
                batch = self._hand[0]
            within = None if deadline is None else max(deadline - self._clock(), _SHORTEST_REQUEST_SECONDS)
            if not self._advance(batch, within):
                return

    def give_up_first(self, error: str) -> None:
        """A defect of our own over the batch in hand must not hold up all others."""
        self.not_before = self._clock() + FIRST_WAIT_SECONDS
        self._fail("defect", error)
        if self._hand:
            self._drop(self._hand[0], "defect", error)

    def abandon(self, rest: Iterable[Batch]) -> None:
        """The end: what has no fate yet is kept on disk, or dropped{closed}. An attempt under way counts no more."""
        with self._lock:
            self._abandoned = True
            left = [batch for batch in self._hand if batch.source == "queued"]
            self._hand.clear()
            self._let_go([*left, *rest])
            if self._spool is not None:
                self._spool.release()

    def hang_up(self) -> None:
        """Close the connection. For the thread that sends: a request under way is not interrupted."""
        self._transport.close()

    def _let_go(self, batches: Iterable[Batch]) -> None:
        for batch in batches:
            if self._spool is None or not self._keep(self._spool, batch):
                self._ledger.drop(batch.kind, batch.count, batch.source, "closed")

    def _load(self) -> bool:
        """Take the oldest batch on disk in hand. False when there is none."""
        while self._spool is not None and self._files:
            spooled = self._files[0]
            try:
                self._hand.append(self._spool.read(spooled))
            except Corrupt as error:
                self._files.popleft()
                self._ledger.drop(spooled.kind, spooled.count, "spooled", "spool_corrupt", str(error))
                self._corrupt(str(error))
                continue
            return True
        return False

    def _advance(self, batch: Batch, within_seconds: float | None) -> bool:
        """One attempt at something. False when it is wiser to wait."""
        if self._names is None or self._clock() >= self._ask_again_at:
            return self._ask(batch, within_seconds)
        if batch.body is None and not self._encode(batch, self._names):
            return True
        self._ledger.note("requests")
        outcome = deliver(self._transport, batch, within_seconds=within_seconds)
        with self._lock:
            if self._abandoned:
                return False
            if isinstance(outcome, Again):
                return self._again(batch, outcome)
            self._backoff.succeeded()
            if isinstance(outcome, Refused):
                self._drop(batch, "rejected", outcome.error)
                self._fail("rejected", f"{batch.count} {batch.kind} were refused: {outcome.error}")
            else:
                self._settle(batch, outcome)
        return True

    def _ask(self, batch: Batch, within_seconds: float | None) -> bool:
        """Learn the names of the columns. Without an answer the batch waits; without knowledge it goes as it can."""
        self._ledger.note("requests")
        outcome = ask_names(self._transport, self._wanted, within_seconds=within_seconds)
        if isinstance(outcome, Again):
            with self._lock:
                return False if self._abandoned else self._again(batch, replace(outcome, server_error=False))
        if isinstance(outcome, Refused):
            self._fail("names", f"column names are not known ({outcome.error}): the defaults are used")
            self._names = self._wanted.resolve(None)
            self._ask_again_at = self._clock() + _ASK_AGAIN_SECONDS
        else:
            self._names = outcome
            self._ask_again_at = math.inf
        return True

    def _encode(self, batch: Batch, names: ColumnNames) -> bool:
        """Make the body. False when there is nothing to send, or when the batch was too large and is now two."""
        encoded = encode(batch.entries, names)
        with self._lock:
            if self._abandoned:
                return False
            if encoded.refused:
                self._ledger.drop(batch.kind, len(encoded.refused), batch.source, "invalid", encoded.refused[0])
                self._warnings.say("invalid", f"{len(encoded.refused)} {batch.kind} dropped: {encoded.refused[0]}")
                batch.entries = encoded.kept
            if not encoded.kept:
                self._finish(batch)
                return False
            if len(encoded.body) > self._max_body_bytes and batch.count > 1:
                self._hand.popleft()
                self._hand.extendleft(reversed(batch.halves()))
                return False
        batch.body = encoded.body
        return True

    def _settle(self, batch: Batch, outcome: Settled) -> None:
        for fate in ("accepted", "rejected", "duplicates", "late"):
            self._ledger.move(batch.kind, getattr(outcome, fate), batch.source, fate)
        if outcome.rejected:
            reason = outcome.first_error or "the service gives no reason"
            self._fail("judged", f"{outcome.rejected} of {batch.count} {batch.kind} were rejected: {reason}")
        self._finish(batch)

    def _again(self, batch: Batch, outcome: Again) -> bool:
        """Wait, keep on disk, or give up. True when there is something else to do at once."""
        now = self._clock()
        self._fail("again", f"sending failed and will be repeated: {outcome.error}")
        if self._is_exhausted(batch, outcome, now):
            self._drop(batch, "retries_exhausted", outcome.error)
            return True
        self._ledger.note("retries")
        self.not_before = now + self._backoff.failed(outcome.wait_seconds)
        if self._spool is not None:
            self._to_disk(self._spool)
        return False

    def _is_exhausted(self, batch: Batch, outcome: Again, now: float) -> bool:
        key, errors = self._server_errors
        errors = (errors if key == batch.key else 0) + outcome.server_error
        self._server_errors = (batch.key, errors)
        if batch.failed_since is None:
            batch.failed_since = now
        too_long = self._spool is None and now - batch.failed_since >= self._retry_seconds
        return errors >= _MAX_SERVER_ERRORS or too_long

    def _to_disk(self, spool: Spool) -> None:
        """Free the memory: what came from disk is there still, the others are written behind it."""
        left = list(self._hand)
        self._hand.clear()
        self._hand.extend(batch for batch in left if batch.source == "spooled" or not self._keep(spool, batch))

    def _keep(self, spool: Spool, batch: Batch) -> bool:
        """Write a batch to disk. False when the disk refuses: it stays in memory. Too much is dropped{spool_full}."""
        kept, refused = writable(batch.entries)
        if refused:
            self._ledger.drop(batch.kind, len(refused), batch.source, "invalid", refused[0])
            batch.entries = kept
        if not batch.entries:
            return True
        try:
            spooled = spool.write(batch)
        except SpoolFull as error:
            self._ledger.drop(batch.kind, batch.count, batch.source, "spool_full", str(error))
            self._warnings.say("spool_full", f"{batch.count} {batch.kind} dropped: {error}")
            return True
        except OSError as error:
            self._fail("spool", f"the spool cannot be written: {error}")
            return False
        self._files.append(spooled)
        self._ledger.move(batch.kind, batch.count, "queued", "spooled")
        return True

    def _drop(self, batch: Batch, reason: str, error: str) -> None:
        self._ledger.drop(batch.kind, batch.count, batch.source, reason, error)
        self._finish(batch)

    def _finish(self, batch: Batch) -> None:
        """The batch has its fate; a spool file goes with the last batch that came from it."""
        self._hand.remove(batch)
        if (
            batch.source == "spooled"
            and self._spool is not None
            and not any(other.source == "spooled" for other in self._hand)
        ):
            self._spool.remove(self._files.popleft())

    def _fail(self, kind: str, sentence: str) -> None:
        self._ledger.fail(sentence)
        self._warnings.say(kind, sentence)

    def _corrupt(self, sentence: str) -> None:
        self._ledger.note("spool_corrupt")
        self._fail("spool_corrupt", sentence)
