"""What one request carries, from the queue until its fate is known."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from collector_sdk.entries import Block, Entry, size


@dataclass(slots=True, eq=False)
class Batch:
    """Rows, or labels. The key stays the same over all attempts, in this process and the next.

    `source` is the field of the tally that counts its rows until they are answered: queued or spooled.
    """

    kind: str
    entries: Sequence[Entry]
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    source: str = "queued"
    body: bytes | None = None
    failed_since: float | None = None

    @property
    def count(self) -> int:
        return sum(map(size, self.entries))

    def halves(self) -> "tuple[Batch, Batch]":
        """The same entries in two batches, with keys derived from this one's: always the same two.

        A batch of one row has no halves.
        """
        entries = list(self.entries)
        if len(entries) == 1 and isinstance(entries[0], Block):
            entries = list(entries[0].split(entries[0].rows // 2))
        middle = len(entries) // 2
        first = Batch(self.kind, entries[:middle], key=f"{self.key}.0", source=self.source)
        return first, Batch(self.kind, entries[middle:], key=f"{self.key}.1", source=self.source)
