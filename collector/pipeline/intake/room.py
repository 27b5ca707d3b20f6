"""What happens when the buffer is full: the sender is refused, or the oldest rows give way. Bounds hold for each monitor
(the buffer keeps those) and for all of them together (kept here).
"""

import logging
from collections.abc import Callable, Sequence

from collector.errors import Backpressure, UnknownMonitor
from collector.model import Append, Appended, MonitorId, Outcome, PaneState, Phase
from collector.monitor import Monitor
from collector.ports import Rows
from collector.telemetry import Telemetry

log = logging.getLogger(__name__)

DROPPED = "oldest_gave_way"
_SHARES = (0.1, 0.5, 1.0)
"""Of the waiting rows so much gives way at a time, so that not each request has to make room for itself."""
_ENOUGH = 0.9
"""All monitors together are let in again below this share of the bound: a bound is not a place to stay at."""
_RETRY_AFTER_SECONDS = 5.0


class TotalBound:
    """How much may wait of all monitors together. What was counted last, and what came here since then, decides; other
    replicas are counted when their rows are: each may pass the bound by what it takes in that time.

    State: the last count, what came since, and whether the bound was reached.
    """

    def __init__(self, max_rows: int, max_bytes: int, telemetry: Telemetry) -> None:
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._telemetry = telemetry
        self._rows = 0
        self._bytes = 0
        self._full = False

    def counted(self, rows: int, size: int) -> None:
        """The waiting rows and bytes of all monitors, as the buffer has them."""
        self._rows, self._bytes = rows, size
        self._telemetry.set("collector_buffer_fill_ratio", self._fill)

    def came(self, rows: int, size: int) -> None:
        self._rows += rows
        self._bytes += size

    def refusal(self) -> Backpressure | None:
        """Why nothing may come in now, or None."""
        self._full = self._fill >= (_ENOUGH if self._full else 1.0)
        if not self._full:
            return None
        sentence = (
            f"{self._rows} rows with {self._bytes} bytes wait in all monitors together; "
            f"the limits are {self._max_rows} and {self._max_bytes}"
        )
        return Backpressure(sentence, retry_after_seconds=_RETRY_AFTER_SECONDS)

    @property
    def _fill(self) -> float:
        return max(self._rows / self._max_rows, self._bytes / self._max_bytes)


class Room:
    """Appends through the bounds. State: none of its own."""

    def __init__(self, rows: Rows, monitor_of: Callable[[str], Monitor], bound: TotalBound) -> None:
        self._rows = rows
        self._monitor_of = monitor_of
        self._bound = bound

    async def append(self, appends: Sequence[Append]) -> Sequence[Appended]:
        """As `ports.Rows.append`. A full monitor whose wish is `drop_oldest` is not refused: its oldest rows go."""
        refusal = self._bound.refusal()
        if refusal is not None:
            return [Appended(0, refused=refusal) for _ in appends]
        answers = list(await self._rows.append(appends))
        for share in _SHARES:
            again = [index for index, answer in enumerate(answers) if self._may_drop(appends[index], answer)]
            if not again:
                break
            for monitor in {appends[index].monitor for index in again}:
                await self._make_room(
                    monitor, share, sum(appends[i].rows for i in again if appends[i].monitor == monitor)
                )
            for index, answer in zip(again, await self._rows.append([appends[i] for i in again]), strict=True):
                answers[index] = answer
        for append, answer in zip(appends, answers, strict=True):
            self._bound.came(answer.accepted, len(append.data) if answer.accepted else 0)
        return answers

    def _may_drop(self, append: Append, answer: Appended) -> bool:
        if not isinstance(answer.refused, Backpressure):
            return False
        try:
            return self._monitor_of(append.monitor).when_full == "drop_oldest"
        except UnknownMonitor:
            return False

    async def _make_room(self, monitor: MonitorId, share: float, coming: int) -> None:
        """Forget the oldest waiting rows: a share of them, and at least as many as are coming."""
        first = self._monitor_of(monitor).phases[0]
        panes = (await self._rows.state(monitor)).panes
        waiting = [(pane, _waiting(pane, first)) for pane in panes]
        wanted = max(round(share * sum(rows for _, rows in waiting)), coming)
        for pane, rows in waiting:
            going = min(rows, wanted)
            if going <= 0:
                continue
            before_row = pane.rows - rows + going  # the rows that wait are the last that came
            if await self._rows.purge(monitor, pane.pane, before_row=before_row, reason=DROPPED):
                wanted -= going
                log.warning("%s is full: the oldest %d rows of %s gave way", monitor, going, pane.pane.key)


def _waiting(pane: PaneState, first: Phase) -> int:
    """Rows of the pane that were not settled yet."""
    settled = sum(
        each.rows for (_, phase), each in pane.settled.items() if phase is first and each.outcome is not Outcome.WAITING
    )
    return max(pane.rows - max(settled, pane.trimmed), 0)
