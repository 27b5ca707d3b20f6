"""The rarer drift methods: verified values, scipy on random data, and the laws that hold for all of them."""

import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from collector.errors import Invalid
from collector.evaluate import ColumnMapping
from collector.evaluate.measures.drift import stattests
from collector.evaluate.pair import Pair
from collector.evaluate.profile import ColumnProfile
from collector.evaluate.stattests import STATTESTS
from collector.metrics import ColumnDriftMetric, DataDriftTable
from tests.evaluate.recipes import c1, error, n1, pair_of, result

NUMERIC = [each for each in STATTESTS if "num" in each.types]
CATEGORICAL = [each for each in STATTESTS if "cat" in each.types]
TEXT = ColumnMapping(text_features=["x"])


def near(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


def score(stattest, reference, current, mapping=None, **options):
    return drift(stattest, reference, current, mapping, **options)["drift_score"]


def drift(stattest, reference, current, mapping=None, **options):
    return result(ColumnDriftMetric("x", stattest=stattest, **options), current, reference, mapping)


def direct(stattest, kind, reference, current):
    sides = (ColumnProfile("x", pd.Series(side)) for side in (reference, current))
    with np.errstate(all="ignore"):
        return stattests()[stattest].score(Pair(kind, *sides))


def t1():
    rng = np.random.default_rng(9)
    fruit = ["apple", "pear", "plum", "fig", "kiwi", "lemon", "mango", "grape", "melon", "peach"]
    traffic = ["car", "bus", "train", "plane", "ship", "bike", "tram", "boat", "truck", "van"]

    def texts(rows, share):
        return [" ".join(rng.choice(fruit if rng.random() < share else traffic, 6)) for _ in range(rows)]

    return pair_of(texts(120, 0.8), texts(100, 0.5))


@pytest.mark.parametrize(
    ("stattest", "expected"),
    [
        ("hellinger", 0.15003644602329647),
        ("anderson", 0.001),
        ("cramer_von_mises", 0.00037870338338141796),
        ("es", 1.2843997089464127e-06),
        ("mannw", 0.0012729550018478596),
        ("t_test", 0.003316821074718686),
        ("ed", 0.21262684613509625),
        ("empirical_mmd", 0.0),
    ],
)
def test_numeric_drift_scores(stattest, expected):
    assert score(stattest, *n1()) == near(expected)


def test_categorical_drift_scores():
    samples = c1()
    assert score("hellinger", *pair_of(samples["rc"], samples["cc"])) == near(0.22867485329024845)
    assert score("fisher_exact", *pair_of(samples["rb"][:200], samples["cb"])) == near(0.0018495767300326788)
    assert score("g_test", *pair_of(samples["rc"], samples["c4"])) == near(0.12019302784181721)
    assert score("TVD", *pair_of(samples["rc"][:120], samples["c4"][:100])) == 0.474


def test_bins_of_integers_are_at_least_one_wide_in_the_hellinger_distance():
    values = [0, 1, 2] * 10, [0, 0, 2] * 8
    mapping = ColumnMapping(numerical_features=["x"])
    reference, current = pair_of(*values)
    assert score("hellinger", reference, current, mapping) == near(0.23914631173810028)
    assert score("hellinger", reference.astype(float), current.astype(float), mapping) == near(0.44188476538078914)


def test_small_samples():
    reference, current = [1, 2, 3, 4, 5, 6, 7, 8.5], [2.5, 3.5, 9, 10, 11, 12]
    assert score("cramer_von_mises", *pair_of(reference, current)) == near(0.0899100899100899)
    expected = stats.mannwhitneyu(reference, current, alternative="less", method="exact").pvalue
    assert score("mannw", *pair_of(reference, current)) == near(expected)


@pytest.mark.parametrize(
    ("stattest", "expected"),
    [("hellinger", 0), ("ed", 0), ("mannw", 1), ("cramer_von_mises", 0.08454262822257186), ("empirical_mmd", 1)],
)
def test_equal_constants(stattest, expected):
    assert score(stattest, *pair_of([1.0] * 50, [1.0] * 40)) == near(expected)


def test_methods_that_cannot_speak_of_constants_say_so():
    frames = pair_of([1.0] * 50, [1.0] * 40)
    assert "two different values" in error(ColumnDriftMetric("x", stattest="anderson"), *frames)
    assert "needs spread" in error(ColumnDriftMetric("x", stattest="es"), *frames)
    assert "t_test gives nan" in error(ColumnDriftMetric("x", stattest="t_test"), *frames)


def test_methods_that_count_rows_one_by_one_need_equal_sizes_and_name_another():
    samples = c1()
    reference, current = pair_of(samples["rb"], samples["cb"])
    said = error(ColumnDriftMetric("x", stattest="fisher_exact"), current, reference)
    assert "200" in said
    assert "300" in said
    assert "z takes any sizes" in said
    reference, current = pair_of(samples["rc"], samples["cc"])
    assert "chisquare takes any sizes" in error(ColumnDriftMetric("x", stattest="g_test"), current, reference)
    three = pair_of(list("aab"), list("aac"))
    assert "compares two values; column 'x' has 3" in error(ColumnDriftMetric("x", stattest="fisher_exact"), *three)


def test_a_value_the_reference_never_had_is_impossible_to_the_g_test():
    assert score("g_test", *pair_of(list("aabb"), list("aabc"))) == 0.0


@pytest.mark.parametrize(("stattest", "drifts"), [("ed", False), ("hellinger", True)])
def test_a_distance_at_its_threshold(stattest, drifts):
    reference, current = n1()
    found = score(stattest, reference, current)
    assert drift(stattest, reference, current, stattest_threshold=found)["drift_detected"] is drifts


@pytest.mark.parametrize(("stattest", "drifts"), [("cramer_von_mises", True), ("es", False), ("t_test", False)])
def test_a_p_value_at_its_threshold(stattest, drifts):
    reference, current = n1()
    found = score(stattest, reference, current)
    assert drift(stattest, reference, current, stattest_threshold=found)["drift_detected"] is drifts


def test_thresholds_and_display_names():
    assert {each.id: (each.display_name, each.threshold) for each in STATTESTS} == {
        "ks": ("K-S p_value", 0.05),
        "wasserstein": ("Wasserstein distance (normed)", 0.1),
        "jensenshannon": ("Jensen-Shannon distance", 0.1),
        "psi": ("PSI", 0.1),
        "kl_div": ("Kullback-Leibler divergence", 0.1),
        "chisquare": ("chi-square p_value", 0.05),
        "z": ("Z-test p_value", 0.05),
        "hellinger": ("Hellinger distance", 0.1),
        "anderson": ("Anderson-Darling", 0.1),
        "cramer_von_mises": ("Cramer-von Mises", 0.1),
        "es": ("Epps-Singleton", 0.05),
        "mannw": ("Mann-Whitney U-rank test", 0.05),
        "t_test": ("t_test", 0.05),
        "ed": ("Energy-distance", 0.1),
        "empirical_mmd": ("empirical_mmd", 0.1),
        "fisher_exact": ("Fisher's Exact test", 0.1),
        "g_test": ("g_test", 0.1),
        "TVD": ("Total-Variation-Distance", 0.1),
        "perc_text_content_drift": ("Percentile text content drift", 0.95),
        "abs_text_content_drift": ("Absolute text content drift", 0.55),
    }


# ---------------------------------------------------------------- against scipy

SCIPY = {
    "anderson": lambda r, c: stats.anderson_ksamp([r, c], variant="midrank").pvalue,
    "cramer_von_mises": lambda r, c: stats.cramervonmises_2samp(r, c).pvalue,
    "es": lambda r, c: stats.epps_singleton_2samp(r, c).pvalue,
    "mannw": lambda r, c: stats.mannwhitneyu(r, c, alternative="less").pvalue,
    "t_test": lambda r, c: stats.ttest_ind(r, c).pvalue,
    "ed": stats.energy_distance,
}


@pytest.mark.filterwarnings("ignore:p-value:UserWarning")
@pytest.mark.parametrize("stattest", SCIPY)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), shift=st.floats(0, 1), digits=st.integers(0, 6))
def test_numbers_equal_scipy(stattest, seed, shift, digits):
    rng = np.random.default_rng(seed)
    reference = rng.normal(size=rng.integers(25, 90)).round(digits)
    current = rng.normal(shift, 1.3, size=rng.integers(25, 90)).round(digits)
    assert direct(stattest, "num", reference, current) == near(SCIPY[stattest](reference, current))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_categories_equal_scipy(seed):
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(40, 200))
    reference, current = rng.choice(list("abcd"), rows), rng.choice(list("abcd"), rows, p=[0.4, 0.3, 0.2, 0.1])
    reference[:4] = current[:4] = list("abcd")
    counts = [[int(np.sum(side == value)) for value in "abcd"] for side in (reference, current)]
    expected = stats.power_divergence(counts[1], counts[0], lambda_="log-likelihood").pvalue
    assert direct("g_test", "cat", reference, current) == near(expected)
    table = [[int(np.sum(side == "a")), int(np.sum(side != "a"))] for side in (reference, current)]
    two = (np.where(side == "a", "a", "b") for side in (reference, current))
    assert direct("fisher_exact", "cat", *two) == near(stats.fisher_exact(np.array(table)).pvalue)


