"""Whether a column's numbers stay within a range."""

from dataclasses import dataclass

import numpy as np

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.profile import ColumnProfile


@dataclass(frozen=True)
class ColumnValueRangeMetric(Metric):
    """Values inside and outside of a range, both ends included; missing cells are neither.

    An end that is not given is that of the reference; a reference without any value leaves nothing inside.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ColumnValueRangeMetric("x", left=1, right=2)])
    >>> report.run(current_data=pd.DataFrame({"x": [1.0, 2.0, 9.5, None]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["number_in_range"]
    2
    """

    column_name: str
    left: float | None = None
    right: float | None = None

    def calculate(self, context: Context) -> Result:
        context.check_numeric(self.column_name)
        left, right = self.left, self.right
        if left is None or right is None:
            if context.reference is None:
                raise Invalid(f"column {self.column_name!r}: give both ends of the range, or reference data")
            ordered = context.reference[self.column_name].as_numbers.sorted
            first, last = (ordered[0].item(), ordered[-1].item()) if ordered.size else (np.nan, np.nan)
            left = first if left is None else left
            right = last if right is None else right
        return {
            "column_name": self.column_name,
            "left": left,
            "right": right,
            **context.both(lambda frame: _count(frame[self.column_name], left, right)),
        }


def _count(profile: ColumnProfile, left: float, right: float) -> dict[str, object]:
    ordered = profile.as_numbers.sorted
    inside = 0
    if left <= right:  # never true of a range that is not known
        inside = int(np.searchsorted(ordered, right, "right") - np.searchsorted(ordered, left, "left"))
    total = int(ordered.size)
    return {
        "number_in_range": inside,
        "number_not_in_range": total - inside,
        "share_in_range": inside / total if total else 0.0,
        "share_not_in_range": (total - inside) / total if total else 0.0,
        "number_of_values": total,
    }
