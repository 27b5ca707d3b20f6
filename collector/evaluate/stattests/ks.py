"""Two-sample Kolmogorov-Smirnov test: the largest distance between the two empirical distributions."""

import math
import warnings

import numpy as np
from scipy import stats

from collector.evaluate.pair import Pair
from collector.evaluate.profile import Array
from collector.evaluate.stattests.base import StatTest

MAX_EXACT_ROWS = 10_000
"""With more values on either side, the asymptotic distribution of the statistic."""
_NEGLIGIBLE = 80.0
"""exp(-80): paths that are less likely than this change no digit of the p-value."""


def score(pair: Pair) -> float:
    """The two-sided p-value, exact up to 10 000 values a side, asymptotic above; small means drift.

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series(values, dtype=float)) for values in (range(10), range(5, 15))]
    >>> score(Pair("num", *sides))
    0.167821342744
    """
    left, right = pair.reference_sorted, pair.current_sorted
    if left.size == right.size <= MAX_EXACT_ROWS:
        return _p_value_of_equal_sizes(left, right)
    if max(left.size, right.size) > MAX_EXACT_ROWS:
        return _asymptotic(statistic(left, right), left.size, right.size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # rounding above 1: scipy then takes the asymptotic value
        return float(stats.ks_2samp(left, right).pvalue)


def statistic(left: Array, right: Array) -> float:
    """The largest distance between the distribution functions of two sorted samples.

    >>> statistic(np.array([1, 2, 3]), np.array([2, 3, 4]))
    0.3333333333333333
    """
    pooled = np.concatenate([left, right])
    distance = np.searchsorted(left, pooled, "right") / left.size - np.searchsorted(right, pooled, "right") / right.size
    return float(np.abs(distance).max())


def _p_value_of_equal_sizes(left: Array, right: Array) -> float:
    """The share of lattice paths from (0, 0) to (n, n) that leave the band around the diagonal (reflections)."""
    rows = left.size
    pooled = np.concatenate([left, right])
    steps = np.searchsorted(left, pooled, "right") - np.searchsorted(right, pooled, "right")
    height = int(np.abs(steps).max())
    if height == 0:
        return 1.0
    outside = 0.0
    for reflection in range(min(rows // height, int(math.sqrt(_NEGLIGIBLE * rows) / height) + 1), -1, -1):
        path = 1.0
        for step in range(height):
            path = (rows - reflection * height - step) * path / (rows + reflection * height + step + 1)
        outside = path * (1.0 - outside)
    exact = 2 * outside
    return exact if exact <= 1 else _asymptotic(height / rows, rows, rows)  # rounded above 1: as scipy has it


def _asymptotic(distance: float, left_rows: int, right_rows: int) -> float:
    return float(stats.kstwo.sf(distance, np.round(left_rows * right_rows / (left_rows + right_rows))))


ks = StatTest("ks", "K-S p_value", ("num",), 0.05, "<=", score)
