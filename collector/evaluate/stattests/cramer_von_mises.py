"""Two-sample Cramér-von Mises test: the squared distance between the two empirical distributions, over all values."""

import scipy

from collector.errors import Invalid
from collector.evaluate.pair import Pair
from collector.evaluate.stattests.base import StatTest


def score(pair: Pair) -> float:
    """The p-value, exact up to 20 values a side, asymptotic above; small means drift. Needs two values on each side.

    Source: Anderson, Annals of Mathematical Statistics 33 (1962).

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series(values, dtype=float)) for values in (range(30), range(10, 40))]
    >>> score(Pair("num", *sides))
    0.0004844
    """
    if min(pair.reference_rows, pair.current_rows) < 2:
        raise Invalid(f"cramer_von_mises needs two values on each side; column {pair.name!r} has fewer")
    return float(scipy.stats.cramervonmises_2samp(pair.reference_sorted, pair.current_sorted).pvalue)


cramer_von_mises = StatTest("cramer_von_mises", "Cramer-von Mises", ("num",), 0.1, "<=", score)
