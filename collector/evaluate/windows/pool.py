"""Evaluation off the event loop: processes at low priority that compute one window at a time.

Each slot is a pool of one process, so that a process that dies or hangs takes its own window with it and no other.
"""

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from collector.errors import Transient
from collector.evaluate.windows import computing, parcel
from collector.evaluate.windows.computing import Answer
from collector.model import MonitorId, Phase, SnapshotRecord, WindowRows
from collector.monitor import Monitor
from collector.ports import Job

log = logging.getLogger(__name__)

NICENESS = 10
"""Receiving goes first when cores are short."""
_PRELOADED = ["collector.evaluate.windows.job", "collector.evaluate.registry", "scipy.stats", "pyarrow.parquet"]


class PoolEvaluator:
    """Evaluates jobs in `processes` processes, each given up after `timeout_seconds`. State: the slots."""

    def __init__(self, processes: int, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._slots = [_Slot() for _ in range(processes)]
        self._free = list(self._slots)
        self._freed = asyncio.Condition()

    async def start(self) -> None:
        """Start the processes and have them import what they need, so that no window waits for that."""
        await asyncio.gather(*(asyncio.to_thread(slot.start) for slot in self._slots))

    async def evaluate(self, job: Job) -> Sequence[SnapshotRecord]:
        """Raises Transient when the process died or ran out of time, Permanent when the input can never be read."""
        return (await self._done(job.monitor, computing.evaluate, job)).records

    async def table(self, monitor: Monitor, phase: Phase, rows: WindowRows) -> bytes:
        """The rows as Parquet. Raises as `evaluate`."""
        return (await self._done(monitor, computing.table, monitor, phase, rows)).table

    async def _done(self, monitor: Monitor, work: "Callable[..., Answer]", *arguments: object) -> "Answer":
        slot = await self._take(monitor.id)
        try:
            answer = await self._ask(slot, monitor, work, *arguments)
        finally:
            async with self._freed:
                self._free.append(slot)
                self._freed.notify()
        return answer.checked()

    async def close(self) -> None:
        """Stop the processes; a window that is being computed is given up."""
        await asyncio.gather(*(asyncio.to_thread(slot.stop) for slot in self._slots))

    async def _take(self, monitor: str) -> "_Slot":
        """A free slot; one that has this monitor's reference in memory, if it is free."""
        async with self._freed:
            await self._freed.wait_for(lambda: bool(self._free))
            slot = next((slot for slot in self._free if slot.last_monitor == monitor), self._free[0])
            self._free.remove(slot)
        return slot

    async def _ask(self, slot: "_Slot", monitor: Monitor, work: "Callable[..., Answer]", *arguments: object) -> Answer:
        try:
            await asyncio.to_thread(slot.start)
            async with asyncio.timeout(self._timeout_seconds):
                future = await asyncio.to_thread(slot.submit, monitor.id, work, *arguments)
                return await asyncio.wrap_future(future)
        except TimeoutError:
            slot.kill()
            raise Transient(f"the evaluation took longer than {self._timeout_seconds:g} s and was given up") from None
        except BrokenProcessPool as error:
            slot.kill()
            raise Transient("the process that evaluated the window died (killed, out of memory, or crashed)") from error
        except (OSError, EOFError) as error:  # its helpers died with it, or before it was started
            slot.kill()
            raise Transient(f"no process could be started for the window: {error}") from error
        except asyncio.CancelledError:
            slot.kill()  # nobody waits for it any more
            raise


class _Slot:
    """One process. State: its executor, its process id, and the pipe to it, none while it is down; it comes up when it
    is needed.
    """

    def __init__(self) -> None:
        self.last_monitor: MonitorId | str | None = None
        self._executor: ProcessPoolExecutor | None = None
        self._pid: int | None = None
        self._pipe: Connection[Any, Any] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Blocks until the process answers. Raises BrokenProcessPool when it cannot start."""
        with self._lock:
            if self._executor is None:
                context = _context()
                theirs, self._pipe = context.Pipe(duplex=False)
                with theirs:  # the process has an end of its own: when it dies, nobody reads any more
                    executor = ProcessPoolExecutor(
                        1, mp_context=context, initializer=_prepare_process, initargs=(theirs,)
                    )
                    self._executor = executor
                    try:
                        self._pid = executor.submit(os.getpid).result()
                    except BaseException:
                        self.kill()  # the next job starts another
                        raise

    def submit(self, monitor: str, work: "Callable[..., Answer]", *arguments: object) -> "Future[Answer]":
        """Blocks until the process has taken the arguments, and while it has to be started again."""
        self.start()
        self.last_monitor = monitor
        executor, pipe = self._executor, self._pipe
        if executor is None or pipe is None:  # stopped meanwhile
            raise BrokenProcessPool("the evaluator is closed")
        sent = parcel.packed(*arguments)
        try:
            future = executor.submit(_call, work, sent.letter, len(sent.beside))
        except RuntimeError as error:  # it died while it was idle, or is being stopped
            raise BrokenProcessPool(str(error)) from error
        try:
            sent.send(pipe)
        except OSError as error:  # it died, or was killed because time ran out
            raise BrokenProcessPool(f"it reads no more: {error}") from error
        return future

    def kill(self) -> None:
        """End the process at once, whatever it does. The next job starts another."""
        executor, pid = self._executor, self._pid
        # The pipe closes itself when a thread that may be writing to it has heard that nobody reads any more.
        self._executor, self._pid, self._pipe, self.last_monitor = None, None, None, None
        if executor is None:
            return
        executor.shutdown(wait=False, cancel_futures=True)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        self.kill()


def _context() -> multiprocessing.context.BaseContext:
    """Children are forked from a clean process that has imported everything; spawned where there is no fork."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


# ---------------------------------------------------------------- in the process


_beside: "Connection[Any, Any]"


def _prepare_process(pipe: "Connection[Any, Any]") -> None:
    """Low priority, deaf to Ctrl-C (the parent decides), and no longer alive than the parent."""
    global _beside  # noqa: PLW0603 - what a process was given once, for all its calls
    _beside = pipe
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    from collector.evaluate import registry  # noqa: PLC0415 - what a window needs, before the first one comes

    registry.metrics_by_name()
    computing.references()


def _call(work: "Callable[..., Answer]", letter: bytes, large: int) -> Answer:
    return work(*parcel.unpacked(letter, [_beside.recv_bytes() for _ in range(large)]))


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
