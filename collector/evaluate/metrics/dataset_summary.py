"""A data set at a glance."""

from dataclasses import dataclass
from typing import Any

from collector.errors import Invalid
from collector.evaluate import duplicates
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.profile import FrameProfile


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
            **context.both(lambda frame: self._summary(context, frame)),
        }

    def _summary(self, context: Context, frame: FrameProfile) -> dict[str, Any]:
        definition = context.definition
        return {
            "target": definition.target,
            "prediction": definition.prediction or list(definition.probabilities) or None,
            "date_column": definition.datetime,
            "id_column": definition.id,
            "number_of_columns": len(frame.names),
            "number_of_rows": frame.rows,
            "number_of_missing_values": sum(profile.missing for profile in frame),
            "number_of_categorical_columns": len(definition.features("cat")),
            "number_of_numeric_columns": len(definition.features("num")),
            "number_of_text_columns": len(definition.features("text")),
            "number_of_datetime_columns": len(definition.features("datetime")),
            "number_of_constant_columns": sum(profile.distinct <= 1 for profile in frame),
            "number_of_almost_constant_columns": sum(
                profile.highest_count / frame.rows >= self.almost_constant_threshold
                for profile in frame
                if profile.present
            ),
            "number_of_duplicated_columns": duplicates.duplicated_columns(frame),
            "number_of_almost_duplicated_columns": duplicates.almost_duplicated_columns(
                frame, self.almost_duplicated_threshold
            ),
            "number_of_empty_rows": duplicates.empty_rows(frame),
            "number_of_empty_columns": sum(profile.missing == frame.rows for profile in frame),
            "number_of_duplicated_rows": duplicates.duplicated_rows(frame),
            "nans_by_columns": {profile.name: profile.missing for profile in frame},
            "number_uniques_by_columns": {profile.name: profile.distinct for profile in frame},
        }
