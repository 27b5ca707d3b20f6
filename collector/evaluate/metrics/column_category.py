"""How often one value occurs in a column."""

from dataclasses import dataclass

import numpy as np

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.profile import ColumnProfile


@dataclass(frozen=True)
class ColumnCategoryMetric(Metric):
    """Rows that hold the category, and their share of all rows, those with missing cells included.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ColumnCategoryMetric("c", category="a")])
    >>> report.run(current_data=pd.DataFrame({"c": ["a", "b", "a", None]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["category_ratio"]
    0.5
    """

    column_name: str
    category: str | float | bool

    def calculate(self, context: Context) -> Result:
        return {
            "column_name": self.column_name,
            "category": self.category,
            **context.both(lambda frame: self._count(frame[self.column_name])),
        }

    def _count(self, profile: ColumnProfile) -> dict[str, object]:
        values, counts = profile.counted_among([self.category])
        number = int(counts[np.array([value == self.category for value in values.tolist()], dtype=np.bool_)].sum())
        ratio = number / profile.rows if profile.rows else np.nan
        return {"all_num": profile.rows, "category_num": number, "category_ratio": ratio}
