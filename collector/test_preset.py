"""Presets of tests: `from collector.test_preset import DataDriftTestPreset`."""

from collector.evaluate.presets.recsys import RecsysTestPreset
from collector.evaluate.presets.tests import (
    BinaryClassificationTestPreset,
    BinaryClassificationTopKTestPreset,
    DataDriftTestPreset,
    DataQualityTestPreset,
    DataStabilityTestPreset,
    MulticlassClassificationTestPreset,
    NoTargetPerformanceTestPreset,
    RegressionTestPreset,
)

__all__ = [
    "BinaryClassificationTestPreset",
    "BinaryClassificationTopKTestPreset",
    "DataDriftTestPreset",
    "DataQualityTestPreset",
    "DataStabilityTestPreset",
    "MulticlassClassificationTestPreset",
    "NoTargetPerformanceTestPreset",
    "RecsysTestPreset",
    "RegressionTestPreset",
]
