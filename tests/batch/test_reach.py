"""What a window reads beside its own rows, when it looks again, and what is kept for it."""

from dataclasses import replace

import pytest

from collector.batch.due import due, forgettable
from collector.batch.reach import Lookback
from collector.durations import microseconds
from collector.model import SECOND_US, MonitorState, Outcome, Pane, PaneState, Phase, Settled, Window
from collector.monitor import Monitor

HOUR = 3600 * SECOND_US
DAY = 24 * HOUR
START = 1_699_833_600 * SECOND_US
"""Monday 2023-11-13T00:00:00Z"""


def monitor(window=None, reference=None, reports=None):
    return Monitor.model_validate(
        {
            "id": "m",
            "columns": {"id": "id", "timestamp": "at", "target": "y"},
            "window": window or {"every": "1h"},
            "reference": reference,
            "reports": reports or [{"name": "drift", "metrics": ["DataDriftPreset"]}],
        }
    )


def pane(hour, rows=10, length=HOUR, **changes):
    start_us = START + hour * HOUR
    state = PaneState(
        pane=Pane(start_us, start_us + length), rows=rows, labelled=0, bytes=0, first_append_us=start_us,
        last_append_us=start_us + length - 1, last_label_us=None,
    )  # fmt: skip
    return replace(state, **changes)


def state(*panes):
    newest_us = max(each.pane.end_us for each in panes)
    return MonitorState(panes=panes, max_event_us=newest_us, last_append_us=newest_us)


def evaluated(each, seen=10, phase=Phase.ROWS):
    known = Settled(Outcome.EVALUATED, each.rows, each.labelled, 1, each.pane.end_us + SECOND_US, seen)
    return replace(each, settled={**each.settled, (0, phase): known})


def all_evaluated(wish, panes):
    """Every window settled in every phase, with all that there was to see for it."""
    lookback = Lookback(wish, state(*panes))
    return [
        replace(
            each,
            settled={
                (0, phase): Settled(
                    Outcome.EVALUATED, each.rows, each.labelled, 1, each.pane.end_us + SECOND_US,
                    lookback.seen(Window(each.pane), phase).count,
                )
                for phase in wish.phases
            },
        )
        for each in panes
    ]  # fmt: skip


