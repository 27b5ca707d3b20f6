"""The bounded queue in front, and the daemon thread that empties it.

Rows leave in the order they were logged; a label leaves after the rows that were logged before it.
"""

import contextlib
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from collector_sdk.batch import Batch
from collector_sdk.entries import Block, Entry, Label, size
from collector_sdk.sender import Sender
from collector_sdk.stats import Ledger

_LONGEST_NAP_SECONDS = 0.2
"""How soon a waiting flush notices that the sending thread is gone."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a batch is sent, and when a row is dropped. Documented at `Collector`."""

    queue_rows: int
    batch_rows: int
    flush_seconds: float
    exit_seconds: float


class Flush:
    """A mark in the queue. It is passed when all that was logged before it has its fate."""

    def __init__(self) -> None:
        self.passed = threading.Event()


class Worker:
    """Has state because a queue is one. `offer` may be called from any thread, and from a signal handler."""

    def __init__(self, limits: Limits, make_sender: Callable[[Ledger], Sender], after_fork: Callable[[], None]) -> None:
        self._limits = limits
        self._make_sender = make_sender
        self._after_fork = after_fork
        self._begin()
        self._recovered = True
        self._sender.recover()
        if not self._sender.idle:
            self._start()

    def _begin(self) -> None:
        """The state of a process that has logged nothing yet."""
        self.ledger = Ledger()
        self._pid = os.getpid()
        self._sender = self._make_sender(self.ledger)
        self._queue: deque[Entry | Flush] = deque()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()  # its put is reentrant, a Condition is not
        self._marks: list[Flush] = []
        self._thread: threading.Thread | None = None
        self._deadline: float | None = None

    # ---------------------------------------------------------------- the caller's side

    def offer(self, entry: Entry) -> None:
        """Queue it, or count why not. Never blocks, never raises."""
        if self._pid != os.getpid():  # a fork that no hook told us of
            self.after_fork()
        kind, count = ("labels", 1) if isinstance(entry, Label) else ("rows", size(entry))
        with self.ledger.lock:  # counted and queued in one, so that the counts always balance
            if self._deadline is not None:
                self.ledger.refuse(kind, count, "closed")
                return
            taken = self.ledger.take(kind, count, limit=self._limits.queue_rows)
            if taken:
                self._queue.append(entry.split(taken)[0] if isinstance(entry, Block) and taken < count else entry)
        if self._thread is None:
            self._start()
        if count > 1 or len(self._queue) == self._limits.batch_rows:
            self._wake.put(None)

    def flush(self, timeout: float) -> bool:
        """Send all that was logged before; True when it has its fate, False when the time was too short."""
        if self._pid != os.getpid():
            self.after_fork()
        mark = Flush()
        self._queue.append(mark)
        self._start()
        self._wake.put(None)
        until = time.monotonic() + timeout
        while not mark.passed.wait(max(min(until - time.monotonic(), _LONGEST_NAP_SECONDS), 0.0)):
            if self._thread is None or not self._thread.is_alive() or time.monotonic() >= until:
                for marks in (self._queue, self._marks):  # nobody waits for it: many such would fill the memory
                    with contextlib.suppress(ValueError, IndexError):
                        marks.remove(mark)
                break
        return mark.passed.is_set() or (self._deadline is not None and self.ledger.pending() == 0)

    def close(self, timeout: float) -> None:
        """Send what is queued; what is left when the time is over is kept in the spool, or dropped{closed}.

        One that is closing already keeps the time that it was given; this waits for it.
        """
        if self._pid != os.getpid():
            self.after_fork()
        deadline = self._end_by(time.monotonic() + timeout)
        self._start()
        if self._thread is None:  # too late in the interpreter's life for a thread: do its work here
            self._run()
            return
        self._thread.join(min(max(deadline - time.monotonic(), 0.0), threading.TIMEOUT_MAX))
        if self._thread.is_alive():  # in the middle of a request: take its batches away from it
            self._finish()

    def at_exit(self) -> None:
        self.close(self._limits.exit_seconds)

    def leave(self) -> None:
        """Send what is queued, then end. Does not wait: nobody holds the Collector any more, or `at_exit` follows."""
        if self._pid == os.getpid():
            self._end_by(time.monotonic() + self._limits.exit_seconds)

    def _end_by(self, deadline: float) -> float:
        """Take nothing more. The deadline that counts: the first that was set."""
        with self.ledger.lock:
            if self._deadline is None:
                self._deadline = deadline
            self._wake.put(None)
            return self._deadline

    def after_fork(self) -> None:
        """In the child: begin with nothing. What was queued belongs to the parent."""
        self._after_fork()
        self._begin()
        self._recovered = False  # a child that never logs touches no disk

    def _start(self) -> None:
        with self.ledger.lock:
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._run, name="collector-sdk", daemon=True)
            with contextlib.suppress(RuntimeError):  # the interpreter is shutting down
                thread.start()
                self._thread = thread

    # ---------------------------------------------------------------- the thread's side

    def _run(self) -> None:
        if not self._recovered:
            self._recovered = True
            self._sender.recover()
        while not self._is_over():
            self._wait()
            try:
                self._step()
            except Exception as error:  # noqa: BLE001 - our own defect: it costs a batch, never the thread
                self._sender.give_up_first(f"{type(error).__name__}: {error}")
        self._finish()
        self._sender.hang_up()

    def _is_over(self) -> bool:
        """Closing, and nothing more can be done: all is sent, or no attempt is due before the deadline."""
        if self._deadline is None:
            return False
        if time.monotonic() >= self._deadline or self._sender.not_before >= self._deadline:
            return True
        return self._sender.idle and not self._queue

    def _wait(self) -> None:
        """Until a batch is full, somebody flushes or closes, the delay is over, or the next attempt is due."""
        now = time.monotonic()
        seconds = self._limits.flush_seconds
        if len(self._queue) >= self._limits.batch_rows and not self._sender.full:
            seconds = 0.0
        if not self._sender.idle:
            due = self._sender.not_before - now
            seconds = due if self._sender.full else min(seconds, due)
        if self._deadline is not None:
            due = max(self._sender.not_before - now, 0.0)
            seconds = min(seconds, due, self._deadline - now)
        if seconds > 0:
            with contextlib.suppress(queue.Empty):
                self._wake.get(timeout=seconds)

    def _step(self) -> None:
        """Send what waits, batch by batch, until nothing is left or the service asks for time."""
        while True:
            self._sender.work(deadline=self._deadline)
            if self._sender.full:
                return
            batches = self._take()
            if not batches:
                break
            self._sender.add(batches)
        if self._sender.idle:
            marks, self._marks = self._marks, []
            for mark in marks:
                mark.passed.set()

    def _take(self) -> list[Batch]:
        """At most one batch of rows, and the labels found among them, behind."""
        rows: list[Entry] = []
        labels: list[Entry] = []
        room = self._limits.batch_rows
        while room > 0 and len(labels) < self._limits.batch_rows:
            try:
                entry = self._queue.popleft()
            except IndexError:  # asked, not looked up before: `close` may take from the queue as well
                break
            if isinstance(entry, Flush):
                self._marks.append(entry)
            elif isinstance(entry, Label):
                labels.append(entry)
            elif isinstance(entry, Block) and entry.rows > room:
                head, tail = entry.split(room)
                self._queue.appendleft(tail)
                rows.append(head)
                room = 0
            else:
                rows.append(entry)
                room -= size(entry)
        return [Batch(kind, entries) for kind, entries in (("rows", rows), ("labels", labels)) if entries]

    def _finish(self) -> None:
        rest: list[Batch] = []
        while batches := self._take():
            rest.extend(batches)
        self._sender.abandon(rest)
