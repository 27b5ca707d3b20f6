"""A data set at a glance."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.data import ColumnType
from collector.evaluate.measures import duplicates, twins
from collector.evaluate.profile import FrameProfile
from collector.evaluate.unanswered import NotKept, Unknown


@dataclass(frozen=True)
class DatasetSummaryMetric(Metric):
    """Rows, columns and what is odd about them. Missing means null; constant means at most one distinct value.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[DatasetSummaryMetric()])
    >>> report.run(current_data=pd.DataFrame({"a": [1, 2, 2], "b": [None, 1.0, 1.0]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["number_of_duplicated_rows"]
    1
    """

    almost_duplicated_threshold: float = 0.95
    almost_constant_threshold: float = 0.95

    def __post_init__(self) -> None:
        for name in ("almost_duplicated_threshold", "almost_constant_threshold"):
            if not 0.5 <= getattr(self, name) <= 1:
                raise Invalid(f"{name} is {getattr(self, name)}: expected a share between 0.5 and 1")

    def calculate(self, context: Context) -> Result:
        return {
            "almost_duplicated_threshold": self.almost_duplicated_threshold,
            **context.both(lambda frame: {name: self.field(context, frame, name) for name in _FIELDS}),
        }

    def field(self, context: Context, frame: FrameProfile, name: str) -> Any:
        """One number of the summary of one side: a test needs no more. Unknown where less is kept of the reference."""
        try:
            return _FIELDS[name](self, context, frame)
        except NotKept as error:
            return Unknown(str(error))


_Field = Callable[[DatasetSummaryMetric, Context, FrameProfile], object]


def _features(kind: ColumnType) -> _Field:
    return lambda _, context, __: len(context.definition.features(kind))


def _almost_constant(metric: DatasetSummaryMetric, _: Context, frame: FrameProfile) -> int:
    limit = metric.almost_constant_threshold
    return sum(profile.highest_count / frame.rows >= limit for profile in frame if profile.present)


def _prediction(_: DatasetSummaryMetric, context: Context, __: FrameProfile) -> object:
    return context.definition.prediction or list(context.definition.probabilities) or None


_FIELDS: Mapping[str, _Field] = {
    "target": lambda _, context, __: context.definition.target,
    "prediction": _prediction,
    "date_column": lambda _, context, __: context.definition.datetime,
    "id_column": lambda _, context, __: context.definition.id,
    "number_of_columns": lambda _, __, frame: len(frame.names),
    "number_of_rows": lambda _, __, frame: frame.rows,
    "number_of_missing_values": lambda _, __, frame: sum(profile.missing for profile in frame),
    "number_of_categorical_columns": _features("cat"),
    "number_of_numeric_columns": _features("num"),
    "number_of_text_columns": _features("text"),
    "number_of_datetime_columns": _features("datetime"),
    "number_of_constant_columns": lambda _, __, frame: sum(profile.distinct <= 1 for profile in frame),
    "number_of_almost_constant_columns": _almost_constant,
    "number_of_duplicated_columns": lambda _, __, frame: twins.duplicated_columns(frame),
    "number_of_almost_duplicated_columns": lambda metric, _, frame: twins.almost_duplicated_columns(
        frame, metric.almost_duplicated_threshold
    ),
    "number_of_empty_rows": lambda _, __, frame: duplicates.empty_rows(frame),
    "number_of_empty_columns": lambda _, __, frame: sum(profile.missing == frame.rows for profile in frame),
    "number_of_duplicated_rows": lambda _, __, frame: duplicates.duplicated_rows(frame),
    "nans_by_columns": lambda _, __, frame: {profile.name: profile.missing for profile in frame},
    "number_uniques_by_columns": lambda _, __, frame: {profile.name: profile.distinct for profile in frame},
}
