"""Permutation test of the maximum mean discrepancy: the distance of the two samples' means in a Gaussian kernel."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.errors import Invalid
from collector.evaluate.pair import Pair
from collector.evaluate.profile import Array
from collector.evaluate.stattests.base import StatTest

PERMUTATIONS = 100
MAX_ROWS = 2000
"""A side with more values is represented by so many of them: time grows with the square of the rows."""
BLOCK_ROWS = 512
TIE = 1e-12
"""Discrepancies that differ by less are equal: they are sums of up to 16 million terms of at most 1."""

Floats = NDArray[np.float64]


def score(pair: Pair) -> float:
    """The share of 100 permutations whose discrepancy is at least the observed one: a p-value, small means drift.

    The kernel's variance is half the median squared distance within the reference (0.5 when that is zero). The draws
    are seeded and made from the sorted values, so that the same values in any order give the same p-value. Of more
    than 2000 values on a side, 2000 are drawn. Raises Invalid below two values on a side.

    Source: Gretton et al., Journal of Machine Learning Research 13 (2012).

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series(values, dtype=float)) for values in (range(30), range(20, 50))]
    >>> score(Pair("num", *sides))
    0.0
    """
    if min(pair.reference_rows, pair.current_rows) < 2:
        raise Invalid(f"empirical_mmd needs two values on each side; column {pair.name!r} has fewer")
    random = np.random.default_rng(0)
    reference, current = (_some(side, random) for side in (pair.reference_sorted, pair.current_sorted))
    variance = _variance(reference)
    sides = np.zeros((reference.size + current.size, PERMUTATIONS + 1))
    sides[: reference.size, 0] = 1.0
    for index in range(1, PERMUTATIONS + 1):
        sides[random.permutation(len(sides))[: reference.size], index] = 1.0
    found = _discrepancies(np.concatenate([reference, current]), sides, variance)
    if not np.isfinite(found).all():
        return np.nan
    return float(np.mean(found[0] <= found[1:] + TIE))


def _some(ordered: Array, random: np.random.Generator) -> Floats:
    values: Floats = ordered.astype(np.float64, copy=False)
    return values if values.size <= MAX_ROWS else random.choice(values, MAX_ROWS, replace=False)


def _variance(values: Floats) -> float:
    distances = (values[:, np.newaxis] - values) ** 2
    median = float(np.percentile(distances, 50, method="nearest"))
    return 0.5 * median if median > 0 else 0.5


def _discrepancies(values: Floats, sides: NDArray[Any], variance: float) -> Floats:
    """The discrepancy for each column of `sides`, which is 1 for the rows of the first sample and 0 for the others."""
    within, across, total = np.zeros(sides.shape[1]), np.zeros(sides.shape[1]), 0.0
    for start in range(0, values.size, BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, values.size)
        kernel = np.exp(-((values[start:stop, np.newaxis] - values) ** 2) / (2 * variance))
        kernel[np.arange(stop - start), np.arange(start, stop)] = 0.0
        sums = kernel.sum(axis=1)
        total += float(sums.sum())
        within += np.einsum("ij,ij->j", sides[start:stop], kernel @ sides)
        across += sums @ sides[start:stop]
    across -= within  # what remains of the first sample's rows lies between the samples
    first = sides[:, 0].sum()
    second = values.size - first
    inner = within / (first * (first - 1)) + (total - within - 2 * across) / (second * (second - 1))
    return np.asarray(inner - 2 * across / (first * second))


empirical_mmd = StatTest("empirical_mmd", "empirical_mmd", ("num",), 0.1, "<", score)
