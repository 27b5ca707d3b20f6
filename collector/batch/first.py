"""The windows that become the monitor's reference: the first ones that are complete, once and for all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collector.batch.due import Due, closed, watermark_us
from collector.batch.windows import windows_of
from collector.model import MonitorState, PaneState, Phase, Window
from collector.monitor import Monitor


@dataclass(frozen=True, slots=True)
class Made:
    """What the reference was made of: keys of windows, with their labels or without. Without windows: it failed."""

    windows: frozenset[str]
    phase: Phase


def to_make(monitor: Monitor, state: MonitorState, made: Made | None, now_us: int) -> tuple[Phase, Sequence[Window]]:
    """The windows of which a reference has to be made now, and for which phase; none while it is not time.

    It is made when the first windows are complete, so that the drift of the next one can be told at once, and again
    when their labels were waited for.
    """
    first, last = monitor.phases[0], monitor.phases[-1]
    if made is None:
        found = list(_first(monitor, state))
        mark_us = watermark_us(monitor, state, now_us)
        whole = len(found) == _wanted(monitor) and all(closed(monitor, *each, mark_us) for each in found)
        return first, [window for _, window in found] if whole else ()
    if made.phase is last:
        return last, ()
    found = [
        (pane, window) for pane in state.panes for window in windows_of(monitor, pane) if window.key in made.windows
    ]
    settled = bool(found) and all((window.part, last) in pane.settled for pane, window in found)
    return last, [window for _, window in found] if settled else ()


def may_go(monitor: Monitor, state: MonitorState, made: Made | None, found: Sequence[Due]) -> Sequence[Due]:
    """Of the windows that are due those that need not wait for the reference: all, once there is one."""
    if not _wanted(monitor) or made is not None:
        return found
    first = {window for _, window in _first(monitor, state)}
    return [each for each in found if each.window in first]


def keeps(monitor: Monitor, state: MonitorState, made: Made | None) -> frozenset[str]:
    """Keys of windows whose rows are still needed for a reference to be made."""
    if not _wanted(monitor):
        return frozenset()
    if made is None:
        return frozenset(window.key for _, window in _first(monitor, state))
    return frozenset() if made.phase is monitor.phases[-1] else made.windows


def _wanted(monitor: Monitor) -> int:
    return 0 if monitor.reference is None else monitor.reference.first_windows or 0


def _first(monitor: Monitor, state: MonitorState) -> Iterator[tuple[PaneState, Window]]:
    count = _wanted(monitor)
    for pane in sorted(state.panes, key=lambda each: each.pane.start_us or 0):
        for window in windows_of(monitor, pane):
            if count == 0:
                return
            count -= 1
            yield pane, window
