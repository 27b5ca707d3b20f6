"""What figures need, in few numbers: bins, grids, the course over time. Never a row of the data.

A number that is missing or infinite is left out everywhere.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from collector.evaluate.base import Context
from collector.evaluate.profile import Array, ColumnProfile, FrameProfile, order_key

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]
T = TypeVar("T")

MAX_COURSE_BINS = 100
MIN_ROWS_OF_A_BIN = 10
"""Fewer would show the rows themselves; only a frame that has no more makes a smaller bin."""
MAX_GRID = 30
"""Cells of a grid along either side."""


def halves(context: Context, compute: Callable[[FrameProfile], T]) -> dict[str, T | None]:
    """`{"current": ..., "reference": ...}`; numbers so large that their sums have no float are null."""
    with np.errstate(all="ignore"):
        return context.both(compute)


def numbers(profile: ColumnProfile) -> Floats:
    """A column that is numeric by its role, in the order of its rows. Raises Invalid where it is not."""
    return profile.as_numbers.array.astype(np.float64, copy=False)


def edges(values: Sequence[Floats], bins: int = MAX_GRID) -> Floats:
    """Edges of equal bins over all values together; they must be finite, and at least one.

    >>> edges([np.array([0.0, 1.0]), np.array([2.0])], 2).tolist()
    [0.0, 1.0, 2.0]
    """
    low = min(float(each.min()) for each in values if each.size)
    high = max(float(each.max()) for each in values if each.size)
    if low == high:
        return np.array([low - 0.5, high + 0.5])
    return np.linspace(low, high, bins + 1) if np.isfinite(high - low) else np.array([low, high])


def places(values: Floats, inner: Floats) -> Indexes:
    """The bin of each value; `inner` are the limits between bins, and belong to the bin above.

    >>> places(np.array([0.0, 1.0, 9.0]), np.array([1.0, 5.0])).tolist()
    [0, 1, 2]
    """
    return np.searchsorted(inner, values, "right")


def grid(x: Indexes, y: Indexes, columns: int, rows: int) -> list[list[int]]:
    """How often each pair of places occurs: a list per y.

    >>> grid(np.array([0, 0, 1]), np.array([1, 1, 0]), 2, 2)
    [[0, 1], [2, 0]]
    """
    return np.bincount(y * columns + x, minlength=columns * rows).reshape(rows, columns).tolist()


def means(values: Floats, place: Indexes, bins: int) -> Floats:
    """The mean of the values in each bin; NaN in an empty one."""
    counts = np.bincount(place, minlength=bins)
    with np.errstate(all="ignore"):
        means: Floats = np.bincount(place, weights=values, minlength=bins) / counts
    return means


def five_numbers(values: Floats) -> dict[str, float | int | None]:
    """Minimum, quartiles and maximum, and of how many values.

    >>> five_numbers(np.array([1.0, 2.0, 3.0]))["p50"]
    2.0
    """
    found = np.quantile(values, (0, 0.25, 0.5, 0.75, 1)).tolist() if values.size else [None] * 5
    return {**dict(zip(("min", "p25", "p50", "p75", "max"), found, strict=True)), "rows": int(values.size)}


def top_values(profiles: Sequence[ColumnProfile], count: int = MAX_GRID) -> list[object]:
    """The values that are most frequent in all profiles together."""
    pooled: dict[object, int] = {}
    for profile in profiles:
        counts = np.bincount(profile.codes + 1, minlength=len(profile.code_values) + 1)[1:]
        for value, each in zip(profile.code_values.tolist(), counts.tolist(), strict=True):
            if each:
                pooled[value] = pooled.get(value, 0) + each
    return sorted(pooled, key=lambda value: (-pooled[value], order_key(value)))[:count]


def places_of(profile: ColumnProfile, values: Sequence[object]) -> Indexes:
    """For each row the place of its value in the list; -1 where it is missing or another."""
    known = {value: place for place, value in enumerate(values)}
    by_code = [known.get(value, -1) for value in profile.code_values.tolist()]
    return np.array([*by_code, -1], dtype=np.intp)[profile.codes]


# ------------------------------------------------------------ over time


def instants(context: Context, frame: FrameProfile) -> Array | None:
    """The column that says when, in UTC; None without one."""
    name = context.definition.datetime
    if name is None:
        return None
    profile = frame[name]
    if isinstance(profile.series.dtype, pd.DatetimeTZDtype):
        naive: Array = profile.series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        return naive
    return profile.array if profile.kind == "datetime" else None


def course(context: Context, frame: FrameProfile, **lines: Floats) -> dict[str, Any]:
    """Mean and deviation of each line in bins of equally many rows: by time, or by place where no column says when.

    A line has a value for each row of the frame; rows in which any line has none are left out. `start` is the first
    instant or row of a bin. Rows of one instant share a bin.
    """
    when = instants(context, frame)
    keep = np.logical_and.reduce([np.isfinite(values) for values in lines.values()])
    if when is not None:
        keep &= ~np.isnat(when)
    rows = np.flatnonzero(keep)
    if not rows.size:
        return {"axis": "row" if when is None else "time", "start": [], "rows": [], **dict.fromkeys(lines)}
    if when is not None:
        rows = rows[np.argsort(when[rows], kind="stable")]
    axis = rows if when is None else when[rows]
    bins = min(MAX_COURSE_BINS, max(rows.size // MIN_ROWS_OF_A_BIN, 1))
    firsts = np.arange(bins) * rows.size // bins
    starts = np.unique(np.searchsorted(axis, axis[firsts], "left"))
    counts = np.diff(starts, append=rows.size)
    return {
        "axis": "row" if when is None else "time",
        "start": list(axis[starts]),
        "rows": counts.tolist(),
        **{name: _described(values[rows], starts, counts) for name, values in lines.items()},
    }


def _described(values: Floats, starts: Indexes, counts: Indexes) -> dict[str, list[float]]:
    mean = np.add.reduceat(values, starts) / counts
    squares = np.add.reduceat((values - np.repeat(mean, counts)) ** 2, starts)
    deviation = np.where(counts > 1, np.sqrt(squares / np.maximum(counts - 1, 1)), np.nan)
    return {"mean": mean.tolist(), "std": deviation.tolist()}
