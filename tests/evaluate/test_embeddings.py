"""Drift of embeddings: verified values, the definitions written out, and what may go wrong."""

import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from collector.errors import Invalid
from collector.evaluate import ColumnMapping, Report, TestSuite
from collector.evaluate.measures.embedding_methods import MAX_MMD_ROWS, Distance, Model
from collector.evaluate.measures.embeddings import distance, method_of, mmd, model, ratio
from collector.metric_preset import DataDriftPreset
from collector.metrics import EmbeddingsDriftMetric
from collector.test_preset import DataDriftTestPreset, NoTargetPerformanceTestPreset
from collector.tests import TestEmbeddingsDrift
from tests.evaluate.recipes import error, result, verdict

NAMES = ["e0", "e1", "e2", "e3"]
MAPPING = ColumnMapping(embeddings={"words": NAMES})


def near(value, tolerance=1e-9):
    return pytest.approx(value, rel=tolerance, abs=1e-12)


def e1():
    rng = np.random.default_rng(2)
    reference = rng.normal(0, 1, (120, 4))
    return pd.DataFrame(reference, columns=NAMES), pd.DataFrame(rng.normal(0.4, 1, (90, 4)), columns=NAMES)


def drift(method, reference=None, current=None):
    if reference is None:
        reference, current = e1()
    return result(EmbeddingsDriftMetric("words", drift_method=method), current, reference, MAPPING)


@pytest.mark.parametrize(
    ("method", "expected", "drifts"),
    [
        ("model", 0.6121530382595649, True),
        ("distance", 0.8646544013174665, True),
        ("mmd", 0.047900251906196845, True),
        ("ratio", 1.0, True),
    ],
)
def test_known_scores(method, expected, drifts):
    found = drift(method)
    assert found["drift_score"] == near(expected)
    assert (found["method_name"], found["drift_detected"]) == (method, drifts)


def test_a_small_reference_is_judged_against_guessing():
    reference, current = e1()
    default = result(EmbeddingsDriftMetric("words"), current, reference, MAPPING)
    assert default == drift(model(bootstrap=True))
    large = pd.concat([reference] * 9, ignore_index=True)
    assert result(EmbeddingsDriftMetric("words"), current, large, MAPPING) == drift(model(), large, current)


def test_the_model_is_the_classifier_it_names():
    from sklearn.linear_model import SGDClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import train_test_split

    reference, current = e1()
    rows = np.concatenate([reference, current[:-1]])
    truth = [1] * 120 + [0] * 89
    x_train, x_test, y_train, y_test = train_test_split(rows, truth, test_size=0.5, random_state=42)
    fitted = SGDClassifier(loss="log_loss", random_state=42).fit(x_train, y_train)
    expected = roc_auc_score(y_test, fitted.predict_proba(x_test)[:, 1])
    assert drift("model", reference, current[:-1])["drift_score"] == near(expected)


@pytest.mark.parametrize("measure", ["euclidean", "cosine", "cityblock", "chebyshev"])
def test_distances_are_those_of_the_mean_vectors(measure):
    from scipy.spatial.distance import cdist

    reference, current = e1()
    expected = cdist(reference.mean().to_numpy()[None], current.mean().to_numpy()[None], measure)[0, 0]
    assert drift(distance(measure))["drift_score"] == near(expected)


