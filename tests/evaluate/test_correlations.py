"""Correlations equal scipy's and the values that were verified once; conflicts are counted row by row."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, strategies as st
from scipy import stats

from collector.evaluate import ColumnMapping
from collector.evaluate.measures.correlations import cramer_v
from collector.evaluate.profile import ColumnProfile
from collector.metrics import (
    ColumnCorrelationsMetric,
    ConflictPredictionMetric,
    ConflictTargetMetric,
    DatasetCorrelationsMetric,
)
from collector.tests import (
    TestConflictTarget,
    TestCorrelationChanges,
    TestHighlyCorrelatedColumns,
    TestTargetPredictionCorrelation,
)
from tests.evaluate.recipes import result, verdict


def near(value):
    return pytest.approx(value, rel=1e-9)


@pytest.fixture
def frame():
    rng = np.random.default_rng(5)
    a = rng.normal(size=200)
    b = 0.6 * a + rng.normal(size=200)
    c = rng.integers(0, 3, 200).astype(str)
    d = np.where(rng.random(200) < 0.7, c, "0")
    target = a + b + rng.normal(size=200)
    return pd.DataFrame({"a": a, "b": b, "c": c, "d": d, "target": target})


def test_verified_correlations(frame):
    found = result(ColumnCorrelationsMetric("a"), frame)["current"]
    values = {kind: each["values"]["y"] for kind, each in found.items()}
    expected = {"pearson": 0.5458988312558971, "spearman": 0.5427435685892148, "kendall": 0.3793969849246231}
    assert values == {kind: [near(value)] for kind, value in expected.items()}
    assert result(ColumnCorrelationsMetric("c"), frame)["current"]["cramer_v"]["values"]["y"] == [
        near(0.7703088917524318)
    ]
    found = result(DatasetCorrelationsMetric(), frame)["current"]["stats"]
    assert found["pearson"]["abs_max_features_correlation"] == near(0.5458988312558968)
    assert found["cramer_v"]["abs_max_features_correlation"] == near(0.7703088917524318)
    assert found["pearson"]["target_prediction_correlation"] is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), min_size=2, max_size=60))
def test_cramers_v_equals_scipy(rows):
    left, right = (list(column) for column in zip(*rows, strict=True))
    assume(len(set(left)) > 1 and len(set(right)) > 1)
    table = pd.crosstab(pd.Series(left), pd.Series(right)).to_numpy()
    expected = stats.contingency.association(table, method="cramer", correction=False)
    value = cramer_v(ColumnProfile("x", pd.Series(left)), ColumnProfile("y", pd.Series(right)))
    assert value == pytest.approx(expected, abs=1e-7)


def test_probabilities_count_as_the_labels_they_stand_for():
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, 300)
    frame = pd.DataFrame({"target": target, "prediction": np.clip(0.6 * target + 0.4 * rng.random(300), 0, 1)})
    found = result(DatasetCorrelationsMetric(), frame)["current"]["stats"]["cramer_v"]
    assert found["target_prediction_correlation"] == near(1.0)
    assert verdict(TestTargetPredictionCorrelation(gt=0.9), frame)["status"] == "SUCCESS"


def test_probabilities_of_one_prediction_do_not_count_as_correlated():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet([1, 1], 100)
    frame = pd.DataFrame(shares, columns=["a", "b"]).assign(target=rng.choice(["a", "b"], 100))
    mapping = ColumnMapping(prediction=["a", "b"], pos_label="a")
    found = result(DatasetCorrelationsMetric(), frame, mapping=mapping)["current"]["stats"]["pearson"]
    assert found["abs_max_features_correlation"] == 0.0


def test_changed_correlations_are_counted_by_pairs(frame):
    shuffled = frame.assign(a=frame["a"].sample(frac=1, random_state=0).to_numpy())
    assert verdict(TestCorrelationChanges(), frame, frame)["parameters"]["value"] == 0
    assert verdict(TestCorrelationChanges(), shuffled, frame)["parameters"]["value"] == 2
    assert verdict(TestCorrelationChanges(column_name="b"), shuffled, frame)["parameters"]["value"] == 1
    assert verdict(TestCorrelationChanges(column_name="c"), shuffled, frame)["status"] == "ERROR"


def test_default_conditions(frame):
    alone = verdict(TestHighlyCorrelatedColumns(), frame)
    assert (alone["status"], alone["parameters"]["condition"]) == ("SUCCESS", {"lt": 0.9})
    compared = verdict(TestHighlyCorrelatedColumns(), frame, frame)["parameters"]["condition"]["eq"]
    assert (compared["value"], compared["relative"]) == (near(0.5458988312558968), 0.1)


@pytest.mark.parametrize(
    ("metric", "columns", "count"),
    [
        (ConflictTargetMetric(), {"f": [1, 1, 2, 2, 3], "g": [1, 1, 2, 2, 3], "target": [0, 1, 0, 0, 1]}, 2),
        (ConflictTargetMetric(), {"f": [1, 1, 1], "target": [0, 0, 1]}, 1),
        (ConflictTargetMetric(), {"f": [None, None, 1.0], "target": [0, 1, 1]}, 2),
    ],
)
def test_conflicts_of_targets(metric, columns, count):
    found = result(metric, pd.DataFrame(columns))
    assert found["number_not_stable_target"] == count
    assert found["share_not_stable_target"] == near(count / len(columns["f"]))
    assert verdict(TestConflictTarget(), pd.DataFrame(columns))["status"] == "FAIL"


def test_conflicts_of_predictions():
    frame = pd.DataFrame({"f": [1, 1, 2, 2, 3], "prediction": [0.1, 0.2, 0.3, 0.3, 0.4]})
    assert result(ConflictPredictionMetric(), frame)["current"]["number_not_stable_prediction"] == 2
