"""One column at a glance."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.data import ColumnType
from collector.evaluate.plain import beginning
from collector.evaluate.profile import ColumnProfile


@dataclass(frozen=True)
class ColumnSummaryMetric(Metric):
    """What a column holds, by its type. Percentages are of all rows; the most common value may be null.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ColumnSummaryMetric("x")])
    >>> report.run(current_data=pd.DataFrame({"x": [1.23456, 2.34567, 3.45678]}))
    >>> report.as_dict()["metrics"][0]["result"]["current_characteristics"]["mean"]
    2.34567
    """

    column_name: str

    def calculate(self, context: Context) -> Result:
        kind = context.definition.type_of(self.column_name)
        describe = _DESCRIBE[kind]
        current = context.current[self.column_name]
        reference = None if context.reference is None else context.reference[self.column_name]
        result: dict[str, Any] = {
            "column_name": self.column_name,
            "column_type": kind,
            "reference_characteristics": None if reference is None else describe(reference),
            "current_characteristics": describe(current),
        }
        if kind == "cat" and reference is not None:
            result["current_characteristics"] |= _changes(reference, current)
        return result


def _percentage(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def _common(profile: ColumnProfile) -> dict[str, Any]:
    value, count = profile.most_common
    return {
        "number_of_rows": profile.rows,
        "count": profile.present,
        "missing": profile.missing,
        "missing_percentage": _percentage(profile.missing, profile.rows),
        "unique": profile.distinct,
        "unique_percentage": _percentage(profile.distinct, profile.rows),
        "most_common": beginning(value),
        "most_common_percentage": _percentage(count, profile.rows),
    }


def _numeric(column: ColumnProfile) -> dict[str, Any]:
    profile = column.as_numbers
    ordered = profile.sorted
    infinite = sum(profile.infinite)
    return _common(profile) | {
        "mean": profile.mean,
        "std": profile.std,
        "min": ordered[0] if ordered.size else np.nan,
        "p25": profile.quantile(0.25),
        "p50": profile.quantile(0.5),
        "p75": profile.quantile(0.75),
        "max": ordered[-1] if ordered.size else np.nan,
        "infinite_count": infinite,
        "infinite_percentage": _percentage(infinite, profile.rows),
    }


def _categorical(profile: ColumnProfile) -> dict[str, Any]:
    return _common(profile) | {"new_in_current_values_count": None, "unused_in_current_values_count": None}


def _changes(reference: ColumnProfile, current: ColumnProfile) -> dict[str, int]:
    """Values on one side only; null counts as a value."""
    values = current.counted.uniques
    before = {*reference.counted_among(values).uniques.tolist(), *([None] if reference.missing else [])}
    now = {*values.tolist(), *([None] if current.missing else [])}
    return {"new_in_current_values_count": len(now - before), "unused_in_current_values_count": len(before - now)}


def _datetime(profile: ColumnProfile) -> dict[str, Any]:
    instants = profile.sorted if profile.kind == "datetime" else None
    first, last = (None, None) if instants is None or not instants.size else (instants[0], instants[-1])
    common = _common(profile)
    return common | {"first": first, "last": last}


def _text(profile: ColumnProfile) -> dict[str, Any]:
    common = _common(profile)
    texts = pd.Series([value for value in profile.counted.uniques if isinstance(value, str)], dtype=object)
    counts = np.array(
        [count for value, count in zip(*profile.counted, strict=True) if isinstance(value, str)], dtype=np.int64
    )
    lengths = np.array([len(text) for text in texts], dtype=np.float64)
    other = np.array([sum(not (char.isalpha() or char == " ") for char in text) for text in texts], dtype=np.float64)
    with np.errstate(invalid="ignore"):
        shares = np.where(lengths > 0, 100 * other / lengths, 0.0)
    return {name: common[name] for name in ("number_of_rows", "count", "missing", "missing_percentage")} | {
        **_spread("text_length", lengths, counts),
        **_spread("non_letter_char", shares, counts),
    }


def _spread(name: str, values: "np.ndarray[Any, Any]", counts: "np.ndarray[Any, Any]") -> dict[str, float]:
    if not values.size:
        return {f"{name}_{each}": np.nan for each in ("min", "mean", "max")}
    mean = float(np.average(values, weights=counts))
    return {f"{name}_min": float(values.min()), f"{name}_mean": mean, f"{name}_max": float(values.max())}


_DESCRIBE: Mapping[ColumnType, Callable[[ColumnProfile], dict[str, Any]]] = {
    "num": _numeric,
    "cat": _categorical,
    "datetime": _datetime,
    "text": _text,
}
