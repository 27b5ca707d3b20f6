"""What compares the demo's numbers notices what differs, what is missing, and what nobody expected."""

from pathlib import Path

import pytest

from tests.demo import check, plain

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
