"""Targets and predictions of a regression, and the errors between them. Rows that lack either are left out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.errors import Invalid
from collector.evaluate.base import Context
from collector.evaluate.lazy import lazy
from collector.evaluate.profile import FrameProfile

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Errors:
    """Aligned rows of one frame. An error is the prediction minus the target."""

    target: Floats
    predicted: Floats
    kept: NDArray[np.bool_] | None = None
    """The rows of the frame that these are."""

    @lazy
    def errors(self) -> Floats:
        return self.predicted - self.target

    @lazy
    def absolute(self) -> Floats:
        return np.abs(self.errors)


def regression_errors(context: Context, frame: FrameProfile) -> Errors:
    """Raises Invalid where target or prediction is not there, not numeric, or never both present."""
    definition = context.definition
    for role, name in (("target", definition.target), ("prediction", definition.prediction)):
        if name is None:
            if role == "prediction" and definition.probabilities:
                raise Invalid("a regression has one prediction, not a list of columns")
            raise context.lacks(role)
    key = ("errors", definition.target, definition.prediction)
    return frame.memo(key, lambda: _prepare(frame, str(definition.target), str(definition.prediction)))


def _prepare(frame: FrameProfile, target: str, prediction: str) -> Errors:
    truth = frame[target].as_numbers.array.astype(np.float64, copy=False)
    guess = frame[prediction].as_numbers.array.astype(np.float64, copy=False)
    keep = np.isfinite(truth) & np.isfinite(guess)
    if not keep.any():
        raise Invalid("no row has both a target and a prediction")
    return Errors(truth, guess, keep) if keep.all() else Errors(truth[keep], guess[keep], keep)


def std(values: Floats) -> float:
    """With n - 1 in the denominator; NaN below two values."""
    return float(values.std(ddof=1)) if values.size > 1 else np.nan


def r2_score(errors: Errors) -> float:
    """The share of the target's variance that the predictions explain; NaN below two rows.

    >>> r2_score(Errors(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0])))
    0.5
    """
    if errors.target.size < 2:
        return np.nan
    residual = float(np.sum(errors.errors**2))
    total = float(np.sum((errors.target - errors.target.mean()) ** 2))
    if total == 0:
        return 1.0 if residual == 0 else 0.0
    return 1 - residual / total


MEASURES = ("mean_abs_error", "mean_abs_perc_error", "rmse", "abs_error_max")


def baseline(learned_from: Floats, target: Floats, *, suffix: str) -> dict[str, float]:
    """The errors of the best constant for each measure: learned from one target, scored on another.

    For MAE and the largest error that is the median, for RMSE the mean, for MAPE the median weighted by 1 / target.
    """
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
    return {f"{name}_{suffix}": value for name, value in zip(MEASURES, values, strict=True)}


def _weighted_median(target: Floats) -> float:
    """The target at which half of the weight 1 / target is reached; NaN when all are zero."""
    values = target[target != 0]
    if not values.size:
        return np.nan
    weights = (1 / values) / np.sum(1 / values)
    order = np.argsort(weights, kind="stable")
    reached = np.cumsum(weights[order]) > 0.5
    return float(values[order][int(np.argmax(reached))])
