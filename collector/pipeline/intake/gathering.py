"""Small requests of one monitor that wait for the same write are judged as one table, when that write begins.

A table of sixteen rows costs hardly more to judge and to encode than one of a single row. What a request is told is
what it would have been told alone: only requests whose rows name the same columns are put together, and when their
table has a fault, each of them is judged by itself.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import cast

from collector.clock import Clock
from collector.model import Judged, Table
from collector.monitor import Monitor
from collector.pipeline.intake.group_commit import Piece
from collector.pipeline.intake.pieces import Parts, expect, pieces_of
from collector.pipeline.intake.request import Request
from collector.ports import Judge, Unjudged, rows_in
from collector.telemetry import Telemetry

MAX_ROWS = 5_000
"""Rows that are judged together: some milliseconds, in a thread."""
_JUDGE_ON_LOOP_CELLS = 30_000
"""More cells than this are judged in a thread: about 2 ms of the loop's time."""

_Asked = tuple[Request, Unjudged]
_Found = tuple[Parts, Judged | Exception, Sequence[Piece]]


class Gathering:
    """Rows of one monitor that nobody has judged yet. State: them, until their write begins."""

    def __init__(
        self,
        monitor: Monitor,
        judge: Judge,
        *,
        telemetry: Telemetry,
        clock: Clock,
        closed: Callable[["Gathering"], None],
    ) -> None:
        """`closed` is told when it takes no more."""
        self.monitor = monitor
        self.rows = 0
        self._judge = judge
        self._telemetry = telemetry
        self._clock = clock
        self._closed = closed
        self._asked: list[_Asked] = []

    def does_not_suit(self, monitor: Monitor, judge: Judge, rows: int) -> bool:
        """Whether so many more rows of the monitor need a gathering of their own."""
        return self.monitor is not monitor or self._judge != judge or self.rows + rows > MAX_ROWS

    def add(self, request: Request, body: Unjudged, rows: int) -> None:
        self._asked.append((request, body))
        self.rows += rows

    async def pieces(self) -> Sequence[Piece]:
        """Judge them now. Requests without a good row, or that cannot be judged, are told so."""
        self._closed(self)
        if self.rows * _width(self._asked[0][1]) > _JUDGE_ON_LOOP_CELLS:
            found = await asyncio.to_thread(self._judged)
        else:
            found = self._judged()
        for parts, judged, pieces in found:
            if isinstance(judged, Exception):
                for request, _ in parts:
                    request.refused(judged)
                continue
            self._telemetry.count(
                "collector_receive_rows_total", judged.rejected, monitor=self.monitor.id, outcome="rejected"
            )
            expect(pieces, parts, judged)
        return [piece for _, _, pieces in found for piece in pieces]

    def _judged(self) -> list[_Found]:
        found: list[_Found] = []
        for alike in _alike(self._asked):
            together = self._together([body for _, body in alike]) if len(alike) > 1 else None
            if together is not None:
                found.append(self._cut([(request, rows_in(body)) for request, body in alike], together))
            else:
                found += [self._cut([(request, 0)], self._alone(body)) for request, body in alike]
        return found

    def _cut(self, parts: Parts, judged: Judged | Exception) -> _Found:
        if isinstance(judged, Exception):
            return parts, judged, ()
        if len(parts) == 1:
            parts = [(parts[0][0], judged.table.rows)]
        return parts, judged, pieces_of(self.monitor, judged, parts, now_us=self._clock.now_us())

    def _together(self, bodies: Sequence[Unjudged]) -> Judged | None:
        """Of bodies that are rows. None when there is any fault, and somebody must be told of it."""
        judged = self._alone(list(chain.from_iterable(cast("Sequence[Sequence[object]]", bodies))))
        return None if isinstance(judged, Exception) or judged.rejected else judged

    def _alone(self, body: Unjudged) -> Judged | Exception:
        try:
            return self._judge(self.monitor, body)
        except Exception as error:  # noqa: BLE001 - whatever it is, its request is told, and the others go on
            return error


def _alike(asked: Sequence[_Asked]) -> Sequence[Sequence[_Asked]]:
    """Requests of rows by the columns that their first row names. Others stand alone."""
    groups: dict[object, list[_Asked]] = {}
    for each in asked:
        body = each[1]
        first = body[0] if isinstance(body, Sequence) and body else None
        groups.setdefault(tuple(first) if isinstance(first, dict) else id(each), []).append(each)
    return list(groups.values())


def _width(body: Unjudged) -> int:
    """How many columns its first row has, as far as it can be said."""
    if isinstance(body, Table):
        return len(body.columns)
    first = body if isinstance(body, Mapping) else body[0] if body else None
    return len(first) if isinstance(first, Mapping) else 1
