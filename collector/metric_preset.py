"""Presets of metrics: `from collector.metric_preset import DataDriftPreset`."""

from collector.evaluate.presets.metrics import (
    ClassificationPreset,
    DataDriftPreset,
    DataQualityPreset,
    RegressionPreset,
)

__all__ = ["ClassificationPreset", "DataDriftPreset", "DataQualityPreset", "RegressionPreset"]
