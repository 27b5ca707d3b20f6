"""`ports.Rows` on one file. What each call does stands beside it: `append`, `labels`, `reading`, `purge`, `requests`."""

import sqlite3
from collections.abc import Sequence
from functools import partial

from collector.buffer.policy import PURGE_ROWS, PURGED, Limits, check_append
from collector.buffer.sqlite import (
    labels as label_deeds,
    purge as purge_deeds,
    reading,
    requests as request_deeds,
)
from collector.buffer.sqlite.append import append_to
from collector.buffer.sqlite.engine import Engine
from collector.clock import Clock
from collector.model import (
    Append,
    Appended,
    Label,
    Labelled,
    MonitorId,
    MonitorState,
    Pane,
    PaneState,
    Window,
    WindowRows,
)


class SqliteRows:
    """`ports.Rows` on one file."""

    def __init__(self, engine: Engine, clock: Clock, limits: Limits) -> None:
        self._engine = engine
        self._clock = clock
        self._limits = limits

    async def append(self, appends: Sequence[Append]) -> Sequence[Appended]:
        for append in appends:
            check_append(append)
        return await self._engine.write(lambda connection: self._append(connection, appends))

    def _append(self, connection: sqlite3.Connection, appends: Sequence[Append]) -> Sequence[Appended]:
        now_us = self._clock.now_us()
        answers: dict[int, Appended] = {}
        for monitor in dict.fromkeys(append.monitor for append in appends):
            places = [at for at, append in enumerate(appends) if append.monitor == monitor]
            answers |= zip(
                places,
                append_to(connection, monitor, [appends[at] for at in places], now_us=now_us, limits=self._limits),
                strict=True,
            )
        return [answers[at] for at in range(len(appends))]

    async def add_labels(self, monitor: MonitorId, labels: Sequence[Label]) -> Labelled:
        return await self._engine.write(
            lambda connection: label_deeds.add(
                connection, monitor, labels, now_us=self._clock.now_us(), limits=self._limits
            )
        )

    async def state(self, monitor: MonitorId) -> MonitorState:
        return await self._engine.read(lambda connection: reading.state(connection, monitor))

    async def pane(self, monitor: MonitorId, window: Window) -> PaneState | None:
        return await self._engine.read(lambda connection: reading.pane_of(connection, monitor, window))

    async def read(self, monitor: MonitorId, window: Window) -> WindowRows:
        return await self._engine.read(lambda connection: reading.read(connection, monitor, window))

    async def purge(
        self,
        monitor: MonitorId,
        pane: Pane,
        *,
        before_row: int | None,
        seen_rows: int | None = None,
        reason: str = PURGED,
    ) -> bool:
        now_us = self._clock.now_us()
        target = await self._engine.write(
            lambda connection: purge_deeds.begin(
                connection, monitor, pane, before_row=before_row, seen_rows=seen_rows, now_us=now_us, reason=reason
            )
        )
        if target is None:
            return False
        whole = before_row is None and pane.start_us is not None
        while not await self._engine.write(
            lambda connection: purge_deeds.step(
                connection, monitor, pane, before_row=target, whole=whole, reason=reason
            )
        ):
            pass
        await purge_deeds.shrink(self._engine)
        return True

    async def forget_requests(self, monitor: MonitorId, *, seen_until_us: int, most: int) -> None:
        left = await self._engine.read(
            lambda connection: request_deeds.too_many(connection, monitor, seen_until_us, most)
        )
        while left > 0:
            await self._engine.write(partial(request_deeds.forget_oldest, monitor=monitor, some=min(left, PURGE_ROWS)))
            left -= PURGE_ROWS
