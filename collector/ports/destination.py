"""Where finished snapshots go."""

from typing import Protocol, runtime_checkable


class Destination(Protocol):
    """Takes snapshots. Delivering one again replaces what is there."""

    async def deliver(self, body: bytes, data: bytes | None = None) -> None:
        """Deliver a snapshot's JSON, and its rows as Parquet if it has some. Raises Transient or Permanent."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class Notifiable(Protocol):
    """A destination that takes messages for people too. Some do not: a workspace keeps snapshots only."""

    async def notify(self, body: bytes, *, key: str) -> None:
        """Tell it. Equal keys are one message. Raises Transient or Permanent."""
        ...
