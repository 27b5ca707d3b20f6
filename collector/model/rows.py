"""Rows and labels on their way into the buffer, and a window's rows on their way out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from collector.errors import Backpressure, Unavailable
from collector.model.names import MonitorId
from collector.model.windows import Pane


@dataclass(frozen=True, slots=True)
class RequestPart:
    """Consecutive rows of a chunk that came in one request. `key` makes a resend of that request harmless.

    A second part of the same key is a resend, whatever pane it goes to: parts of one request have keys of their own.
    """

    rows: int
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Append:
    """A chunk on its way into a pane. Rows of several requests may share it (group commit).

    `ids` holds `DIGEST_BYTES` per row, or nothing when the monitor has no id column.
    """

    monitor: MonitorId
    pane: Pane
    data: bytes
    parts: Sequence[RequestPart]
    ids: bytes = b""
    max_event_us: int | None = None

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append did. `duplicates` are row indexes of the chunk that were known already and are not counted.

    `late`: the pane was purged before; nothing was stored. `refused`: nothing of this monitor was stored, and its sender
    hears why: it is full, or the part of the store that holds it did not take it, or did not say so. Other monitors of
    the same call are not touched by it. Rows = accepted + duplicates + late, unless refused.
    """

    accepted: int
    duplicates: Sequence[int] = ()
    late: int = 0
    refused: Backpressure | Unavailable | None = None


@dataclass(frozen=True, slots=True)
class Labelled:
    """What became of labels: joined to a known inference, waiting for it, or equal to what we had.

    `first` are the joined ones that are the first label of their inference, by its pane.
    """

    joined: int = 0
    waiting: int = 0
    unchanged: int = 0
    first: Mapping[Pane, int] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as read back. `take` are the row indexes that belong to the window, in order; None means all."""

    data: bytes
    ids: bytes = b""
    take: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class WindowRows:
    """Everything the buffer knows of a window at one instant."""

    chunks: Sequence[StoredChunk]
    rows: int
    labels: Mapping[bytes, bytes]
    """digest of the inference id -> JSON scalar"""
    label_changes: int = 0
    """`PaneState.label_changes`, not later than the labels were read"""
