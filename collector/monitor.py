"""What is watched: the user's wishes for one model, as frozen models. Parsed at the edge, trusted inside.

`config.py` reads them from YAML and says file, line and key; the API reads them from JSON.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from croniter import croniter
from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    WithJsonSchema,
    field_serializer,
    field_validator,
    model_validator,
)

from collector.alert import AlertSettings
from collector.durations import Duration, microseconds
from collector.locations import shown
from collector.model import SECOND_US, Phase
from collector.source import SourceSettings
from collector.strict import Model, inconsistent, near_miss

KeyPath = tuple[str | int, ...]
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
"""Ids of monitors, names of reports and destinations: they stand in URLs, keys and file names."""


MOST_STEPS = 1000
"""Steps of a sliding window: each is read from the buffer for every window that it belongs to."""


class Columns(Model):
    """The roles of columns: the fields of a ColumnMapping, and `timestamp`, the event time.

    A list of features that is given replaces inference for its kind. When both the numerical and the categorical
    features are given the columns are closed: a row with any other column is rejected.
    """

    id: str | None = None
    timestamp: str | None = None
    task: Literal["regression", "classification", "recsys"] | None = None
    target: str | None = None
    prediction: str | tuple[str, ...] | None = None
    pos_label: str | int = 1
    target_names: tuple[str | int, ...] | Mapping[str | int, str] | None = None
    numerical_features: tuple[str, ...] | None = None
    categorical_features: tuple[str, ...] | None = None
    text_features: tuple[str, ...] | None = None
    datetime_features: tuple[str, ...] | None = None
    embeddings: Mapping[str, tuple[str, ...]] | None = None
    user_id: str | None = None
    item_id: str | None = None
    recommendations_type: Literal["score", "rank"] = "score"

    @model_validator(mode="after")
    def _one_role_each(self) -> Self:
        seen: dict[str, str] = {}
        for role in ("id", "timestamp", "target", "prediction", "numerical_features", "categorical_features",
                     "text_features", "datetime_features"):  # fmt: skip
            for name in _names(getattr(self, role)):
                if name in seen:
                    raise ValueError(f"column {name!r} is named twice: as {seen[name]} and as {role}")
                seen[name] = role
        return self

    @property
    def predictions(self) -> tuple[str, ...]:
        return _names(self.prediction)

    @property
    def closed(self) -> bool:
        return self.numerical_features is not None and self.categorical_features is not None


def _names(value: str | Sequence[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


class WindowSettings(Model):
    """When windows end: every so often, by cron, after so many rows; whichever comes first.

    `over`: windows slide. One ends after each `every`, and holds the rows of so long before its end. `time`: event
    (needs `columns.timestamp`) or arrival. `lateness`: how long a window waits past its end for rows that are late.
    `idle`: when nothing arrived for so long, the wall clock closes windows instead of the watermark.
    """

    every: Duration | None = None
    over: Duration | None = None
    cron: str | None = None
    rows: Annotated[int, Field(ge=1)] | None = None
    time: Literal["event", "arrival"] | None = None
    lateness: Duration = timedelta(0)
    idle: Duration = timedelta(seconds=30)
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


def _named_item(value: object) -> object:
    """`Name` or `{Name: {parameter: value}}` -> {"name", "parameters"}; what is already so passes."""
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, Mapping) and len(value) == 1 and "name" not in value:
        ((name, parameters),) = value.items()
        return {"name": name, "parameters": parameters or {}}
    if isinstance(value, Mapping) and set(value) <= {"name", "parameters"}:
        return value
    raise ValueError("expected a name, or one name with its parameters: {Name: {parameter: value}}")


class Spec(Model):
    """A metric, test or preset by name, with its parameters."""

    name: str
    parameters: Mapping[str, Any] = Field(default_factory=dict)


SpecItem = Annotated[
    Spec,
    BeforeValidator(_named_item),
    WithJsonSchema(
        {
            "description": "Name, or {Name: {parameter: value}}",
            "anyOf": [
                {"type": "string"},
                {"type": "object", "maxProperties": 1, "additionalProperties": {"type": ["object", "null"]}},
                {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "parameters": {"type": "object"}},
                    "required": ["name"],
                    "additionalProperties": False,
                },
            ],
        }
    ),
]


class ReportSettings(Model):
    """A Report (metrics), a Test Suite (tests), or both under one name.

    `needs_target`: evaluated once the labels are in.
    """

    name: Annotated[str, Field(pattern=NAME)]
    metrics: tuple[SpecItem, ...] = ()
    tests: tuple[SpecItem, ...] = ()
    needs_target: bool = False

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.metrics and not self.tests:
            raise ValueError(f"report {self.name!r} is empty: give metrics, tests or both")
        return self

    @property
    def phase(self) -> Phase:
        return Phase.LABELS if self.needs_target else Phase.ROWS


class Monitor(Model):
    """The user's wish for one model: columns, window, reports, destinations."""

    id: Annotated[str, Field(pattern=NAME)]
    project: str = ""
    columns: Columns = Field(default_factory=Columns)
    source: SourceSettings = Field(default_factory=SourceSettings)
    window: WindowSettings = Field(default_factory=WindowSettings)
    labels: LabelSettings = Field(default_factory=LabelSettings)
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
            if name in _names(getattr(self.columns, role)):
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
    def retention_us(self) -> int:
        """How long rows are kept after the last one arrived: for late rows, and for labels when they are needed."""
        keep = self.labels.keep if Phase.LABELS in self.phases else timedelta(0)
        if self.event_time:
            keep = max(keep, self.window.lateness, timedelta(days=1))
        return max(microseconds(keep), SECOND_US)


