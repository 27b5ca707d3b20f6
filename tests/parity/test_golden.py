"""The values of this engine are the peer's, to 1e-9, but for the differences that are listed with their reasons."""

import json
from functools import cache
from typing import Any

import pytest

from collector.evaluate import registry
from collector.evaluate.measures.drift import stattests
from tests.parity import document
from tests.parity.case import Case
from tests.parity.cases import cases
from tests.parity.check import GOLDEN, PINNED, Outcome, check, golden, place, to_pin
from tests.parity.compare import compare, same
from tests.parity.differences import DIFFERENCES
from tests.parity.frames import FRAMES
from tests.parity.names import NOT_YET

RENEW = "run: make parity PARITY_ARGS=--renew"


@cache
def outcome(name: str) -> Outcome:
    return check(name)


def known_names() -> set[str]:
    return {*registry.metrics_by_name(), *registry.tests_by_name(), *stattests()}


def peer_names() -> dict[str, Any]:
    names: dict[str, Any] = json.loads((GOLDEN / "names.json").read_text(encoding="utf-8"))
    return names


@pytest.mark.parametrize("name", FRAMES)
def test_every_value_is_the_peers_or_differs_for_a_reason_that_is_listed(name):
    found = outcome(name)
    assert not found.missing, f"no golden value of {found.missing[:5]}; {RENEW}"
    assert found.compared > 0
    report = "\n".join(map(str, found.unexplained[:40]))
    assert not found.unexplained, f"{len(found.unexplained)} fields differ without a reason:\n{report}"


@pytest.mark.parametrize("name", FRAMES)
def test_values_that_differ_for_a_reason_are_the_pinned_ones(name):
    pinned = [entry for entry in json.loads(PINNED.read_text(encoding="utf-8")) if entry["frame"] == name]
    expected = {place(entry): entry for entry in pinned}
    actual = {place(entry): entry for entry in to_pin(outcome(name))}
    assert sorted(actual) == sorted(expected), f"pinned.json lists other fields than differ; {RENEW}"
    for key, entry in actual.items():
        assert not compare(name, "", _plain(entry["ours"]), expected[key]["ours"]), f"{key}: {entry}; {RENEW}"
        assert entry["theirs"] == expected[key]["theirs"]


def _plain(value: Any) -> Any:
    """As pinned.json holds it."""
    return json.loads(json.dumps(value))


def test_every_reason_to_differ_is_still_needed():
    used = {rule.id for name in FRAMES for rule, _ in outcome(name).explained}
    assert used == {rule.id for rule in DIFFERENCES}


def test_the_page_lists_every_difference():
    explained = [pair for name in FRAMES for pair in outcome(name).explained]
    assert document.written() == document.section(explained), f"docs/parity.md is stale; {RENEW}"


def test_only_names_that_are_listed_as_such_are_not_known():
    lacking = {name for name in NOT_YET if name in known_names()}
    assert not lacking, "these are known now: take them off the list in names.py"
    for name in FRAMES:
        assert outcome(name).unknown <= NOT_YET


def test_every_name_that_the_peer_exports_is_known_or_listed():
    exported = {name for what, names in peer_names().items() if what != "titles" for name in names}
    assert exported - known_names() == NOT_YET


def test_every_metric_and_test_that_the_peer_has_too_is_compared():
    asked = {case.name for name in FRAMES for case in cases(name, FRAMES[name]())}
    stated = {method for name in FRAMES for case in cases(name, FRAMES[name]()) for method in case.stattests}
    exported = {name for what, names in peer_names().items() if what != "titles" for name in names}
    assert exported & known_names() - asked - stated - SEPARATE == set()


SEPARATE = frozenset(
    {
        "ClassificationClassSeparationPlot",
        "ClassificationLiftCurve",
        "ClassificationProbDistribution",
        "ClassificationQualityByFeatureTable",
        "ColumnDistributionMetric",
        "ColumnInteractionPlot",
        "ColumnValuePlot",
        "Comment",
        "RegressionAbsPercentageErrorPlot",
        "RegressionErrorDistribution",
        "RegressionErrorPlot",
        "RegressionPredictedVsActualPlot",
        "RegressionPredictedVsActualScatter",
        "TargetByFeaturesTable",
        "TextDescriptorsDistribution",
    }
)
"""They have figures there, and no value to compare; test_figures.py compares ours with numpy and pandas."""


def test_groups_and_titles_of_tests_are_the_peers():
    titles = peer_names()["titles"]
    ours = {name: [made.group, made.title] for name, made in registry.tests_by_name().items() if hasattr(made, "title")}
    theirs = {name: [group, title.strip()] for name, (group, title) in titles.items() if name in ours}
    assert {name: ours[name] for name in theirs} == theirs


@pytest.mark.parametrize("name", FRAMES)
def test_golden_values_hold_no_case_that_is_not_asked_for(name):
    asked = {case.id for case in cases(name, FRAMES[name]())}
    assert set(golden(name)["cases"]) <= asked, f"golden values without a case; {RENEW}"


def test_the_comparison_sees_a_digit_a_missing_field_and_a_verdict():
    theirs = {"a": 1.0, "b": [1, 2], "c": {"status": "FAIL"}, "d": True}
    assert compare("f", "c", theirs, theirs) == []
    assert not same(1.0, 1.0 + 2e-9)
    assert not same(True, 1)
    wrong = [
        {**theirs, "a": 1 + 2e-9},
        {"b": [1, 2], "c": theirs["c"], "d": True},
        {**theirs, "c": {"status": "ERROR"}},
    ]
    assert [len(compare("f", "c", each, theirs)) for each in (*wrong, {**theirs, "b": [1]}, {**theirs, "d": 1})] == [
        1
    ] * 5


def test_a_number_that_is_not_finite_agrees_with_none_only_when_the_reason_stands_beside():
    assert compare("f", "c", {"a": None, "reasons": {"a": "infinite"}}, {"a": "inf"}) == []
    assert len(compare("f", "c", {"a": None}, {"a": "inf"})) == 1


def test_a_case_is_told_apart_by_its_arguments_and_by_whether_it_has_a_reference():
    ids = [case.id for name in FRAMES for case in [*cases(name, FRAMES[name]())]]
    per_frame = [len({case.id for case in cases(name, FRAMES[name]())}) for name in FRAMES]
    assert sum(per_frame) == len(ids)
    assert Case("test", "T", (("k", 1),)).id != Case("test", "T", (("k", 1),), compared=False).id
