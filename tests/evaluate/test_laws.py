"""Three laws: equal to numpy, pandas, scipy and scikit-learn on random data; the order of rows does not matter; parts
that are computed from profiles equal those computed from the rows."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.spatial import distance
from sklearn import metrics as sk

from collector.evaluate import ColumnMapping, Report, TestSuite, scores
from collector.evaluate.measures import duplicates, twins
from collector.evaluate.metrics import METRICS
from collector.evaluate.pair import Pair, bin_counts, sturges_edges
from collector.evaluate.presets.tests import DataDriftTestPreset, DataQualityTestPreset, DataStabilityTestPreset
from collector.evaluate.profile import ColumnProfile, FrameProfile
from collector.evaluate.stattests.chisquare import chisquare
from collector.evaluate.stattests.jensenshannon import jensenshannon
from collector.evaluate.stattests.ks import ks
from collector.evaluate.stattests.psi import psi
from collector.evaluate.stattests.wasserstein import wasserstein
from collector.metric_preset import DataDriftPreset, DataQualityPreset
from collector.metrics import ClassificationConfusionMatrix, ClassificationQualityMetric, RegressionQualityMetric
from tests.evaluate.recipes import result
from tests.evaluate.test_robustness import build

floats = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))
numbers = st.lists(floats, min_size=1, max_size=60)
with_gaps = st.lists(st.one_of(floats, st.just(math.nan), st.sampled_from([math.inf, -math.inf])), max_size=60)
words = st.lists(st.sampled_from(list("abcdef")), min_size=1, max_size=60)


def near(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True)


def pair(kind, left, right):
    return Pair(kind, ColumnProfile("x", pd.Series(left)), ColumnProfile("x", pd.Series(right)))


def scipy_ks(left, right):
    if len(left) == len(right) == 7 and stats.ks_2samp(left, right, method="asymp").statistic == pytest.approx(1 / 7):
        return 1.0  # scipy's sum rounds above 1 there, and it gives an approximation instead
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return stats.ks_2samp(left, right).pvalue


@given(numbers, numbers)
def test_ks_equals_scipy(left, right):
    assert ks.score(pair("num", left, right)) == near(scipy_ks(left, right))


@pytest.mark.parametrize(
    "sizes", [(1, 1), (7, 7), (1000, 1000), (1000, 999), (10_000, 10_000), (9_999, 300), (10_001, 300)]
)
@pytest.mark.parametrize("shift", [0.0, 0.02, 0.3, 3.0])
def test_ks_of_many_rows_equals_scipy(sizes, shift):
    rng = np.random.default_rng(1)
    left, right = np.round(rng.normal(size=sizes[0]), 3), np.round(rng.normal(shift, 1, sizes[1]), 3)
    assert ks.score(pair("num", left, right)) == near(scipy_ks(left, right))


def test_two_samples_that_could_not_be_nearer_give_a_p_value_of_one():
    for rows in range(1, 200):
        assert ks.score(pair("num", np.arange(rows) + 0.0, np.arange(rows) + 0.5)) == near(1.0)


@given(numbers, numbers)
def test_wasserstein_equals_scipy(left, right):
    expected = stats.wasserstein_distance(left, right) / max(np.std(left), 0.001)
    assert wasserstein.score(pair("num", left, right)) == pytest.approx(expected, rel=1e-7, abs=1e-9)


@given(words, words)
def test_jensen_shannon_equals_scipy(left, right):
    shares = [np.array([values.count(word) / len(values) for word in "abcdef"]) for values in (left, right)]
    expected = distance.jensenshannon(shares[0], shares[1])
    assert jensenshannon.score(pair("cat", left, right)) == pytest.approx(
        0 if math.isnan(expected) else expected, abs=1e-7
    )


@given(words, words)
def test_chisquare_equals_scipy(left, right):
    known = sorted({*left, *right})
    assume(len(known) > 1)
    expected = np.array([left.count(word) for word in known]) / len(left) * len(right)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        p = stats.chisquare([right.count(word) for word in known], expected).pvalue
    assert chisquare.score(pair("cat", left, right)) == near(p)


@given(numbers, numbers)
def test_psi_is_zero_for_equal_samples_and_symmetric_otherwise(left, right):
    assert psi.score(pair("num", left, left)) == 0
    several = len(set(left)) > 20, len(set(right)) > 20
    if several[0] == several[1]:
        assert psi.score(pair("num", left, right)) == near(psi.score(pair("num", right, left)))


@given(
    st.one_of(arrays(np.int64, st.integers(1, 60), elements=st.integers(-1000, 1000)), numbers.map(np.array)), st.data()
)
def test_sturges_edges_equal_numpy(left, data):
    right = data.draw(arrays(left.dtype, st.integers(1, 60), elements=st.integers(-1000, 1000)))
    pooled = np.concatenate([left, right])
    expected = np.histogram_bin_edges(pooled, bins="sturges")
    edges = sturges_edges(np.sort(left), np.sort(right))
    assert edges.tolist() == near(expected.tolist())
    assert bin_counts(np.sort(left), edges).tolist() == np.histogram(left, edges)[0].tolist()


@given(with_gaps)
def test_a_profile_says_what_pandas_says(values):
    series = pd.Series(values, dtype=float)
    profile = ColumnProfile("x", series)
    assert profile.missing == series.isna().sum()
    assert profile.distinct == series.nunique()
    present = series.dropna()
    assert sum(profile.infinite) == np.isinf(present).sum()
    counts = present.value_counts()
    assert dict(zip(*profile.counted, strict=True)) == counts.to_dict()
    if len(present) and np.isfinite(present).all():
        assert profile.mean == near(present.mean())
        assert profile.std == near(present.std())
        for share in (0.0, 0.25, 0.33, 0.5, 0.9, 1.0):
            assert profile.quantile(share) == near(present.quantile(share))
    assert profile.most_common[1] == (max([*counts, profile.missing]) if len(series) else 0)


@given(st.lists(st.one_of(st.none(), st.sampled_from(["a", "b", ""]), st.integers(0, 2)), max_size=40))
def test_a_profile_of_mixed_values_says_what_pandas_says(values):
    series = pd.Series(values, dtype=object)
    profile = ColumnProfile("x", series)
    assert (profile.missing, profile.distinct) == (series.isna().sum(), series.nunique())
    assert dict(zip(*profile.counted, strict=True)) == series.value_counts().to_dict()
    assert profile.missing_kinds()[""] == values.count("")


cells = st.one_of(st.none(), st.sampled_from([0.0, -0.0, 1.0, math.nan, 2.5]))


@given(st.lists(st.tuples(cells, st.sampled_from(["a", "b", None]), st.integers(0, 1)), max_size=30))
def test_duplicated_rows_equal_pandas(rows):
    frame = pd.DataFrame(rows, columns=["x", "s", "i"]).astype({"x": float})
    profile = FrameProfile(frame)
    assert duplicates.duplicated_rows(profile) == frame.duplicated().sum()
    assert duplicates.empty_rows(profile) == frame.isna().all(axis=1).sum()


@settings(max_examples=60)
@given(st.data(), st.integers(1, 200), st.sampled_from([0.0, 0.01, 0.05, 0.2]))
def test_duplicated_columns_equal_pandas(data, rows, noise):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    base = rng.integers(0, 3, rows).astype(float)
    frame = pd.DataFrame({"a": base, "b": base, "c": base, "d": base.astype(int), "e": base.astype(int)})
    changed = rng.random(rows) < noise
    frame.loc[changed, "b"] += 1
    frame.loc[rng.random(rows) < noise, "c"] = np.nan
    frame["s"] = [f"v{value}" for value in frame["d"]]
    frame["t"] = np.where(changed, "other", frame["s"])
    names = list(frame)
    pairs = [(frame[a], frame[b]) for i, a in enumerate(names) for b in names[i + 1 :]]
    profile = FrameProfile(frame)
    assert twins.duplicated_columns(profile) == sum(a.equals(b) for a, b in pairs)
    almost = sum(a.dtype == b.dtype and (a == b).mean() >= 0.95 for a, b in pairs)
    assert twins.almost_duplicated_columns(profile, 0.95) == almost


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=60))
def test_roc_auc_and_log_loss_equal_scikit_learn(rows):
    truth = np.array([row[0] for row in rows])
    assume(0 < truth.sum() < len(truth))
    shares = np.array([row[1] for row in rows]) / 6
    assert scores.roc_auc(truth, shares) == near(sk.roc_auc_score(truth, shares))
    both = np.column_stack([shares, 1 - shares])
    expected = sk.log_loss(np.column_stack([truth, ~truth]), both)
    assert scores.log_loss(np.column_stack([truth, ~truth]), both) == near(expected)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1, max_size=60))
def test_quality_of_labels_equals_scikit_learn(rows):
    frame = pd.DataFrame(rows, columns=["target", "prediction"])
    labels = sorted({*frame.target, *frame.prediction})
    assume(len(labels) > 2)
    quality = result(ClassificationQualityMetric(), frame)["current"]
    options = {"average": "macro", "zero_division": 0}
    assert quality["accuracy"] == near(sk.accuracy_score(frame.target, frame.prediction))
    assert quality["precision"] == near(sk.precision_score(frame.target, frame.prediction, **options))
    assert quality["recall"] == near(sk.recall_score(frame.target, frame.prediction, **options))
    assert quality["f1"] == near(sk.f1_score(frame.target, frame.prediction, **options))


@given(st.lists(st.tuples(floats, floats), min_size=2, max_size=60))
def test_quality_of_a_regression_equals_scikit_learn(rows):
    frame = pd.DataFrame(rows, columns=["target", "prediction"])
    assume(len(set(frame.target)) > 1)
    quality = result(RegressionQualityMetric(), frame, mapping=ColumnMapping(task="regression"))["current"]
    assert quality["mean_abs_error"] == near(sk.mean_absolute_error(frame.target, frame.prediction))
    assert quality["rmse"] == near(sk.root_mean_squared_error(frame.target, frame.prediction))
    expected = sk.r2_score(frame.target, frame.prediction)
    assert quality["r2_score"] == pytest.approx(expected, rel=1e-7, abs=1e-7)


def messy(seed, rows=150):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, rows)
    frame = pd.DataFrame(
        {
            "x": np.round(rng.normal(size=rows), 1),
            "few": rng.integers(0, 4, rows),
            "c": rng.choice(list("abc"), rows),
            "target": y,
            "prediction": np.clip(0.3 * y + rng.random(rows) * 0.7, 0, 1),
        }
    )
    frame.loc[rng.random(rows) < 0.1, "x"] = np.nan
    frame.loc[rng.random(rows) < 0.1, "c"] = None
    return frame


IN_ORDER = {
    "ClassificationDummyMetric",  # its draws meet rows in order
    "ColumnValuePlot",  # courses over the rows, where no column says when
    "RegressionAbsPercentageErrorPlot",
    "RegressionErrorPlot",
    "RegressionPredictedVsActualPlot",
}


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_rows_does_not_matter(seed):
    current, reference = messy(seed), messy(seed + 100)
    wishes = [build(cls) for cls in METRICS if cls.__name__ not in IN_ORDER]
    tests = [DataDriftTestPreset(), DataQualityTestPreset(), DataStabilityTestPreset()]
    outcomes = []
    for frames in ((current, reference), (current.sample(frac=1, random_state=seed), reference.iloc[::-1])):
        report, suite = Report(metrics=wishes), TestSuite(tests=tests)
        for evaluation in (report, suite):
            evaluation.run(reference_data=frames[1], current_data=frames[0])
        outcomes.append((report.as_dict(), suite.as_dict(), report.to_snapshot().columns))
    assert _same(*outcomes)


def _same(left, right, place=""):
    if isinstance(left, dict):
        assert left.keys() == right.keys(), place
        return all(_same(left[key], right[key], f"{place}.{key}") for key in left)
    if isinstance(left, list | tuple):
        assert len(left) == len(right), place
        return all(_same(a, b, f"{place}[{i}]") for i, (a, b) in enumerate(zip(left, right, strict=True)))
    if isinstance(left, float):
        assert left == pytest.approx(right, rel=1e-9, abs=1e-12), place
        return True
    assert left == right, place
    return True


@given(st.lists(st.sampled_from([True, 1, 1.0, 0, False, -0.0, 2.0, 2, "a", None]), min_size=1, max_size=20))
def test_equal_values_of_several_types_have_one_name_whatever_the_order_of_the_rows(values):
    profiles = [ColumnProfile("x", pd.Series(each, dtype=object)) for each in (values, values[::-1])]
    names = [{(type(value), value) for value in profile.counted.uniques} for profile in profiles]
    assert names[0] == names[1]


def test_booleans_that_meet_no_equal_number_stay_booleans():
    assert set(map(str, ColumnProfile("x", pd.Series([True, None, "a", False, 2])).counted.uniques)) == {
        "True", "False", "a", "2",
    }  # fmt: skip


def test_labels_that_senders_spell_as_booleans_and_as_numbers_are_told_alike_in_any_order():
    frame = pd.DataFrame(
        {"target": pd.Series([True, 1, 0, False, None], dtype=object), "prediction": [0.9, 0.2, 0.1, 0.7, 1]}
    )
    for rows in (frame, frame[::-1]):
        matrix = result(ClassificationConfusionMatrix(), rows)["current_matrix"]
        assert list(map(str, matrix["labels"])) == ["0", "1"]
        assert matrix["values"] == [[1, 1], [1, 1]]


def test_columns_stand_in_the_order_of_the_reference_in_whatever_order_the_rows_name_them():
    current, reference = messy(1), messy(2)
    shapes = []
    for frame in (current, current[reversed(list(current))]):
        report = Report(metrics=[DataDriftPreset(), DataQualityPreset()])
        report.run(current_data=frame, reference_data=reference)
        shapes.append([(each["metric"], each["parameters"].get("column_name")) for each in report.as_dict()["metrics"]])
        assert list(report.to_snapshot().columns) == list(reference)
    assert shapes[0] == shapes[1]