def test_resampled_distances_are_those_of_the_seeds():
    reference, current = (frame.to_numpy() for frame in e1())
    found = []
    for seed in range(100):
        random = np.random.RandomState(seed)
        left, right = random.choice(120, 120**2 // 210), random.choice(120, 120 * 90 // 210)
        found.append(np.linalg.norm(reference[left].mean(axis=0) - reference[right].mean(axis=0)))
    bar = np.percentile(found, 95)
    shift = (current.mean(axis=0) - reference.mean(axis=0)) / np.linalg.norm(
        current.mean(axis=0) - reference.mean(axis=0)
    )
    centred = current - current.mean(axis=0) + reference.mean(axis=0)
    method = distance(bootstrap=True)
    assert not method.compare(reference, centred + shift * (bar - 1e-6)).drifted
    assert method.compare(reference, centred + shift * (bar + 1e-6)).drifted


def discrepancy(x, y, width):
    def kernel(a, b):
        return np.exp(-((a[:, None] - b[None]) ** 2).sum(axis=2) / width**2)

    xx, yy, m, n = kernel(x, x), kernel(y, y), len(x), len(y)
    inner = (xx.sum() - m) / (m * (m - 1)) + (yy.sum() - n) / (n * (n - 1))
    return inner - 2 * kernel(x, y).mean()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_discrepancy_is_that_of_its_definition(seed):
    rng = np.random.default_rng(seed)
    reference, current = rng.normal(size=(12, 3)), rng.normal(0.5, 1, (9, 3))
    width = np.median(np.sqrt(((reference[:, None] - current[None]) ** 2).sum(axis=2)))
    expected = discrepancy(reference, current, width)
    assert mmd().compare(reference, current).score == near(max(expected, 0), 1e-7)


def test_resampled_discrepancies_are_those_of_the_seeds():
    reference, current = (frame.to_numpy() for frame in e1())
    width = np.median(np.sqrt(((reference[:, None] - reference[None]) ** 2).sum(axis=2)))
    found = []
    for seed in range(100):
        random = np.random.RandomState(seed)
        left, right = random.choice(120, 120**2 // 210), random.choice(120, 120 * 90 // 210)
        found.append(discrepancy(reference[left], reference[right], width))
    low = max(mmd().compare(reference, current).score, 0)
    share = float(np.mean(np.array(found) < low))
    assert mmd(bootstrap=True, quantile_probability=max(share - 0.02, 0)).compare(reference, current).drifted
    if share < 0.98:
        assert not mmd(bootstrap=True, quantile_probability=share + 0.02).compare(reference, current).drifted


def test_components_are_compared_one_by_one():
    reference, current = e1()
    moved = reference.assign(e0=reference.e0 + 3)
    assert drift("ratio", reference, moved)["drift_score"] == 0.25
    assert drift(ratio(threshold=0.25), reference, moved)["drift_detected"] is False
    assert drift(ratio("ks", 0.05), reference, current)["drift_score"] in {0, 0.25, 0.5, 0.75, 1}


def test_principal_components_are_those_of_the_reference():
    from sklearn.decomposition import PCA

    reference, current = (frame.to_numpy() for frame in e1())
    pca = PCA(n_components=2, random_state=0).fit(reference)
    reduced = pca.transform(reference), pca.transform(current)
    for plain, with_pca in (
        (distance(), distance(pca_components=2)),
        (ratio(), ratio(pca_components=2)),
        (mmd(), mmd(pca_components=2)),
        (model(), model(pca_components=2)),
    ):
        assert with_pca.compare(reference, current).score == near(plain.compare(*reduced).score, 1e-7)


def test_many_rows_stay_cheap():
    rng = np.random.default_rng(0)
    rows = MAX_MMD_ROWS + 100
    found = mmd().compare(rng.normal(size=(rows, 2)), rng.normal(size=(rows, 2)))
    assert found.score < 0.001
    assert not found.drifted


# ---------------------------------------------------------------- laws


@pytest.mark.parametrize("method", ["distance", "ratio", "mmd", distance(bootstrap=True)])
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_reference_as_current_never_drifts(method, seed):
    frame = pd.DataFrame(np.random.default_rng(seed).normal(size=(40, 4)), columns=NAMES)
    assert drift(method, frame, frame)["drift_detected"] is False


@pytest.mark.parametrize("method", ["distance", "ratio", "mmd"])
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_the_rows_does_not_matter(method, seed):
    reference, current = e1()
    mixed = current.sample(frac=1, random_state=seed)
    assert drift(method, reference, mixed)["drift_score"] == near(drift(method)["drift_score"])


# ---------------------------------------------------------------- the test, and what may go wrong


def test_the_test_fails_when_the_embeddings_drifted():
    reference, current = e1()
    entry = verdict(TestEmbeddingsDrift("words", drift_method="distance"), current, reference, MAPPING)
    assert (entry["status"], entry["group"]) == ("FAIL", "data_drift")
    assert entry["parameters"]["score"] == near(0.8646544013174665)
    patient = TestEmbeddingsDrift("words", drift_method={"distance": {"threshold": 1.0}})
    assert verdict(patient, current, reference, MAPPING)["status"] == "SUCCESS"
    assert verdict(TestEmbeddingsDrift("words"), current, None, MAPPING)["status"] == "ERROR"


def test_rows_with_a_missing_component_are_left_out():
    reference, current = e1()
    gaps = pd.concat([current, pd.DataFrame([[np.nan, 1, 1, 1], [np.inf, 0, 0, 0]], columns=NAMES)])
    assert drift("distance", reference, gaps) == drift("distance")
    empty = current.assign(e0=np.nan)
    said = error(EmbeddingsDriftMetric("words", drift_method="distance"), empty, reference, MAPPING)
    assert "no row of the current data" in said


def test_embedding_columns_are_no_features():
    reference, current = e1()
    from collector.metrics import DataDriftTable

    both = result(DataDriftTable(), current.assign(x=range(90)), reference.assign(x=range(120)), MAPPING)
    assert list(both["drift_by_columns"]) == ["x"]


def test_presets_of_drift_look_at_the_embeddings_too():
    reference, current = (frame.assign(x=range(len(frame)), y=1.0) for frame in e1())
    mapping = ColumnMapping(embeddings={"words": ["e0", "e1"], "sounds": ["e2", "e3"]})

    def shown(preset):
        report = Report(metrics=[preset])
        report.run(current_data=current, reference_data=reference, column_mapping=mapping)
        entries = [entry for entry in report.as_dict()["metrics"] if entry["metric"] == "EmbeddingsDriftMetric"]
        return {entry["result"]["embeddings_name"]: entry["result"]["method_name"] for entry in entries}

    assert shown(DataDriftPreset()) == {"words": "model", "sounds": "model"}
    chosen = {"sounds": mmd()}
    assert shown(DataDriftPreset(embeddings=["sounds"], embeddings_drift_method=chosen)) == {"sounds": "mmd"}
    for preset in (DataDriftTestPreset(), NoTargetPerformanceTestPreset()):
        suite = TestSuite(tests=[preset])
        suite.run(current_data=current, reference_data=reference, column_mapping=mapping)
        assert [test["test"] for test in suite.as_dict()["tests"]].count("TestEmbeddingsDrift") == 2
    with pytest.raises(Invalid, match="unknown embeddings method"):
        DataDriftTestPreset(embeddings_drift_method={"words": "nope"})


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ("modle", "did you mean"),
        ({"distance": {"dist": "manhattan"}}, "expected one of euclidean"),
        ({"distance": {"metric": "cosine"}}, "does not take these options"),
        ({"ratio": {"component_stattest": "chisquare"}}, "no drift method for numbers"),
        ({"ratio": {"component_stattest": "kss"}}, "unknown drift method"),
        (3, "unknown embeddings method"),
    ],
)
def test_a_wrong_wish_is_refused_when_it_is_made(wish, sentence):
    with pytest.raises(Invalid, match=sentence):
        EmbeddingsDriftMetric("words", drift_method=wish)
    with pytest.raises(Invalid, match=sentence):
        TestEmbeddingsDrift("words", drift_method=wish)