def starts(windows):
    return [(each.pane.start_us - START) // HOUR for each in windows]


def read_by(wish, panes, at):
    return Lookback(wish, state(*panes)).of(Window(panes[at].pane))


SLIDING = {"every": "1h", "over": "4h"}


def test_a_sliding_window_reads_the_steps_before_its_own_and_no_others():
    panes = [pane(hour) for hour in range(8)]
    reach = read_by(monitor(SLIDING), panes, 6)
    assert starts(reach.rows) == [3, 4, 5]
    assert reach.start_us == START + 3 * HOUR
    assert not reach.reference


def test_steps_without_rows_are_passed_over_and_shorten_nothing():
    panes = [pane(hour) for hour in (0, 3, 4)]
    assert starts(read_by(monitor(SLIDING), panes, 2).rows) == [3]
    assert starts(read_by(monitor(SLIDING), panes, 1).rows) == [0]


def test_a_window_of_local_days_slides_over_as_many_days_when_the_clock_changes():
    wish = monitor({"every": "1d", "over": "7d", "timezone": "Europe/Paris"})
    days = []
    local = 1_679_612_400 * SECOND_US  # 2023-03-24T00:00 in Paris; the clock changes on the 26th
    for day in range(8):
        length = DAY - HOUR if day == 2 else DAY
        days.append(replace(pane(0), pane=Pane(local, local + length)))
        local += length
    reach = read_by(wish, days, 7)
    assert len(reach.rows) == 6
    assert reach.start_us == days[1].pane.start_us


def test_the_previous_window_is_the_last_one_that_has_rows():
    wish = monitor(reference={"previous_window": True})
    panes = [pane(hour) for hour in (0, 1, 9)]
    assert starts(read_by(wish, panes, 2).reference) == [1]
    assert not read_by(wish, panes, 0).reference


def test_the_previous_of_a_sliding_window_ends_where_it_begins():
    wish = monitor(SLIDING, {"previous_window": True})
    panes = [pane(hour) for hour in range(12)]
    reach = read_by(wish, panes, 9)
    assert starts(reach.rows) == [6, 7, 8]
    assert starts(reach.reference) == [2, 3, 4, 5]


def test_a_window_of_rows_is_compared_with_the_part_before_it():
    wish = monitor({"rows": 4}, {"previous_window": True})
    endless = PaneState(Pane(None, None, 4), 10, 0, 0, START, START, None)
    reach = Lookback(wish, MonitorState([endless], None, START)).of(Window(endless.pane, 1, 4, 8))
    assert reach.reference == [Window(endless.pane, 0, 0, 4)]


def test_the_first_part_of_a_span_is_compared_with_the_last_part_of_the_span_before():
    wish = monitor({"every": "1h", "rows": 4}, {"previous_window": True})
    panes = [replace(each, pane=replace(each.pane, rows=4)) for each in (pane(0), pane(1))]
    reach = Lookback(wish, state(*panes)).of(Window(panes[1].pane, 0, 0, 4))
    assert reach.reference == [Window(panes[0].pane, 2, 8, 12)]


@pytest.mark.parametrize(("ago", "expected"), [("1d", 0), ("24h", 0), ("23h", 1), ("2d", None)])
def test_the_window_so_long_ago_is_that_span_or_none(ago, expected):
    wish = monitor(reference={"window_ago": ago})
    panes = [pane(0), pane(1), pane(24)]
    found = starts(read_by(wish, panes, 2).reference)
    assert found == ([] if expected is None else [expected])


def test_last_week_is_the_same_hour_on_the_wall_also_across_a_change_of_the_clock():
    wish = monitor({"every": "1h", "timezone": "Europe/Paris"}, {"window_ago": "7d"})
    before = 1_679_562_000 * SECOND_US  # Thursday 2023-03-23T10:00 in Paris, UTC+1
    after = before + 7 * DAY - HOUR  # Thursday 2023-03-30T10:00 in Paris, UTC+2
    panes = [replace(pane(0), pane=Pane(at, at + HOUR)) for at in (before, after)]
    assert [each.pane.start_us for each in read_by(wish, panes, 1).reference] == [before]


def test_late_rows_make_every_window_that_reads_them_due_again():
    wish, now_us = monitor(SLIDING), START + 20 * HOUR
    panes = all_evaluated(wish, [pane(hour) for hour in range(8)])
    assert due(wish, state(*panes), now_us) == []
    panes[2] = replace(panes[2], rows=11, last_append_us=START + 19 * HOUR)
    found = due(wish, state(*panes), now_us)
    assert starts(each.window for each in found) == [2, 3, 4, 5]
    assert {each.revision for each in found} == {2}
    assert [each.seen for each in found] == [31, 41, 41, 41]


def test_late_rows_of_a_reference_make_its_window_due_again_but_not_the_one_after_that():
    wish, now_us = monitor(reference={"previous_window": True}), START + 20 * HOUR
    panes = all_evaluated(wish, [pane(hour) for hour in range(4)])
    panes[0] = replace(panes[0], rows=11, last_append_us=START + 19 * HOUR)
    assert starts(each.window for each in due(wish, state(*panes), now_us)) == [0, 1]
    assert due(wish, state(*all_evaluated(wish, panes)[:2], *panes[2:]), now_us + HOUR) == []


def test_a_window_that_comes_late_becomes_the_previous_one_of_the_next_whatever_its_rows():
    wish = monitor(reference={"previous_window": True})
    known = all_evaluated(wish, [pane(0, rows=10), pane(5)])
    late = evaluated(pane(3, rows=1), seen=2**63)
    assert starts(each.window for each in due(wish, state(known[0], late, known[1]), START + 20 * HOUR)) == [5]


def test_labels_of_a_reference_count_in_the_phase_that_waits_for_labels_only():
    reports = [
        {"name": "drift", "metrics": ["M"]},
        {"name": "quality", "metrics": ["M"], "needs_target": True},
    ]
    wish, now_us = monitor(reference={"previous_window": True}, reports=reports), START + 20 * HOUR
    panes = all_evaluated(wish, [pane(hour) for hour in range(2)])
    assert due(wish, state(*panes), now_us) == []
    panes[0] = replace(panes[0], labelled=1, label_changes=1, last_label_us=START + 19 * HOUR)
    found = due(wish, state(*panes), now_us)
    assert [(*starts([each.window]), each.phase) for each in found] == [(0, Phase.LABELS), (1, Phase.LABELS)]


def retained(wish, panes, now_us):
    gone = {each.pane for each in forgettable(wish, state(*panes), now_us)}
    return [(each.pane.start_us - START) // HOUR for each in panes if each.pane not in gone]


def test_rows_are_kept_while_a_window_that_reads_them_may_still_be_computed():
    panes = [evaluated(pane(hour)) for hour in range(40)]
    late_us = START + 40 * HOUR + 2 * DAY
    assert retained(monitor(), panes, late_us) == []
    # 4 hours back, and an hour more for a change of the clock
    assert retained(monitor(SLIDING), panes, late_us) == []
    assert retained(monitor(SLIDING), [*panes[:-1], pane(39)], late_us) == [35, 36, 37, 38, 39]
    assert retained(monitor(reference={"previous_window": True}), panes, late_us) == [39]
    assert retained(monitor(reference={"previous_window": True}), [*panes[:-1], pane(39)], late_us) == [38, 39]


def test_rows_are_kept_until_their_day_has_come_again():
    panes = [evaluated(pane(hour)) for hour in range(40)]
    wish = monitor(reference={"window_ago": "7d"})
    assert retained(wish, panes, START + 6 * DAY) == list(range(40))
    assert retained(wish, panes, START + 7 * DAY + 3 * HOUR) == list(range(1, 40))
    assert retained(wish, panes, START + 9 * DAY) == []


def test_the_last_full_window_of_endless_rows_is_kept_for_the_next_one():
    wish = monitor({"rows": 4, "time": "arrival"}, {"previous_window": True})
    done = {(part, Phase.ROWS): Settled(Outcome.EVALUATED, 4, 0, 1, START) for part in range(3)}
    endless = PaneState(Pane(None, None, 4), 13, 0, 0, START, START, None, settled=done)
    found = forgettable(wish, MonitorState([endless], None, START), START + 30 * DAY)
    assert [each.before_row for each in found] == [8]


def test_a_look_back_over_many_short_windows_stays_cheap():
    wish = monitor({"every": "1m", "over": "10m"}, {"previous_window": True})
    panes = [
        replace(pane(0), pane=Pane(START + minute * 60 * SECOND_US, START + (minute + 1) * 60 * SECOND_US))
        for minute in range(3000)
    ]
    looked = Lookback(wish, state(*panes))
    assert sum(len(looked.of(Window(each.pane)).rows) for each in panes) == 9 * 3000 - 45
    assert microseconds(wish.window.over) == 600 * SECOND_US
