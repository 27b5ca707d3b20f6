"""Fisher's exact test of a column with two values."""

import numpy as np
import scipy

from collector.errors import Invalid
from collector.evaluate.pair import Pair
from collector.evaluate.stattests.base import StatTest


def score(pair: Pair) -> float:
    """The two-sided p-value; small means drift.

    Raises Invalid when there are more than two values on both sides together, or when one side has more rows than
    the other: the threshold is meant for sides of the same size.

    Source: Fisher, Journal of the Royal Statistical Society 85 (1922).

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series(list(values))) for values in ("nnnnnnyy", "nnyyyyyy")]
    >>> score(Pair("cat", *sides))
    0.1319
    """
    values, reference, current = pair.counts
    if len(values) > 2:
        raise Invalid(f"fisher_exact compares two values; column {pair.name!r} has {len(values)}", column=pair.name)
    if pair.reference_rows != pair.current_rows:
        raise Invalid(
            f"fisher_exact needs as many current values ({pair.current_rows}) as reference values "
            f"({pair.reference_rows}) of column {pair.name!r}: z takes any sizes",
            column=pair.name,
        )
    if len(values) == 1:
        return 1.0
    return float(scipy.stats.fisher_exact(np.stack([current, reference])).pvalue)


fisher_exact = StatTest("fisher_exact", "Fisher's Exact test", ("cat",), 0.1, "<", score)
