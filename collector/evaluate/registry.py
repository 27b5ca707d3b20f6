"""Every metric, test, preset and drift method by its name: those of this package, and those that users bring.

Users bring theirs by a decorator, or by an entry point of the group `inference_collector.metrics`, whose value is a
metric, test or preset class, a StatTest, or a module that applies the decorators.
"""

from functools import cache
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any, TypeVar

from collector.errors import Invalid
from collector.evaluate.base import Group, Metric
from collector.evaluate.measures.drift import register_stattest
from collector.evaluate.metrics import METRICS
from collector.evaluate.presets.generators import TEST_GENERATORS
from collector.evaluate.presets.metrics import METRIC_PRESETS
from collector.evaluate.presets.tests import TEST_PRESETS
from collector.evaluate.stattests import StatTest
from collector.evaluate.tests import TESTS
from collector.evaluate.tests.base import Test

ENTRY_POINTS = "inference_collector.metrics"
M = TypeVar("M", bound=type[Metric] | type[Group])
T = TypeVar("T", bound=type[Test] | type[Group])
_custom_metrics: dict[str, type[Any]] = {}
_custom_tests: dict[str, type[Any]] = {}


def register_metric(cls: M) -> M:
    """Make a metric, or a preset of metrics, known by its name, for configuration. A class decorator."""
    _register(_custom_metrics, Metric, cls)
    return cls


def register_test(cls: T) -> T:
    """Make a test, or a preset of tests, known by its name, for configuration. A class decorator."""
    _register(_custom_tests, Test, cls)
    return cls


def _register(known: dict[str, type[Any]], wanted: type, cls: object) -> None:
    if not isinstance(cls, type) or not issubclass(cls, (wanted, Group)):
        raise Invalid(f"{cls!r} is no class of a {wanted.__name__.lower()} or preset")
    known[getattr(cls, "name", None) or cls.__name__] = cls


def metrics_by_name() -> dict[str, type[Any]]:
    """Metrics and their presets."""
    _load_entry_points()
    return {each.__name__: each for each in (*METRIC_PRESETS, *METRICS)} | _custom_metrics


def tests_by_name() -> dict[str, type[Any]]:
    """Tests, their presets and generators."""
    _load_entry_points()
    return {each.__name__: each for each in (*TEST_PRESETS, *TEST_GENERATORS, *TESTS)} | _custom_tests


@cache
def _load_entry_points() -> None:
    """Once a process. Raises Invalid, naming the entry point, when one cannot be loaded or is nothing we know."""
    for point in entry_points(group=ENTRY_POINTS):
        try:
            found = point.load()
        except Exception as error:
            raise Invalid(f"entry point {point.name!r} ({point.value}) cannot be loaded: {error}") from error
        if isinstance(found, StatTest):
            register_stattest(found)
        elif isinstance(found, type) and issubclass(found, Test):
            _custom_tests[point.name] = found
        elif isinstance(found, type) and issubclass(found, Metric | Group):
            (_custom_tests if getattr(found, "__test__", None) is False else _custom_metrics)[point.name] = found
        elif not isinstance(found, ModuleType):
            raise Invalid(
                f"entry point {point.name!r} ({point.value}) is no metric, test, preset, drift method or module"
            )
