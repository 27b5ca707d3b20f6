"""Mann-Whitney U test, one-sided: whether the reference's values tend to be smaller than the current ones."""

import scipy

from collector.evaluate.pair import Pair
from collector.evaluate.stattests.base import StatTest


def score(pair: Pair) -> float:
    """The p-value; small means that values have grown. It does not notice values that became smaller.

    Exact when a side has at most eight values and no value occurs twice; a normal approximation otherwise.

    Source: Mann and Whitney, Annals of Mathematical Statistics 18 (1947).

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series(values, dtype=float)) for values in (range(30), range(10, 40))]
    >>> score(Pair("num", *sides)), score(Pair("num", *reversed(sides)))
    (0.00011224, 0.99989411)
    """
    return float(scipy.stats.mannwhitneyu(pair.reference_sorted, pair.current_sorted, alternative="less").pvalue)


mannw = StatTest("mannw", "Mann-Whitney U-rank test", ("num",), 0.05, "<", score)
