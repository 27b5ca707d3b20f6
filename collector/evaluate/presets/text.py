"""Preset for texts."""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.evaluate.base import Context, Group, Metric
from collector.evaluate.descriptors import (
    NonLetterCharacterPercentage,
    SentenceCount,
    TextLength,
    descriptor_of,
)
from collector.evaluate.metrics.column_summary import ColumnSummaryMetric
from collector.evaluate.presets.base import MetricPreset


@dataclass(frozen=True)
class TextEvals(MetricPreset):
    """A summary of each descriptor of a column of texts: their length, sentences and other characters than letters.

    >>> import pandas as pd
    >>> from collector.evaluate import ColumnMapping, Report
    >>> report = Report(metrics=[TextEvals("said", descriptors=["WordCount"])])
    >>> report.run(current_data=pd.DataFrame({"said": ["yes", "not at all"]}),
    ...            column_mapping=ColumnMapping(text_features=["said"]))
    >>> report.as_dict()["metrics"][0]["result"]["current_characteristics"]["mean"]
    2.0
    """

    column_name: str
    descriptors: Sequence[object] | None = None

    def __post_init__(self) -> None:
        for each in self.descriptors or ():
            descriptor_of(each)

    def expand(self, context: Context) -> Sequence[Metric | Group]:  # noqa: ARG002
        wanted = self.descriptors or (TextLength(), SentenceCount(), NonLetterCharacterPercentage())
        return [ColumnSummaryMetric(descriptor_of(each).on(self.column_name)) for each in wanted]
