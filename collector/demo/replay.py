"""A year of a model server's life in minutes: every flight is scored and logged, every landing is a label later.

The clock of the replay goes from event to event. A flight is logged at its scheduled departure, by the model that it
went to, and labelled when it lands. One week comes late: both models had lost their connection, and send what they
have kept one and two weeks later. The landings of that week come from the airline, so their labels are there before.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from collector.demo.flights import FEATURES, ID, LANDED, TARGET, TIMESTAMP, TIMEZONE
from collector.demo.models import CHALLENGER, CHAMPION, MODEL, PREDICTION
from collector_sdk import Collector

LATE_WEEK = ("2013-03-04", "2013-03-10")
"""First and last day; on the last, New York's clocks go forward."""
BACK = {CHAMPION: "2013-03-18", CHALLENGER: "2013-03-25"}
"""When each model sends what it has kept. The first opens the week's windows, the second has them computed anew."""
QUEUE_ROWS = 20_000
"""The late week and the day on which it comes fit into the SDK's queue together."""
_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Answered:
    """A model answered for a flight: it is logged. The features include the model's version."""

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


Event = Answered | Landed


def timeline(served: pd.DataFrame) -> pd.DataFrame:
    """When what happens: the instant, its local date, whether it is a landing, and the row of the flight."""
    rows = np.arange(len(served))
    landed = served[TARGET].notna().to_numpy()
    happens = pd.DataFrame(
        {
            "at": pd.concat([logged_at(served), served[LANDED][landed]]),
            "landing": np.repeat([False, True], [len(rows), landed.sum()]),
            "row": np.concatenate([rows, rows[landed]]),
        }
    ).sort_values(["at", "landing", "row"], ignore_index=True)
    return happens.assign(date=happens["at"].dt.tz_convert(TIMEZONE).dt.strftime("%Y-%m-%d"))


def days(served: pd.DataFrame) -> Iterator[tuple[str, list[Event]]]:
    """Day by day of the replay's clock, what happens in that order. The last day may have landings only."""
    for date, day in timeline(served).groupby("date", sort=True):
        answered: Iterator[Event] = _answered(served.iloc[day["row"][~day["landing"]]])
        landed: Iterator[Event] = _landed(served.iloc[day["row"][day["landing"]]])
        yield str(date), [next(landed if landing else answered) for landing in day["landing"].tolist()]


def logged_at(served: pd.DataFrame) -> "pd.Series[pd.Timestamp]":
    """When each flight is logged: at its scheduled departure, in the late week when the connection is back."""
    late = served["date"].between(*LATE_WEEK)
    back = pd.to_datetime(served[MODEL].map(BACK)).dt.tz_localize(TIMEZONE).dt.tz_convert("UTC")
    return served[TIMESTAMP].mask(late, back)


def replay(
    collector: Collector,
    served: pd.DataFrame,
    *,
    before: Callable[[str], object],
    revive: Callable[[], object],
    done: Callable[[str, int], None],
) -> None:
    """Log everything, and call `before` and `done` around each day.

    After each day the SDK's queue is emptied, so that a year does not have to fit into it. When the service does not
    answer, it is revived, and the SDK sends again what was not acknowledged.
    """
    for date, events in days(served):
        before(date)
        for event in events:
            if isinstance(event, Answered):
                collector.log(event.features, event.prediction, event.id, event.timestamp)
            else:
                collector.label(event.id, event.target, event.timestamp)
        until = time.monotonic() + _PATIENCE_SECONDS
        while not collector.flush(2.0) and time.monotonic() < until:
            revive()
        done(date, sum(isinstance(event, Answered) for event in events))


def _answered(rows: pd.DataFrame) -> Iterator[Answered]:
    """The features are those that a model server would hold: a missing one is not-a-number."""
    features = rows[[*FEATURES, MODEL]].to_dict("records")
    columns = (features, rows[PREDICTION].tolist(), rows[ID].tolist(), rows[TIMESTAMP].tolist())
    for known, prediction, name, timestamp in zip(*columns, strict=True):
        yield Answered({str(feature): value for feature, value in known.items()}, prediction, name, timestamp)


def _landed(rows: pd.DataFrame) -> Iterator[Landed]:
    columns = (rows[ID].tolist(), rows[TARGET].astype(int).tolist(), rows[LANDED].tolist())
    for name, target, landed in zip(*columns, strict=True):
        yield Landed(name, target, landed)
