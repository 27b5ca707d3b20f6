"""One window's rows and reference go in, its snapshots come out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from collector.model import Phase, SnapshotRecord, Window, WindowRows
from collector.monitor import Monitor

PROFILE_MARK = b"collector.profile"
"""In the metadata of a reference's Parquet file: it holds no rows, but the profile of so many (JSON: rows, columns)."""


@dataclass(frozen=True, slots=True)
class ReferenceFile:
    """A prepared reference on this machine's disk: Parquet, named after its version."""

    version: int
    path: str


@dataclass(frozen=True, slots=True)
class EarlierRows:
    """The rows of an earlier window as a reference, and its span; None without one, as in the endless pane."""

    rows: WindowRows
    start_us: int | None
    end_us: int | None


@dataclass(frozen=True, slots=True)
class Job:
    """One window of one monitor in one phase, with everything that its evaluation needs. Picklable.

    `rows` are all that it reads; of a sliding window, also those of the steps before, from `start_us` on. Of a window
    too large for memory they are a sample of `sampled_of` rows.
    """

    monitor: Monitor
    phase: Phase
    window: Window
    rows: WindowRows
    revision: int
    reference: ReferenceFile | EarlierRows | None
    now_us: int
    start_us: int | None = None
    sampled_of: int | None = None


class Evaluator(Protocol):
    """Computes windows away from the event loop."""

    async def evaluate(self, job: Job) -> Sequence[SnapshotRecord]:
        """One record per report (and segment) of the job's phase.

        Raises Transient (its process died, its time ran out) or Permanent.
        """
        ...

    async def table(self, monitor: Monitor, phase: Phase, rows: WindowRows) -> bytes:
        """The rows as Parquet, with their labels in the second phase, without ids. Raises as `evaluate`."""
        ...

    async def close(self) -> None: ...
