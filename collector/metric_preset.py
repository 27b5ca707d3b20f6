"""Presets of metrics: `from collector.metric_preset import DataDriftPreset`."""

from collector.evaluate.presets.metrics import (
    ClassificationPreset,
    DataDriftPreset,
    DataQualityPreset,
    RegressionPreset,
)
from collector.evaluate.presets.recsys import RecsysPreset
from collector.evaluate.presets.target_drift import TargetDriftPreset
from collector.evaluate.presets.text import TextEvals

__all__ = [
    "ClassificationPreset",
    "DataDriftPreset",
    "DataQualityPreset",
    "RecsysPreset",
    "RegressionPreset",
    "TargetDriftPreset",
    "TextEvals",
]
