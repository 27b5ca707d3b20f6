"""Z-test of two proportions: the share of the smallest value against all others together."""

import math

from scipy.special import ndtr

from collector.evaluate.pair import Pair
from collector.evaluate.stattests.base import StatTest


def score(pair: Pair) -> float:
    """The two-sided p-value; small means drift. One and the same value on both sides gives 1.

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series(list(values))) for values in ("nnnnyyyy", "nyyyyyyy")]
    >>> score(Pair("cat", *sides))
    0.10564543
    """
    _, reference, current = pair.counts
    if len(reference) == 1:
        return 1.0
    if len(reference) > 2:  # then it is the share of the first value that counts
        _, reference, current = pair.counts_in_order
    n_reference, n_current = pair.reference_rows, pair.current_rows
    p_reference = 1 - reference[0] / n_reference
    p_current = 1 - current[0] / n_current
    pooled = (p_reference * n_reference + p_current * n_current) / (n_reference + n_current)
    z = (p_reference - p_current) / math.sqrt(pooled * (1 - pooled) * (1 / n_reference + 1 / n_current))
    return float(2 * ndtr(-abs(z)))


z = StatTest("z", "Z-test p_value", ("cat",), 0.05, "<", score)