class LocalDestination(Model):
    type: Literal["local"]
    path: str = "./workspace"


class EvidentlyDestination(Model):
    """A self-hosted Evidently UI (url, secret), or Evidently Cloud (token)."""

    type: Literal["evidently"]
    url: str = "https://app.evidently.cloud"
    secret: SecretStr | None = None
    token: SecretStr | None = None


class WebhookDestination(Model):
    type: Literal["webhook"]
    url: str
    secret: SecretStr | None = None


DestinationSettings = Annotated[
    LocalDestination | EvidentlyDestination | WebhookDestination, Field(discriminator="type")
]


def misdirected(monitor: Monitor, destinations: Mapping[str, DestinationSettings]) -> Iterator[tuple[KeyPath, str]]:
    """What the monitor sends to where it cannot go: the key inside of it, and what is wrong."""
    for index, name in enumerate(monitor.forward):
        if name not in destinations:
            sentence = (
                f"monitor {monitor.id!r} forwards to {name!r}{near_miss(name, list(destinations))}, "
                f"which is no destination; known: {', '.join(destinations) or 'none'}"
            )
            yield ("forward", index), sentence
    webhooks = [name for name, each in destinations.items() if isinstance(each, WebhookDestination)]
    for index, alert in enumerate(monitor.alerts):
        if alert.to not in webhooks:
            what = "is a workspace, which takes snapshots only" if alert.to in destinations else "is no destination"
            sentence = (
                f"{alert.to!r}{near_miss(alert.to, webhooks)} {what}; "
                f"alerts go to webhooks; known: {', '.join(webhooks) or 'none'}"
            )
            yield ("alerts", index, "to"), sentence


class Configuration(Model):
    """A whole `collector.yaml`."""

    destinations: Mapping[Annotated[str, Field(pattern=NAME)], DestinationSettings] = Field(default_factory=dict)
    monitors: tuple[Monitor, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [monitor.id for monitor in self.monitors]
        for index, monitor in enumerate(self.monitors):
            if monitor.id in ids[:index]:
                raise inconsistent(f"two monitors have the id {monitor.id!r}", "monitors", index, "id")
            for place, sentence in misdirected(monitor, self.destinations):
                raise inconsistent(sentence, "monitors", index, *place)
        return self
