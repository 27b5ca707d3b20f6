"""How the values of one column are distributed."""

from dataclasses import dataclass

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.distributions import distribution_of


@dataclass(frozen=True)
class ColumnDistributionMetric(Metric):
    """Counts of a column's values: in equal bins for numbers, by value for categories; the same on both sides.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ColumnDistributionMetric("colour")])
    >>> report.run(current_data=pd.DataFrame({"colour": ["red", "red", "blue"]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]
    {'values': ['red', 'blue'], 'counts': [2, 1], 'other': 0}
    """

    column_name: str

    def calculate(self, context: Context) -> Result:
        current = context.column(self.column_name)
        kind = context.definition.type_of(self.column_name)
        reference = None if context.reference is None else context.reference[self.column_name]
        if kind == "num":
            current, reference = current.as_numbers, None if reference is None else reference.as_numbers
        both = distribution_of(kind, current, reference)
        if both["current"] is None and both["reference"] is None:
            raise Invalid(
                f"column {self.column_name!r} is {kind} and has no value to count: a number or a category is needed"
            )
        return {"column_name": self.column_name, "column_type": kind, **both}
