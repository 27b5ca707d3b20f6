"""What the service must have made of the flights in the end: which snapshots, of how many rows and labels."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from collector.demo.configuration import REPORTS
from collector.demo.flights import ORIGIN, TARGET, TIMEZONE
from collector.demo.models import CHALLENGER, CHAMPION, MODEL
from collector.snapshot import baseline_of

ALL = "all"


class Key(NamedTuple):
    """Which snapshot: its report, the start of its day (UTC), whose rows, and what they are compared with."""

    report: str
    start: str
    rows_of: str
    baseline: str | None = None
    """An arm; None: January."""


@dataclass(frozen=True, slots=True)
class Expected:
    """All that was sent, and all that has to come of it."""

    rows: int
    labels: int
    keys: frozenset[Key]


def expected(served: pd.DataFrame) -> Expected:
    """A snapshot of every report, for all flights of a day, for each airport and model, and for the two models."""
    keys = {
        Key(report, start_of(str(date)), rows_of, baseline)
        for date, day in served.groupby("date")
        for rows_of, baseline in _slices(day)
        for report in REPORTS
    }
    return Expected(len(served), int(served[TARGET].notna().sum()), frozenset(keys))


def key_of(snapshot: Mapping[str, Any]) -> Key:
    """The key of a snapshot, or of its entry in a list."""
    segment, arm = snapshot["segment"], baseline_of(snapshot["reference"])
    rows_of = ALL if segment is None else _only_value(segment)
    return Key(snapshot["report"], snapshot["window"]["start"], rows_of, None if arm is None else _only_value(arm))


def start_of(date: str) -> str:
    """Midnight in New York, as snapshots say it.

    >>> start_of("2013-07-01")
    '2013-07-01T04:00:00Z'
    """
    return pd.Timestamp(date, tz=TIMEZONE).tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%SZ")


def _slices(day: pd.DataFrame) -> Iterator[tuple[str, str | None]]:
    models = set(day[MODEL])
    yield ALL, None
    for name in (*day[ORIGIN].unique(), *models):
        yield name, None
    if models == {CHAMPION, CHALLENGER}:
        yield CHALLENGER, CHAMPION


def _only_value(named: Mapping[str, object]) -> str:
    (value,) = named.values()
    return str(value)
