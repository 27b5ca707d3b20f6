"""When somebody is to be told: the `alerts` of a monitor."""

from datetime import timedelta
from typing import Literal, Self

from pydantic import model_validator

from collector.durations import Duration, format_duration
from collector.strict import Model, inconsistent


class AlertSettings(Model):
    """One rule. `when`: `test_failed` (a report's newest window has a test that did not pass) or `no_data` (no row came
    for `after`). `to`: a webhook. `repeat`: told again so often while it lasts; without it, once. When it is over, that
    is told too.
    """

    when: Literal["test_failed", "no_data"]
    to: str
    after: Duration | None = None
    repeat: Duration | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.when == "no_data" and not self.after:
            raise inconsistent("no_data needs a time without rows, such as after: 30m", "after")
        if self.when == "test_failed" and self.after is not None:
            raise inconsistent("test_failed is told when the window is evaluated: it takes no after", "after")
        if self.repeat is not None and self.repeat < timedelta(seconds=1):
            raise inconsistent("an alert is repeated every 1s at most", "repeat")
        return self

    @property
    def name(self) -> str:
        """What tells the rules of a monitor apart; `repeat` may change while one is firing.

        >>> AlertSettings(when="no_data", after=timedelta(minutes=30), to="hook").name
        'no_data(30m)>hook'
        """
        after = "" if self.after is None else f"({format_duration(self.after)})"
        return f"{self.when}{after}>{self.to}"
