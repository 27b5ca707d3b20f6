"""`docs/metrics.md`, made from the lists: what there is, what it takes, what it says.

Run `python -m collector.evaluate.document > docs/metrics.md`; a test fails when the page is stale.
"""

import inspect
import sys
from collections.abc import Iterable
from typing import Any

from collector.evaluate.catalogue import parameters_by_name
from collector.evaluate.conditions import NAMES
from collector.evaluate.descriptors import DESCRIPTORS
from collector.evaluate.metrics import METRICS
from collector.evaluate.presets.generators import TEST_GENERATORS
from collector.evaluate.presets.metrics import METRIC_PRESETS
from collector.evaluate.presets.tests import TEST_PRESETS
from collector.evaluate.stattests import STATTESTS
from collector.evaluate.tests import TESTS

_HEAD = """# Metrics, tests and drift methods

Made from the lists by `python -m collector.evaluate.document`; do not edit. Every name works in Python
(`from collector.metrics import ...`, likewise `tests`, `metric_preset`, `test_preset`) and in a monitor's configuration.
Where values differ from Evidently's on purpose: [parity.md](parity.md).
"""
_CONDITIONS = """
Tests marked with * take conditions: `eq`, `not_eq`, `gt`, `gte`, `lt`, `lte`, `is_in`, `not_in`; all that are given must
hold. A number may have a tolerance: `approx(100, relative=0.1)` in Python, `{value: 100, relative: 0.1}` in
configuration. Without conditions the test's own default holds. Every test takes `is_critical`: when it is false, a test
that fails ends in WARNING instead of FAIL.
"""
_DESCRIPTORS = """
From `collector.descriptors`. `TextLength().on("review")` stands wherever a metric or test takes the name of a column; in
configuration, `TextEvals` takes them by name: `descriptors: [TextLength, {Contains: {items: [refund]}}]`.
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    parts += ["## Presets of metrics\n", _table(METRIC_PRESETS)]
    parts += ["## Metrics\n", _table(METRICS)]
    parts += ["## Descriptors of texts\n", _DESCRIPTORS.lstrip(), _table(DESCRIPTORS)]
    parts += ["## Presets of tests\n", _table(TEST_PRESETS)]
    parts += ["## Tests\n", _CONDITIONS.lstrip(), _table(TESTS)]
    parts += ["## One test for each of many columns\n", _table(TEST_GENERATORS)]
    parts += ["## Drift methods\n", _drift_table()]
    return "\n".join(parts)


def _table(classes: Iterable[type[Any]]) -> str:
    rows = ["| name | parameters | what it says |", "|---|---|---|"]
    rows += [f"| `{cls.__name__}`{_star(cls)} | {_parameters(cls)} | {_cell(_summary(cls))} |" for cls in classes]
    return "\n".join(rows) + "\n"


def _star(cls: type[Any]) -> str:
    return " *" if "eq" in parameters_by_name(cls) else ""


def _parameters(cls: type[Any]) -> str:
    hidden = {*NAMES, "is_critical"} if "is_critical" in parameters_by_name(cls) else set()
    shown = []
    for name, parameter in inspect.signature(cls).parameters.items():
        if name in hidden or name not in parameters_by_name(cls):
            continue
        default = parameter.default
        shown.append(name if default is inspect.Parameter.empty or default is None else f"{name}={default}")
    return _cell(", ".join(f"`{each}`" for each in shown))


def _summary(cls: type[Any]) -> str:
    text = inspect.getdoc(cls) or ""
    paragraph = text.split(">>>", maxsplit=1)[0]
    return " ".join(paragraph.split())


def _drift_table() -> str:
    rows = ["| id | name | column types | drifts when | what it says |", "|---|---|---|---|---|"]
    for method in STATTESTS:
        module = inspect.getmodule(method.score)
        says = " ".join(f"{(module.__doc__ or '') if module else ''} {_summary_of(method.score)}".split())
        limit = f"score {method.drifts_when} {method.threshold}"
        rows.append(f"| `{method.id}` | {method.display_name} | {', '.join(method.types)} | {limit} | {_cell(says)} |")
    return "\n".join(rows) + "\n"


def _summary_of(function: object) -> str:
    return (inspect.getdoc(function) or "").split(">>>", maxsplit=1)[0]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
