"""Where the errors of a regression come from, and how they are spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.regression import Errors, regression_errors
from collector.evaluate.metrics.regression_quality import TAIL, underperformance
from collector.evaluate.profile import ColumnProfile, order_key, quantile


@dataclass(frozen=True)
class RegressionTopErrorMetric(Metric):
    """Mean and deviation of the errors in the middle, and of the twentieth at either end.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[RegressionTopErrorMetric()])
    >>> frame = pd.DataFrame({"target": [1.5, 2.5, 4.5, 8.0, 8.5, 9.0], "prediction": [1.0, 3.0, 4.5, 8.0, 9.0, 9.0]})
    >>> report.run(current_data=frame)
    >>> report.as_dict()["metrics"][0]["result"]["current"]["mean_err_per_group"]["underestimation"]["mean_error"]
    -0.5
    """

    of_the_model: ClassVar[bool] = True

    def calculate(self, context: Context) -> Result:
        return context.both(
            lambda frame: {"mean_err_per_group": underperformance(regression_errors(context, frame).errors)}
        )


@dataclass(frozen=True)
class RegressionErrorNormality(Metric):
    """How straight the line of the errors' quantiles against those of a normal distribution is: slope, intercept, r.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[RegressionErrorNormality()])
    >>> frame = pd.DataFrame({"target": [1.5, 2.5, 4.5, 8.0, 8.5, 9.0], "prediction": [1.0, 3.0, 4.5, 8.0, 9.0, 9.0]})
    >>> report.run(current_data=frame)
    >>> report.as_dict()["metrics"][0]["result"]["current"]["r"]
    0.9298
    """

    of_the_model: ClassVar[bool] = True

    def calculate(self, context: Context) -> Result:
        return context.both(lambda frame: _line(regression_errors(context, frame)))


def _line(rows: Errors) -> dict[str, float]:
    if rows.errors.size < 2:
        return {"slope": np.nan, "intercept": np.nan, "r": np.nan}
    with np.errstate(invalid="ignore", divide="ignore"):
        _, (slope, intercept, r) = scipy.stats.probplot(np.sort(rows.errors))
    return {"slope": float(slope), "intercept": float(intercept), "r": float(r)}


@dataclass(frozen=True)
class RegressionErrorBiasTable(Metric):
    """Whether the rows with the largest errors differ from the others, feature by feature.

    Numbers: the mean of all rows, of those most under- and most overestimated, and the distance of the last two in
    percent of the feature's range. Categories: the most frequent value of each group (that of all rows, when none is more frequent),
    and whether they differ (1).

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[RegressionErrorBiasTable()])
    >>> frame = pd.DataFrame({"x": [1.5, 2.5, 3.5, 4.5], "target": [1.5, 2.5, 3.5, 4.5], "prediction": [1, 3, 3.5, 5]})
    >>> report.run(current_data=frame)
    >>> report.as_dict()["metrics"][0]["result"]["error_bias"]["x"]["current_under"]
    1.5
    """

    columns: Sequence[str] | None = None
    top_error: float = TAIL

    def __post_init__(self) -> None:
        if not 0 < self.top_error < 0.5:
            raise Invalid(f"top_error is {self.top_error}: expected more than 0 and less than 0.5")

    def calculate(self, context: Context) -> Result:
        definition = context.definition
        numbers = [name for name in definition.features("num") if self.columns is None or name in self.columns]
        categories = [name for name in definition.features("cat") if self.columns is None or name in self.columns]
        bias: dict[str, dict[str, Any]] = {}
        for side, frame in (("current", context.current), ("ref", context.reference)):
            if frame is None:
                continue
            groups = self._groups(regression_errors(context, frame))
            for name in numbers:
                bias.setdefault(name, {"feature_type": "num"}).update(_prefixed(side, _numeric(frame[name], groups)))
            for name in categories:
                bias.setdefault(name, {"feature_type": "cat"}).update(
                    _prefixed(side, _categorical(frame[name], groups))
                )
        return {
            "top_error": self.top_error,
            "target_name": definition.target,
            "prediction_name": definition.prediction,
            "num_feature_names": numbers,
            "cat_feature_names": categories,
            "error_bias": bias,
        }

    def _groups(self, rows: Errors) -> dict[str, Any]:
        """Which rows of the frame: all with an error, the most underestimated, the most overestimated."""
        ordered = np.sort(rows.errors)
        low, high = quantile(ordered, self.top_error), quantile(ordered, 1 - self.top_error)
        assert rows.kept is not None  # noqa: S101 - they come from a frame
        every = np.flatnonzero(rows.kept)
        return {"majority": every, "under": every[rows.errors <= low], "over": every[rows.errors >= high]}


def _numeric(profile: ColumnProfile, groups: dict[str, Any]) -> dict[str, Any]:
    values = profile.as_numbers.array.astype(np.float64, copy=False)
    means = {name: _mean(values[group]) for name, group in groups.items()}
    present = values[groups["majority"]]
    present = present[np.isfinite(present)]
    span = float(np.ptp(present)) if present.size else 0.0
    return means | {"range": 100 * abs(means["over"] - means["under"]) / span if span else 0.0}


def _mean(values: "np.ndarray[Any, Any]") -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else np.nan


def _categorical(profile: ColumnProfile, groups: dict[str, Any]) -> dict[str, Any]:
    majority = _most_common(profile, groups["majority"])
    common = {name: _most_common(profile, group, preferred=majority) for name, group in groups.items()}
    values = {name: None if code is None else profile.code_values[code] for name, code in common.items()}
    return values | {"range": float(len(set(common.values())) > 1)}


def _most_common(profile: ColumnProfile, group: Any, preferred: int | None = None) -> int | None:
    """The code of the most frequent value; the preferred one when no other is more frequent. None: all are missing."""
    counts = np.bincount(profile.codes[group] + 1, minlength=len(profile.code_values) + 1)[1:]
    if not counts.any():
        return None
    top = np.flatnonzero(counts == counts.max()).tolist()
    return preferred if preferred in top else min(top, key=lambda code: order_key(profile.code_values[code]))


def _prefixed(side: str, values: dict[str, Any]) -> dict[str, Any]:
    return {f"{side}_{name}": value for name, value in values.items()}
