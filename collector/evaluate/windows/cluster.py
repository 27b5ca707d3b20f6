"""Evaluation on a Dask cluster: the same computation as in the pool, on other machines."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from distributed import Client, KilledWorker
from distributed.client import ClosedClientError, FutureCancelledError

from collector.errors import Transient
from collector.evaluate.windows import computing
from collector.evaluate.windows.computing import Answer
from collector.model import Phase, SnapshotRecord, WindowRows
from collector.monitor import Monitor
from collector.ports import Job, ReferenceFile

log = logging.getLogger(__name__)

_MOST_REFERENCES = 32
"""References that stay in the cluster; a worker keeps files of those that it used."""


class DaskEvaluator:
    """State: the client, and the references that were sent, by the name of their file, which names their content."""

    def __init__(self, address: str, *, timeout_seconds: float) -> None:
        self._address = address
        self._timeout_seconds = timeout_seconds
        self._client: Any = None
        self._connecting = asyncio.Lock()
        self._sent: OrderedDict[str, Any] = OrderedDict()

    async def start(self) -> None:
        """Connect; when that fails now, the first window tries again."""
        try:
            await self._connected()
        except Transient as error:
            log.warning("%s; windows wait for it", error)

    async def evaluate(self, job: Job) -> Sequence[SnapshotRecord]:
        """Raises Transient when the cluster is away, its worker died or time ran out, Permanent as the pool."""
        return (await self._done(computing.evaluate_away, job, await self._reference(job))).records

    async def table(self, monitor: Monitor, phase: Phase, rows: WindowRows) -> bytes:
        """The rows as Parquet. Raises as `evaluate`."""
        return (await self._done(computing.table, monitor, phase, rows)).table

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close(timeout=5)

    async def _done(self, work: Callable[..., Answer], *arguments: object) -> Answer:
        client = await self._connected()
        try:
            future = client.submit(work, *arguments, pure=False, retries=0)
        except ClosedClientError:
            raise self._lost() from None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer: Answer = await future.result()
        except TimeoutError:
            raise Transient(f"the evaluation took longer than {self._timeout_seconds:g} s and was given up") from None
        except KilledWorker as error:
            raise Transient(
                "the Dask worker that evaluated the window died (killed, out of memory, or crashed)"
            ) from error
        except FutureCancelledError:
            raise self._lost() from None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise self._lost() from None
        finally:
            if not future.done():
                await future.cancel(force=True)
            future.release()
        return answer.checked()

    def _lost(self) -> Transient:
        return Transient(f"the Dask scheduler at {self._address} went away, and the window with it")

    async def _connected(self) -> Any:
        async with self._connecting:
            if self._client is not None and self._client.status in ("closing", "closed"):
                # It gives up for good when a scheduler stays away for as long as a window may take.
                self._client = None
                self._sent.clear()
            if self._client is None:
                try:
                    connect: Any = Client  # it has no types
                    self._client = await connect(
                        self._address, asynchronous=True, set_as_default=False, timeout=self._timeout_seconds
                    )
                except (OSError, TimeoutError) as error:
                    raise Transient(f"the Dask scheduler at {self._address} cannot be reached: {error}") from error
            return self._client

    async def _reference(self, job: Job) -> Any:
        """The rows of the job's reference as they lie in the cluster."""
        if not isinstance(job.reference, ReferenceFile):
            return None
        name = Path(job.reference.path).name
        known = self._sent.get(name)
        if known is None or known.status != "finished":
            client = await self._connected()
            parquet = await asyncio.to_thread(Path(job.reference.path).read_bytes)
            known = await client.scatter(parquet, hash=False)
            self._sent[name] = known
            while len(self._sent) > _MOST_REFERENCES:
                self._sent.popitem(last=False)[1].release()
        self._sent.move_to_end(name)
        return known
