"""Cells that hold nothing: null, the empty text, infinities, or whatever else the user calls missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.profile import ColumnProfile, FrameProfile
from collector.evaluate.unanswered import NotKept, Unknown

DEFAULT_KINDS: tuple[object, ...] = ("", np.inf, -np.inf, None)
"""None stands for every null that pandas knows."""


def missing_kinds(missing_values: Sequence[object] | None, *, replace: bool) -> tuple[object, ...]:
    """The cell values that count as missing: the defaults, those given instead, or both."""
    if missing_values is None:
        return DEFAULT_KINDS
    given = tuple(dict.fromkeys(None if _is_nan(value) else value for value in missing_values))
    return given if replace else tuple(dict.fromkeys((*DEFAULT_KINDS, *given)))


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and np.isnan(value)


def count_kinds(profile: ColumnProfile, kinds: Sequence[object]) -> dict[object, int]:
    """How many cells are of each kind."""
    known = profile.missing_kinds()
    return {kind: known[kind] if kind in known else profile.how_many(kind) for kind in kinds}


@dataclass(frozen=True)
class ColumnMissingValuesMetric(Metric):
    """Missing cells of one column, by kind.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ColumnMissingValuesMetric("c")])
    >>> report.run(current_data=pd.DataFrame({"c": ["a", "", None, "b"]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["share_of_missing_values"]
    0.5
    """

    column_name: str
    missing_values: Sequence[object] | None = None
    replace: bool = True

    def calculate(self, context: Context) -> Result:
        return {"column_name": self.column_name, **context.both(lambda frame: self._count(frame[self.column_name]))}

    def _count(self, profile: ColumnProfile) -> dict[str, Any]:
        counts = count_kinds(profile, missing_kinds(self.missing_values, replace=self.replace))
        total = sum(counts.values())
        return {
            "number_of_rows": profile.rows,
            "different_missing_values": dict(sorted(counts.items(), key=lambda item: -item[1])),
            "number_of_different_missing_values": sum(count > 0 for count in counts.values()),
            "number_of_missing_values": total,
            "share_of_missing_values": total / profile.rows if profile.rows else 0.0,
        }


@dataclass(frozen=True)
class DatasetMissingValuesMetric(Metric):
    """Missing cells of all columns, by kind, column and row.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[DatasetMissingValuesMetric()])
    >>> report.run(current_data=pd.DataFrame({"a": [1.0, None], "b": ["x", "y"]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["share_of_missing_values"]
    0.25
    """

    missing_values: Sequence[object] | None = None
    replace: bool = True

    def calculate(self, context: Context) -> Result:
        return context.both(self._count)

    def _count(self, frame: FrameProfile) -> dict[str, Any]:
        kinds = missing_kinds(self.missing_values, replace=self.replace)
        by_column = {profile.name: count_kinds(profile, kinds) for profile in frame}
        cells = {name: sum(counts.values()) for name, counts in by_column.items()}
        by_kind = {kind: sum(counts[kind] for counts in by_column.values()) for kind in kinds}
        columns = sorted((name for name, count in cells.items() if count), key=str)
        total, with_missing = sum(cells.values()), _rows_with(frame, {name: by_column[name] for name in columns})

        def share(part: float, whole: int) -> float:
            return part if part != part else part / whole if whole else 0.0  # noqa: PLR0124 - NaN, with its reason

        return {
            "different_missing_values": by_kind,
            "number_of_different_missing_values": sum(count > 0 for count in by_kind.values()),
            "different_missing_values_by_column": by_column,
            "number_of_different_missing_values_by_column": {
                name: sum(count > 0 for count in counts.values()) for name, counts in by_column.items()
            },
            "number_of_missing_values": total,
            "share_of_missing_values": share(total, frame.rows * len(frame.names)),
            "number_of_missing_values_by_column": cells,
            "share_of_missing_values_by_column": {name: share(count, frame.rows) for name, count in cells.items()},
            "number_of_rows": frame.rows,
            "number_of_rows_with_missing_values": with_missing,
            "share_of_rows_with_missing_values": share(with_missing, frame.rows),
            "number_of_columns": len(frame.names),
            "columns_with_missing_values": columns,
            "number_of_columns_with_missing_values": len(columns),
            "share_of_columns_with_missing_values": share(len(columns), len(frame.names)),
        }


def _rows_with(frame: FrameProfile, by_column: Mapping[str, Mapping[object, int]]) -> float:
    """How many rows have a missing cell in one of these columns; Unknown where rows are not kept."""
    rows = np.zeros(frame.rows, dtype=np.bool_)
    try:
        for name, counts in by_column.items():
            rows |= frame[name].rows_with({kind for kind, count in counts.items() if count})
    except NotKept as error:
        return Unknown(str(error))
    return int(np.count_nonzero(rows))