def test_the_discrepancy_is_that_of_its_definition():
    rng = np.random.default_rng(1)
    left, right = rng.normal(size=30), rng.normal(0.7, 1, 20)
    module = sys.modules["collector.evaluate.stattests.empirical_mmd"]
    variance = module._variance(left)
    distances = sorted((a - b) ** 2 for a in left for b in left)
    assert variance == 0.5 * distances[round((len(distances) - 1) / 2)]

    def kernel(a, b):
        return np.exp(-((a - b) ** 2) / (2 * variance))

    expected = (
        sum(kernel(a, b) for i, a in enumerate(left) for j, b in enumerate(left) if i != j) / (30 * 29)
        + sum(kernel(a, b) for i, a in enumerate(right) for j, b in enumerate(right) if i != j) / (20 * 19)
        - 2 * sum(kernel(a, b) for a in left for b in right) / (30 * 20)
    )
    sides = np.zeros((50, 1))
    sides[:30] = 1
    assert module._discrepancies(np.concatenate([left, right]), sides, variance)[0] == near(expected)


def test_total_variation_by_a_thousand_shuffles_one_by_one():
    rng = np.random.default_rng(5)
    reference, current = rng.choice(list("abcdefg"), 37), rng.choice(list("abcdefg"), 41)

    def distance(left, right):
        return 0.5 * np.sum([abs(np.sum(left == v) / len(left) - np.sum(right == v) / len(right)) for v in "abcdefg"])

    shuffler, pool = np.random.RandomState(0), np.concatenate([reference, current])
    larger = 0
    for _ in range(1000):
        order = shuffler.permutation(len(pool))
        larger += distance(pool[order[:37]], pool[order[37:]]) >= distance(reference, current)
    assert direct("TVD", "cat", reference, current) == larger / 1000


