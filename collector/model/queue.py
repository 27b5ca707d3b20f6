"""What waits to be done, who does it now, and what was set aside."""

from dataclasses import dataclass

from collector.model.names import MonitorId


@dataclass(frozen=True, slots=True)
class Item:
    """Something to be done once in effect. Putting a known key with another payload asks for it to be done again."""

    queue: str
    monitor: MonitorId
    key: str
    payload: bytes
    ready_us: int


@dataclass(frozen=True, slots=True)
class Lease:
    """The exclusive right to an item until `until_us`. `token` fences: a stale lease can do nothing any more.

    `attempt` counts from 1. `wanted_us`: since when the item, as it is now, waits to be done.
    """

    queue: str
    monitor: MonitorId
    key: str
    payload: bytes
    token: int
    attempt: int
    owner: str
    until_us: int
    wanted_us: int


@dataclass(frozen=True, slots=True)
class Depth:
    """How much of one monitor waits in a queue: items, and since when the one that would be leased first is wanted."""

    items: int = 0
    oldest_us: int | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An item that was set aside, with the reason of its last attempt.

    An item has one letter at most, and its id is derived from the item: dying again replaces the letter, an ack of
    the same item takes it away. `rows` are those of the window that it failed to settle.
    """

    id: str
    queue: str
    monitor: MonitorId
    key: str
    payload: bytes
    reason: str
    attempts: int
    died_us: int
    rows: int = 0
