"""Which values of a column match a pattern."""

import re
from dataclasses import dataclass

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.lazy import lazy
from collector.evaluate.profile import ColumnProfile, order_key


@dataclass(frozen=True)
class ColumnRegExpMetric(Metric):
    """Cells whose text begins with the pattern, and those that do not; missing cells are neither.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ColumnRegExpMetric("c", reg_exp="[ab]")])
    >>> report.run(current_data=pd.DataFrame({"c": ["apple", "banana", "cherry", None]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["number_of_matched"]
    2
    """

    column_name: str
    reg_exp: str
    top: int = 10

    def __post_init__(self) -> None:
        try:
            re.compile(self.reg_exp)
        except re.error as error:
            raise Invalid(f"reg_exp {self.reg_exp!r} is not a regular expression: {error}") from error

    @lazy
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.reg_exp)

    def calculate(self, context: Context) -> Result:
        return {
            "column_name": self.column_name,
            "reg_exp": self.reg_exp,
            "top": self.top,
            **context.both(lambda frame: self._match(frame[self.column_name])),
        }

    def _match(self, profile: ColumnProfile) -> dict[str, object]:
        matched: list[tuple[object, int]] = []
        others: list[tuple[object, int]] = []
        for value, count in zip(profile.counted.uniques.tolist(), profile.counted.counts.tolist(), strict=True):
            (matched if self._pattern.match(str(value)) else others).append((value, count))
        return {
            "number_of_matched": sum(count for _, count in matched),
            "number_of_not_matched": sum(count for _, count in others),
            "number_of_rows": profile.rows,
            "table_of_matched": self._top(matched),
            "table_of_not_matched": self._top(others),
        }

    def _top(self, values: list[tuple[object, int]]) -> dict[object, int]:
        return dict(sorted(values, key=lambda item: (-item[1], order_key(item[0])))[: self.top])
