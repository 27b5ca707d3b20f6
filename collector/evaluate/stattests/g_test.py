"""G-test (log-likelihood ratio) of the current counts against those of the reference."""

import numpy as np
from scipy.special import chdtrc, xlogy

from collector.errors import Invalid
from collector.evaluate.pair import Pair
from collector.evaluate.stattests.base import StatTest


def score(pair: Pair) -> float:
    """The p-value; small means drift. A value that the reference never had makes it exactly 0.

    Raises Invalid when one side has more rows than the other: counts are compared as they are, not scaled.

    Source: Woolf, Annals of Human Genetics 21 (1957).

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series(list(values))) for values in ("aabbccc", "abbbccc")]
    >>> score(Pair("cat", *sides))
    0.5925926
    """
    _, reference, current = pair.counts
    if pair.reference_rows != pair.current_rows:
        raise Invalid(
            f"g_test needs as many current values ({pair.current_rows}) as reference values "
            f"({pair.reference_rows}) of column {pair.name!r}: chisquare takes any sizes",
            column=pair.name,
        )
    if len(current) == 1:
        return 1.0  # one value on both sides: no degree of freedom
    if not reference.all():
        return 0.0
    return float(chdtrc(len(current) - 1, 2 * np.sum(xlogy(current, current / reference))))


g_test = StatTest("g_test", "g_test", ("cat",), 0.1, "<", score)
