"""One quantile of a column."""

from dataclasses import dataclass

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result


@dataclass(frozen=True)
class ColumnQuantileMetric(Metric):
    """The quantile, linear between neighbours; missing cells are left out, infinities stay in.

    Any column of numbers has quantiles, one of a few whole numbers too.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ColumnQuantileMetric("x", quantile=0.25)])
    >>> report.run(current_data=pd.DataFrame({"x": [1, 2, None, 9.5, 4.5, 2, 2, -3.25]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["value"]
    1.5
    """

    column_name: str
    quantile: float

    def __post_init__(self) -> None:
        if not 0 < self.quantile <= 1:
            raise Invalid(f"quantile is {self.quantile}: expected more than 0 and at most 1")

    def calculate(self, context: Context) -> Result:
        return {
            "column_name": self.column_name,
            "column_type": "num",
            "quantile": self.quantile,
            **context.both(lambda frame: {"value": frame[self.column_name].as_numbers.quantile(self.quantile)}),
        }