def test_counts_that_are_drawn_say_what_shuffled_rows_say():
    rng = np.random.default_rng(6)
    module = sys.modules["collector.evaluate.stattests.tvd"]
    sides = [ColumnProfile("x", pd.Series(rng.choice(list("abcde"), rows))) for rows in (400, 300)]
    pair = Pair("cat", *sides)
    _, reference, current = pair.counts
    total = reference + current
    shuffled, drawn = module._shuffled(pair, total), module._drawn(pair, total)
    assert stats.ks_2samp(shuffled, drawn).pvalue > 0.01


def test_large_samples_stay_cheap():
    rng = np.random.default_rng(2)
    numbers = rng.normal(size=60_000), rng.normal(0.05, 1, 50_000)
    assert direct("empirical_mmd", "num", *numbers) <= 1
    categories = rng.integers(0, 5000, 60_000), rng.integers(0, 5000, 50_000)
    assert 0.01 < direct("TVD", "cat", *categories) <= 1


# ---------------------------------------------------------------- laws

ORDERLESS = [each for each in STATTESTS if each.id != "TVD" and "text" not in each.types]


@pytest.mark.parametrize("stattest", [each.id for each in ORDERLESS])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_the_rows_does_not_matter(stattest, seed):
    rng = np.random.default_rng(seed)
    kind = "num" if "num" in stattests()[stattest].types else "cat"
    if kind == "num":
        reference, current = rng.normal(size=60), rng.normal(0.2, 1, 45)
    else:
        reference, current = rng.choice(["a", "b"], 60), rng.choice(["a", "b"], 60)
    ordered = direct(stattest, kind, reference, current)
    assert direct(stattest, kind, rng.permutation(reference), rng.permutation(current)) == near(ordered)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_the_rows_moves_the_total_variation_by_its_sampling_error_only(seed):
    rng = np.random.default_rng(seed)
    reference, current = rng.choice(list("abc"), 80), rng.choice(list("abc"), 70)
    ordered = direct("TVD", "cat", reference, current)
    shuffled = direct("TVD", "cat", rng.permutation(reference), rng.permutation(current))
    assert abs(ordered - shuffled) < 6 * np.sqrt(2 * 0.25 / 1000)


