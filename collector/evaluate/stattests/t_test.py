"""Student's t-test of two means, equal variances assumed."""

import numpy as np
from scipy.special import stdtr

from collector.evaluate.pair import Pair
from collector.evaluate.stattests.base import StatTest


def score(pair: Pair) -> float:
    """The two-sided p-value; small means drift. No score (not a number) where both sides are one and the
    same value; 0 where they are two.

    Source: Student, Biometrika 6 (1908).

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series(values, dtype=float)) for values in (range(30), range(5, 35))]
    >>> score(Pair("num", *sides))
    0.0318265
    """
    left, right = (side.astype(np.float64, copy=False) for side in (pair.reference_sorted, pair.current_sorted))
    left, right = left - left[0], right - left[0]  # small numbers lose no digits of the difference of their means
    freedom = left.size + right.size - 2
    if freedom == 0 or left[0] == left[-1] == right[0] == right[-1]:
        return np.nan
    if left[0] == left[-1] and right[0] == right[-1]:
        return 0.0
    pooled = (_squares(left) + _squares(right)) / freedom
    t = (left.mean() - right.mean()) / np.sqrt(pooled * (1 / left.size + 1 / right.size))
    return float(2 * stdtr(freedom, -abs(t)))


def _squares(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(np.sum((values - values.mean()) ** 2))


t_test = StatTest("t_test", "t_test", ("num",), 0.05, "<", score)
