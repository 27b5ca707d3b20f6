"""How good a regression would be that always says the same."""

from dataclasses import dataclass
from typing import Any, ClassVar

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.regression import MEASURES, baseline, regression_errors
from collector.evaluate.metrics.regression_quality import RegressionQualityMetric


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

    of_the_model: ClassVar[bool] = True

    def calculate(self, context: Context) -> Result:
        target = regression_errors(context, context.current).target
        model = context.result(RegressionQualityMetric())["current"]
        result: dict[str, Any] = baseline(target, target, suffix="default")
        if context.reference is None:
            result |= {f"{name}_by_ref": None for name in MEASURES}
        else:
            result |= baseline(regression_errors(context, context.reference).target, target, suffix="by_ref")
        return result | {name: model[name] for name in MEASURES}
