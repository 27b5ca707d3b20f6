"""Panes partition time: every instant has exactly one, and its neighbours share its borders."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, strategies as st

from collector.batch.panes import pane_of, panes_of
from collector.model import Pane
from collector.monitor import WindowSettings

LENGTHS = ["1s", "90s", "5m", "15m", "16s", "20m", "1h", "2h", "5h", "6h", "12h", "1d", "2d", "7d", "36h"]
ZONES = ["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns",
         "Asia/Kathmandu", "Asia/Tehran", "Africa/Monrovia"]  # fmt: skip
CRONS = ["0 6 * * *", "*/15 * * * *", "0 0 * * 1", "30 2 * * *", "0 0 1 * *"]
INSTANTS = st.integers(min_value=0, max_value=4_102_444_800_000_000)


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e6)


def span(pane: Pane) -> tuple[int, int]:
    assert pane.start_us is not None
    assert pane.end_us is not None
    return pane.start_us, pane.end_us


settings = st.one_of(
    st.builds(
        lambda every, zone: WindowSettings(every=every, timezone=zone), st.sampled_from(LENGTHS), st.sampled_from(ZONES)
    ),
    st.builds(
        lambda cron, zone: WindowSettings(cron=cron, timezone=zone), st.sampled_from(CRONS), st.sampled_from(ZONES)
    ),
)


@given(settings, INSTANTS)
@example(WindowSettings(every="6h", timezone="Europe/Paris"), us("2024-03-31T03:30:00+00:00"))
@example(WindowSettings(every="1h", timezone="Europe/Paris"), us("2024-10-27T00:30:00+00:00"))
@example(WindowSettings(every="1h", timezone="Australia/Lord_Howe"), us("2024-10-05T15:29:59+00:00"))
@example(WindowSettings(every="1h", timezone="Australia/Lord_Howe"), us("2024-04-06T14:45:00+00:00"))
@example(WindowSettings(every="16m", timezone="Asia/Tehran"), us("1977-03-21T19:33:27+00:00"))
@example(WindowSettings(every="1h", timezone="Asia/Tehran"), us("2022-03-21T20:30:00+00:00"))
@example(WindowSettings(every="1h", timezone="Asia/Tehran"), us("2022-09-21T19:45:00+00:00"))
def test_an_instant_lies_in_its_pane_and_borders_belong_to_the_next_one(wish, instant):
    pane = pane_of(wish, instant)
    start_us, end_us = span(pane)
    assert start_us <= instant < end_us
    assert pane_of(wish, start_us) == pane
    assert pane_of(wish, end_us - 1) == pane
    assert pane_of(wish, end_us).start_us == end_us
    assert pane_of(wish, start_us - 1).end_us == start_us


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25), ("2024-06-01", 24)])
def test_a_day_begins_at_local_midnight_also_when_the_clock_changes(day, hours):
    zone = ZoneInfo("Europe/Paris")
    noon = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=zone)
    pane = pane_of(WindowSettings(every="1d", timezone="Europe/Paris"), round(noon.timestamp() * 1e6))
    start_us, end_us = span(pane)
    start = datetime.fromtimestamp(start_us / 1e6, tz=zone)
    assert (start.hour, start.minute) == (0, 0)
    assert end_us - start_us == timedelta(hours=hours) / timedelta(microseconds=1)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Paris"])
@pytest.mark.parametrize(("every", "minutes"), [("1h", 60), ("30m", 30), ("20m", 20), ("15m", 15)])
def test_parts_of_an_hour_begin_with_the_hour_on_the_wall(zone, every, minutes):
    pane = pane_of(WindowSettings(every=every, timezone=zone), us("2024-06-01T12:34:56+00:00"))
    start_us, end_us = span(pane)
    start = datetime.fromtimestamp(start_us / 1e6, tz=ZoneInfo(zone))
    assert (start.minute % minutes, start.second, end_us - start_us) == (0, 0, minutes * 60_000_000)


def test_weeks_begin_on_monday():
    pane = pane_of(WindowSettings(every="7d"), us("2024-03-31T12:00:00+00:00"))
    assert datetime.fromtimestamp(span(pane)[0] / 1e6, tz=UTC).weekday() == 0


def test_windows_by_count_alone_share_one_endless_pane():
    assert panes_of(WindowSettings(rows=10), [5, 1, 9]) == {Pane(None, None, 10): [0, 1, 2]}


@given(st.lists(st.integers(min_value=0, max_value=10_000_000), max_size=50))
def test_rows_are_grouped_by_their_own_instant_in_order_of_arrival(instants):
    wish = WindowSettings(every="1s")
    found = panes_of(wish, instants)
    assert sorted(index for rows in found.values() for index in rows) == list(range(len(instants)))
    for pane, rows in found.items():
        assert rows == sorted(rows)
        assert all(pane_of(wish, instants[row]) == pane for row in rows)
