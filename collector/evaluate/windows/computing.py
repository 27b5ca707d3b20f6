"""What runs where windows are computed: in a process of the pool, or on a worker of a Dask cluster."""

import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from collector.errors import Invalid, Permanent, Transient
from collector.model import Phase, SnapshotRecord, WindowRows
from collector.monitor import Monitor
from collector.ports import Job, ReferenceFile

if TYPE_CHECKING:
    from collector.evaluate.references.loaded import References

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of a job. Errors travel as text: an exception of a library may not survive pickling."""

    kind: Literal["done", "invalid", "failed"]
    records: Sequence[SnapshotRecord] = ()
    reason: str = ""
    table: bytes = b""

    def checked(self) -> Self:
        """Raises Permanent when the input can never be read, Transient when it failed otherwise."""
        if self.kind == "invalid":
            raise Permanent(self.reason)
        if self.kind == "failed":
            raise Transient(self.reason)
        return self


@cache
def references() -> "References":
    """What the process keeps between windows: the references that it has read."""
    from collector.evaluate.references.loaded import References  # noqa: PLC0415 - only children import pandas for this

    return References()


def evaluate(job: Job) -> Answer:
    from collector.evaluate.windows.job import run  # noqa: PLC0415

    return _answer(job.monitor, lambda: Answer("done", run(job, references())))


def evaluate_away(job: Job, parquet: bytes | None) -> Answer:
    """As `evaluate`, on a machine that does not have the reference's file: it is kept here, under its name."""
    if parquet is not None and isinstance(job.reference, ReferenceFile):
        path = Path(tempfile.gettempdir()) / f"collector-references-{os.getuid()}" / Path(job.reference.path).name
        if not path.exists():  # it is named after its content
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            written = path.with_suffix(f".{os.getpid()}.tmp")
            written.write_bytes(parquet)
            written.replace(path)
        job = replace(job, reference=replace(job.reference, path=str(path)))
    return evaluate(job)


def table(monitor: Monitor, phase: Phase, rows: WindowRows) -> Answer:
    from collector.evaluate.windows.job import table as table_of  # noqa: PLC0415

    return _answer(monitor, lambda: Answer("done", table=table_of(monitor, phase, rows)))


def _answer(monitor: Monitor, work: Callable[[], Answer]) -> Answer:
    from collector.evaluate.base import reason  # noqa: PLC0415

    try:
        return work()
    except Invalid as error:
        return Answer("invalid", reason=str(error))
    except BaseException as error:
        # A pool would raise whatever this is once more in the service: nothing that a metric raises may end that.
        log.exception("computing for monitor %s failed", monitor.id)
        return Answer("failed", reason=reason(error))
