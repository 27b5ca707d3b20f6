"""Two-sample Kolmogorov-Smirnov test: the largest distance between the two empirical distributions."""

from scipy import stats

from collector.evaluate.pair import Pair
from collector.evaluate.stattests.base import StatTest


def score(pair: Pair) -> float:
    """The two-sided p-value, exact up to 10 000 values a side, asymptotic above; small means drift.

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series(values, dtype=float)) for values in (range(10), range(5, 15))]
    >>> score(Pair("num", *sides))
    0.167821342744
    """
    return float(stats.ks_2samp(pair.reference_sorted, pair.current_sorted).pvalue)


ks = StatTest("ks", "K-S p_value", ("num",), 0.05, "<=", score)
