"""Two-sample Anderson-Darling test: like Kolmogorov-Smirnov's, with more weight on the tails."""

import numpy as np

from collector.errors import Invalid
from collector.evaluate.pair import Pair
from collector.evaluate.stattests.base import StatTest

LEAST_ROWS = 4
"""Below, the statistic has no standard deviation."""
LEVELS = (0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001)
CRITICAL = (0.325, 1.226, 1.961, 2.718, 3.752, 4.592, 6.546)
"""The statistic of two samples at those levels of significance: table 1 of the source."""


def score(pair: Pair) -> float:
    """The p-value, between 0.001 and 0.25 (the table it is read from ends there); small means drift.

    Raises Invalid when all values of both sides are the same, or fewer than four.

    Source: Scholz and Stephens, Journal of the American Statistical Association 82 (1987), equations 4 and 7, with
    midranks for ties; between the table's levels, a parabola through their logarithms.

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series(values, dtype=float)) for values in (range(10), range(4, 14))]
    >>> score(Pair("num", *sides))
    0.0129957
    """
    if pair.reference_rows + pair.current_rows < LEAST_ROWS:
        raise Invalid(f"anderson needs {LEAST_ROWS} values on both sides together; column {pair.name!r} has fewer")
    if len(pair.counts[0]) == 1:
        raise Invalid(f"anderson needs at least two different values; column {pair.name!r} has one", column=pair.name)
    statistic = _statistic(pair)
    if statistic <= CRITICAL[0]:
        return LEVELS[0]
    if statistic >= CRITICAL[-1]:
        return LEVELS[-1]
    return float(np.exp(np.polyval(np.polyfit(CRITICAL, np.log(LEVELS), 2), statistic)))


def _statistic(pair: Pair) -> float:
    """The distance between each side's distribution and that of both, less its mean, in standard deviations."""
    _, reference, current = pair.counts
    total, rows = reference + current, pair.reference_rows + pair.current_rows
    middle = np.cumsum(total) - total / 2
    weights = total / rows / (middle * (rows - middle) - rows * total / 4)
    distance = sum(
        float(np.sum(weights * (rows * (np.cumsum(side) - side / 2) - middle * size) ** 2)) / size
        for side, size in ((reference, pair.reference_rows), (current, pair.current_rows))
    )
    return (distance * (rows - 1) / rows - 1) / _deviation(pair.reference_rows, pair.current_rows)


def _deviation(left: int, right: int) -> float:
    """The standard deviation of the distance of two samples of these sizes, should they be of one distribution."""
    rows = left + right
    inverse = 1 / left + 1 / right
    harmonic = np.cumsum(1 / np.arange(rows - 1, 1, -1))
    h = float(harmonic[-1]) + 1
    g = float(np.sum(harmonic / np.arange(2, rows)))
    a = 4 * g - 6 + (10 - 6 * g) * inverse
    b = 12 * g - 22 + 8 * h + (2 * g - 14 * h - 4) * inverse
    c = 36 * h + 4 + (2 * h - 6) * inverse
    d = 24
    variance = (a * rows**3 + b * rows**2 + c * rows + d) / ((rows - 1.0) * (rows - 2) * (rows - 3))
    return float(np.sqrt(variance))


anderson = StatTest("anderson", "Anderson-Darling", ("num",), 0.1, "<", score)
