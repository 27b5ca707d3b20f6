"""Which windows are due, and which panes may be forgotten: questions about a state, answered without side effects.

A window is closed when it is full, or when the watermark has passed its end by `lateness`. The watermark of event
time is the latest instant seen in the data; of a source that has fallen silent for `idle`, it is the wall clock.
A closed window is due in a phase when it holds rows that its last settlement did not see, in phase LABELS also when
it holds labels that were not seen. Rows that it reads from elsewhere (`reach.py`) count like its own.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import accumulate

from collector.batch.panes import pane_of
from collector.batch.reach import Lookback, Seen, looks_back
from collector.batch.windows import rows_in, windows_of
from collector.durations import microseconds
from collector.model import SECOND_US, MonitorState, Outcome, Pane, PaneState, Phase, Settled, Window
from collector.monitor import Monitor

QUIET_US = 5 * SECOND_US
"""A window that was settled before is computed anew once nothing came for so long ..."""
RESTLESS_US = 60 * SECOND_US
"""... or once so much time has passed since: late rows that trickle in must not cost an evaluation each."""

OLDER = 10
"""A window of rows looks for labels again after a tenth of its age: a label says its pane, not its part of it, so that
each one may concern any of the many windows of an endless pane."""


@dataclass(frozen=True, slots=True)
class Due:
    """A window to evaluate in a phase, and the revision that its snapshots will carry.

    `seen` counts what there is to see for it: more of it, and it is due again.
    """

    window: Window
    phase: Phase
    revision: int
    seen: int = 0


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


def due(monitor: Monitor, state: MonitorState, now_us: int, *, most_rows: int | None = None) -> list[Due]:
    """The windows to evaluate now, oldest first.

    When windows with more than `most_rows` rows wait for nothing but labels, the wait of the oldest is over.
    """
    mark_us = watermark_us(monitor, state, now_us)
    lookback = Lookback(monitor, state)
    hurried = _hurried(monitor, state, most_rows)
    return [
        Due(window, phase, next_revision(pane, window, phase), seen.count)
        for pane in state.panes
        for window in windows_of(monitor, pane)
        if closed(monitor, pane, window, mark_us)
        for phase in monitor.phases
        for seen in [lookback.seen(window, phase)]
        if _due_in(phase, monitor, pane, window, seen, mark_us, now_us)
        or (phase is Phase.LABELS and window.key in hurried)
    ]


def _hurried(monitor: Monitor, state: MonitorState, most_rows: int | None) -> Collection[str]:
    """Keys of the windows that have to do with the labels they have."""
    if most_rows is None or Phase.LABELS not in monitor.phases:
        return ()
    waiting = [
        (window.key, rows_in(window, pane))
        for pane in sorted(state.panes, key=lambda pane: pane.last_append_us)
        for window in windows_of(monitor, pane)
        if (window.part, monitor.phases[0]) in pane.settled and (window.part, Phase.LABELS) not in pane.settled
    ]
    too_many = sum(rows for _, rows in waiting) - most_rows
    older = accumulate((rows for _, rows in waiting), initial=0)
    return {key for (key, _), before in zip(waiting, older, strict=False) if before < too_many}


def open_now(monitor: Monitor, state: MonitorState) -> list[Due]:
    """Every window with something unseen, closed or not: what a flush evaluates."""
    lookback = Lookback(monitor, state)
    return [
        Due(window, phase, next_revision(pane, window, phase), seen.count)
        for pane in state.panes
        for window in windows_of(monitor, pane)
        for phase in monitor.phases
        for seen in [lookback.seen(window, phase)]
        if _unseen(phase, pane, window, seen)
    ]


def closed(monitor: Monitor, pane: PaneState, window: Window, mark_us: int) -> bool:
    """Whether the window is full, or its time has passed."""
    if (window.stop_row is not None and pane.rows >= window.stop_row) or left_behind(monitor, pane.pane):
        return True
    return pane.pane.end_us is not None and mark_us >= pane.pane.end_us + microseconds(monitor.window.lateness)


def left_behind(monitor: Monitor, pane: Pane) -> bool:
    """Whether the pane is endless and gets no rows any more, since the monitor's windows are others now."""
    return pane.end_us is None and pane != pane_of(monitor.window, 0)


