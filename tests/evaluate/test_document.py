"""The page of metrics is made from the lists, and every entry of the lists can be read about."""

import inspect
import re
from pathlib import Path

import pytest

from collector.evaluate.document import page
from collector.evaluate.metrics import METRICS
from collector.evaluate.presets.metrics import METRIC_PRESETS
from collector.evaluate.presets.tests import TEST_PRESETS
from collector.evaluate.stattests import STATTESTS
from collector.evaluate.tests import TESTS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_metrics_is_fresh():
    fresh = (DOCS / "metrics.md").read_text() == page()
    assert fresh, "docs/metrics.md is stale: python -m collector.evaluate.document > docs/metrics.md"


@pytest.mark.parametrize("entry", [*METRICS, *TESTS, *METRIC_PRESETS, *TEST_PRESETS], ids=lambda entry: entry.__name__)
def test_every_entry_says_what_it_is(entry):
    assert entry.__doc__ is not None
    assert not entry.__doc__.startswith(f"{entry.__name__}(")
    assert f"`{entry.__name__}`" in page()


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.__name__)
def test_every_metric_has_an_example(metric):
    assert ">>> report.run(" in (inspect.getdoc(metric) or "")


@pytest.mark.parametrize("method", STATTESTS, ids=lambda method: method.id)
def test_every_drift_method_has_an_example_and_a_direction(method):
    text = inspect.getdoc(method.score) or ""
    assert ">>>" in text
    assert re.search(r"\b(small|large|above|reaches)\b", text), text
