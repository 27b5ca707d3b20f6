"""Rows that look the same and are treated differently, in two numbers."""

from dataclasses import dataclass

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.metrics.conflicts import conflicts


@dataclass(frozen=True)
class DataQualityStabilityMetric(Metric):
    """How many rows of the current data have equal features and differ in their target, and in their prediction.

    Null for a role that no column has; without features no two rows look the same. Shares, and the reference:
    ConflictTargetMetric, ConflictPredictionMetric.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[DataQualityStabilityMetric()])
    >>> report.run(current_data=pd.DataFrame({"f": [1, 1, 1], "target": [0, 0, 1], "prediction": [1, 1, 1]}))
    >>> report.as_dict()["metrics"][0]["result"]
    {'number_not_stable_target': 1, 'number_not_stable_prediction': 0}
    """

    def calculate(self, context: Context) -> Result:
        target, predicted = context.definition.target, context.definition.predictions
        if not context.definition.features("num", "cat", "text"):
            return {
                "number_not_stable_target": 0 if target else None,
                "number_not_stable_prediction": 0 if predicted else None,
            }
        return {
            "number_not_stable_target": conflicts(context, context.current, (target,)) if target else None,
            "number_not_stable_prediction": conflicts(context, context.current, predicted) if predicted else None,
        }
