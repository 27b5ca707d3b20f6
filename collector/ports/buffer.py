"""The buffer: all that waits or is kept, in one store."""

from typing import Protocol

from collector.model import Account, MonitorId
from collector.ports.halves import Halves
from collector.ports.kept import Documents, Snapshots
from collector.ports.queue import DeadLetters, Queue
from collector.ports.rows import Rows


class Buffer(Protocol):
    """One adapter: everything that waits, safely."""

    rows: Rows
    halves: Halves
    queue: Queue
    snapshots: Snapshots
    dead_letters: DeadLetters
    documents: Documents

    async def open(self) -> None:
        """Connect and prepare. Raises Invalid when the store cannot be used as it is, with what to do."""
        ...

    async def close(self) -> None: ...

    async def ping(self) -> None:
        """Raises Unavailable when a write would fail now."""
        ...

    async def account(self, monitor: MonitorId) -> Account: ...

    async def forget(self, monitor: MonitorId) -> None:
        """Leave nothing of a monitor behind: rows, ids, labels, halves, items, letters, snapshots, its account.

        Leases of its items are lost at once. A monitor of the same id begins anew, also while this is under way; its
        tokens still grow. Documents are not the monitor's: they stay.
        """
        ...

    def durability(self) -> str:
        """What an acknowledged row survives, in a word: sqlite, redis, redis+aof, ..."""
        ...
