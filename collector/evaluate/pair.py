"""A column of the reference beside the same column of the current data: what drift methods and comparisons read.

Missing and infinite values are left out on both sides. Computed once, shared by every metric that asks.
"""

import numpy as np
from numpy.typing import NDArray

from collector.errors import Invalid
from collector.evaluate.data import ColumnType
from collector.evaluate.lazy import lazy
from collector.evaluate.profile import Array, ColumnProfile, Counted, count_sorted, order_key

MAX_DISTINCT_UNBINNED = 20
"""A numeric reference with more distinct values than this is binned; below, every value is its own bin."""


class Shares:
    """The share of each bin or value on either side."""

    def __init__(self, reference: NDArray[np.float64], current: NDArray[np.float64]) -> None:
        self.reference = reference
        self.current = current

    @lazy
    def filled(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The same with zeros replaced by a small share, per side, without normalising again."""
        return _fill_zeros(self.reference), _fill_zeros(self.current)


class Pair:
    """Both sides of one column. Raises Invalid when a side has no value to compare."""

    def __init__(self, type_: ColumnType, reference: ColumnProfile, current: ColumnProfile) -> None:
        self.name = current.name
        self.type = type_
        numeric = type_ == "num"
        self.reference = reference.as_numbers if numeric else reference
        self.current = current.as_numbers if numeric else current
        for side, rows in (("reference", self.reference_rows), ("current", self.current_rows)):
            if rows == 0:
                raise Invalid(f"column {self.name!r} has no value in the {side} data", column=self.name)

    # ------------------------------------------------------------ numbers

    @property
    def reference_sorted(self) -> Array:
        return self.reference.finite

    @property
    def current_sorted(self) -> Array:
        return self.current.finite

    # ------------------------------------------------------------ counts

    @lazy
    def _reference_counted(self) -> Counted:
        """Rare values of which the reference keeps no more than stand-ins are those of the current data, or of neither."""
        counted = None
        if self.type != "num":
            counted = self.reference.counted_among(self.current.counted.uniques)
        return _clean_counts(self.reference, counted)

    @lazy
    def _current_counted(self) -> Counted:
        return _clean_counts(self.current, None if self.type == "num" else self.current.counted)

    @lazy
    def reference_rows(self) -> int:
        """How many values the reference has."""
        if self.type == "num":
            return int(self.reference.finite.size)
        return self.reference.present - sum(self.reference.infinite)

    @lazy
    def current_rows(self) -> int:
        if self.type == "num":
            return int(self.current.finite.size)
        return self.current.present - sum(self.current.infinite)

    @lazy
    def counts(self) -> tuple[Array, NDArray[np.int64], NDArray[np.int64]]:
        """Every value of either side, in a fixed order, and its counts in the reference and in the current data."""
        (left, left_counts), (right, right_counts) = self._reference_counted, self._current_counted
        if left.dtype.kind in "iufb" and right.dtype.kind in "iufb":
            values = np.union1d(left, right)
            reference = np.zeros(len(values), dtype=np.int64)
            current = np.zeros(len(values), dtype=np.int64)
            reference[np.searchsorted(values, left)] = left_counts
            current[np.searchsorted(values, right)] = right_counts
            return values, reference, current
        before = dict(zip(left.tolist(), left_counts.tolist(), strict=True))
        now = dict(zip(right.tolist(), right_counts.tolist(), strict=True))
        known = sorted(before | now, key=order_key)
        reference = np.array([before.get(value, 0) for value in known], dtype=np.int64)
        current = np.array([now.get(value, 0) for value in known], dtype=np.int64)
        values = np.empty(len(known), dtype=object)
        values[:] = known
        return values, reference, current

    @property
    def counts_in_order(self) -> tuple[Array, NDArray[np.int64], NDArray[np.int64]]:
        """The same, for what depends on the order. Raises NotKept when the reference knows some values by stand-ins."""
        _ = self.reference.counted
        return self.counts

    @lazy
    def distinct_up_to_six(self) -> int:
        """How many distinct values both sides have together, counted no further than six."""
        most = max(self._distinct(self.reference), self._distinct(self.current))
        return 6 if most > 5 else min(6, len(self.counts[0]))

    def _distinct(self, profile: ColumnProfile) -> int:
        return profile.distinct - sum(count > 0 for count in profile.infinite)

    # ------------------------------------------------------------ shares

    @property
    def binned(self) -> bool:
        return self.type == "num" and self._distinct(self.reference) > MAX_DISTINCT_UNBINNED

    @lazy
    def shares(self) -> Shares:
        """Shares per Sturges bin of the pooled range, or per value."""
        if not self.binned:
            _, reference, current = self.counts
            return Shares(reference / reference.sum(), current / current.sum())
        edges = sturges_edges(self.reference_sorted, self.current_sorted)
        return Shares(
            bin_counts(self.reference_sorted, edges) / self.reference_rows,
            bin_counts(self.current_sorted, edges) / self.current_rows,
        )


def _clean_counts(profile: ColumnProfile, categories: Counted | None) -> Counted:
    """The counts without infinities; of numbers when no categories are given."""
    if categories is None:
        counted = profile.counted
        return counted if profile.finite.size == profile.sorted.size else count_sorted(profile.finite)
    if not sum(profile.infinite):
        return categories
    values, counts = categories
    keep = np.array([not (isinstance(value, float) and np.isinf(value)) for value in values])
    return Counted(values[keep], counts[keep])


def _fill_zeros(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    zero = shares == 0
    if not zero.any():
        return shares
    smallest = float(shares[~zero].min())
    return np.where(zero, smallest / 1e6 if smallest <= 1e-4 else 1e-4, shares)


def sturges_edges(left: Array, right: Array) -> NDArray[np.float64]:
    """Edges of equal bins over the range of two sorted arrays: those of numpy's "sturges" rule on both together.

    Integers get no bin narrower than one, as numpy 2 has it.
    """
    low, high = min(left[0], right[0]), max(left[-1], right[-1])
    first, last = float(low), float(high)
    span = last - first
    if span == 0:
        return np.array([first - 0.5, last + 0.5])
    if not np.isfinite(span):  # wider than a float can say
        return np.array([first, last])
    width = span / (np.log2(left.size + right.size) + 1.0)
    if left.dtype.kind in "iu" and right.dtype.kind in "iu" and width < 1:
        width = 1.0
    bins = int(np.ceil(span / width)) if width else 1
    return equal_edges(first, last, max(bins, 1))


def equal_edges(first: float, last: float, bins: int) -> NDArray[np.float64]:
    """What `np.linspace` gives for `bins` equal bins, to the last digit, at a third of its price.

    >>> equal_edges(0.0, 1.0, 4)
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    edges: NDArray[np.float64] = np.arange(bins + 1, dtype=np.float64) * ((last - first) / bins) + first
    edges[-1] = last
    return edges


def bin_counts(ordered: Array, edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many values of a sorted array fall into each bin; the last bin is closed.

    >>> bin_counts(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0]))
    array([1, 2])
    """
    cumulative = ordered.searchsorted(edges, "left")
    cumulative[-1] = ordered.searchsorted(edges[-1], "right")
    return cumulative[1:] - cumulative[:-1]
