"""Which pane an instant belongs to. Panes of a monitor never overlap and leave no gap.

Panes are aligned to the wall clock of the monitor's time zone:

* a length that divides an hour is aligned to the local hour, which in some zones begins at half past that of UTC; it meets
  no change of the clock but one by a part of it;
* a length that divides a day is aligned to local midnight; on the day of a change one pane is longer or shorter;
* whole days begin at local midnight, whole weeks on Monday; other lengths are counted from the epoch in UTC;
* with `cron`, a pane reaches from one instant of the schedule to the next.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from croniter import croniter

from collector.durations import microseconds
from collector.model import SECOND_US, Pane
from collector.monitor import WindowSettings

DEFAULT_EVERY = timedelta(hours=1)
_HOUR_US = 3600 * SECOND_US
_DAY_US = 24 * _HOUR_US
_MONDAY = date(1970, 1, 5).toordinal()
_EPOCH = date(1970, 1, 1).toordinal()


def pane_of(settings: WindowSettings, instant_us: int) -> Pane:
    """The pane that holds an instant.

    >>> pane_of(WindowSettings(every="1d"), 1_359_720_000_000_000).key  # noon of 2013-02-01
    '1359676800000000-1359763200000000'
    >>> pane_of(WindowSettings(rows=100), 0).key
    'all.100'
    """
    pane = _span(settings, instant_us)
    return pane if settings.rows is None else Pane(pane.start_us, pane.end_us, settings.rows)


def _span(settings: WindowSettings, instant_us: int) -> Pane:
    if settings.cron is not None:
        return _cron_pane(settings.cron, settings.timezone, instant_us // SECOND_US)
    if settings.every is None and settings.rows is not None:
        return Pane(None, None)
    every_us = microseconds(settings.every or DEFAULT_EVERY)
    if settings.timezone == "UTC" and (every_us % _DAY_US != 0 or every_us == _DAY_US):
        return _aligned(instant_us, every_us)
    zone = ZoneInfo(settings.timezone)
    if every_us % _DAY_US == 0:
        return _days_pane(zone, instant_us, every_us // _DAY_US)
    if _HOUR_US % every_us == 0:
        return _part_of_hour(zone, instant_us, every_us)
    if _DAY_US % every_us == 0:
        return _part_of_day(zone, instant_us, every_us)
    return _aligned(instant_us, every_us)


def panes_of(settings: WindowSettings, instants_us: Iterable[int]) -> dict[Pane, list[int]]:
    """The row indexes of each pane, in order. Rows that follow each other mostly share a pane; that costs one look."""
    found: dict[Pane, list[int]] = {}
    start_us = stop_us = 0
    rows: list[int] = []
    for index, instant_us in enumerate(instants_us):
        if not start_us <= instant_us < stop_us:
            pane = pane_of(settings, instant_us)
            rows = found.setdefault(pane, [])
            if pane.start_us is None or pane.end_us is None:
                start_us, stop_us = -(2**63), 2**63
            else:
                start_us, stop_us = pane.start_us, pane.end_us
        rows.append(index)
    return found


def earlier_us(settings: WindowSettings, instant_us: int, ago: timedelta) -> int:
    """The instant so long before, by the clock on the wall when whole days are meant: nine o'clock stays nine.

    >>> earlier_us(WindowSettings(), 1_359_720_000_000_000, timedelta(days=7))
    1359115200000000
    """
    if settings.timezone == "UTC" or microseconds(ago) % _DAY_US:
        return instant_us - microseconds(ago)
    zone = ZoneInfo(settings.timezone)
    return _instant_us((_local(zone, instant_us).replace(tzinfo=None, fold=0) - ago).replace(tzinfo=zone))


def _aligned(instant_us: int, every_us: int) -> Pane:
    start_us = instant_us // every_us * every_us
    return Pane(start_us, start_us + every_us)


def _days_pane(zone: ZoneInfo, instant_us: int, days: int) -> Pane:
    day = _local(zone, instant_us).date().toordinal()
    origin = _MONDAY if days % 7 == 0 else _EPOCH
    first = origin + (day - origin) // days * days
    return Pane(_midnight_us(zone, first), _midnight_us(zone, first + days))


def _part_of_hour(zone: ZoneInfo, instant_us: int, every_us: int) -> Pane:
    """All instants of a local day are asked the same, so that its panes fit together."""
    ahead_us = _ahead_us(zone, _local(zone, instant_us).date().toordinal())
    if not any(each % every_us for each in ahead_us):
        return _aligned(instant_us, every_us)
    if len(ahead_us) > 1:  # the clock changes by a part of the length, or beside a half hour
        return _part_of_day(zone, instant_us, every_us)
    (shift_us,) = ahead_us
    pane_start_us = (instant_us + shift_us) // every_us * every_us - shift_us
    return Pane(pane_start_us, pane_start_us + every_us)


@lru_cache(maxsize=64)
def _ahead_us(zone: ZoneInfo, day: int) -> frozenset[int]:
    """How much the local clock is ahead of UTC when a day begins, and when it ends."""
    wall_us = (day - _EPOCH) * _DAY_US
    return frozenset({wall_us - _midnight_us(zone, day), wall_us + _DAY_US - _midnight_us(zone, day + 1)})


def _part_of_day(zone: ZoneInfo, instant_us: int, every_us: int) -> Pane:
    starts = _starts(zone, _local(zone, instant_us).date().toordinal(), every_us)
    index = bisect_right(starts, instant_us) - 1
    return Pane(starts[index], starts[index + 1])


@lru_cache(maxsize=64)
def _starts(zone: ZoneInfo, day: int, every_us: int) -> Sequence[int]:
    """Of a day's panes, and of the first one of the next day."""
    midnight = datetime.combine(date.fromordinal(day), time())
    next_us = _midnight_us(zone, day + 1)
    starts = {
        _instant_us((midnight + timedelta(microseconds=offset_us)).replace(tzinfo=zone))
        for offset_us in range(0, _DAY_US, every_us)
    }
    # Where the clock is put forward at the end of a day, its last hour is one of the next.
    return [*sorted(start_us for start_us in starts if start_us < next_us), next_us]


def _local(zone: ZoneInfo, instant_us: int) -> datetime:
    return (datetime.fromtimestamp(0, tz=UTC) + timedelta(microseconds=instant_us)).astimezone(zone)


def _midnight_us(zone: ZoneInfo, ordinal: int) -> int:
    return _instant_us(datetime.combine(date.fromordinal(ordinal), time(), tzinfo=zone))


def _instant_us(instant: datetime) -> int:
    return microseconds(instant.astimezone(UTC) - datetime.fromtimestamp(0, tz=UTC))


@lru_cache(maxsize=4096)
def _cron_pane(cron: str, timezone: str, instant_seconds: int) -> Pane:
    # One second later, then back: an instant that is itself on the schedule begins its pane.
    after = datetime.fromtimestamp(instant_seconds + 1, tz=UTC).astimezone(ZoneInfo(timezone))
    start = croniter(cron, after).get_prev(datetime)
    end = croniter(cron, start).get_next(datetime)
    return Pane(_instant_us(start), _instant_us(end))
