"""The drift of what a model is about: its target and its predictions."""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.evaluate.base import Context, Group, Metric
from collector.evaluate.measures.drift import DriftOptions
from collector.evaluate.metrics.column_drift import ColumnDriftMetric
from collector.evaluate.metrics.column_value_plot import ColumnValuePlot
from collector.evaluate.metrics.correlations import ColumnCorrelationsMetric
from collector.evaluate.presets.base import MetricPreset


@dataclass(frozen=True)
class TargetDriftPreset(DriftOptions, MetricPreset):
    """The drift of target and prediction, and how they go together with the features."""

    columns: Sequence[str] | None = None

    def __post_init__(self) -> None:
        self.check()

    def expand(self, context: Context) -> Sequence[Metric | Group]:
        definition = context.definition
        names = [name for name in (definition.target, *definition.predictions) if name is not None]
        metrics: list[Metric | Group] = []
        for name in names:
            kind = definition.types[name]
            method, threshold = self.method(name, kind), self.threshold(name, kind)
            metrics.append(ColumnDriftMetric(name, stattest=method, stattest_threshold=threshold))
            if name == definition.target and definition.task == "regression":
                metrics.append(ColumnValuePlot(name))
            metrics.append(ColumnCorrelationsMetric(name))
        return metrics
