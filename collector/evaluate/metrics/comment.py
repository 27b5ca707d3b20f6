"""Words between the figures of a report."""

from dataclasses import dataclass
from typing import ClassVar

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result


@dataclass(frozen=True)
class Comment(Metric):
    """A text of the user's own, shown where it stands among the metrics. It looks at no data.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[Comment("Prices changed on Monday.")])
    >>> report.run(current_data=pd.DataFrame({"x": [1, 2]}))
    >>> report.as_dict()["metrics"][0]["result"]
    {'text': 'Prices changed on Monday.'}
    """

    of_the_model: ClassVar[bool] = True

    text: str

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise Invalid(f"text is {type(self.text).__name__}: expected a text")

    def calculate(self, context: Context) -> Result:  # noqa: ARG002 - it looks at no data
        return {"text": self.text}
