"""Wasserstein distance in units of the reference's standard deviation: how far the values have to be moved."""

import numpy as np

from collector.evaluate.pair import Pair
from collector.evaluate.profile import Array
from collector.evaluate.stattests.base import StatTest

LEAST_STD = 0.001
"""Stands for the standard deviation of a reference that is constant, or nearly so."""


def score(pair: Pair) -> float:
    """Distance divided by the reference's standard deviation (n in the denominator); large means drift.

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series([value] * 30)) for value in (2.0, 2.5)]
    >>> score(Pair("num", *sides))
    500.0
    """
    std = float(np.std(pair.reference_sorted))
    return distance(pair.reference_sorted, pair.current_sorted) / max(std, LEAST_STD)


def distance(left: Array, right: Array) -> float:
    """The area between the two empirical distribution functions of sorted samples."""
    left, right = left.astype(np.float64, copy=False), right.astype(np.float64, copy=False)
    if left.size == right.size:
        return float(np.mean(np.abs(left - right)))
    pooled = np.concatenate([left, right])
    pooled.sort(kind="stable")  # merges two sorted runs
    steps = np.diff(pooled)
    left_share = np.searchsorted(left, pooled[:-1], "right") / left.size
    right_share = np.searchsorted(right, pooled[:-1], "right") / right.size
    return float(np.sum(np.abs(left_share - right_share) * steps))


wasserstein = StatTest("wasserstein", "Wasserstein distance (normed)", ("num",), 0.1, ">=", score)
