"""Chi-square test of the current counts against those that the reference leads to expect."""

import numpy as np
from scipy.special import chdtrc

from collector.evaluate.pair import Pair
from collector.evaluate.stattests.base import StatTest


def score(pair: Pair) -> float:
    """The p-value; small means drift. A value that the reference never had makes it exactly 0.

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series(list(values))) for values in ("aabbccc", "abbbccc")]
    >>> score(Pair("cat", *sides))
    0.60653066
    """
    _, reference, current = pair.counts
    if len(current) == 1:
        return 1.0  # one value on both sides: no degree of freedom
    if not reference.all():
        return 0.0
    expected = reference / pair.reference_rows * pair.current_rows
    return float(chdtrc(len(current) - 1, np.sum((current - expected) ** 2 / expected)))


chisquare = StatTest("chisquare", "chi-square p_value", ("cat",), 0.05, "<", score)
