"""Which drift method a column gets, with which threshold, and what it says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from collector.errors import Invalid
from collector.evaluate.base import Context, frozen, reason
from collector.evaluate.data import ColumnType
from collector.evaluate.pair import Pair
from collector.evaluate.stattests import STATTESTS, StatTest
from collector.strict import near_miss

SMALL_REFERENCE_ROWS = 1000
"""Up to so many reference values, tests of significance; above, they would call every whim a drift: distances."""

Function = Callable[["pd.Series[Any]", "pd.Series[Any]", str, float], tuple[float, bool]]
Method = str | StatTest | Function
CUSTOM_THRESHOLD = 0.05
_custom: dict[str, StatTest] = {}


def register_stattest(stattest: StatTest) -> StatTest:
    """Make a drift method known by its id, for configuration and for `stattest="id"`."""
    _custom[stattest.id] = stattest
    return stattest


def stattests() -> dict[str, StatTest]:
    """Every drift method by its id."""
    return {each.id: each for each in STATTESTS} | _custom


def find_stattest(name: str) -> StatTest:
    """Raises Invalid, with the near miss, when there is no such method."""
    known = stattests()
    if name not in known:
        raise Invalid(f"unknown drift method {name!r}{near_miss(name, list(known))}; known: {', '.join(known)}")
    return known[name]


@dataclass(frozen=True, kw_only=True)
class DriftOptions:
    """Drift methods and thresholds. The nearest wins: per column, then per type, then for all, then the default."""

    stattest: Method | None = None
    cat_stattest: Method | None = None
    num_stattest: Method | None = None
    text_stattest: Method | None = None
    per_column_stattest: Mapping[str, Method] | None = None
    stattest_threshold: float | None = None
    cat_stattest_threshold: float | None = None
    num_stattest_threshold: float | None = None
    text_stattest_threshold: float | None = None
    per_column_stattest_threshold: Mapping[str, float] | None = None

    def method(self, column: str, kind: ColumnType) -> Method | None:
        """The method that was asked for, if any."""
        of_kind = {"cat": self.cat_stattest, "num": self.num_stattest, "text": self.text_stattest}.get(kind)
        for method in ((self.per_column_stattest or {}).get(column), of_kind):
            if method is not None:
                return method
        return self.stattest

    def threshold(self, column: str, kind: ColumnType) -> float | None:
        """The threshold that was asked for, if any."""
        of_kind = {
            "cat": self.cat_stattest_threshold,
            "num": self.num_stattest_threshold,
            "text": self.text_stattest_threshold,
        }.get(kind)
        for threshold in ((self.per_column_stattest_threshold or {}).get(column), of_kind):
            if threshold is not None:
                return threshold
        return self.stattest_threshold

    def check(self) -> None:
        """Raises Invalid when a method that is named is unknown."""
        named = (self.stattest, self.cat_stattest, self.num_stattest, self.text_stattest)
        for method in (*named, *(self.per_column_stattest or {}).values()):
            if isinstance(method, str):
                find_stattest(method)


def drift_options(of: DriftOptions) -> dict[str, Any]:
    """The options of a metric, for another metric that shares them."""
    return {name: getattr(of, name) for name in DriftOptions.__dataclass_fields__}


@dataclass(frozen=True)
class ColumnDrift:
    """What a drift method says of a column. `score` is None, with a reason, where it cannot say."""

    column_name: str
    column_type: ColumnType
    stattest_name: str
    stattest_threshold: float
    drift_score: float | None
    drift_detected: bool
    why_not: str | None = field(default=None)

    def as_result(self) -> dict[str, Any]:
        result: dict[str, Any] = {
            "column_name": self.column_name,
            "column_type": self.column_type,
            "stattest_name": self.stattest_name,
            "stattest_threshold": self.stattest_threshold,
            "drift_score": self.drift_score,
            "drift_detected": self.drift_detected,
        }
        return result | ({"reasons": {"drift_score": self.why_not}} if self.why_not else {})


def column_drift(context: Context, column: str, options: DriftOptions) -> ColumnDrift:
    """The drift of one column. Raises Invalid when it cannot be compared, or the method does not apply to it."""
    kind = context.definition.type_of(column)
    if kind == "datetime":
        raise Invalid(f"column {column!r} holds instants: there is no drift method for them", column=column)
    method = options.method(column, kind)
    threshold = options.threshold(column, kind)
    key = ("drift", column, frozen(method), threshold)
    return context.memo(key, lambda: _compute(context.pair(column), method, threshold))


def _compute(pair: Pair, method: Method | None, threshold: float | None) -> ColumnDrift:
    if callable(method) and not isinstance(method, StatTest):
        return _custom_function(pair, method, CUSTOM_THRESHOLD if threshold is None else threshold)
    stattest = find_stattest(method) if isinstance(method, str) else method or default_stattest(pair)
    if method is not None and pair.type not in stattest.types:
        raise Invalid(
            f"drift method {stattest.id} is for {' and '.join(stattest.types)} columns; "
            f"column {pair.name!r} is {pair.type}",
            column=pair.name,
        )
    limit = stattest.threshold if threshold is None else float(threshold)
    with np.errstate(all="ignore"):
        score = float(stattest.score(pair))
    if not np.isfinite(score):
        why = f"{stattest.id} gives {score} for these values"
        return ColumnDrift(pair.name, pair.type, stattest.display_name, limit, None, drift_detected=False, why_not=why)
    drifted = stattest.drifted(score, limit if stattest.bar is None else stattest.bar(pair, limit))
    return ColumnDrift(pair.name, pair.type, stattest.display_name, limit, score, drift_detected=drifted)


def _custom_function(pair: Pair, function: Function, threshold: float) -> ColumnDrift:
    cleaned = [_cleaned(side.values) for side in (pair.reference, pair.current)]
    score, drifted = function(cleaned[0], cleaned[1], pair.type, threshold)
    name = f"custom function '{getattr(function, '__name__', type(function).__name__)}'"
    return ColumnDrift(pair.name, pair.type, name, threshold, float(score), drift_detected=bool(drifted))


def _cleaned(series: "pd.Series[Any]") -> "pd.Series[Any]":
    return series.replace([np.inf, -np.inf], np.nan).dropna()


def default_stattest(pair: Pair) -> StatTest:
    """The method for a column nobody chose one for: by type, size of the reference, and distinct values."""
    known = stattests()
    if pair.type == "text":
        return known[f"{'perc' if pair.reference_rows <= SMALL_REFERENCE_ROWS else 'abs'}_text_content_drift"]
    distinct = pair.distinct_up_to_six
    if pair.type == "num" and distinct > 5:
        return known["ks" if pair.reference_rows <= SMALL_REFERENCE_ROWS else "wasserstein"]
    if pair.reference_rows > SMALL_REFERENCE_ROWS:
        return known["jensenshannon"]
    return known["z" if distinct <= 2 else "chisquare"]


@dataclass(frozen=True)
class DatasetDrift:
    """The drift of every column that could be compared, and why the others could not."""

    columns: Mapping[str, ColumnDrift]
    failed: Mapping[str, str]

    @property
    def drifted(self) -> int:
        return sum(each.drift_detected for each in self.columns.values())

    @property
    def share(self) -> float:
        return self.drifted / len(self.columns) if self.columns else 0.0


def drift_columns(context: Context, columns: Sequence[str] | None) -> tuple[str, ...]:
    """The columns whose drift is looked at: those asked for, or target, prediction and the features."""
    if columns is not None:
        return tuple(columns)
    definition = context.definition
    first = (definition.target, definition.prediction)
    roles = [name for name in first if name is not None and definition.types[name] != "datetime"]
    return (*roles, *definition.features("num"), *definition.features("cat"), *definition.features("text"))


def dataset_drift(context: Context, columns: Sequence[str] | None, options: DriftOptions) -> DatasetDrift:
    """The drift of many columns; one that fails is set aside with its reason."""
    context.needed_reference()
    done: dict[str, ColumnDrift] = {}
    failed: dict[str, str] = {}
    for column in drift_columns(context, columns):
        try:
            drift = column_drift(context, column, options)
        except Exception as error:  # noqa: BLE001 - one bad column must not hide the drift of the others
            failed[column] = reason(error)
            continue
        if drift.drift_score is None:
            failed[column] = drift.why_not or "no score"
        else:
            done[column] = drift
    if not done:
        raise Invalid("no column can be compared: " + ("; ".join(failed.values()) or "there is none"))
    return DatasetDrift(done, failed)
