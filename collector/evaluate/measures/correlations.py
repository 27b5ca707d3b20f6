"""How columns go together: Pearson, Spearman and Kendall for numbers, Cramér's V for categories.

Pairs of rows in which either cell is missing are left out. A coefficient that the data leaves open is NaN.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from collector.evaluate.base import Context
from collector.evaluate.data import ColumnType
from collector.evaluate.measures.classification import predictions
from collector.evaluate.profile import ColumnProfile, FrameProfile

Kind = Literal["pearson", "spearman", "kendall", "cramer_v"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LABELS = "prediction_labels"
"""Stands for the predicted labels where the predictions are probabilities."""


@dataclass(frozen=True)
class Correlations:
    """The coefficients of every pair of columns, zero on the diagonal."""

    columns: tuple[str, ...]
    values: NDArray[np.float64]

    def between(self, left: str, right: str) -> float | None:
        """None where either column is not among these, or the coefficient is open."""
        if left not in self.columns or right not in self.columns:
            return None
        return _finite(self.values[self.columns.index(left), self.columns.index(right)])

    def largest(self, rows: Sequence[str], columns: Sequence[str] | None = None) -> float | None:
        """The largest absolute coefficient of these rows with these columns, all when none are named."""
        wanted = [self.columns.index(name) for name in rows if name in self.columns]
        part = self.values[wanted]
        if columns is not None:
            part = part[:, [self.columns.index(name) for name in columns if name in self.columns]]
        known = np.abs(part[~np.isnan(part)])
        return float(known.max()) if known.size else None


def _finite(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def correlations(context: Context, frame: FrameProfile, kind: Kind) -> Correlations:
    """Between all columns of the kind's type that hold more than one value, target and prediction among them."""
    key = ("correlations", kind, tuple(context.definition.types.items()), context.definition.predictions)
    return frame.memo(key, lambda: _between_all(_members(context, frame, kind), kind))


def column_correlations(context: Context, frame: FrameProfile, name: str) -> dict[Kind, dict[str, float]]:
    """Between one column and every other feature of its type, by kind. Infinities count as missing."""
    of_type = context.definition.type_of(name)
    others = [frame[other] for other in context.definition.features(of_type) if other != name]
    column = frame[name]
    if of_type == "cat":
        return {"cramer_v": {other.name: cramer_v(column, other) for other in others}}
    return _with_numbers(column, others) if of_type == "num" else {}


def descriptor_correlations(context: Context, frame: FrameProfile, name: str) -> dict[Kind, dict[str, float]]:
    """Between a derived column, read as numbers, and every numerical feature, by kind."""
    return _with_numbers(frame[name], [frame[other] for other in context.definition.features("num")])


def _with_numbers(column: ColumnProfile, others: list[ColumnProfile]) -> dict[Kind, dict[str, float]]:
    result: dict[Kind, dict[str, float]] = {}
    for kind in KINDS[:3]:
        result[kind] = {
            other.name: _coefficient(_finite_numbers(column), _finite_numbers(other), kind) for other in others
        }
    return result


def _coefficient(left: "pd.Series[float]", right: "pd.Series[float]", kind: Kind) -> float:
    """NaN, without a word, where a column is constant over the rows that both have."""
    both = left.notna() & right.notna()
    left, right = left[both], right[both]
    if left.nunique() < 2 or right.nunique() < 2:
        return np.nan
    with np.errstate(all="ignore"):
        return float(left.corr(right, method=_method(kind)))


def _finite_numbers(profile: ColumnProfile) -> "pd.Series[float]":
    return _numbers(profile).replace([np.inf, -np.inf], np.nan)


def target_kind(context: Context) -> Kind:
    """The kind that suits the target."""
    target = context.definition.target
    return "cramer_v" if target is not None and context.definition.types[target] == "cat" else "pearson"


def _members(context: Context, frame: FrameProfile, kind: Kind) -> list[ColumnProfile]:
    wanted: ColumnType = "cat" if kind == "cramer_v" else "num"
    members = [frame[name] for name in context.definition.columns(wanted)]
    labels = predicted_labels(context, frame)
    if labels is not None and target_kind(context) == ("cramer_v" if kind == "cramer_v" else "pearson"):
        members.append(labels)
    return [profile for profile in members if profile.distinct > 1]


def predicted_labels(context: Context, frame: FrameProfile) -> ColumnProfile | None:
    """The labels that probabilities stand for, aligned with the rows; None where the predictions are values."""
    definition = context.definition
    if definition.task != "classification" or definition.target is None or not definition.predictions:
        return None
    if definition.prediction is not None and definition.types[definition.prediction] != "num":
        return None

    def labels() -> ColumnProfile:
        rows = predictions(context, frame)
        series = pd.Series([None] * frame.rows, dtype=object)
        assert rows.kept is not None  # noqa: S101 - they come from this frame
        series[np.flatnonzero(rows.kept)] = rows.predicted.tolist()
        return ColumnProfile(LABELS, series.infer_objects())

    return frame.memo(("predicted labels", definition.predictions, str(context.mapping.pos_label)), labels)


def _method(kind: Kind) -> Literal["pearson", "spearman", "kendall"]:
    assert kind != "cramer_v"  # noqa: S101 - that one is not of numbers
    return kind


def _numbers(profile: ColumnProfile) -> "pd.Series[float]":
    return pd.Series(profile.as_numbers.array.astype(np.float64))


def _between_all(members: list[ColumnProfile], kind: Kind) -> Correlations:
    names = tuple(profile.name for profile in members)
    size = len(members)
    if size < 2:
        return Correlations(
            names if kind != "cramer_v" else (), np.zeros((size, size) if kind != "cramer_v" else (0, 0))
        )
    if kind == "cramer_v":
        values = np.zeros((size, size))
        for row in range(size):
            for column in range(row):
                values[row, column] = values[column, row] = cramer_v(members[row], members[column])
        return Correlations(names, values)
    with np.errstate(all="ignore"):
        table = pd.DataFrame({index: _numbers(profile) for index, profile in enumerate(members)})
        values = table.corr(method=_method(kind)).to_numpy(dtype=np.float64, copy=True)
    np.fill_diagonal(values, 0.0)
    return Correlations(names, values)


def cramer_v(left: ColumnProfile, right: ColumnProfile) -> float:
    """The association of two columns of categories, from 0 to 1, without continuity correction.

    >>> cramer_v(ColumnProfile("x", pd.Series(list("aabb"))), ColumnProfile("y", pd.Series(list("ppqq"))))
    1.0
    """
    rows, columns = category_codes(left), category_codes(right)
    both = (rows >= 0) & (columns >= 0)
    rows, columns = rows[both].astype(np.int64), columns[both].astype(np.int64)
    total = rows.size
    row_counts, column_counts = np.bincount(rows), np.bincount(columns)
    levels = min(np.count_nonzero(row_counts), np.count_nonzero(column_counts)) - 1
    if total == 0 or levels < 1:
        return np.nan
    cells, counts = np.unique(rows * len(column_counts) + columns, return_counts=True)
    expected = row_counts[cells // len(column_counts)] * column_counts[cells % len(column_counts)]
    chi_square = total * (float(np.sum(counts / expected * counts)) - 1.0)
    return float(np.sqrt(max(chi_square, 0.0) / total / levels))


def category_codes(profile: ColumnProfile) -> NDArray[np.int64]:
    """A code per row for a column of any type; -1 where it is missing."""
    if profile.kind == "object":
        return profile.codes.astype(np.int64)
    codes, _ = pd.factorize(profile.array)
    return codes.astype(np.int64)
