"""Whether a column holds the values that are expected of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.plain import beginning
from collector.evaluate.profile import ColumnProfile, order_key


@dataclass(frozen=True)
class ColumnValueListMetric(Metric):
    """Rows with a value of the list, and rows without; the list is the reference's values when none is given.

    A missing cell is not in the list, unless the list that is given holds None. Shares are of all rows.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ColumnValueListMetric("c", values=["a", "b"])])
    >>> report.run(current_data=pd.DataFrame({"c": ["a", "b", "z", None]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["share_in_list"]
    0.5
    """

    column_name: str
    values: Sequence[object] | None = None

    def calculate(self, context: Context) -> Result:
        values = None if self.values is None else list(self.values)
        if values is None:
            if context.reference is None:
                raise Invalid(f"column {self.column_name!r}: give the list of values, or reference data")
            reference = context.reference[self.column_name]
            known = reference.counted_among(context.current[self.column_name].counted.uniques)
            values = sorted(known.uniques.tolist(), key=order_key)
            if not reference.rows:
                raise Invalid(f"column {self.column_name!r}: the reference has no rows to take the list of values from")
        elif not values:
            raise Invalid(f"column {self.column_name!r}: the list of values is empty")
        return {
            "column_name": self.column_name,
            "values": values if self.values is not None else _shown(values),
            **context.both(lambda frame: _count(frame[self.column_name], values)),
        }


def _shown(values: Sequence[object]) -> list[object]:
    """The first of the reference's values."""
    return [*map(beginning, values[:30]), *(["..."] if len(values) > 30 else [])]


def _count(profile: ColumnProfile, values: Sequence[object]) -> dict[str, object]:
    wanted = {value for value in values if value is not None and value == value}  # noqa: PLR0124 - NaN means missing
    uniques, counts = profile.counted_among(wanted)
    inside = sum(count for value, count in zip(uniques.tolist(), counts.tolist(), strict=True) if value in wanted)
    if len(wanted) < len(set(values)):
        inside += profile.missing
    outside = profile.rows - inside
    return {
        "number_in_list": inside,
        "number_not_in_list": outside,
        "share_in_list": inside / profile.rows if profile.rows else 0.0,
        "share_not_in_list": outside / profile.rows if profile.rows else 0.0,
        "rows_count": profile.rows,
    }
