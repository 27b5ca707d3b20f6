"""How good a regression would be that always says the same."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.metrics.regression_quality import RegressionQualityMetric
from collector.evaluate.regression import Floats, regression_errors


@dataclass(frozen=True)
class RegressionDummyMetric(Metric):
    """The best constant for each error, from the current target and from the reference's, scored on the current data.

    MAE and the largest error: the median; RMSE: the mean; MAPE: the median weighted by 1 / target.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[RegressionDummyMetric()])
    >>> report.run(current_data=pd.DataFrame({"target": [1.5, 2.5, 4.5, 8.0, 8.5, 9.0],
    ...                                       "prediction": [1.0, 3.0, 4.0, 8.0, 9.0, 9.5]}))
    >>> report.as_dict()["metrics"][0]["result"]["mean_abs_error_default"]
    2.8333
    """

    def calculate(self, context: Context) -> Result:
        target = regression_errors(context, context.current).target
        model = context.result(RegressionQualityMetric())["current"]
        result: dict[str, Any] = _baseline(target, target, suffix="default")
        if context.reference is None:
            result |= {f"{name}_by_ref": None for name in _NAMES}
        else:
            result |= _baseline(regression_errors(context, context.reference).target, target, suffix="by_ref")
        return result | {name: model[name] for name in _NAMES}


_NAMES = ("mean_abs_error", "mean_abs_perc_error", "rmse", "abs_error_max")


def _baseline(learned_from: Floats, target: Floats, *, suffix: str) -> dict[str, float]:
    median = float(np.median(learned_from))
    weighted = _weighted_median(learned_from)
    epsilon = float(np.finfo(np.float64).eps)
    percentage = np.abs(target - weighted) / np.maximum(np.abs(target), epsilon)
    values = (
        float(np.abs(target - median).mean()),
        100 * float(percentage.mean()),
        float(np.sqrt(np.mean((target - learned_from.mean()) ** 2))),
        float(np.abs(target - median).max()),
    )
    return {f"{name}_{suffix}": value for name, value in zip(_NAMES, values, strict=True)}


def _weighted_median(target: Floats) -> float:
    """The target at which half of the weight 1 / target is reached; NaN when all are zero."""
    values = target[target != 0]
    if not values.size:
        return np.nan
    weights = (1 / values) / np.sum(1 / values)
    order = np.argsort(weights, kind="stable")
    reached = np.cumsum(weights[order]) > 0.5
    return float(values[order][int(np.argmax(reached))])
