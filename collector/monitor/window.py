"""When windows end, and how long labels are waited for: the `window` and the `labels` of a monitor."""

from datetime import timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from croniter import croniter
from pydantic import Field, field_validator, model_validator

from collector.durations import Duration
from collector.strict import Model

MOST_STEPS = 1000
"""Steps of a sliding window: each is read from the buffer for every window that it belongs to."""


class WindowSettings(Model):
    """When windows end: every so often, by cron, after so many rows; whichever comes first.

    `over`: windows slide. One ends after each `every`, and holds the rows of so long before its end. `time`: event
    (needs `columns.timestamp`) or arrival. `lateness`: how long a window waits past its end for rows that are late.
    `idle`: when nothing arrived for so long, the wall clock closes windows instead of the watermark. `keep`: how long
    rows are kept after their evaluation, for late rows and for requests that come twice.
    """

    every: Duration | None = None
    over: Duration | None = None
    cron: str | None = None
    rows: Annotated[int, Field(ge=1)] | None = None
    time: Literal["event", "arrival"] | None = None
    lateness: Duration = timedelta(0)
    idle: Duration = timedelta(seconds=30)
    keep: Duration | None = None
    timezone: str = "UTC"

    @field_validator("every")
    @classmethod
    def _at_least_a_second(cls, value: timedelta | None) -> timedelta | None:
        if value is not None and value < timedelta(seconds=1):
            raise ValueError("a window lasts at least 1s")
        return value

    @field_validator("cron")
    @classmethod
    def _valid_cron(cls, value: str | None) -> str | None:
        if value is not None and not (len(value.split()) == 5 and croniter.is_valid(value)):
            raise ValueError(f"{value!r} is not a cron expression: expected five fields, such as '0 6 * * *'")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is not a time zone: expected a name such as Europe/Paris") from error
        return value

    @model_validator(mode="after")
    def _one_span(self) -> Self:
        if self.every is not None and self.cron is not None:
            raise ValueError("give every or cron, not both")
        return self

    @model_validator(mode="after")
    def _slides_by_whole_steps(self) -> Self:
        if self.over is None:
            return self
        if self.every is None or self.rows is not None:
            raise ValueError("over makes windows slide by every: it needs every, and goes with neither cron nor rows")
        if self.over <= self.every or self.over % self.every:
            raise ValueError(f"over is {self.over}: expected a multiple of every, {self.every}, and more than that")
        if self.over // self.every > MOST_STEPS:
            raise ValueError(
                f"over has {self.over // self.every} steps of every: at most {MOST_STEPS} are read at once"
            )
        return self


class LabelSettings(Model):
    """`wait`: how long after a window's end its labels are waited for, unless `coverage` is reached before.
    `keep`: how long rows and labels are kept after the last of them arrived, for late rows and corrections.
    """

    wait: Duration = timedelta(0)
    coverage: Annotated[float, Field(gt=0, le=1)] = 1.0
    keep: Duration = timedelta(days=7)
