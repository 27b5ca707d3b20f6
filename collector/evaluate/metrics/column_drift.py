"""Drift of one column."""

from dataclasses import dataclass

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.drift import DriftOptions, Method, column_drift, find_stattest


@dataclass(frozen=True)
class ColumnDriftMetric(Metric):
    """Whether a column's values are distributed as in the reference; missing and infinite values are left out.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ColumnDriftMetric("x", stattest="wasserstein")])
    >>> report.run(reference_data=pd.DataFrame({"x": [2.0] * 30}), current_data=pd.DataFrame({"x": [2.5] * 30}))
    >>> report.as_dict()["metrics"][0]["result"]["drift_score"]
    500.0
    """

    column_name: str
    stattest: Method | None = None
    stattest_threshold: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.stattest, str):
            find_stattest(self.stattest)

    def calculate(self, context: Context) -> Result:
        options = DriftOptions(stattest=self.stattest, stattest_threshold=self.stattest_threshold)
        drift = column_drift(context, self.column_name, options)
        if drift.drift_score is None:
            raise Invalid(f"column {self.column_name!r}: {drift.why_not}", column=self.column_name)
        return drift.as_result()
