"""The demo's numbers beside those of pandas, scipy and sklearn: two months here, the whole year in `make demo-check`.

February and March have all there is to see: the day on which the clocks go forward, cancelled flights, labels that come
before their rows, and a week that comes late, whose windows are opened late and computed anew.
"""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from collector.demo.replay import LATE_WEEK
from tests.demo import check, plain

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Of a demo that ran over February and March."""
    folder: Path = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "collector", "demo", "--exit", "--months", "2", "--data-dir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=380, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def compared(folder) -> check.Compared:
    return check.compare_folder(folder)


def test_every_value_of_every_snapshot_is_that_of_a_plain_computation(compared):
    assert compared.problems == []
    assert compared.snapshots == 59 * 3 * 7
    assert compared.numbers > 20 * compared.snapshots


def test_the_late_week_was_computed_anew_and_replaced_where_it_was_delivered(compared):
    assert {day.strftime("%Y-%m-%d") for day in pd.date_range(*LATE_WEEK)} <= compared.revised


DAY, NEXT = plain.Name("drift", "2013-02-01", "all", None), plain.Name("drift", "2013-02-02", "all", None)


@pytest.mark.parametrize(
    ("found", "problems"),
    [
        ({DAY: check.Told({"rows": 3}, 1)}, []),
        ({DAY: check.Told({"rows": 4}, 1)}, [f"{DAY}: rows is 4, expected 3"]),
        ({}, [f"{DAY}: was not delivered"]),
        (
            {DAY: check.Told({"rows": 3}, 1), NEXT: check.Told({"rows": 3}, 1)},
            [f"{NEXT}: was delivered, and nobody expected it"],
        ),
    ],
)
def test_a_wrong_number_a_missing_and_a_surplus_snapshot_are_noticed(found, problems):
    assert check.compare(found, [(DAY, {"rows": 3})]).problems == problems


@pytest.mark.parametrize(
    ("found", "agrees"),
    [(0.5, True), (0.5 + 1e-12, True), (0.5 + 1e-6, False), (None, False), (float("nan"), False), ("0.5", False)],
)
def test_numbers_agree_to_a_billionth_and_nothing_else_does(found, agrees):
    assert (list(check.differences({"score": found}, {"score": 0.5})) == []) is agrees
    assert list(check.differences({}, {"score": 0.5})) == ["score is missing, expected 0.5"]


def test_the_plain_computation_uses_nothing_of_ours():
    source = Path(plain.__file__).read_text()
    assert "collector" not in source
