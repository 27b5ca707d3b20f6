"""Which windows are due, and which panes may be forgotten: questions about a state, answered without side effects.

A window is closed when it is full, or when the watermark has passed its end by `lateness`. The watermark of event
time is the latest instant seen in the data; of a source that has fallen silent for `idle`, it is the wall clock.
A closed window is due in a phase when it holds rows that its last settlement did not see, in phase LABELS also when
it holds labels that were not seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from collector.durations import microseconds
from collector.model import SECOND_US, MonitorState, Outcome, Pane, PaneState, Phase, Settled, Window
from collector.monitor import Monitor

QUIET_US = 5 * SECOND_US
"""A window that was settled before is computed anew once nothing came for so long ..."""
RESTLESS_US = 60 * SECOND_US
"""... or once so much time has passed since: late rows that trickle in must not cost an evaluation each."""


@dataclass(frozen=True, slots=True)
class Due:
    """A window to evaluate in a phase, and the revision that its snapshots will carry."""

    window: Window
    phase: Phase
    revision: int


@dataclass(frozen=True, slots=True)
class Forget:
    """Rows to purge: of the whole pane (`before_row` None), or those before a row.

    `seen_rows` are the rows that the pane had: when it has more by now, it is not forgotten.
    """

    pane: Pane
    before_row: int | None
    seen_rows: int


def watermark_us(monitor: Monitor, state: MonitorState, now_us: int) -> int:
    """The instant before which no more rows are expected."""
    if not monitor.event_time:
        return now_us
    if state.last_append_us is None or state.max_event_us is None:
        return now_us
    if now_us - state.last_append_us >= microseconds(monitor.window.idle):
        return max(state.max_event_us, now_us)
    return min(state.max_event_us, now_us)


def windows_of(monitor: Monitor, pane: PaneState) -> Iterator[Window]:
    """The windows that a pane's rows fall into, in order."""
    limit = monitor.window.rows
    if limit is None:
        if pane.rows > pane.trimmed:
            yield Window(pane.pane)
        return
    for part in range(pane.trimmed // limit, (pane.rows + limit - 1) // limit):
        yield Window(pane.pane, part, part * limit, (part + 1) * limit)


def rows_in(window: Window, pane: PaneState) -> int:
    stop = pane.rows if window.stop_row is None else min(window.stop_row, pane.rows)
    return max(stop - window.first_row, 0)


def due(monitor: Monitor, state: MonitorState, now_us: int) -> list[Due]:
    """The windows to evaluate now, oldest first."""
    mark_us = watermark_us(monitor, state, now_us)
    return [
        Due(window, phase, _revision(pane, window, phase))
        for pane in state.panes
        for window in windows_of(monitor, pane)
        if _closed(monitor, pane, window, mark_us)
        for phase in monitor.phases
        if _due_in(phase, monitor, pane, window, mark_us, now_us)
    ]


def open_now(monitor: Monitor, state: MonitorState) -> list[Due]:
    """Every window with something unseen, closed or not: what a flush evaluates."""
    return [
        Due(window, phase, _revision(pane, window, phase))
        for pane in state.panes
        for window in windows_of(monitor, pane)
        for phase in monitor.phases
        if _unseen(phase, pane, window)
    ]


def _closed(monitor: Monitor, pane: PaneState, window: Window, mark_us: int) -> bool:
    if window.stop_row is not None and pane.rows >= window.stop_row:
        return True
    return pane.pane.end_us is not None and mark_us >= pane.pane.end_us + microseconds(monitor.window.lateness)


def _due_in(phase: Phase, monitor: Monitor, pane: PaneState, window: Window, mark_us: int, now_us: int) -> bool:
    if not _unseen(phase, pane, window):
        return False
    settled = pane.settled.get((window.part, phase))
    enough = monitor.labels.coverage * pane.rows
    if phase is Phase.LABELS and pane.labelled >= enough > (settled.labelled if settled is not None else 0):
        return True
    if settled is not None:
        last_us = max(pane.last_append_us, pane.last_label_us or 0) if phase is Phase.LABELS else pane.last_append_us
        return now_us - last_us >= QUIET_US or now_us - settled.at_us >= RESTLESS_US
    # Without a single label too: the rows may have brought their targets themselves.
    return phase is Phase.ROWS or mark_us >= _closing_us(pane, window) + microseconds(monitor.labels.wait)


def _closing_us(pane: PaneState, window: Window) -> int:
    """The instant from which labels are waited for."""
    if pane.pane.end_us is not None:
        return pane.pane.end_us
    settled = pane.settled.get((window.part, Phase.ROWS))
    return settled.at_us if settled is not None else pane.last_append_us


def _unseen(phase: Phase, pane: PaneState, window: Window) -> bool:
    rows = rows_in(window, pane)
    settled = pane.settled.get((window.part, phase))
    if settled is None:
        return rows > 0
    if rows > settled.rows:
        return True
    if phase is Phase.ROWS or settled.outcome is not Outcome.EVALUATED or pane.last_label_us is None:
        return False
    return pane.labelled > settled.labelled or pane.last_label_us > settled.at_us


def _revision(pane: PaneState, window: Window, phase: Phase) -> int:
    settled = pane.settled.get((window.part, phase))
    return 1 if settled is None else settled.revision + 1


def forgettable(monitor: Monitor, state: MonitorState, now_us: int) -> list[Forget]:
    """The rows that nothing will ask for again: settled in every phase, and past their retention."""
    mark_us = watermark_us(monitor, state, now_us)
    found = []
    for pane in state.panes:
        if now_us - max(pane.last_append_us, pane.last_label_us or 0) < monitor.retention_us:
            continue
        ended = pane.pane.end_us is not None and mark_us >= pane.pane.end_us + microseconds(monitor.window.lateness)
        if ended and all(_finished(monitor, pane, window) for window in windows_of(monitor, pane)):
            found.append(Forget(pane.pane, None, pane.rows))
        elif pane.pane.end_us is None and (before_row := _finished_before(monitor, pane)):
            found.append(Forget(pane.pane, before_row, pane.rows))
    return found


def _finished(monitor: Monitor, pane: PaneState, window: Window) -> bool:
    """Whether the window was settled with all its rows, and nothing of it is dead and could be replayed."""
    for phase in monitor.phases:
        settled: Settled | None = pane.settled.get((window.part, phase))
        if settled is None or settled.outcome is Outcome.DEAD or settled.rows < rows_in(window, pane):
            return False
    return True


def _finished_before(monitor: Monitor, pane: PaneState) -> int:
    """Up to where the endless pane's full windows are finished; 0 when there is nothing new to forget."""
    before_row = 0
    for window in windows_of(monitor, pane):
        if window.stop_row is None or window.stop_row > pane.rows or not _finished(monitor, pane, window):
            break
        before_row = window.stop_row
    return before_row
