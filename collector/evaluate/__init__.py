"""Rows and a reference in, results out: the only home of pandas and scipy. Importable without the service.

Names are loaded when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.evaluate.base import Context as Context, Metric as Metric
    from collector.evaluate.conditions import approx as approx
    from collector.evaluate.data import ColumnMapping as ColumnMapping
    from collector.evaluate.measures.drift import register_stattest as register_stattest
    from collector.evaluate.registry import register_metric as register_metric, register_test as register_test
    from collector.evaluate.report import Report as Report
    from collector.evaluate.stattests import StatTest as StatTest
    from collector.evaluate.suite import TestSuite as TestSuite
    from collector.evaluate.tests.base import Test as Test, Verdict as Verdict

_HOMES = {
    "ColumnMapping": "collector.evaluate.data",
    "Context": "collector.evaluate.base",
    "Metric": "collector.evaluate.base",
    "Report": "collector.evaluate.report",
    "StatTest": "collector.evaluate.stattests",
    "Test": "collector.evaluate.tests.base",
    "TestSuite": "collector.evaluate.suite",
    "Verdict": "collector.evaluate.tests.base",
    "approx": "collector.evaluate.conditions",
    "register_metric": "collector.evaluate.registry",
    "register_stattest": "collector.evaluate.measures.drift",
    "register_test": "collector.evaluate.registry",
}

__all__ = [  # noqa: PLE0604 - computed, so that the two lists cannot part
    *_HOMES,
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'collector.evaluate' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
