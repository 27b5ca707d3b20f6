"""When windows are due, and what may be forgotten."""

from dataclasses import replace

from collector.batch.due import due, forgettable, label_coverage, open_now, watermark_us
from collector.model import SECOND_US, MonitorState, Outcome, Pane, PaneState, Phase, Settled
from collector.monitor import Monitor

HOUR = 3600 * SECOND_US
NOW = 1_700_000_000 * SECOND_US // HOUR * HOUR
DRIFT = {"name": "drift", "metrics": ["DataDriftPreset"]}
QUALITY = {"name": "quality", "metrics": ["ClassificationPreset"], "needs_target": True}


def monitor(*reports, window=None, labels=None, timestamp="at"):
    return Monitor.model_validate(
        {
            "id": "m",
            "columns": {"id": "id", "timestamp": timestamp, "target": "y"},
            "window": {"every": "1h", **(window or {})},
            "labels": labels or {},
            "reports": list(reports or [DRIFT]),
        }
    )


def pane(hours_ago, rows=10, **changes):
    start = NOW - hours_ago * HOUR
    state = PaneState(
        pane=Pane(start, start + HOUR), rows=rows, labelled=0, bytes=0,
        first_append_us=NOW - SECOND_US, last_append_us=NOW - SECOND_US, last_label_us=None,
    )  # fmt: skip
    return replace(state, **{"label_changes": changes.get("labelled", 0), **changes})


def state(*panes, event_us=NOW, append_us=NOW - SECOND_US):
    return MonitorState(panes=panes, max_event_us=event_us, last_append_us=append_us)


def settled(rows, *, outcome=Outcome.EVALUATED, revision=1, labelled=0, at_us=NOW - HOUR):
    return Settled(outcome, rows, labelled, revision, at_us, rows + labelled)


def keys(found):
    return [(each.window.pane.start_us, each.window.part, each.phase, each.revision) for each in found]


def test_event_time_closes_a_window_when_the_data_has_passed_its_end():
    one = pane(3)
    assert due(monitor(), state(one, event_us=one.pane.end_us - 1), NOW) == []
    assert len(due(monitor(), state(one, event_us=one.pane.end_us), NOW)) == 1


