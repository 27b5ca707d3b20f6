"""The nouns. Frozen data only: no I/O, no clock, no third-party library.

Instants are microseconds since the epoch, UTC, and their names end in `_us`. Whoever needs a noun takes it from here;
only the rooms themselves take them from each other:

    names     what things are called            windows   panes and windows, spans of a monitor's time
    received  what a request brought            rows      rows and labels on their way into the buffer and out
    books     what was settled, what stands     halves    requests and responses that wait for each other
    queue     items, leases, dead letters       kept      snapshots and documents
"""

from collector.model.books import Account, MonitorState, Outcome, PaneState, Settled, Settlement
from collector.model.halves import Half, Meeting, Met, Side
from collector.model.kept import Document, SnapshotPage, SnapshotQuery, SnapshotRecord, entry_of, summary_of
from collector.model.names import DIGEST_BYTES, WORK_QUEUE, DestinationName, MonitorId, SnapshotId, digest, outbox
from collector.model.queue import DeadLetter, Depth, Item, Lease
from collector.model.received import Judged, Label, Receipt, RowError, Table
from collector.model.rows import Append, Appended, Labelled, RequestPart, StoredChunk, WindowRows
from collector.model.windows import SECOND_US, Pane, Phase, Window

__all__ = [
    "DIGEST_BYTES", "SECOND_US", "WORK_QUEUE", "Account", "Append", "Appended", "DeadLetter", "Depth", "DestinationName",
    "Document", "Half", "Item", "Judged", "Label", "Labelled", "Lease", "Meeting", "Met", "MonitorId", "MonitorState",
    "Outcome", "Pane", "PaneState", "Phase", "Receipt", "RequestPart", "RowError", "Settled", "Settlement", "Side",
    "SnapshotId", "SnapshotPage", "SnapshotQuery", "SnapshotRecord", "StoredChunk", "Table", "Window", "WindowRows",
    "digest", "entry_of", "outbox", "summary_of",
]  # fmt: skip
