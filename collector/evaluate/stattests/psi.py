"""Population stability index over the shares of the bins or values."""

import numpy as np

from collector.evaluate.pair import Pair
from collector.evaluate.stattests.base import StatTest


def score(pair: Pair) -> float:
    """The sum of (p - q) ln(p / q) with empty bins filled by a small share; 0.1 and more means drift.

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series(list(values))) for values in ("aab", "abb")]
    >>> score(Pair("cat", *sides))
    0.46209812
    """
    reference, current = pair.shares.filled
    return float(np.sum((reference - current) * np.log(reference / current)))


psi = StatTest("psi", "PSI", ("num", "cat"), 0.1, ">=", score)
