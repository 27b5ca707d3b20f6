"""Energy distance, in the unit of the square root of the values: not normalised by their spread."""

import scipy

from collector.evaluate.pair import Pair
from collector.evaluate.stattests.base import StatTest


def score(pair: Pair) -> float:
    """The square root of twice the area between the squared distribution functions' difference; large means drift.

    Source: Székely and Rizzo, InterStat (2004).

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series([value] * 30)) for value in (2.0, 2.5)]
    >>> score(Pair("num", *sides))
    1.0
    """
    return float(scipy.stats.energy_distance(pair.reference_sorted, pair.current_sorted))


ed = StatTest("ed", "Energy-distance", ("num",), 0.1, ">", score)
