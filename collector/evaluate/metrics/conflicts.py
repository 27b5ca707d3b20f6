"""Rows that look the same and are treated differently."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.duplicates import cell_bits
from collector.evaluate.profile import FrameProfile


def conflicts(context: Context, frame: FrameProfile, columns: tuple[str, ...]) -> int:
    """Rows whose features occur elsewhere too, and whose target (or prediction) has no twin among those."""
    features = context.definition.features("num", "cat", "text")
    if not features:
        raise Invalid("there is no feature to compare rows by")
    cells = pd.DataFrame({index: cell_bits(frame[name]) for index, name in enumerate((*features, *columns))})
    alike = cells.duplicated(subset=list(range(len(features))), keep=False).to_numpy()
    twins = cells.duplicated(keep=False).to_numpy()
    return int(np.count_nonzero(alike & ~twins))


def _share(count: int, frame: FrameProfile) -> float:
    return count / frame.rows if frame.rows else 0.0


@dataclass(frozen=True)
class ConflictTargetMetric(Metric):
    """Rows with equal features whose targets have no equal among them.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ConflictTargetMetric()])
    >>> report.run(current_data=pd.DataFrame({"f": [1, 1, 1], "target": [0, 0, 1]}))
    >>> report.as_dict()["metrics"][0]["result"]["number_not_stable_target"]
    1
    """

    def calculate(self, context: Context) -> Result:
        target = context.definition.target
        if target is None:
            raise context.lacks("target")
        result: dict[str, object] = {}
        for suffix, frame in (("", context.current), ("_ref", context.reference)):
            count = None if frame is None else conflicts(context, frame, (target,))
            result[f"number_not_stable_target{suffix}"] = count
            result[f"share_not_stable_target{suffix}"] = None if frame is None else _share(count or 0, frame)
        return result


@dataclass(frozen=True)
class ConflictPredictionMetric(Metric):
    """Rows with equal features whose predictions have no equal among them.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ConflictPredictionMetric()])
    >>> report.run(current_data=pd.DataFrame({"f": [1, 1, 1], "prediction": [0.5, 0.5, 0.7]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["number_not_stable_prediction"]
    1
    """

    def calculate(self, context: Context) -> Result:
        columns = context.definition.predictions
        if not columns:
            raise context.lacks("prediction")

        def side(frame: FrameProfile) -> dict[str, float]:
            count = conflicts(context, frame, columns)
            return {"number_not_stable_prediction": count, "share_not_stable_prediction": _share(count, frame)}

        return context.both(side)
