"""Metrics by the names that users know: `from collector.metrics import ColumnDriftMetric`."""

from collector.evaluate import metrics as _metrics
from collector.evaluate.metrics import *  # noqa: F403
from collector.evaluate.presets.generators import generate_column_metrics

__all__ = [  # noqa: PLE0604 - the list that names every metric
    *(metric.__name__ for metric in _metrics.METRICS),
    "generate_column_metrics",
]
