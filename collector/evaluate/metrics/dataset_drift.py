"""Drift of a whole data set: every column's, and the share that drifted."""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.drift import DatasetDrift, DriftOptions, dataset_drift


@dataclass(frozen=True)
class _DatasetDriftOptions(DriftOptions):
    columns: Sequence[str] | None = None
    drift_share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.drift_share <= 1:
            raise Invalid(f"drift_share is {self.drift_share}: expected a share between 0 and 1")
        self.check()

    def verdict(self, drift: DatasetDrift) -> dict[str, object]:
        result: dict[str, object] = {
            "number_of_columns": len(drift.columns),
            "number_of_drifted_columns": drift.drifted,
            "share_of_drifted_columns": drift.share,
            "dataset_drift": drift.share >= self.drift_share,
        }
        return result | ({"columns_without_score": dict(drift.failed)} if drift.failed else {})


@dataclass(frozen=True)
class DatasetDriftMetric(_DatasetDriftOptions, Metric):
    """The share of columns that drifted; the data set drifted when it reaches `drift_share`.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[DatasetDriftMetric()])
    >>> before = pd.DataFrame({"x": range(100), "y": range(100)})
    >>> report.run(reference_data=before, current_data=before.assign(x=before.x + 50))
    >>> report.as_dict()["metrics"][0]["result"]["share_of_drifted_columns"]
    0.5
    """

    def calculate(self, context: Context) -> Result:
        return {"drift_share": self.drift_share, **self.verdict(dataset_drift(context, self.columns, self))}


@dataclass(frozen=True)
class DataDriftTable(_DatasetDriftOptions, Metric):
    """The drift of every column: method, threshold, score, verdict.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[DataDriftTable()])
    >>> before = pd.DataFrame({"x": range(100)})
    >>> report.run(reference_data=before, current_data=before)
    >>> report.as_dict()["metrics"][0]["result"]["drift_by_columns"]["x"]["stattest_name"]
    'K-S p_value'
    """

    def calculate(self, context: Context) -> Result:
        drift = dataset_drift(context, self.columns, self)
        by_columns = {name: each.as_result() for name, each in drift.columns.items()}
        return {**self.verdict(drift), "drift_by_columns": by_columns}
