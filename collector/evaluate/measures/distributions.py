"""The distributions that a snapshot shows of each column: few numbers, never rows."""

from collections.abc import Iterable
from typing import Any

from collector.evaluate.base import Context
from collector.evaluate.data import ColumnType
from collector.evaluate.pair import bin_counts, equal_edges, sturges_edges
from collector.evaluate.plain import MOST_SHOWN, key_text
from collector.evaluate.profile import ColumnProfile, Counted, order_key

MAX_BINS = 50
TOP_VALUES = 30
_NOTHING: dict[str, Any] = {"current": None, "reference": None}


def columns_of(context: Context, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """`{name: {"type", "distribution": {"current", "reference"}}}` for the columns that are there."""
    shown: dict[str, dict[str, Any]] = {}
    for name in names:
        kind = context.definition.types.get(name)
        if kind is not None:
            reference = None if context.reference is None else context.reference[name]
            try:
                distribution = distribution_of(kind, context.current[name], reference)
            except Exception:  # noqa: BLE001 - a column of a type nobody foresaw has no picture, and spoils no result
                distribution = dict(_NOTHING)
            shown[key_text(name)] = {"type": kind, "distribution": distribution}
    return shown


def distribution_of(kind: ColumnType, current: ColumnProfile, reference: ColumnProfile | None) -> dict[str, Any]:
    """Both sides in the same bins, or by the same values; None for a side that has none."""
    if kind == "cat":
        return _top_values(current, reference)
    if kind == "num" and all(side is None or side.is_number for side in (current, reference)):
        return _bins(current, reference)
    return dict(_NOTHING)


def _bins(current: ColumnProfile, reference: ColumnProfile | None) -> dict[str, Any]:
    """Counts in the same equal bins on both sides; finite values only."""
    sides = {"current": current.finite, "reference": None if reference is None else reference.finite}
    filled = [values for values in sides.values() if values is not None and values.size]
    if not filled:
        return dict(_NOTHING)
    edges = sturges_edges(filled[0], filled[-1])
    if len(edges) > MAX_BINS + 1:
        edges = equal_edges(float(edges[0]), float(edges[-1]), MAX_BINS)
    return {
        side: None
        if values is None or not values.size
        else {"edges": edges.tolist(), "counts": bin_counts(values, edges).tolist()}
        for side, values in sides.items()
    }


def _top_values(current: ColumnProfile, reference: ColumnProfile | None) -> dict[str, Any]:
    """Counts of the values that are most frequent on both sides together, and how many rows hold another one."""
    now = current.counted
    sides = {
        "current": _counts(now),
        "reference": None if reference is None else _counts(reference.counted_among(now.uniques)),
    }
    pooled: dict[object, int] = {}
    for counts in sides.values():
        for value, count in (counts or {}).items():
            pooled[value] = pooled.get(value, 0) + count
    top = sorted(pooled, key=lambda value: (-pooled[value], order_key(value)))[:TOP_VALUES]
    names = [key_text(value)[:MOST_SHOWN] for value in top]
    return {
        side: None
        if counts is None
        else {
            "values": names,
            "counts": [counts.get(value, 0) for value in top],
            "other": sum(counts.values()) - sum(counts.get(value, 0) for value in top),
        }
        for side, counts in sides.items()
    }


def _counts(counted: Counted) -> dict[object, int]:
    values, counts = counted
    return dict(zip(values.tolist(), counts.tolist(), strict=True))
