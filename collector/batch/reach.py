"""Which earlier rows a window reads beside its own: those it slides over, and those it is compared with.

A sliding window (`every: 1h, over: 24h`) belongs to the pane of its last step and reads the panes before it; rows are
never stored twice. A window that is compared with an earlier one (`previous_window`, `window_ago`) reads that one's
rows as its reference. Both have to look again when late rows come to what they read, and both keep rows from being
forgotten.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from collector.batch.panes import earlier_us, pane_of
from collector.batch.windows import rows_in, windows_of
from collector.durations import microseconds
from collector.model import SECOND_US, MonitorState, Pane, PaneState, Phase, Window
from collector.monitor import Monitor, WindowSettings

_SLACK_US = 3600 * SECOND_US
"""By how much a day may be longer than 24 hours: keeping rows a little longer harms nobody."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a window reads beside its own rows, oldest first. `start_us` is where a sliding window begins."""

    rows: Sequence[Window] = ()
    reference: Sequence[Window] = ()
    start_us: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """How much there is to see: rows, and label changes where labels matter; and when the last of it came.

    The count says nothing but more or less. It only grows, until rows are forgotten. Counted rather than timed: clocks
    of replicas differ.
    """

    count: int
    newest_us: int


def looks_back(monitor: Monitor) -> bool:
    """Whether the monitor's windows read more than their own rows."""
    reference = monitor.reference
    return monitor.window.over is not None or (
        reference is not None and (reference.previous_window or reference.window_ago is not None)
    )


class Lookback:
    """The earlier rows that the windows of one state read."""

    def __init__(self, monitor: Monitor, state: MonitorState) -> None:
        self._monitor = monitor
        self._active = looks_back(monitor)
        self._panes = sorted((each for each in state.panes if each.pane.start_us is not None), key=_start_us)
        self._starts = [_start_us(each) for each in self._panes]
        self._by_pane = {each.pane: each for each in state.panes}

    def of(self, window: Window) -> Reach:
        """What the window reads beside its own rows; only what the buffer still has."""
        if not self._active:
            return Reach()
        settings, start_us = self._monitor.window, window.pane.start_us
        if start_us is None:
            return Reach(reference=self._previous(window))
        begins_us = span_start_us(settings, window.pane)
        rows = [Window(each.pane) for each in self._between(begins_us, start_us)]
        return Reach(rows, self._reference(window, begins_us), begins_us if settings.over is not None else None)

    def seen(self, window: Window, phase: Phase) -> Seen:
        """How much there is to see for the window now, of its own rows and of those that it reads elsewhere."""
        labels = phase is Phase.LABELS
        own = self._by_pane[window.pane]
        rows = rows_in(window, own) + own.label_changes * labels
        newest_us = max(own.last_append_us, (own.last_label_us or 0) * labels)
        reach = self.of(window)
        for each in (*reach.rows, *reach.reference):
            pane = self._by_pane[each.pane]
            rows += pane.rows + pane.label_changes * labels
            newest_us = max(newest_us, pane.last_append_us, (pane.last_label_us or 0) * labels)
        if reach.reference and self._only_previous:
            # Late rows may make another window the previous one, a later one: that counts for more than any rows.
            rows += (reach.reference[-1].pane.start_us or 0) // SECOND_US << 31
        return Seen(rows, newest_us)

    def holds(self, pane: Pane, *, ripe: set[Pane], mark_us: int) -> bool:
        """Whether a window that may still be computed reads this pane. `ripe` are the panes with nothing to come."""
        if not self._active or pane.start_us is None or pane.end_us is None:
            return False
        after = bisect_left(self._starts, pane.end_us)
        if self._only_previous:
            return after == len(self._panes) or self._panes[after].pane not in ripe
        horizon_us = pane.end_us + self._reach_us
        if mark_us < horizon_us + microseconds(self._monitor.window.lateness):
            return True
        upto = bisect_left(self._starts, horizon_us)
        return any(each.pane not in ripe for each in self._panes[after:upto])

    @property
    def _only_previous(self) -> bool:
        reference = self._monitor.reference
        return self._monitor.window.over is None and reference is not None and reference.previous_window

    @property
    def _reach_us(self) -> int:
        """How long after a pane's end the last window may end that reads it."""
        window, reference = self._monitor.window, self._monitor.reference
        every_us = 0 if window.every is None else microseconds(window.every)
        over_us = every_us if window.over is None else microseconds(window.over)
        ago_us = 0
        if reference is not None and reference.previous_window:
            ago_us = over_us
        elif reference is not None and reference.window_ago is not None:
            ago_us = microseconds(reference.window_ago) + every_us
        return over_us - every_us + ago_us + _SLACK_US

    def _reference(self, window: Window, begins_us: int) -> Sequence[Window]:
        settings, reference = self._monitor.window, self._monitor.reference
        if reference is None:
            return ()
        if reference.previous_window:
            if settings.over is None:
                return self._previous(window)
            before = pane_of(settings, begins_us - 1)
            return [Window(each.pane) for each in self._between(span_start_us(settings, before), begins_us)]
        if reference.window_ago is not None and window.pane.start_us is not None:
            then = pane_of(settings, earlier_us(settings, window.pane.start_us, reference.window_ago))
            found = self._between(span_start_us(settings, then), then.end_us or 0)
            return [each for pane in found for each in windows_of(self._monitor, pane)]
        return ()

    def _previous(self, window: Window) -> Sequence[Window]:
        """The last window with rows before this one: its pane's part before it, or the pane before."""
        if window.part > 0:
            own = self._by_pane.get(window.pane)
            parts = () if own is None else windows_of(self._monitor, own)
            return [each for each in parts if each.part == window.part - 1]
        if window.pane.start_us is None:
            return ()
        for each in reversed(self._panes[: bisect_left(self._starts, window.pane.start_us)]):
            windows = list(windows_of(self._monitor, each))
            if windows:
                return windows[-1:]
        return ()

    def _between(self, start_us: int, stop_us: int) -> Sequence[PaneState]:
        return self._panes[bisect_left(self._starts, start_us) : bisect_left(self._starts, stop_us)]


def span_start_us(settings: WindowSettings, pane: Pane) -> int:
    """Where the window of this pane begins: with its pane, or so many steps before when it slides.

    Steps are counted, not hours: a window over seven local days has seven of them also when the clock changes.

    >>> span_start_us(WindowSettings(every="1h", over="3h"), Pane(7_200_000_000, 10_800_000_000))
    0
    """
    if pane.start_us is None:
        raise ValueError("the endless pane has no start")
    if settings.over is None or settings.every is None:
        return pane.start_us
    first = pane
    for _ in range(round(settings.over / settings.every) - 1):
        first = pane_of(settings, (first.start_us or 0) - 1)
    return first.start_us or 0


def _start_us(state: PaneState) -> int:
    return state.pane.start_us or 0
