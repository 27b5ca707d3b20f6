"""Which rows are evaluated apart, and with what they are compared: `compare` and `reference` of a monitor."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, field_serializer, field_validator, model_validator

from collector.durations import Duration
from collector.locations import shown
from collector.strict import Model

OTHER = "other"
"""The segment, or the arm, of the rows of all values past `max_segments`, and of rows without a value."""


class CompareSettings(Model):
    """Arms of one model, told apart by the values of a column; `baseline` is the value that the others are compared with."""

    column: Annotated[str, Field(min_length=1)]
    baseline: str | bool | int | float

    @field_validator("baseline")
    @classmethod
    def _an_arm_of_its_own(cls, value: object) -> object:
        if value in ("", OTHER):
            raise ValueError(f"expected the value of one arm, such as champion, not {value!r}")
        return value


class ReferenceSettings(Model):
    """Where the rows come from that windows are compared with.

    A file, folder or URL (`path`, read again after each `refresh`), an upload through the API, the `first_windows` that
    were complete, or for each window an earlier one: the one before it (`previous_window`), or the one so long before
    (`window_ago: 7d`, the same time last week).
    `keep`: its rows, or only the profile of each column.
    """

    path: Annotated[str | None, Field(repr=False)] = None
    refresh: Annotated[Duration, Field(ge=timedelta(seconds=1))] | None = None
    upload: bool = False
    first_windows: Annotated[int, Field(ge=1, le=1000)] | None = None
    previous_window: bool = False
    window_ago: Duration | None = None
    keep: Literal["rows", "profile"] = "rows"

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = (self.path, self.first_windows, self.window_ago)
        if sum(each is not None for each in given) + self.upload + self.previous_window != 1:
            raise ValueError("give exactly one of path, upload, first_windows, previous_window, window_ago")
        if self.refresh is not None and self.path is None:
            raise ValueError("refresh reads a path again: give a path")
        if self.keep == "profile" and (self.previous_window or self.window_ago is not None):
            raise ValueError("keep: profile is for a reference that is stored: earlier windows are read as they lie")
        return self

    @field_serializer("path")
    def _without_secrets(self, value: str | None) -> str | None:
        """Stored and shown without what gives access; whoever reads the path has it from the configuration."""
        return None if value is None else shown(value)

    @field_validator("window_ago")
    @classmethod
    def _some_time_ago(cls, value: timedelta | None) -> timedelta | None:
        if value is not None and value <= timedelta(0):
            raise ValueError("expected a time before the window, such as 7d")
        return value
