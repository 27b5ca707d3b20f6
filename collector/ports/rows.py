"""Rows and labels wait here for their window."""

from collections.abc import Sequence
from typing import Protocol

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


class Rows(Protocol):
    """Rows and labels wait here for their window."""

    async def append(self, appends: Sequence[Append]) -> Sequence[Appended]:
        """Store chunks, all in one round trip; answered in order, once durable.

        Duplicates are decided together with the storing: a request key that the pane has seen within 24 hours, an
        inference id that the monitor knows (until its pane is purged), and either of them twice in the call.

        The appends of one monitor are stored together or not at all, so that no request is half stored: it is full for
        all of them, or cannot store any (`Appended.refused`; raised when no monitor's could be stored). Only when they
        have more than 10,000 ids may some be stored without the others: a repeat finds them by their ids.
        """
        ...

    async def add_labels(self, monitor: MonitorId, labels: Sequence[Label]) -> Labelled:
        """Join labels to their inferences, or keep them until those come, for seven days at most.

        The last label of an id wins, unless both have an instant and the new one's is older. Raises Backpressure
        when as many labels wait for an inference as rows may wait.
        """
        ...

    async def state(self, monitor: MonitorId) -> MonitorState:
        """All panes that hold rows, oldest first; panes purged whole are not among them."""
        ...

    async def pane(self, monitor: MonitorId, window: Window) -> PaneState | None:
        """The pane of a window, with the settlements of this window alone; None when it is there no more.

        Costs the same however many panes the monitor has.
        """
        ...

    async def read(self, monitor: MonitorId, window: Window) -> WindowRows:
        """The window's rows in order of arrival, duplicates left out, and the labels of those rows."""
        ...

    async def purge(
        self,
        monitor: MonitorId,
        pane: Pane,
        *,
        before_row: int | None,
        seen_rows: int | None = None,
        reason: str = "purged",
    ) -> bool:
        """Forget the pane's rows, ids and labels: all (None; later rows are late), or those before a row.

        Settlements of windows that lie wholly before that row are forgotten with it (`PaneState.trimmed`). Rows that
        no settlement counted are dropped{reason}. The endless pane is never late: purged whole, it goes on
        after its last row. A purge that was cut short is finished by repeating it.

        False, and nothing happens, while a window of the pane is a dead letter (replay or delete that first), or when
        it holds more than `seen_rows`: rows that came after the caller looked are not to be lost.
        """
        ...

    async def forget_requests(self, monitor: MonitorId, *, seen_until_us: int, most: int) -> None:
        """Forget the keys of requests that came until then, and the oldest of more than so many. A day is the longest
        that any of them is known.
        """
        ...
