"""Metrics by the names that users know: `from collector.metrics import ColumnDriftMetric`."""

from collector.evaluate.metrics import *  # noqa: F403
from collector.evaluate.presets.generators import generate_column_metrics as generate_column_metrics  # noqa: PLC0414