def test_what_cannot_be_compared_is_a_reason():
    reference, current = e1()
    assert "'sounds'" in error(EmbeddingsDriftMetric("sounds"), current, reference, MAPPING)
    assert "needs reference" in error(EmbeddingsDriftMetric("words"), current, None, MAPPING)
    same = pd.DataFrame(np.ones((5, 4)), columns=NAMES)
    assert "differ" in error(EmbeddingsDriftMetric("words", drift_method="mmd"), same, same, MAPPING)
    one = reference[:1]
    assert "too few" in error(EmbeddingsDriftMetric("words"), one, one, MAPPING)
    assert "two embeddings" in error(EmbeddingsDriftMetric("words", drift_method="mmd"), one, one, MAPPING)


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    reference, current = e1()
    for method in (None, distance(pca_components=2)):
        said = error(EmbeddingsDriftMetric("words", drift_method=method), current, reference, MAPPING)
        assert "install inference-collector[text]" in said
    assert drift("distance")["drift_score"] == near(0.8646544013174665)


def test_methods_come_from_names_and_options():
    assert method_of("model") == Model(0.55)
    assert method_of({"distance": {"dist": "cosine", "threshold": 0.1}}) == Distance(0.1, "cosine")
    assert method_of({"mmd": None}) == mmd()
