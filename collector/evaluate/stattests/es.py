"""Two-sample Epps-Singleton test: compares the empirical characteristic functions."""

import warnings

import numpy as np
import scipy

from collector.errors import Invalid
from collector.evaluate.pair import Pair
from collector.evaluate.profile import quantile
from collector.evaluate.stattests.base import StatTest

LEAST_ROWS = 5


def score(pair: Pair) -> float:
    """The p-value; small means drift.

    Raises Invalid below five values on a side, or when the middle half of all values is one and the same value.

    Source: Epps and Singleton, Journal of Statistical Computation and Simulation 26 (1986).

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series(values, dtype=float)) for values in (range(30), range(10, 40))]
    >>> score(Pair("num", *sides))
    0.0001672
    """
    if min(pair.reference_rows, pair.current_rows) < LEAST_ROWS:
        raise Invalid(f"es needs {LEAST_ROWS} values on each side; column {pair.name!r} has fewer")
    pooled = np.sort(np.concatenate([pair.reference_sorted, pair.current_sorted]), kind="stable")
    if quantile(pooled, 0.75) == quantile(pooled, 0.25):
        raise Invalid(f"es needs spread: the middle half of column {pair.name!r} is a single value")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a few distinct values: the covariance has no full rank, the test stands
        return float(scipy.stats.epps_singleton_2samp(pair.reference_sorted, pair.current_sorted).pvalue)


es = StatTest("es", "Epps-Singleton", ("num",), 0.05, "<", score)
