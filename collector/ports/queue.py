"""What waits to be done, and what was set aside."""

from collections.abc import Sequence
from typing import Protocol

from collector.model import DeadLetter, Depth, Item, Lease, MonitorId, Settlement, SnapshotRecord


class Queue(Protocol):
    """Items wait here to be done: windows to evaluate, snapshots to deliver."""

    async def put(self, items: Sequence[Item]) -> None:
        """Add items. A known key with an equal payload changes nothing; with another payload it is done again, also
        when it is leased right now: then it is ready once more after the ack. An item that waits for its retry keeps
        its attempts and its instant; one that nobody tried yet is ready at the earliest instant that it was put for,
        so that one from before a clock went back need not wait for its own.
        """
        ...

    async def lease(self, queue: str, monitors: Sequence[MonitorId], *, owner: str, seconds: float) -> Lease | None:
        """The item that has been ready longest, of the first monitor that has one.

        An expired lease makes its item ready again, at the instant of its expiry. Tokens of a monitor only grow.
        """
        ...

    async def renew(self, lease: Lease, *, seconds: float) -> Lease:
        """Prolong, from now on. Raises LeaseLost.

        An expired lease that nobody took since is still its owner's: it can be renewed, acked, nacked.
        """
        ...

    async def ack(
        self,
        lease: Lease,
        *,
        settlement: Settlement | None = None,
        snapshots: Sequence[SnapshotRecord] = (),
        then: Sequence[Item] = (),
    ) -> None:
        """Done for good, together with its effects, or not at all. Raises LeaseLost.

        Settlement, snapshots and items belong to the lease's monitor. A snapshot replaces one of the same id unless
        that has a higher revision. A dead letter of the same item is taken away: it has been done after all.
        """
        ...

    async def nack(
        self, lease: Lease, *, reason: str, retry_us: int | None, settlement: Settlement | None = None
    ) -> None:
        """Give back until `retry_us`; None sets it aside as a dead letter, settled as told. Raises LeaseLost."""
        ...

    async def restore(self, queue: str, monitor: MonitorId) -> None:
        """Items that wait for their retry are ready, in the order in which they were wanted; their attempts stay."""
        ...

    async def depths(self, queue: str, monitors: Sequence[MonitorId]) -> Sequence[Depth]:
        """What each of these monitors has in a queue: what is leased, or waits for its retry, is counted too."""
        ...


class DeadLetters(Protocol):
    """Items that were set aside."""

    async def list(self, monitor: MonitorId | None = None) -> Sequence[DeadLetter]:
        """Newest first."""
        ...

    async def get(self, letter: str) -> DeadLetter | None: ...

    async def replay(self, letter: str, *, now_us: int) -> bool:
        """Put it back with fresh attempts; its rows wait again. False when there is none of this id."""
        ...

    async def delete(self, letter: str) -> bool:
        """Drop it on purpose; its rows are counted as dropped{reason="dead_letter_deleted"}."""
        ...

    async def trim(self, monitor: MonitorId, *, keep: int, newer_than_us: int) -> int:
        """Drop all but the newest `keep`, and those that died before an instant; says how many went.

        Their rows are counted as dropped{reason="dead_letter_expired"}.
        """
        ...
