"""Hellinger distance between the shares of the bins or values."""

import math

import numpy as np

from collector.evaluate.pair import Pair, bin_counts, sturges_edges
from collector.evaluate.stattests.base import StatTest


def score(pair: Pair) -> float:
    """The square root of 1 - sum of sqrt(p q); between 0 and 1, large means drift.

    Numbers are always binned, by Sturges' rule over the distinct values of both sides (not over the rows); bins of
    integers are never narrower than one.

    Source: Hellinger, Journal für die reine und angewandte Mathematik 136 (1909).

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series(list(values))) for values in ("aab", "abb")]
    >>> score(Pair("cat", *sides))
    0.2391463
    """
    values, reference, current = pair.counts
    if pair.type != "num":
        overlap = math.fsum(np.sqrt(reference / pair.reference_rows * (current / pair.current_rows)))
        return _distance(overlap)
    if len(values) == 1:
        return 0.0
    edges = sturges_edges(values[:-1], values[-1:])
    widths = np.diff(edges)
    left = bin_counts(pair.reference_sorted, edges) / widths / pair.reference_rows
    right = bin_counts(pair.current_sorted, edges) / widths / pair.current_rows
    terms = np.sqrt(left * right) * ((edges[-1] - edges[0]) / len(widths))
    return _distance(float(np.cumsum(terms)[-1]))


def _distance(overlap: float) -> float:
    return math.sqrt(1.0 - min(max(overlap, 0.0), 1.0))


hellinger = StatTest("hellinger", "Hellinger distance", ("num", "cat"), 0.1, ">=", score)
