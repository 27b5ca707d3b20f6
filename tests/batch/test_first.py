"""When a monitor's first windows become its reference, who waits for that, and what is kept until then."""

from dataclasses import replace

from collector.batch.due import due, forgettable
from collector.batch.first import Made, keeps, may_go, to_make
from collector.model import Phase
from collector.monitor import Monitor
from tests.batch.test_reach import HOUR, START, evaluated, pane, starts, state

DRIFT = {"name": "drift", "metrics": ["DataDriftPreset"]}
QUALITY = {"name": "quality", "metrics": ["ClassificationPreset"], "needs_target": True}
NOW = START + 30 * HOUR


def monitor(*reports, count=2):
    return Monitor.model_validate(
        {
            "id": "m",
            "columns": {"id": "id", "timestamp": "at", "target": "y"},
            "reference": {"first_windows": count},
            "reports": list(reports or [DRIFT]),
        }
    )


def made(*panes, phase=Phase.ROWS):
    return Made(frozenset(f"{each.pane.key}#0" for each in panes), phase)


def wanted(wish, known, *panes):
    phase, windows = to_make(wish, state(*panes), known, NOW)
    return phase, starts(windows)


def test_the_reference_is_made_once_the_first_windows_are_complete():
    panes = [pane(0), pane(5), pane(6), pane(7)]
    assert wanted(monitor(), None, *panes) == (Phase.ROWS, [0, 5])
    assert wanted(monitor(), None, pane(0)) == (Phase.ROWS, [])
    still_open = replace(state(pane(0), pane(5)), max_event_us=START + 5 * HOUR + 1, last_append_us=NOW)
    assert to_make(monitor(), still_open, None, NOW) == (Phase.ROWS, ())
    assert wanted(monitor(), made(*panes[:2]), *panes) == (Phase.ROWS, [])


def test_it_is_made_again_with_the_labels_once_those_were_waited_for():
    wish = monitor(DRIFT, QUALITY)
    panes = [evaluated(pane(0)), evaluated(pane(5)), pane(6)]
    known = made(*panes[:2])
    assert wanted(wish, known, *panes) == (Phase.LABELS, [])
    panes[:2] = [evaluated(each, phase=Phase.LABELS) for each in panes[:2]]
    assert wanted(wish, known, *panes) == (Phase.LABELS, [0, 5])
    assert wanted(wish, replace(known, phase=Phase.LABELS), *panes) == (Phase.LABELS, [])


def test_the_windows_after_the_first_wait_for_the_reference():
    panes = [pane(hour) for hour in (0, 5, 6, 7)]
    found = due(monitor(), state(*panes), NOW)
    assert starts(each.window for each in may_go(monitor(), state(*panes), None, found)) == [0, 5]
    assert may_go(monitor(), state(*panes), made(*panes[:2]), found) == found


def test_a_reference_that_could_not_be_made_holds_nothing_up():
    panes = [pane(hour) for hour in (0, 5, 6)]
    failed = made()
    found = due(monitor(), state(*panes), NOW)
    assert may_go(monitor(), state(*panes), failed, found) == found
    assert wanted(monitor(), failed, *panes) == (Phase.ROWS, [])
    assert not keeps(monitor(DRIFT, QUALITY), state(*panes), failed)


def test_rows_of_the_first_windows_are_kept_until_the_last_reference_is_made_of_them():
    wish = monitor(DRIFT, QUALITY)
    panes = [evaluated(evaluated(pane(hour)), phase=Phase.LABELS) for hour in (0, 5, 6)]
    far_us = NOW + 30 * 24 * HOUR

    def gone(known):
        kept = keeps(wish, state(*panes), known)
        found = {each.pane for each in forgettable(wish, state(*panes), far_us, kept=kept)}
        return [index for index, each in enumerate(panes) if each.pane in found]

    assert gone(None) == [2]
    assert gone(made(*panes[:2])) == [2]
    assert gone(made(*panes[:2], phase=Phase.LABELS)) == [0, 1, 2]


def test_a_monitor_with_another_reference_neither_waits_nor_makes_one():
    wish = monitor().model_copy(update={"reference": None})
    panes = [pane(0), pane(1), pane(2)]
    found = due(wish, state(*panes), NOW)
    assert may_go(wish, state(*panes), None, found) == found
    assert not keeps(wish, state(*panes), None)