@pytest.mark.parametrize("stattest", STATTESTS, ids=lambda each: each.id)
@settings(max_examples=10, deadline=None)
@given(values=st.lists(st.floats(-1e6, 1e6), min_size=8, max_size=60))
def test_the_reference_as_current_never_drifts(stattest, values):
    if stattest.types == ("text",):
        return
    kind = "num" if "num" in stattest.types else "cat"
    data = values if kind == "num" else [value > 0 for value in values]
    try:
        found = direct(stattest.id, kind, data, data)
    except Invalid:
        return
    assert not stattest.drifted(found, stattest.threshold)


def test_missing_and_infinite_values_are_left_out_of_the_total_variation():
    reference, current = [*"aab", None, *"abb"], [*"bba", np.nan, *"bbb"]
    clean = direct("TVD", "cat", [v for v in reference if v is not None], list("bbabbb"))
    assert direct("TVD", "cat", reference, current) == clean
    odd = pd.Series([1, "a", np.inf, "a"] * 10, dtype=object), pd.Series([1, 1, "a", -np.inf] * 10, dtype=object)
    kept = [[value for value in side if value not in (np.inf, -np.inf)] for side in odd]
    assert direct("TVD", "cat", *odd) == direct("TVD", "cat", *(pd.Series(side, dtype=object) for side in kept))


# ---------------------------------------------------------------- text


def test_text_drift():
    reference, current = t1()
    found = drift(None, reference, current, TEXT)
    assert found["stattest_name"] == "Percentile text content drift"
    assert found["drift_score"] == near(0.7331982438365418)
    assert score("abs_text_content_drift", reference, current, TEXT) == near(0.7331982438365418)
    assert found["drift_detected"]


def test_the_bar_of_the_percentile_method_is_a_quantile_of_guessing():
    sides = (ColumnProfile("x", frame["x"]) for frame in t1())
    pair = Pair("text", *sides)
    bar = stattests()["perc_text_content_drift"].bar
    assert bar is not None
    assert bar(pair, 0.95) == pytest.approx(0.58362, abs=5e-6)
    assert bar(pair, 0.05) == pytest.approx(0.40927, abs=5e-6)


def test_text_drift_is_that_of_the_pipeline_it_names():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import train_test_split

    reference, current = t1()
    texts, labels = [*reference.x, *current.x[:-1]], [0] * 120 + [1] * 99
    train, test, y_train, y_test = train_test_split(texts, labels, test_size=0.5, random_state=42)
    words = TfidfVectorizer(sublinear_tf=True, max_df=0.5, stop_words="english")
    model = SGDClassifier(alpha=1e-4, max_iter=50, penalty="l1", loss="modified_huber", random_state=42)
    model.fit(words.fit_transform(train), y_train)
    expected = roc_auc_score(y_test, model.predict_proba(words.transform(test))[:, 1])
    assert score("abs_text_content_drift", reference, current[:-1], TEXT) == near(expected)


def test_a_large_reference_of_texts_is_judged_absolutely():
    reference = pd.DataFrame({"x": [f"apple pear {index}" for index in range(1001)]})
    current = pd.DataFrame({"x": [f"car bus {index}" for index in range(50)]})
    found = result(DataDriftTable(), current, reference, TEXT)["drift_by_columns"]["x"]
    assert (found["stattest_name"], found["drift_detected"]) == ("Absolute text content drift", True)


def test_too_few_texts_are_a_reason():
    reference, current = pair_of(["one"], ["two"])
    assert "too few texts" in error(ColumnDriftMetric("x"), current, reference, TEXT)


def test_texts_without_a_word_of_their_own_are_a_reason():
    reference, current = pair_of(["the same"] * 20, ["the same"] * 20)
    assert "no words to compare" in error(ColumnDriftMetric("x"), current, reference, TEXT)


def test_without_scikit_learn_text_drift_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    reference, current = t1()
    assert "install inference-collector[text]" in error(ColumnDriftMetric("x"), current, reference, TEXT)
