"""One column. Everything is derived from one sort (numbers, instants) or one factorization (everything else), and from
nothing that depends on the order of the rows.
"""

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from collector.errors import Invalid
from collector.evaluate.lazy import lazy
from collector.evaluate.profile.counted import Array, Counted, count_sorted, most_frequent, quantile
from collector.evaluate.profile.kinds import Kind, is_infinite, kind_of, same_as_any

_EXACT_INTEGER = 2**53


class ColumnProfile:
    """One column of one frame. Every property is computed at its first use and kept."""

    def __init__(self, name: str, series: "pd.Series[Any]") -> None:
        self.name = name
        self.series = series
        self.dtype: Any = series.dtype
        self.rows = len(series)
        self.kind: Kind = kind_of(series.dtype)

    @property
    def is_number(self) -> bool:
        return self.kind in {"int", "float"}

    @property
    def values(self) -> "pd.Series[Any]":
        """The values, for what does not ask for their order: it means nothing."""
        return self.series

    @lazy
    def array(self) -> Array:
        """The column as a numpy array in the order of its rows; missing numbers are NaN, missing instants NaT."""
        series = self.series
        if isinstance(series.dtype, np.dtype) and self.kind != "object":
            values = series.to_numpy()
            return values.astype(np.float64, copy=False) if self.kind == "float" else values
        if self.kind == "float":
            return series.to_numpy(dtype=np.float64, na_value=np.nan)
        if self.kind == "int":
            if series.hasnans:
                return series.to_numpy(dtype=np.float64, na_value=np.nan)
            array = series.to_numpy()
            return array if array.dtype.kind in "iu" else series.to_numpy(dtype=np.int64)
        if self.kind == "bool" and not series.hasnans:
            return series.to_numpy(dtype=np.bool_)
        if self.kind == "datetime":
            return series.to_numpy(dtype="datetime64[us]" if not isinstance(series.dtype, np.dtype) else series.dtype)
        return series.to_numpy(dtype=object)

    @lazy
    def missing_mask(self) -> NDArray[np.bool_]:
        if self.kind == "object" and "_factors" in self.__dict__:
            return self._factors[0] < 0
        if self.kind == "float":
            return np.isnan(self.array)
        return np.asarray(self.series.array.isna(), dtype=np.bool_)

    @lazy
    def missing(self) -> int:
        """How many cells are null: None, NaN, NaT, pd.NA."""
        if self.kind == "float" and "sorted" in self.__dict__:
            return self.rows - int(self.sorted.size)
        if self.kind in {"int", "bool"} and isinstance(self.series.dtype, np.dtype):
            return 0
        return int(np.count_nonzero(self.missing_mask))

    @property
    def present(self) -> int:
        return self.rows - self.missing

    # ------------------------------------------------------------ numbers and instants: one sort

    @lazy
    def sorted(self) -> Array:
        """The values that are not missing, ascending; infinities at the ends. Numbers and instants only."""
        array = self.array
        if self.kind == "datetime":
            array = array[~np.isnat(array)]
            return np.sort(array)
        if self.kind == "bool":
            array = array.astype(np.float64) if array.dtype != np.bool_ else array.view(np.uint8)
        ordered = np.sort(array)
        if ordered.dtype.kind == "f" and ordered.size and np.isnan(ordered[-1]):
            ordered = ordered[: np.searchsorted(ordered, np.nan)]
        return ordered

    @lazy
    def finite(self) -> Array:
        """The sorted values without infinities."""
        ordered = self.sorted
        if (
            ordered.dtype.kind == "f"
            and ordered.size
            and not (math.isfinite(ordered[0]) and math.isfinite(ordered[-1]))
        ):
            return ordered[np.searchsorted(ordered, -np.inf, "right") : np.searchsorted(ordered, np.inf, "left")]
        return ordered

    @lazy
    def infinite(self) -> tuple[int, int]:
        """How many cells are -inf and +inf."""
        if self.kind == "float" or (self.kind == "int" and self.sorted.dtype.kind == "f"):
            if self.finite.size == self.sorted.size:
                return 0, 0
            low = int(np.searchsorted(self.sorted, -np.inf, "right"))
            return low, int(self.sorted.size - np.searchsorted(self.sorted, np.inf, "left"))
        if self.kind == "object":
            uniques, counts = self.counted
            found = {uniques[i]: int(counts[i]) for i, value in enumerate(uniques.tolist()) if is_infinite(value)}
            return found.get(-np.inf, 0), found.get(np.inf, 0)
        return 0, 0

    @lazy
    def mean(self) -> float:
        """NaN when there is no value; infinities stay in, as pandas has it."""
        with np.errstate(invalid="ignore", over="ignore"):
            return float(self.sorted.mean()) if self.sorted.size else np.nan

    @lazy
    def std(self) -> float:
        """With n - 1 in the denominator; NaN below two values or with infinities."""
        if self.sorted.size < 2:
            return np.nan
        with np.errstate(invalid="ignore", over="ignore"):
            deviations = self.sorted - self.mean
            return math.sqrt(deviations @ deviations / (deviations.size - 1))

    def quantile(self, share: float) -> float:
        """Linear between neighbours. NaN when there is no value.

        >>> ColumnProfile("x", pd.Series([4.0, 1.0, None])).quantile(0.5)
        2.5
        """
        return quantile(self.sorted, share)

    @lazy
    def finite_mean(self) -> float:
        return float(self.finite.mean()) if self.finite.size else np.nan

    # ------------------------------------------------------------ everything else: one factorization

    @lazy
    def _factors(self) -> tuple[NDArray[np.int32], Array]:
        """A code per row (-1: missing) and the distinct values; values that cannot be hashed count as their text."""
        if isinstance(self.series.dtype, pd.CategoricalDtype):
            codes = self.series.cat.codes.to_numpy().astype(np.int32)
            return codes, np.asarray(self.series.cat.categories, dtype=object)
        try:
            factors, uniques = self.series.array.factorize()
        except TypeError:
            factors, uniques = pd.factorize(self.series.map(str, na_action="ignore"))
        found = np.asarray(uniques, dtype=object)
        return factors.astype(np.int32), found if self.series.dtype != object else self._named(factors, found)

    def _named(self, codes: Array, found: Array) -> Array:
        """The distinct values of a mixture of types. Where equal values of several types meet (1, 1.0, True), the first one
        that a row has would stand for them: then it is the whole number.
        """
        named = found.copy()
        for place, value in enumerate(found):
            if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_INTEGER:
                named[place] = int(value)
            if isinstance(value, Real | np.bool_) and value in (0, 1):
                types = set(map(type, self.array[codes == place]))
                named[place] = value if types <= {bool, np.bool_} else int(value == 1)
        return named

    @property
    def codes(self) -> NDArray[np.int32]:
        """A code per row, equal where the values are equal; -1 where they are missing."""
        return self._factors[0]

    @property
    def code_values(self) -> Array:
        """The values that `codes` stand for."""
        return self._factors[1]

    @lazy
    def counted(self) -> Counted:
        """Distinct values with their counts: numbers and instants ascending, others in no order that means anything."""
        if self.kind == "object" or (self.kind == "bool" and self.array.dtype != np.bool_):
            codes, values = self._factors
            counts = np.bincount(codes + 1, minlength=len(values) + 1)[1:]
            if len(counts) and not counts.all():  # categories that no row has
                values, counts = values[counts > 0], counts[counts > 0]
            return Counted(values, counts.astype(np.int64))
        if self.kind == "bool":
            true = int(np.count_nonzero(self.array))
            counts = np.array([self.rows - true, true], dtype=np.int64)
            return Counted(np.array([False, True])[counts > 0], counts[counts > 0])
        return count_sorted(self.sorted)

    def counted_among(self, values: Iterable[object]) -> Counted:  # noqa: ARG002 - all values are known here
        """The same, good for looking up these values only: others may be stand-ins that nothing else is equal to."""
        return self.counted

    @lazy
    def distinct(self) -> int:
        """How many distinct values there are, missing not counted."""
        if self.is_number or self.kind == "datetime":
            ordered = self.sorted
            return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + 1 if ordered.size else 0
        return len(self.counted.uniques)

    @lazy
    def _mode(self) -> tuple[object, int]:
        """The most frequent value and its count; of equally frequent ones, the smallest."""
        if self.is_number and self.distinct == self.present:
            return (self.sorted[0], 1) if self.present else (None, 0)
        values, counts = self.counted if "counted" in self.__dict__ or not self.is_number else count_sorted(self.sorted)
        if not len(counts):
            return None, 0
        if self.kind in {"object", "bool"}:
            return most_frequent(Counted(values, counts))
        return values[int(counts.argmax())], int(counts.max())

    @property
    def most_common(self) -> tuple[object, int]:
        """The most frequent value and its count; None stands for missing, which counts as a value."""
        value, count = self._mode
        return (None, self.missing) if self.missing > count else (value, count)

    @property
    def most_common_present(self) -> object:
        """The most frequent value that is not missing; None when all are."""
        return self._mode[0]

    @property
    def highest_count(self) -> int:
        """How often the most frequent value occurs, missing not counted as a value."""
        return self._mode[1]

    def missing_kinds(self) -> dict[object, int]:
        """Cells that may mean "nothing": the empty text, the infinities, and null (None)."""
        low, high = self.infinite
        empty = 0
        if self.kind == "object":
            values, counts = self.counted
            empty = (
                int(counts[[isinstance(value, str) and value == "" for value in values]].sum()) if len(values) else 0
            )
        return {"": empty, np.inf: high, -np.inf: low, None: self.missing}

    def rows_with(self, kinds: "set[object]") -> NDArray[np.bool_]:
        """The rows whose cell is one of these values; None stands for null."""
        wanted = self.missing_mask.copy() if None in kinds else np.zeros(self.rows, dtype=np.bool_)
        others = [kind for kind in kinds if kind is not None]
        if self.is_number:
            numbers = [kind for kind in others if isinstance(kind, Real)]
            if numbers:
                wanted |= np.isin(self.array, np.asarray(numbers, dtype=np.float64))
        elif others and self.kind == "object":
            hits = np.array([same_as_any(value, others) for value in self.code_values], dtype=np.bool_)
            if hits.any():
                wanted |= np.append(hits, False)[self.codes]
        return wanted

    def how_many(self, value: object) -> int:
        """How many cells are this value; None stands for null."""
        return int(np.count_nonzero(self.rows_with({value})))

    @lazy
    def as_numbers(self) -> "ColumnProfile":
        """The column read as numbers, for a column that is numeric by its role. Raises Invalid where that fails."""
        if self.is_number:
            return self
        if self.kind == "bool":
            return ColumnProfile(self.name, self.series.astype("Float64" if self.missing else "int64"))
        for value in self.counted.uniques:
            if not isinstance(value, Real):
                raise Invalid(
                    f"column {self.name!r} is numeric, but holds {type(value).__name__} values such as {value!r:.40}",
                    column=self.name,
                )
        numbers = [
            np.nan if empty else float(value) for value, empty in zip(self.series, self.missing_mask, strict=True)
        ]
        return ColumnProfile(self.name, pd.Series(numbers, dtype=np.float64))
