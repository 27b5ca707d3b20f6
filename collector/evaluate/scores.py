"""Scores of classifiers from counts and ranks. A score that the data leaves open is NaN."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_EPSILON = float(np.finfo(np.float64).eps)


class ByLabel(NamedTuple):
    """One value per label, in the labels' order. A denominator of zero gives 0."""

    precision: Floats
    recall: Floats
    f1: Floats
    support: NDArray[np.int64]


def label_codes(values: NDArray[Any], labels: Sequence[object]) -> NDArray[np.int64]:
    """The place of every value among the labels."""
    if values.dtype.kind in "iub":
        order = np.array([int(label) for label in labels], dtype=np.int64)  # type: ignore[call-overload]
        return np.searchsorted(order, values.astype(np.int64)).astype(np.int64)
    return pd.Index(list(labels), dtype=object).get_indexer(pd.Index(values, dtype=object)).astype(np.int64)


class Tallies(NamedTuple):
    """Rows of each label, in the labels' order: those predicted right, those predicted, those that have it."""

    hits: NDArray[np.int64]
    predicted: NDArray[np.int64]
    support: NDArray[np.int64]


def tallies(target: NDArray[np.int64], predicted: NDArray[np.int64], labels: int) -> Tallies:
    """Of the codes of so many labels: as much memory as labels, not as pairs of them.

    >>> tallies(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).hits
    array([1, 1])
    """
    rows = (target[target == predicted], predicted, target)
    return Tallies(*(np.bincount(codes, minlength=labels) for codes in rows))


def accuracy(counts: Tallies) -> float:
    """The share of rows that are right.

    >>> accuracy(tallies(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 2))
    0.75
    """
    return float(counts.hits.sum() / counts.support.sum())


def by_label(counts: Tallies) -> ByLabel:
    """Precision, recall and F1 of every label against all others.

    >>> by_label(tallies(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 2)).recall
    array([0.5, 1. ])
    """
    hits = counts.hits.astype(np.float64)
    precision, recall = _ratio(hits, counts.predicted), _ratio(hits, counts.support)
    return ByLabel(precision, recall, _ratio(2 * hits, counts.predicted + counts.support), counts.support)


def _ratio(part: Floats, whole: NDArray[Any]) -> Floats:
    ratio: Floats = np.divide(part, whole, out=np.zeros_like(part), where=whole != 0)
    return ratio


def roc_auc(positive: NDArray[np.bool_], scores: Floats) -> float:
    """The probability that a positive row scores above a negative one, ties counting half.

    >>> roc_auc(np.array([True, False, True]), np.array([0.9, 0.5, 0.5]))
    0.75
    """
    n_positive = int(np.count_nonzero(positive))
    n_negative = positive.size - n_positive
    if not n_positive or not n_negative:
        return np.nan
    highs, lows = np.sort(scores[positive]), np.sort(scores[~positive])
    below = np.searchsorted(lows, highs, "left").sum() + np.searchsorted(lows, highs, "right").sum()
    return float(below / 2 / n_positive / n_negative)


def log_loss(truth: NDArray[np.bool_], probabilities: Floats) -> float:
    """Minus the mean logarithm of the probability that was given to the true label.

    >>> log_loss(np.array([[True, False], [False, True]]), np.array([[0.5, 0.5], [0.5, 0.5]]))
    0.6931472
    """
    clipped = np.clip(probabilities, _EPSILON, 1 - _EPSILON)
    return float(-np.log(clipped[truth]).sum() / len(truth))
