"""Jensen-Shannon distance between the shares of the bins or values."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr

from collector.evaluate.pair import Pair
from collector.evaluate.stattests.base import StatTest


def score(pair: Pair) -> float:
    """The square root of the Jensen-Shannon divergence, natural logarithm; between 0 and 0.83, large means drift.

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series(list(values))) for values in ("aab", "abb")]
    >>> score(Pair("cat", *sides))
    0.238
    """
    return distance(pair.shares.reference, pair.shares.current)


def distance(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    left, right = left / left.sum(), right / right.sum()
    middle = (left + right) / 2.0
    divergence = float(rel_entr(left, middle).sum() + rel_entr(right, middle).sum()) / 2.0
    return float(np.sqrt(max(divergence, 0.0)))


jensenshannon = StatTest("jensenshannon", "Jensen-Shannon distance", ("num", "cat"), 0.1, ">=", score)
