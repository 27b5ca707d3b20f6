"""How good a regression is, under the name and with the fields of an older metric."""

from dataclasses import dataclass
from typing import Any

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.metrics.regression_errors import RegressionErrorBiasTable
from collector.evaluate.metrics.regression_quality import RegressionQualityMetric

_SPREADS = ("error_std", "abs_error_std", "abs_perc_error_std")
_OF_A_SIDE = (
    "r2_score",
    "rmse",
    "mean_error",
    "mean_abs_error",
    "mean_abs_perc_error",
    "abs_error_max",
    "underperformance",
)


@dataclass(frozen=True)
class RegressionPerformanceMetrics(Metric):
    """RegressionQualityMetric and RegressionErrorBiasTable in one, with percentage errors of every row.

    A target of zero counts as the smallest number that differs from it: prefer RegressionQualityMetric where there
    are such.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[RegressionPerformanceMetrics()])
    >>> report.run(current_data=pd.DataFrame({"target": [1.5, 2, 3, 4, 5, 6], "prediction": [1.5, 2, 3, 4, 5, 9]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["mean_abs_error"]
    0.5
    """

    def calculate(self, context: Context) -> Result:
        quality = context.result(RegressionQualityMetric(mape_zero_handling="none"))
        current = quality["current"]
        sides: dict[str, Any] = {
            side: None if quality[side] is None else {name: quality[side][name] for name in _OF_A_SIDE}
            for side in ("current", "reference")
        }
        more = {name: value for name, value in quality.items() if name not in {*sides, "target_name"}}
        bias = context.result(RegressionErrorBiasTable())["error_bias"]
        return {**sides, **more, **{name: current[name] for name in _SPREADS}, "error_bias": bias}
