"""Sums over all pairs of vectors in a Gaussian kernel, in blocks: memory does not grow with the square of the rows."""

import numpy as np
from numpy.typing import NDArray

from collector.errors import Invalid

Floats = NDArray[np.float64]
BLOCK_CELLS = 4_000_000
"""Cells of the kernel that are held at once: 32 MB."""
MAX_SAMPLE_ROWS = 1000


def median_distance(left: Floats, right: Floats) -> float:
    """The median Euclidean distance between at most 1000 rows of either side. Raises Invalid when it is zero."""
    samples = [
        rows
        if len(rows) <= MAX_SAMPLE_ROWS
        else rows[np.random.RandomState(0).choice(len(rows), MAX_SAMPLE_ROWS, replace=False)]
        for rows in (left, right)
    ]
    median = float(np.median(np.sqrt(_squared_distances(samples[0], samples[1]))))
    if not 0 < median < np.inf:
        raise Invalid(
            "mmd needs embeddings that differ: the median distance is " + ("0" if median == 0 else "infinite")
        )
    return median


def kernel_sums(rows: Floats, left: Floats, right: Floats, width: float) -> tuple[Floats, Floats, Floats]:
    """Sums of exp(-distance² / width²) over pairs of rows, each as often as `left` and `right` say.

    One of each for every row of `left` and `right`: left with left, right with right, left with right.
    """
    count = left.shape[0]
    both = np.concatenate([left, right]).T
    within_left, within_right, across = np.zeros(count), np.zeros(count), np.zeros(count)
    block = max(1, BLOCK_CELLS // len(rows))
    for start in range(0, len(rows), block):
        stop = min(start + block, len(rows))
        kernel = np.exp(-_squared_distances(rows[start:stop], rows) / width**2)
        kernel[np.arange(stop - start), np.arange(start, stop)] = 1.0  # rounding leaves a distance to itself
        sums = kernel @ both
        within_left += np.einsum("ji,ij->j", left[:, start:stop], sums[:, :count])
        within_right += np.einsum("ji,ij->j", right[:, start:stop], sums[:, count:])
        across += np.einsum("ji,ij->j", left[:, start:stop], sums[:, count:])
    return within_left, within_right, across


def _squared_distances(left: Floats, right: Floats) -> Floats:
    squares: Floats = (left**2).sum(axis=1)[:, np.newaxis] + (right**2).sum(axis=1) - 2 * (left @ right.T)
    return np.maximum(squares, 0.0, out=squares)
