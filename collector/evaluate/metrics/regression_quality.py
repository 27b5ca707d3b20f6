"""How good a regression is."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import scipy

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.regression import Errors, Floats, baseline, r2_score, regression_errors, std
from collector.evaluate.profile import quantile

ZeroHandling = Literal["none", "drop", "replace"]
TAIL = 0.05
"""The share of rows at either end of the errors that counts as under- and overestimation."""


@dataclass(frozen=True)
class RegressionQualityMetric(Metric):
    """Mean error (prediction minus target), MAE, RMSE, MAPE, R2, the largest error, and the errors at either end.

    Beside them, for the current data: what the best constant prediction would reach (`*_default`), the deviation of the
    error, and the line through its normal quantiles.

    The percentage error divides by the size of the target. `mape_zero_handling` says what becomes of rows whose
    target is zero: `replace` (by `mape_replace_value`, 1 = 100 %; the default), `drop`, or `none` (they are divided
    by `mape_epsilon`).

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[RegressionQualityMetric()])
    >>> report.run(current_data=pd.DataFrame({"target": [1.5, 2.5, 4.0, 8.0, 9.5, 9.9, 7.7],
    ...                                       "prediction": [1.0, 3.0, 4.0, 8.0, 9.5, 9.9, 7.7]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["mean_abs_error"]
    0.142857
    """

    of_the_model: ClassVar[bool] = True

    mape_zero_handling: ZeroHandling | None = None
    mape_replace_value: float | None = None
    mape_epsilon: float | None = None

    def calculate(self, context: Context) -> Result:
        rows = regression_errors(context, context.current)
        return {
            **context.both(lambda frame: self._side(regression_errors(context, frame))),
            "target_name": context.definition.target,
            **baseline(rows.target, rows.target, suffix="default"),
            "me_default_sigma": std(rows.errors),
            "error_normality": normality(rows.errors),
        }

    def _side(self, rows: Errors) -> dict[str, Any]:
        epsilon = float(np.finfo(np.float64).eps) if self.mape_epsilon is None else self.mape_epsilon
        replace = 1.0 if self.mape_replace_value is None else self.mape_replace_value
        zero = np.abs(rows.target) <= epsilon
        percentage = rows.absolute / np.maximum(np.abs(rows.target), epsilon)
        handling = self.mape_zero_handling or "replace"
        if handling == "drop":
            percentage = percentage[~zero]
        elif handling == "replace":
            percentage = np.where(zero, replace, percentage)
        return {
            **quality(rows),
            "mean_abs_perc_error": 100 * float(percentage.mean()) if percentage.size else np.nan,
            "abs_perc_error_std": std(percentage),
            "near_zero_values": 2 * int(np.count_nonzero(zero)),
        }


def quality(rows: Errors) -> dict[str, Any]:
    """Everything but the percentage errors."""
    return {
        "r2_score": r2_score(rows),
        "rmse": float(np.sqrt(np.mean(rows.errors**2))),
        "mean_error": float(rows.errors.mean()),
        "error_std": std(rows.errors),
        "mean_abs_error": float(rows.absolute.mean()),
        "abs_error_std": std(rows.absolute),
        "abs_error_max": float(rows.absolute.max()),
        "underperformance": underperformance(rows.errors),
    }


def normality(errors: Floats) -> dict[str, float]:
    """The line through the errors against the normal quantiles of their ranks; r near 1: the errors are normal."""
    if errors.size < 2:
        return dict.fromkeys(("slope", "intercept", "r"), np.nan)
    with np.errstate(all="ignore"):
        _, (slope, intercept, r) = scipy.stats.probplot(errors)
    return {"slope": float(slope), "intercept": float(intercept), "r": float(r)}


def underperformance(errors: Floats) -> dict[str, dict[str, float]]:
    """Mean and deviation of the errors in the middle and at either end."""
    ordered = np.sort(errors)
    low, high = quantile(ordered, TAIL), quantile(ordered, 1 - TAIL)
    groups = {
        "majority": errors[(errors > low) & (errors < high)],
        "underestimation": errors[errors <= low],
        "overestimation": errors[errors >= high],
    }
    return {
        name: {"mean_error": float(group.mean()) if group.size else np.nan, "std_error": std(group)}
        for name, group in groups.items()
    }