def _due_in(
    phase: Phase, monitor: Monitor, pane: PaneState, window: Window, seen: Seen, mark_us: int, now_us: int
) -> bool:
    if not _unseen(phase, pane, window, seen):
        return False
    settled = pane.settled.get((window.part, phase))
    enough = monitor.labels.coverage * pane.rows
    # Of a sliding window the last step alone is asked: its labels come last.
    if phase is Phase.LABELS and pane.labelled >= enough > (settled.labelled if settled is not None else 0):
        return True
    if settled is not None:
        rested_us = now_us - settled.at_us
        if phase is Phase.LABELS and window.stop_row is not None:
            return rested_us >= max(RESTLESS_US, (now_us - _closing_us(pane, window)) // OLDER)
        return now_us - seen.newest_us >= QUIET_US or rested_us >= RESTLESS_US
    # Without a single label too: the rows may have brought their targets themselves.
    return phase is Phase.ROWS or mark_us >= _closing_us(pane, window) + microseconds(monitor.labels.wait)


def _closing_us(pane: PaneState, window: Window) -> int:
    """The instant from which labels are waited for."""
    if pane.pane.end_us is not None:
        return pane.pane.end_us
    settled = pane.settled.get((window.part, Phase.ROWS))
    return settled.at_us if settled is not None else pane.last_append_us


def _unseen(phase: Phase, pane: PaneState, window: Window, seen: Seen) -> bool:
    rows = rows_in(window, pane)
    settled = pane.settled.get((window.part, phase))
    if settled is None:
        return rows > 0
    return rows > settled.rows or (settled.outcome is Outcome.EVALUATED and seen.count > settled.seen)


def next_revision(pane: PaneState, window: Window, phase: Phase) -> int:
    """What the next snapshots of the window will carry."""
    settled = pane.settled.get((window.part, phase))
    return 1 if settled is None else settled.revision + 1


def label_coverage(monitor: Monitor, state: MonitorState, now_us: int) -> float | None:
    """Share of the rows with a label, over the closed windows that the buffer still holds; None when there are none."""
    mark_us = watermark_us(monitor, state, now_us)
    panes = [
        pane for pane in state.panes if all(closed(monitor, pane, each, mark_us) for each in windows_of(monitor, pane))
    ]
    rows = sum(pane.rows for pane in panes)
    return sum(pane.labelled for pane in panes) / rows if rows else None


def forgettable(
    monitor: Monitor,
    state: MonitorState,
    now_us: int,
    *,
    kept: Collection[str] = frozenset(),
    most_rows: int | None = None,
) -> list[Forget]:
    """The rows that nothing will ask for again: settled in every phase, past their retention, and read by no window
    that may still be computed. Windows whose keys are `kept` stay, and what came after them in the same pane.

    With more than `most_rows` rows, the oldest settled ones are forgotten before their time.
    """
    mark_us = watermark_us(monitor, state, now_us)
    lookback = Lookback(monitor, state)
    rested_us = now_us - monitor.retention_us
    ripe = {
        pane.pane
        for pane in state.panes
        if max(pane.last_append_us, pane.last_label_us or 0) <= rested_us and _ripe(monitor, pane, mark_us)
    }

    def forget(pane: PaneState, since_us: int, at_least: int | None = None) -> Forget | None:
        """What was settled until `since_us`; of an endless pane only as many windows as have `at_least` rows."""
        if pane.pane.end_us is None:
            before_row = _finished_before(monitor, pane, kept, since_us, at_least)
            return Forget(pane.pane, before_row, pane.rows) if before_row > pane.trimmed else None
        free = not lookback.holds(pane.pane, ripe=ripe, mark_us=mark_us)
        free = free and not any(window.key in kept for window in windows_of(monitor, pane))
        return Forget(pane.pane, None, pane.rows) if free else None

    candidates = [pane for pane in state.panes if pane.pane in ripe or pane.pane.end_us is None]
    found = {pane.pane: each for pane in candidates if (each := forget(pane, rested_us))}
    too_many = 0 if most_rows is None else _rows_left(state, found) - most_rows
    for pane in sorted(state.panes, key=lambda pane: pane.last_append_us):
        if too_many <= 0:
            break
        already = found.get(pane.pane)
        if pane.pane.end_us is not None and (already is not None or not _ripe(monitor, pane, mark_us)):
            continue
        each = forget(pane, now_us, too_many + _freed(pane, already))
        if each is not None:
            too_many -= _freed(pane, each) - _freed(pane, already)
            found[pane.pane] = each
    return list(found.values())


def _rows_left(state: MonitorState, found: Mapping[Pane, Forget]) -> int:
    return sum(pane.rows - pane.trimmed - _freed(pane, found.get(pane.pane)) for pane in state.panes)


def _freed(pane: PaneState, forget: Forget | None) -> int:
    """How many of its rows go."""
    if forget is None:
        return 0
    return (pane.rows if forget.before_row is None else forget.before_row) - pane.trimmed


def _ripe(monitor: Monitor, pane: PaneState, mark_us: int) -> bool:
    """Whether the pane has ended, and all that it held is settled."""
    ended = pane.pane.end_us is not None and mark_us >= pane.pane.end_us + microseconds(monitor.window.lateness)
    return ended and all(_finished(monitor, pane, window) for window in windows_of(monitor, pane))


def _finished(monitor: Monitor, pane: PaneState, window: Window) -> bool:
    """Whether the window was settled with all its rows, and nothing of it is dead and could be replayed."""
    for phase in monitor.phases:
        settled: Settled | None = pane.settled.get((window.part, phase))
        if settled is None or settled.outcome is Outcome.DEAD or settled.rows < rows_in(window, pane):
            return False
    return True


def _finished_before(
    monitor: Monitor, pane: PaneState, kept: Collection[str], since_us: int, at_least: int | None
) -> int:
    """Up to where the endless pane's closed windows were finished until `since_us`, and are no reference of one to come.

    Its rows never stop coming, so that each window has a rest of its own, from its first settlement on.
    """
    before_row = last_start = 0
    for window in windows_of(monitor, pane):
        if not closed(monitor, pane, window, 0) or not _finished(monitor, pane, window):
            break
        if window.key in kept or pane.settled[window.part, monitor.phases[0]].at_us > since_us:
            break
        if at_least is not None and before_row - pane.trimmed >= at_least:
            break
        before_row, last_start = window.first_row + rows_in(window, pane), window.first_row
    return last_start if looks_back(monitor) else before_row
