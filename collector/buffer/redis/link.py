"""The way to Redis' servers, whatever stands there: what `server.py` and `cluster.py` have in common.

Commands are sent once. Only a cluster's server that says "not here" leads to a second try elsewhere: it did nothing.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from redis import exceptions as redis_errors

Argument = str | bytes | int
Command = Sequence[Argument]


class Link(Protocol):
    """Raises redis-py's errors."""

    async def open(self) -> None:
        """Find the servers."""
        ...

    def place(self, key: str) -> str:
        """A name of the server that holds a key: commands of one place go in one round trip."""
        ...

    async def send(self, place: str, commands: Sequence[Command]) -> list[Any]:
        """One round trip to one place; the answers in order, or the error that took the answer's place."""
        ...

    async def everywhere(self, *command: Argument) -> list[Any]:
        """The same to every server that takes writes: answers, or errors in their place."""
        ...

    def names(self, pattern: str) -> AsyncIterator[bytes]:
        """All keys there are of a name like this."""
        ...

    async def lost(self, place: str) -> None:
        """A place did not answer: look where it is now."""
        ...

    async def close(self) -> None: ...


def is_lost(answer: object) -> bool:
    """Whether this error says that a server is not there, or not where it was."""
    lost = (redis_errors.ConnectionError, redis_errors.TimeoutError, redis_errors.ClusterDownError, OSError)
    return isinstance(answer, lost)
