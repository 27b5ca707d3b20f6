"""Permutation test of the total variation distance between the shares of the values."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from collector.evaluate.pair import Pair
from collector.evaluate.profile import order_key
from collector.evaluate.stattests.base import StatTest

PERMUTATIONS = 1000
MAX_SHUFFLED_ROWS = 20_000
"""Up to so many rows of both sides, the rows themselves are shuffled; above, their counts are drawn, from the same
distribution, in a time that does not depend on the rows."""
BLOCK_CELLS = 1_000_000

Counts = NDArray[np.int64]


def score(pair: Pair) -> float:
    """The share of 1000 permutations whose distance is at least the observed one: a p-value, small means drift.

    The permutations are always the same ones (seed 0). Up to 20 000 rows they shuffle the rows as they stand, so
    that another order of the rows moves the p-value by its sampling error (0.016 at most). Distances are summed in
    the order of the values, so that equal ones stay equal from run to run.

    Source: Good, Permutation, Parametric and Bootstrap Tests of Hypotheses (2005).

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series(list(values * 5))) for values in ("aaaab", "abbbb")]
    >>> score(Pair("cat", *sides))
    0.0
    """
    _, reference, current = pair.counts_in_order
    total = reference + current
    observed = _distance(reference[np.newaxis], total)[0]
    draw = _shuffled if pair.reference_rows + pair.current_rows <= MAX_SHUFFLED_ROWS else _drawn
    return float(np.mean(draw(pair, total) >= observed))


def _distance(reference: Counts, total: Counts) -> NDArray[np.float64]:
    """The distance for each row of reference counts; what is left of the total are the current ones."""
    current = total - reference
    shares = reference / reference[0].sum() - current / current[0].sum()
    return np.asarray(0.5 * np.abs(shares).sum(axis=1))


def _shuffled(pair: Pair, total: Counts) -> NDArray[np.float64]:
    """The distances after shuffling the rows."""
    codes = _codes(pair)
    counts = np.empty((PERMUTATIONS, len(total)), dtype=np.int64)
    random = np.random.RandomState(0)
    for index in range(PERMUTATIONS):
        drawn = codes[random.permutation(codes.size)[: pair.reference_rows]]
        counts[index] = np.bincount(drawn, minlength=len(total))
    return _distance(counts, total)


def _drawn(pair: Pair, total: Counts) -> NDArray[np.float64]:
    """The distances of counts that are drawn as a shuffle would give them."""
    random = np.random.default_rng(0)
    block = max(1, BLOCK_CELLS // len(total))
    distances = []
    for start in range(0, PERMUTATIONS, block):
        size = min(block, PERMUTATIONS - start)
        counts = random.multivariate_hypergeometric(total, pair.reference_rows, size=size, method="marginals")
        distances.append(_distance(counts, total))
    return np.concatenate(distances)


def _codes(pair: Pair) -> Counts:
    """A code per row, in the order of the counts, the reference's rows first; missing and infinite values left out."""
    left = pair.reference.code_values
    known, uniques = pd.factorize(np.concatenate([left, pair.current.code_values]))
    finite = [index for index, value in enumerate(uniques) if not (isinstance(value, float) and np.isinf(value))]
    rank = np.full(len(uniques), -1, dtype=np.int64)
    rank[sorted(finite, key=lambda index: order_key(uniques[index]))] = np.arange(len(finite))
    place = np.append(rank[known], -1)  # the last: missing
    current = np.where(pair.current.codes < 0, -1, pair.current.codes + len(left))
    codes: Counts = place[np.concatenate([pair.reference.codes, current])]
    return codes[codes >= 0]


tvd = StatTest("TVD", "Total-Variation-Distance", ("cat",), 0.1, "<", score)
