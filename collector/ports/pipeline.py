"""What the door and the pages ask of the pipeline: the monitors, and to take a request."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from collector.model import Judged, Label, Receipt, RowError, Table
from collector.monitor import Monitor


class Monitors(Protocol):
    """The monitors that are watched now, and what is known of them."""

    def get(self, monitor: str) -> Monitor:
        """Raises UnknownMonitor, with the near miss."""
        ...

    def all(self) -> Sequence[Monitor]: ...

    async def put(self, monitor: Monitor) -> bool:
        """Add or replace; says whether it is new. Raises Invalid (an unknown metric, destination, parameter)."""
        ...

    async def delete(self, monitor: str) -> int:
        """Forget it and all that is kept of it. Says how many rows still waited. Raises UnknownMonitor."""
        ...

    async def describe(self, monitor: Monitor) -> Mapping[str, object]:
        """Its state as JSON: account, open windows, last snapshot, last error, reference."""
        ...


Unjudged = Sequence[object] | Mapping[str, object] | Table
"""The body of a request as it was parsed: a list of rows, or columns by name, of which nothing is known; or a table."""


def rows_in(body: Unjudged) -> int:
    """How many rows it seems to have. Nobody has looked at them yet.

    >>> rows_in([{"a": 1}, {"a": 2}]), rows_in({"a": [1, 2], "b": [1]})
    (2, 2)
    """
    if isinstance(body, Table):
        return body.rows
    if isinstance(body, Mapping):
        return max((len(values) for values in body.values() if isinstance(values, list | tuple)), default=0)
    return len(body)


Told = Callable[[Receipt | Exception], None]
"""Hears once what became of a request. It must not raise."""


def told_to(answer: "asyncio.Future[Receipt]") -> Told:
    """For whoever would rather wait: sets the future, unless the client went away meanwhile."""

    def told(outcome: Receipt | Exception) -> None:
        if answer.done():
            return
        if isinstance(outcome, Exception):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)

    return told


class Judge(Protocol):
    """Which rows of a request are taken, and what is wrong with the others. Pure; raises Invalid, TooLarge."""

    def __call__(self, monitor: Monitor, body: Unjudged, /) -> Judged: ...


class Intake(Protocol):
    """What a request asks of the pipeline. Answers come once the effect is durable. All raise Backpressure."""

    async def take(self, monitor: Monitor, judged: Judged, *, request_key: str | None = None) -> Receipt: ...

    def gather(
        self,
        monitor: Monitor,
        body: Unjudged,
        judge: Judge,
        told: Told,
        *,
        request_key: str | None = None,
    ) -> None:
        """As `take`, for not many rows, which nobody has judged yet: requests that arrive together are judged together.

        `told` hears what the request would have been told alone, or the error.
        """
        ...

    async def label(self, monitor: Monitor, labels: Sequence[Label], errors: Sequence[RowError] = ()) -> Receipt: ...

    async def flush(self, monitor: Monitor) -> Sequence[str]:
        """Close the open windows now; says their keys."""
        ...

    async def set_reference(self, monitor: Monitor, parquet: bytes) -> int:
        """Replace the reference; says its version. Raises Invalid (a column of the monitor is missing)."""
        ...
