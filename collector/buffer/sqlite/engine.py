"""The file and its threads: deeds share transactions in one writer, questions run beside it.

A deed is a function of a connection. Deeds that wait together are committed together, so that sixteen callers pay
for one fsync; each has a savepoint, so that a failing one undoes itself only. A caller is answered after the commit.
"""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from collector.buffer.sqlite import faults
from collector.buffer.sqlite.file import File
from collector.errors import Invalid, Unavailable

T = TypeVar("T")
Deed = Callable[[sqlite3.Connection], T]

MAX_GROUP = 512
"""Deeds in one transaction: many enough to share an fsync, few enough that nobody waits long for it."""
READERS = 2
"""A long read of a window leaves the second one to the pages and the scheduler."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Job:
    deed: Deed[Any]
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]
    outside_transaction: bool = False


class Engine:
    """One open file. `write` is for deeds, `read` for questions, `maintain` for what no transaction may hold.

    All three raise Unavailable when the file cannot be used now; the next call tries again, with a new connection
    when the old one is broken.
    """

    def __init__(self, path: Path, *, synchronous: str) -> None:
        self._file = File(path, synchronous=synchronous)
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._writer: threading.Thread | None = None
        self._connection: sqlite3.Connection | None = None
        self._readers: ThreadPoolExecutor | None = None
        self._reading = threading.local()

    # ------------------------------------------------------------ life

    async def open(self) -> None:
        """Raises Invalid when the file cannot be used as it is, with what to do."""
        await asyncio.to_thread(self._file.prepare)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="buffer-reader")
        self._writer = threading.Thread(target=self._serve, name="buffer-writer", daemon=True)
        self._writer.start()

    async def close(self) -> None:
        """Finish what was asked for, then let go of the file."""
        writer, self._writer = self._writer, None
        readers, self._readers = self._readers, None
        if writer is not None:
            self._jobs.put(None)
            await asyncio.to_thread(writer.join)
        if readers is not None:
            await asyncio.to_thread(readers.shutdown)
        self._file.close()
        self._connection = None
        self._reading = threading.local()

    # ------------------------------------------------------------ deeds

    async def write(self, deed: Deed[T]) -> T:
        """Run a deed and commit it. When this returns, the effect is as durable as `synchronous` makes it."""
        return await self._submit(deed, outside_transaction=False)

    async def maintain(self, deed: Deed[T]) -> T:
        """Run something in the writer that must not stand in a transaction, such as a checkpoint."""
        return await self._submit(deed, outside_transaction=True)

    async def _submit(self, deed: Deed[T], *, outside_transaction: bool) -> T:
        if self._writer is None:
            raise Unavailable("the buffer is closed")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(deed, loop, answer, outside_transaction))
        return await answer

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            group = [job]
            stop = False
            while len(group) < MAX_GROUP and not stop:
                try:
                    waiting = self._jobs.get_nowait()
                except Empty:
                    break
                if waiting is None:
                    stop = True
                else:
                    group.append(waiting)
            self._work(group)
            if stop:
                return

    def _work(self, group: list[_Job]) -> None:
        for outside, jobs in (
            (False, [job for job in group if not job.outside_transaction]),
            (True, [job for job in group if job.outside_transaction]),
        ):
            if not jobs:
                continue
            try:
                outcomes = self._alone(jobs) if outside else self._commit(jobs)
            except sqlite3.Error as error:
                outcomes = [(False, faults.unavailable(error, self._file.path)) for _ in jobs]
                self._recover(error)
            except Invalid as error:  # a file of something else took its place
                outcomes = [(False, Unavailable(str(error))) for _ in jobs]
            except Exception as error:  # noqa: BLE001 - whatever it is, the writer lives on and the callers hear of it
                outcomes = [(False, error) for _ in jobs]
            _answer(jobs, outcomes)

    def _commit(self, jobs: list[_Job]) -> list[tuple[bool, Any]]:
        """One transaction for all. Raises sqlite3.Error when it could not be committed: then nothing was done."""
        connection = self._connection = self._usable(self._connection)
        outcomes: list[tuple[bool, Any]] = []
        connection.execute("BEGIN IMMEDIATE")
        for job in jobs:
            connection.execute("SAVEPOINT deed")
            try:
                outcomes.append((True, job.deed(connection)))
            except Exception as error:  # one caller's mistake must not undo its neighbours' deeds
                if not faults.concerns_one_deed(error):
                    raise
                connection.execute("ROLLBACK TO deed")
                outcomes.append((False, faults.of_one_deed(error)))
            connection.execute("RELEASE deed")
        connection.execute("COMMIT")
        return outcomes

    def _alone(self, jobs: list[_Job]) -> list[tuple[bool, Any]]:
        connection = self._connection = self._usable(self._connection)
        return [(True, job.deed(connection)) for job in jobs]

    def _recover(self, error: sqlite3.Error) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error as second:
            error = second
        if faults.broke_the_connection(error):
            _log.warning("the buffer file %s is opened anew after: %s", self._file.path, error)
            self._connection = None
            self._file.forget(connection)

    def _usable(self, connection: sqlite3.Connection | None) -> sqlite3.Connection:
        if connection is not None and self._file.is_lost(connection):
            _log.error(
                "the buffer file %s was removed or replaced: its rows are gone, it is begun anew", self._file.path
            )
            self._file.forget(connection)
            connection = None
        return connection or self._file.connect()

    # ------------------------------------------------------------ questions

    async def read(self, question: Deed[T]) -> T:
        """Ask, on a state between two commits."""
        if self._readers is None:
            raise Unavailable("the buffer is closed")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._ask, question)

    def _ask(self, question: Deed[T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._reading, "connection", None)
        try:
            connection = self._reading.connection = self._usable(connection)
            connection.execute("BEGIN")
            try:
                return question(connection)
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            self._reading.connection = None
            if connection is not None:
                self._file.forget(connection)
            raise faults.unavailable(error, self._file.path) from error
        except Invalid as error:
            raise Unavailable(str(error)) from error


def _answer(jobs: list[_Job], outcomes: list[tuple[bool, Any]]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Job, tuple[bool, Any]]]] = {}
    for job, outcome in zip(jobs, outcomes, strict=True):
        by_loop.setdefault(job.loop, []).append((job, outcome))
    for loop, answers in by_loop.items():
        try:
            loop.call_soon_threadsafe(_deliver, answers)
        except RuntimeError:  # the loop is closed: nobody is left to hear it
            continue


def _deliver(answers: list[tuple[_Job, tuple[bool, Any]]]) -> None:
    for job, (done, value) in answers:
        if job.answer.done():  # the caller was cancelled; its deed stands all the same
            continue
        if done:
            job.answer.set_result(value)
        else:
            job.answer.set_exception(value)
