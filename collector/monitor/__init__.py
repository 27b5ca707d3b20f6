"""What is watched: the user's wishes for one model, as frozen models. Parsed at the edge, trusted inside.

`config.py` reads them from YAML and says file, line and key; the API reads them from JSON.
"""

from collector.monitor.alert import AlertSettings
from collector.monitor.columns import Columns
from collector.monitor.compare import OTHER, CompareSettings, ReferenceSettings
from collector.monitor.configuration import (
    Configuration,
    DestinationSettings,
    EvidentlyDestination,
    KeyPath,
    LocalDestination,
    WebhookDestination,
    misdirected,
)
from collector.monitor.monitor import Monitor
from collector.monitor.name import NAME
from collector.monitor.privacy import Mask, Privacy, Rule
from collector.monitor.report import ReportSettings, Spec, SpecItem
from collector.monitor.source import SourceSettings
from collector.monitor.window import MOST_STEPS, LabelSettings, WindowSettings

__all__ = [
    "MOST_STEPS",
    "NAME",
    "OTHER",
    "AlertSettings",
    "Columns",
    "CompareSettings",
    "Configuration",
    "DestinationSettings",
    "EvidentlyDestination",
    "KeyPath",
    "LabelSettings",
    "LocalDestination",
    "Mask",
    "Monitor",
    "Privacy",
    "ReferenceSettings",
    "ReportSettings",
    "Rule",
    "SourceSettings",
    "Spec",
    "SpecItem",
    "WebhookDestination",
    "WindowSettings",
    "misdirected",
]
