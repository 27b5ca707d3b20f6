"""Distinct values and their counts, and what a sorted array says at once."""

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Counted(NamedTuple):
    """Distinct values and how often each occurs; missing values left out."""

    uniques: Array
    counts: NDArray[np.int64]


def count_sorted(ordered: Array) -> Counted:
    """Distinct values of a sorted array with their counts.

    >>> count_sorted(np.array([1, 1, 4]))
    Counted(uniques=array([1, 4]), counts=array([2, 1]))
    """
    if not ordered.size:
        return Counted(ordered, np.zeros(0, dtype=np.int64))
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    counts = ends + 1
    counts[1:] -= counts[:-1].copy()
    return Counted(ordered[ends], counts)


def most_frequent(counted: Counted) -> tuple[object, int]:
    """The most frequent value and its count; of equally frequent ones, the smallest."""
    values, counts = counted
    top = int(counts.max())
    return min(values[counts == top], key=order_key), top


def quantile(ordered: Array, share: float) -> float:
    """The quantile of a sorted array, linear between neighbours."""
    if not ordered.size:
        return np.nan
    position = (ordered.size - 1) * share
    index = int(position)
    part = position - index
    low = float(ordered[index])
    if part == 0:
        return low
    high = float(ordered[index + 1])
    if low == high:
        return low
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)


def order_key(value: object) -> tuple[str, Any]:
    """Sorts values of any mixture of types, always in the same way: numbers by size, others by type and text."""
    if isinstance(value, Real):
        return "", float(value)
    return type(value).__name__, value if isinstance(value, str) else str(value)
