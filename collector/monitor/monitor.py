"""One model that is watched: its wishes together, and whether they fit each other."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from collector.durations import microseconds
from collector.model import SECOND_US, Phase
from collector.monitor.alert import AlertSettings
from collector.monitor.columns import Columns, names_of
from collector.monitor.compare import CompareSettings, ReferenceSettings
from collector.monitor.name import NAME
from collector.monitor.privacy import Privacy, unfit
from collector.monitor.report import ReportSettings
from collector.monitor.source import SourceSettings
from collector.monitor.window import LabelSettings, WindowSettings
from collector.strict import Model, inconsistent


class Monitor(Model):
    """The user's wish for one model: columns, window, reports, destinations."""

    id: Annotated[str, Field(pattern=NAME)]
    project: str = ""
    columns: Columns = Field(default_factory=Columns)
    source: SourceSettings = Field(default_factory=SourceSettings)
    window: WindowSettings = Field(default_factory=WindowSettings)
    labels: LabelSettings = Field(default_factory=LabelSettings)
    privacy: Privacy = Field(default_factory=Privacy)
    segments: tuple[str, ...] = ()
    """Columns by whose values the rows are evaluated once more, each value on its own."""
    max_segments: Annotated[int, Field(ge=1, le=1000)] = 20
    """Values of one segment or compare column that get snapshots of their own; the rest goes into `other`."""
    compare: CompareSettings | None = None
    reference: ReferenceSettings | None = None
    reports: tuple[ReportSettings, ...] = ()
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = Field(default_factory=dict)
    include_data: bool = False
    """Whether the rows of a window are stored with its snapshots, and forwarded with them."""
    forward: tuple[str, ...] = ()
    alerts: tuple[AlertSettings, ...] = ()
    when_full: Literal["refuse", "drop_oldest"] = "refuse"
    """What happens when as many rows wait as may: new ones are refused, or the oldest give way, and are counted."""

    @field_validator("metadata", mode="before")
    @classmethod
    def _text_values(cls, value: object) -> object:
        if isinstance(value, Mapping):
            return {str(key): each if isinstance(each, str) else str(each) for key, each in value.items()}
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [report.name for report in self.reports]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise inconsistent(f"two reports are named {name!r}", "reports", index, "name")
        if self.window.time == "event" and self.columns.timestamp is None:
            raise inconsistent("window.time is event, but columns.timestamp names no column", "window", "time")
        if self.compare is not None:
            self._check_compare(self.compare.column)
        for inside, sentence in unfit(self.privacy, self.columns, self.segments, self.compare):
            raise inconsistent(sentence, "privacy", *inside)
        if self.reference is not None and self.reference.window_ago is not None:
            place: tuple[str | int, ...] = ("reference", "window_ago")
            if self.window.rows is not None and self.window.every is None and self.window.cron is None:
                raise inconsistent("windows that end by rows alone are no time ago: give previous_window", *place)
            if self.window.every is not None and self.reference.window_ago < self.window.every:
                raise inconsistent("the window so long ago would be the window itself: expected every, or more", *place)
        for index, alert in enumerate(self.alerts):
            if alert.name in [other.name for other in self.alerts[:index]]:
                raise inconsistent("an alert like this one is there already", "alerts", index)
            if alert.when == "test_failed" and not any(report.tests for report in self.reports):
                raise inconsistent("no report of this monitor has tests that could fail", "alerts", index, "when")
        for index, report in enumerate(self.reports):
            place = ("reports", index, "needs_target")
            if report.needs_target and self.columns.target is None:
                raise inconsistent("the report needs the target, but columns.target names no column", *place)
            if report.needs_target and self.columns.id is None:
                sentence = "the report needs the target, but columns.id names no column to join labels by"
                raise inconsistent(sentence, *place)
        return self

    def _check_compare(self, name: str) -> None:
        """An arm is told by a column of its own: a role would be constant within it, and no two arms would compare."""
        for role in ("id", "timestamp", "target", "prediction"):
            if name in names_of(getattr(self.columns, role)):
                sentence = f"column {name!r} is the {role}: arms are told apart by a column such as model_version"
                raise inconsistent(sentence, "compare", "column")
        if name in self.segments:
            sentence = f"column {name!r} is among the segments too: each arm has snapshots of its own, name it once"
            raise inconsistent(sentence, "compare", "column")

    @property
    def told_apart_by(self) -> tuple[str, ...]:
        """The columns by whose values rows are evaluated apart: rows may have them, whatever features are declared."""
        return self.segments if self.compare is None else (*self.segments, self.compare.column)

    @property
    def project_name(self) -> str:
        return self.project or self.id

    @property
    def event_time(self) -> bool:
        """Whether windows follow event time; by default they do when there is a timestamp column."""
        return self.window.time == "event" or (self.window.time is None and self.columns.timestamp is not None)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases that windows go through, in order. The first one counts the rows as evaluated."""
        wanted = {report.phase for report in self.reports}
        return tuple(phase for phase in Phase if phase in wanted) or (Phase.ROWS,)

    def reports_of(self, phase: Phase) -> tuple[ReportSettings, ...]:
        return tuple(report for report in self.reports if report.phase is phase)

    @property
    def resend_us(self) -> int:
        """For how long a request's key is known at least, if there are not too many: as long as its rows, or a day."""
        return microseconds(timedelta(days=1)) if self.window.keep is None else self.retention_us

    @property
    def retention_us(self) -> int:
        """How long rows are kept after the last one arrived: for late rows, for ids that are sent again, and for labels
        when they are needed. A day where windows follow event time, an hour where rows have ids, unless `keep` says it.
        """
        keep = self.window.keep
        if keep is None:
            keep = timedelta(days=1) if self.event_time else timedelta(hours=1) if self.columns.id else timedelta(0)
        keep = max(keep, self.window.lateness)
        if Phase.LABELS in self.phases:
            keep = max(keep, self.labels.keep)
        return max(microseconds(keep), SECOND_US)
