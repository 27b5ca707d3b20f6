"""The windows that a pane's rows fall into, and how many rows each holds."""

from collections.abc import Iterator

from collector.model import PaneState, Window
from collector.monitor import Monitor


def windows_of(monitor: Monitor, pane: PaneState) -> Iterator[Window]:
    """The windows that a pane's rows fall into, in order."""
    limit = pane.pane.rows
    if pane.pane.end_us is None and not limit:  # of a release whose panes did not say it
        limit = monitor.window.rows or 0
    if not limit:
        if pane.rows > pane.trimmed:
            yield Window(pane.pane)
        return
    for part in range(pane.trimmed // limit, (pane.rows + limit - 1) // limit):
        yield Window(pane.pane, part, part * limit, (part + 1) * limit)


def rows_in(window: Window, pane: PaneState) -> int:
    """How many of the pane's rows lie in the window."""
    stop = pane.rows if window.stop_row is None else min(window.stop_row, pane.rows)
    return max(stop - window.first_row, 0)
