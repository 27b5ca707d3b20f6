"""Kullback-Leibler divergence of the reference from the current data over the shares of the bins or values."""

from scipy.special import rel_entr

from collector.evaluate.pair import Pair
from collector.evaluate.stattests.base import StatTest


def score(pair: Pair) -> float:
    """The sum of p ln(p / q), p the reference, empty bins filled by a small share; large means drift.

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> sides = [ColumnProfile("x", pd.Series(list(values))) for values in ("aab", "abb")]
    >>> score(Pair("cat", *sides))
    0.23104906
    """
    reference, current = pair.shares.filled
    return float(rel_entr(reference / reference.sum(), current / current.sum()).sum())


kl_div = StatTest("kl_div", "Kullback-Leibler divergence", ("num", "cat"), 0.1, ">=", score)
