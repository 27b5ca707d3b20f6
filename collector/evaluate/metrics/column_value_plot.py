"""How one column went."""

from dataclasses import dataclass

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.pictures import course, halves, numbers


@dataclass(frozen=True)
class ColumnValuePlot(Metric):
    """Mean and deviation of a column of numbers over time, or over the rows where no column says when.

    At most a hundred bins of equally many rows, at least ten each.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ColumnValuePlot("x")])
    >>> report.run(current_data=pd.DataFrame({"x": [1.0] * 10 + [3.0] * 10}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["value"]["mean"]
    [1.0, 3.0]
    """

    column_name: str

    def calculate(self, context: Context) -> Result:
        context.column(self.column_name, numeric=True)
        return {
            "column_name": self.column_name,
            **halves(context, lambda frame: course(context, frame, value=numbers(frame[self.column_name]))),
        }