def test_lateness_keeps_a_window_open_for_so_long_after_its_end():
    one = pane(3)
    patient = monitor(window={"lateness": "30m"})
    assert due(patient, state(one, event_us=one.pane.end_us + HOUR // 2 - 1), NOW) == []
    assert due(patient, state(one, event_us=one.pane.end_us + HOUR // 2), NOW)


def test_a_silent_source_is_closed_by_the_wall_clock():
    one = pane(3)
    quiet = state(one, event_us=one.pane.start_us, append_us=NOW - 31 * SECOND_US)
    assert len(due(monitor(), quiet, NOW)) == 1
    assert due(monitor(), replace(quiet, last_append_us=NOW - 29 * SECOND_US), NOW) == []


def test_one_row_from_the_future_does_not_close_what_is_still_open():
    assert watermark_us(monitor(), state(event_us=NOW + HOUR), NOW) == NOW


def test_arrival_time_closes_by_the_clock_alone():
    wish = monitor(timestamp=None)
    assert due(wish, state(pane(0), event_us=None), NOW) == []
    assert due(wish, state(pane(1), event_us=None), NOW)


def test_a_full_window_is_due_before_its_time_and_the_rest_waits():
    wish = monitor(window={"rows": 4})
    cut = pane(0).pane
    found = due(wish, state(pane(0, rows=10, pane=replace(cut, rows=4))), NOW)
    assert [(each.window.part, each.window.first_row, each.window.stop_row) for each in found] == [(0, 0, 4), (1, 4, 8)]


def test_windows_by_count_are_exact_slices_and_an_endless_pane_is_never_closed_by_time():
    wish = Monitor.model_validate({"id": "m", "window": {"rows": 100}, "reports": [DRIFT]})
    endless = replace(pane(0, rows=250), pane=Pane(None, None, 100))
    found = due(wish, state(endless, event_us=None), NOW + 100 * HOUR)
    assert [(each.window.first_row, each.window.stop_row) for each in found] == [(0, 100), (100, 200)]
    assert [each.window.part for each in open_now(wish, state(endless, event_us=None))] == [0, 1, 2]


def test_what_was_cut_one_way_stays_so_when_the_windows_are_others_now():
    endless, span = Pane(None, None, 100), replace(pane(2).pane, rows=100)
    for window in ({"every": "1h"}, {"rows": 40}, {"every": "1h", "rows": 40}):
        wish = Monitor.model_validate({"id": "m", "window": window, "reports": [DRIFT]})
        for each in (endless, span):
            found = due(wish, state(pane(2, rows=150, pane=each), event_us=None), NOW)
            assert [(one.window.first_row, one.window.stop_row) for one in found] == [(0, 100), (100, 200)]
        whole = due(wish, state(pane(2, rows=150), event_us=None), NOW)
        assert [(one.window.first_row, one.window.stop_row) for one in whole] == [(0, None)]


def test_the_rest_of_an_endless_pane_is_evaluated_and_forgotten_once_no_row_will_come_to_it():
    wish = Monitor.model_validate({"id": "m", "window": {"rows": 40}, "reports": [DRIFT]})
    left = pane(0, rows=150, pane=Pane(None, None, 100), last_append_us=0, settled={(0, Phase.ROWS): settled(100)})
    assert [each.window.part for each in due(wish, state(left), NOW)] == [1]
    done = replace(left, settled={**left.settled, (1, Phase.ROWS): settled(50)})
    assert due(wish, state(done), NOW) == []
    assert [each.before_row for each in forgettable(wish, state(done), NOW)] == [150]


def test_an_evaluated_window_is_not_due_again():
    done = pane(3, settled={(0, Phase.ROWS): settled(10)})
    assert due(monitor(), state(done), NOW) == []


def test_late_rows_reopen_a_window_with_the_next_revision_once_they_stop_coming():
    late = pane(3, rows=11, settled={(0, Phase.ROWS): settled(10, at_us=NOW - 2 * SECOND_US)})
    assert due(monitor(), state(late), NOW) == []
    quiet = replace(late, last_append_us=NOW - 6 * SECOND_US)
    assert keys(due(monitor(), state(quiet), NOW)) == [(late.pane.start_us, 0, Phase.ROWS, 2)]


def test_late_rows_that_never_stop_are_evaluated_once_a_minute():
    late = pane(3, rows=11, settled={(0, Phase.ROWS): settled(10, at_us=NOW - 61 * SECOND_US)})
    assert due(monitor(), state(late), NOW)


def test_a_dead_window_is_left_alone():
    dead = pane(3, settled={(0, Phase.ROWS): settled(10, outcome=Outcome.DEAD)})
    assert due(monitor(), state(dead), NOW) == []
    assert forgettable(monitor(), state(replace(dead, last_append_us=0)), NOW) == []


def test_labels_are_waited_for_until_wait_has_passed_or_all_are_there():
    wish = monitor(DRIFT, QUALITY, labels={"wait": "2h"})
    rows_done = {(0, Phase.ROWS): settled(10)}
    some = pane(2, labelled=5, last_label_us=NOW - SECOND_US, settled=rows_done)
    assert due(wish, state(some), NOW) == []
    assert [each.phase for each in due(wish, state(replace(some, labelled=10)), NOW)] == [Phase.LABELS]
    older = pane(3, labelled=5, last_label_us=NOW - SECOND_US, settled=rows_done)
    assert [each.phase for each in due(wish, state(older), NOW)] == [Phase.LABELS]


def test_more_labels_after_the_evaluation_raise_the_revision():
    wish = monitor(DRIFT, QUALITY)
    more = pane(
        3, labelled=6, last_label_us=NOW - 6 * SECOND_US, last_append_us=NOW - HOUR,
        settled={(0, Phase.ROWS): settled(10), (0, Phase.LABELS): settled(10, labelled=5)},
    )  # fmt: skip
    assert keys(due(wish, state(more), NOW)) == [(more.pane.start_us, 0, Phase.LABELS, 2)]


def test_a_corrected_label_raises_the_revision_although_their_number_stays():
    wish = monitor(DRIFT, QUALITY)
    corrected = pane(
        3, labelled=5, label_changes=6, last_label_us=NOW - 6 * SECOND_US, last_append_us=NOW - HOUR,
        settled={(0, Phase.ROWS): settled(10), (0, Phase.LABELS): settled(10, labelled=5, at_us=NOW - 7 * SECOND_US)},
    )  # fmt: skip
    assert len(due(wish, state(corrected), NOW)) == 1


def test_once_the_wait_is_over_a_window_is_due_also_without_labels_for_its_rows_may_have_targets():
    wish = monitor(DRIFT, QUALITY, labels={"wait": "2h"})
    rows_done = {(0, Phase.ROWS): settled(10)}
    assert due(wish, state(pane(2, settled=rows_done)), NOW) == []
    assert [each.phase for each in due(wish, state(pane(3, settled=rows_done)), NOW)] == [Phase.LABELS]
    nothing_yet = rows_done | {(0, Phase.LABELS): settled(10, revision=0)}
    assert due(wish, state(pane(3, settled=nothing_yet)), NOW) == []


def test_all_labels_there_is_not_waited_for_quiet():
    wish = monitor(DRIFT, QUALITY)
    done = {(0, Phase.ROWS): settled(10), (0, Phase.LABELS): settled(10, labelled=9, at_us=NOW - SECOND_US)}
    complete = pane(3, labelled=10, last_label_us=NOW, settled=done)
    assert keys(due(wish, state(complete), NOW)) == [(complete.pane.start_us, 0, Phase.LABELS, 2)]


def test_flush_takes_open_windows_and_their_labels():
    wish = monitor(DRIFT, QUALITY, labels={"wait": "1d"})
    assert [each.phase for each in open_now(wish, state(pane(0)))] == [Phase.ROWS, Phase.LABELS]
    assert [each.phase for each in open_now(wish, state(pane(0, labelled=1)))] == [Phase.ROWS, Phase.LABELS]


def test_rows_are_kept_for_late_rows_and_labels_then_forgotten():
    done = {(0, Phase.ROWS): settled(10)}
    recent = pane(48, settled=done)
    assert forgettable(monitor(), state(recent), NOW) == []
    old = replace(recent, last_append_us=NOW - 25 * HOUR)
    assert [each.before_row for each in forgettable(monitor(), state(old), NOW)] == [None]
    assert forgettable(monitor(DRIFT, QUALITY), state(old), NOW) == []


def test_rows_that_were_not_evaluated_are_never_forgotten():
    assert forgettable(monitor(), state(pane(48, last_append_us=0)), NOW) == []
    grown = pane(48, rows=11, last_append_us=0, settled={(0, Phase.ROWS): settled(10)})
    assert forgettable(monitor(), state(grown), NOW) == []


def test_of_an_endless_pane_the_finished_windows_are_forgotten_and_not_asked_about_again():
    wish = Monitor.model_validate({"id": "m", "window": {"rows": 4}, "reports": [DRIFT]})
    done = {(0, Phase.ROWS): settled(4), (1, Phase.ROWS): settled(4)}
    endless = replace(pane(0, rows=10, settled=done, last_append_us=0), pane=Pane(None, None, 4))
    assert [each.before_row for each in forgettable(wish, state(endless), NOW)] == [8]
    trimmed = replace(endless, trimmed=8, settled={})
    assert forgettable(wish, state(trimmed), NOW) == []
    assert [each.window.part for each in open_now(wish, state(trimmed))] == [2]


def counted(*parts, at_us=NOW - HOUR):
    return {(part, Phase.ROWS): settled(4, at_us=at_us) for part in parts}


def test_rows_that_never_stop_coming_are_forgotten_window_by_window():
    wish = Monitor.model_validate({"id": "m", "window": {"rows": 4, "keep": "30m"}, "reports": [DRIFT]})
    done = counted(0, 1) | counted(2, at_us=NOW - HOUR // 2 + 1)
    busy = replace(pane(0, rows=17, settled=done, last_append_us=NOW), pane=Pane(None, None, 4))
    assert [each.before_row for each in forgettable(wish, state(busy), NOW)] == [8]
    assert [each.before_row for each in forgettable(wish, state(busy), NOW + 1)] == [12]


def test_a_window_says_how_long_its_rows_are_kept():
    done = {(0, Phase.ROWS): settled(10)}
    recent = pane(48, settled=done, last_append_us=NOW - 20 * 60 * SECOND_US)
    assert forgettable(monitor(window={"keep": "21m"}), state(recent), NOW) == []
    assert [each.pane for each in forgettable(monitor(window={"keep": "20m"}), state(recent), NOW)] == [recent.pane]


def test_with_too_many_rows_the_oldest_settled_ones_go_before_their_time():
    done = {(0, Phase.ROWS): settled(10)}
    panes = [pane(hours, settled=done, last_append_us=NOW - hours * SECOND_US) for hours in (2, 4, 3)]
    unsettled = pane(5, last_append_us=0)
    found = {
        most: [each.pane for each in forgettable(monitor(), state(*panes, unsettled), NOW, most_rows=most)]
        for most in (40, 39, 20, 0)
    }
    oldest, older, newest = panes[1].pane, panes[2].pane, panes[0].pane
    assert found == {40: [], 39: [oldest], 20: [oldest, older], 0: [oldest, older, newest]}


def test_of_an_endless_pane_no_more_windows_than_needed_go_before_their_time():
    wish = Monitor.model_validate({"id": "m", "window": {"rows": 4, "keep": "1d"}, "reports": [DRIFT]})
    busy = replace(pane(0, rows=17, settled=counted(0, 1, 2), last_append_us=NOW), pane=Pane(None, None, 4))
    found = {most: forgettable(wish, state(busy), NOW, most_rows=most) for most in (17, 16, 13, 12, 0)}
    assert {most: [each.before_row for each in some] for most, some in found.items()} == {
        17: [], 16: [4], 13: [4], 12: [8], 0: [12]
    }  # fmt: skip


def test_of_too_many_rows_that_wait_for_labels_the_oldest_windows_wait_no_longer():
    wish = monitor(DRIFT, QUALITY, labels={"wait": "7d"})
    done = {(0, Phase.ROWS): settled(10)}
    panes = [pane(hours, settled=done, last_append_us=NOW - hours * SECOND_US) for hours in (2, 4, 3)]
    settled_with_labels = pane(5, rows=1000, settled={(0, Phase.ROWS): settled(1000), (0, Phase.LABELS): settled(1000)})
    found = {most: due(wish, state(*panes, settled_with_labels), NOW, most_rows=most) for most in (30, 29, 20, 19, 0)}
    assert {most: [each.window.pane for each in some] for most, some in found.items()} == {
        30: [],
        29: [panes[1].pane],
        20: [panes[1].pane],
        19: [panes[1].pane, panes[2].pane],
        0: [panes[0].pane, panes[1].pane, panes[2].pane],
    }
    assert {each.phase for some in found.values() for each in some} == {Phase.LABELS}


def test_rows_that_were_not_evaluated_yet_end_no_wait_for_labels():
    wish = monitor(DRIFT, QUALITY, labels={"wait": "7d"})
    waiting, open_still = pane(2, settled={(0, Phase.ROWS): settled(10)}), pane(0, rows=1000)
    assert due(wish, state(waiting, open_still), NOW, most_rows=10) == []
    only_labels = monitor(QUALITY, labels={"wait": "7d"})
    assert due(only_labels, state(pane(2)), NOW, most_rows=0) == []  # it is waiting rows that are bounded there


def test_label_coverage_is_over_closed_windows_only():
    wish = monitor(DRIFT, QUALITY)
    closed, half, still_open = pane(3, labelled=10), pane(2, labelled=5), pane(0, labelled=0)
    assert label_coverage(wish, state(closed, half, still_open), NOW) == 0.75
    assert label_coverage(wish, state(still_open), NOW) is None


def test_windows_of_rows_look_for_more_labels_the_less_often_the_older_they_are():
    wish = monitor(DRIFT, QUALITY, window={"every": None, "rows": 5, "time": "arrival"}, labels={"wait": "0s"})
    day, at_us = 24 * HOUR, NOW - 30 * 60 * SECOND_US

    def endless(age_us):
        known = {(0, Phase.ROWS): settled(5, at_us=NOW - age_us), (0, Phase.LABELS): settled(5, at_us=at_us)}
        return pane(0, rows=5, labelled=3, pane=Pane(None, None, 5), last_label_us=NOW - SECOND_US, settled=known)

    assert [each.phase for each in due(wish, state(endless(2 * HOUR)), NOW)] == [Phase.LABELS]
    assert due(wish, state(endless(day)), NOW) == []
    assert due(wish, state(replace(endless(2 * HOUR), label_changes=0)), NOW) == []
