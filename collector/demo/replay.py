"""A year of a model server's life in minutes: every flight is scored and logged, every landing is a label later."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
from sklearn.pipeline import Pipeline

from collector.demo.delay_model import score
from collector.demo.flights import ID, PREDICTION, TARGET, TIMESTAMP, TIMEZONE, Day, features_of
from collector_sdk import Collector

PUBLISHED_HOUR = 6
"""The landings of a day are known at this hour of the next morning, local time."""
_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Answered:
    """The model answered for a flight: it is logged."""

    features: dict[str, object]
    prediction: float
    id: str
    timestamp: pd.Timestamp


@dataclass(frozen=True, slots=True)
class Landed:
    """It turned out whether the flight was late: a label."""

    id: str
    target: int
    timestamp: pd.Timestamp


def events(days: Sequence[Day], model: Pipeline) -> Iterator[tuple[str, list[Answered | Landed]]]:
    """Day by day, what happens in that order; after the last day, the landings of that day."""
    before: Day | None = None
    for day in days:
        answered = list(_answered(day, model))
        morning = pd.Timestamp(day.date, tz=TIMEZONE) + pd.Timedelta(hours=PUBLISHED_HOUR)
        early = sum(event.timestamp < morning for event in answered)
        yield day.date, [*answered[:early], *(_landed(before) if before else ()), *answered[early:]]
        before = day
    if before is not None:
        yield before.date, list(_landed(before))


def replay(
    collector: Collector,
    days: Sequence[Day],
    model: Pipeline,
    *,
    revive: Callable[[], object],
    done: Callable[[str, int], None],
) -> None:
    """Log everything. After each day the SDK's queue is emptied, so that a year does not have to fit into it.

    When the service does not answer, it is revived, and the SDK sends again what was not acknowledged.
    """
    for date, happened in events(days, model):
        for event in happened:
            if isinstance(event, Answered):
                collector.log(event.features, event.prediction, event.id, event.timestamp)
            else:
                collector.label(event.id, event.target, event.timestamp)
        until = time.monotonic() + _PATIENCE_SECONDS
        while not collector.flush(2.0) and time.monotonic() < until:
            revive()
        done(date, sum(isinstance(event, Answered) for event in happened))


def _answered(day: Day, model: Pipeline) -> Iterator[Answered]:
    scored = score(model, day.flights)
    columns = (features_of(scored), scored[PREDICTION].tolist(), scored[ID].tolist(), scored[TIMESTAMP].tolist())
    for features, prediction, name, timestamp in zip(*columns, strict=True):
        yield Answered(features, prediction, name, timestamp)


def _landed(day: Day) -> Iterator[Landed]:
    labels = day.labels
    columns = (labels[ID].tolist(), labels[TARGET].astype(int).tolist(), labels["landed"].tolist())
    for name, target, landed in zip(*columns, strict=True):
        yield Landed(name, target, landed)
