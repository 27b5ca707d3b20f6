"""Two-sample Kolmogorov-Smirnov test: the largest distance between the two empirical distributions."""

import math
import warnings

import numpy as np
import scipy

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
        rows = np.round(left.size * right.size / (left.size + right.size))
        return float(scipy.stats.kstwo.sf(statistic(left, right), rows))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # rounding above 1: scipy then takes the asymptotic value
        test = scipy.stats.ks_2samp
        bare = getattr(test, "__wrapped__", test)  # looking at axes and NaN takes nearly as long as the test
        return float(bare(left, right).pvalue)


def statistic(left: Array, right: Array) -> float:
    """The largest distance between the distribution functions of two sorted samples.

    >>> statistic(np.array([1, 2, 3]), np.array([2, 3, 4]))
    0.3333333333333333
    """
    of_left, of_right = _counts_up_to(left, right)
    return float(np.abs(of_left / left.size - of_right / right.size).max())


def _counts_up_to(left: Array, right: Array) -> tuple[Array, Array]:
    """For each distinct value of both sorted samples: how many of either are not above it."""
    pooled = np.concatenate([left, right])
    order = np.argsort(pooled, kind="stable")  # merges two sorted runs
    ordered = pooled[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    of_left = np.cumsum(order < left.size)[ends]
    return of_left, ends + 1 - of_left


def _p_value_of_equal_sizes(left: Array, right: Array) -> float:
    """The share of lattice paths from (0, 0) to (n, n) that leave the band around the diagonal.

    By reflection: twice the alternating sum of C(2n, n - k * height) / C(2n, n) over k = 1, 2, ...
    """
    of_left, of_right = _counts_up_to(left, right)
    rows, height = left.size, int(np.abs(of_left - of_right).max())
    if height == 0:
        return 1.0
    reflections = min(rows // height, int(math.sqrt(_NEGLIGIBLE * rows) / height) + 2)
    steps = np.arange(reflections * height)
    shares = np.cumprod((rows - steps) / (rows + steps + 1.0))[height - 1 :: height]
    return min(1.0, 2 * float(shares[::2].sum() - shares[1::2].sum()))


ks = StatTest("ks", "K-S p_value", ("num",), 0.05, "<=", score)
