"""What a process does not need it does not import."""

import subprocess
import sys

import pytest


def modules_loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def loaded_by(statement: str) -> set[str]:
    return {name.partition(".")[0] for name in modules_loaded_by(statement)}


@pytest.mark.parametrize("statement", ["import collector", "import collector.cli", "import collector.model"])
def test_looking_at_the_package_costs_no_statistics_and_no_server(statement):
    assert {"pandas", "scipy", "aiohttp", "redis"}.isdisjoint(loaded_by(statement))


def test_a_pure_receiver_is_free_of_pandas_and_scipy():
    assert {"pandas", "scipy", "sklearn", "plotly"}.isdisjoint(loaded_by("import collector.serve"))


def test_evaluating_needs_no_server():
    assert {"aiohttp", "redis", "apscheduler", "evidently", "plotly"}.isdisjoint(loaded_by("import collector.evaluate"))


def test_evaluating_loads_the_statistics_that_it_uses_and_no_others():
    statement = (
        "from collector import ColumnMapping, Report, TestSuite\n"
        "from collector import descriptors, metric_preset, metrics, test_preset, tests"
    )
    heavy = {"scipy.stats", "scipy.spatial", "scipy.optimize", "sklearn", "plotly", "aiohttp", "jinja2"}
    assert heavy.isdisjoint(modules_loaded_by(statement))
