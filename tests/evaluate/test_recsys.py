"""Recommendations: verified values, plain loops over users on random data, and the laws that hold."""

import math
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from collector.evaluate import ColumnMapping, Report, TestSuite
from collector.metric_preset import RecsysPreset
from collector.metrics import (
    DiversityMetric,
    FBetaTopKMetric,
    HitRateKMetric,
    ItemBiasMetric,
    MAPKMetric,
    MARKMetric,
    MRRKMetric,
    NDCGKMetric,
    NoveltyMetric,
    PersonalizationMetric,
    PopularityBias,
    PrecisionTopKMetric,
    RecallTopKMetric,
    RecCasesTable,
    ScoreDistribution,
    SerendipityMetric,
    UserBiasMetric,
)
from collector.test_preset import RecsysTestPreset
from collector.tests import (
    TestARP,
    TestCoverage,
    TestDiversity,
    TestFBetaTopK,
    TestGiniIndex,
    TestHitRateK,
    TestMAPK,
    TestMARK,
    TestMRRK,
    TestNDCGK,
    TestNovelty,
    TestPersonalization,
    TestPrecisionTopK,
    TestRecallTopK,
    TestScoreEntropy,
    TestSerendipity,
)
from tests.evaluate.test_robustness import FRAMES, finite

RANKED = ColumnMapping(task="recsys", recommendations_type="rank")
SCORED = ColumnMapping(task="recsys")
FEATURES = ["f1", "f2"]
TOP_K = [
    PrecisionTopKMetric,
    RecallTopKMetric,
    FBetaTopKMetric,
    MAPKMetric,
    MARKMetric,
    NDCGKMetric,
    MRRKMetric,
    HitRateKMetric,
]


def near(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


def s1():
    items = [[10, 11, 12, 13], [10, 12, 14, 15], [11, 10, 16, 17], [12, 11, 10, 13]]
    relevant = [[1, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0], [1, 1, 0, 0]]
    features = {
        10: (1, 0), 11: (0.5, 0.5), 12: (0.3, 0.7), 13: (0.2, 0.1),
        14: (0.1, 0.9), 15: (0.4, 0.4), 16: (0.9, 0.2), 17: (0.6, 0.1),
    }  # fmt: skip
    rows = [
        (user, item, rank, target, *features[item])
        for user, (its, targets) in enumerate(zip(items, relevant, strict=True), start=1)
        for rank, (item, target) in enumerate(zip(its, targets, strict=True), start=1)
    ]
    return pd.DataFrame(rows, columns=["user_id", "item_id", "prediction", "target", *FEATURES])


def s1_train():
    pairs = [(1, 10), (1, 11), (2, 10), (2, 14), (3, 10), (3, 12), (4, 11), (5, 16)]
    return pd.DataFrame(pairs, columns=["user_id", "item_id"]).assign(
        f1=[1, 0.5, 1, 0.1, 1, 0.3, 0.5, 0.9], f2=[0, 0.5, 0, 0.9, 0, 0.7, 0.5, 0.2]
    )


def run(metric, current, reference=None, mapping=RANKED, train=None, reference_train=None):
    trained = {"current_train_data": train, "reference_train_data": reference_train}
    report = Report(metrics=[metric])
    report.run(
        current_data=current,
        reference_data=reference,
        column_mapping=mapping,
        additional_data={name: frame for name, frame in trained.items() if frame is not None},
    )
    (entry,) = report.as_dict()["metrics"]
    return entry


def result(*args, **options):
    entry = run(*args, **options)
    assert "error" not in entry, entry["error"]
    return entry["result"]


def value(metric, current, mapping=RANKED, **options):
    return result(metric, current, mapping=mapping, **options)["current_value"]


def verdict(test, current, reference=None, mapping=RANKED, train=None):
    suite = TestSuite(tests=[test])
    additional = {} if train is None else {"current_train_data": train}
    suite.run(current_data=current, reference_data=reference, column_mapping=mapping, additional_data=additional)
    (entry,) = suite.as_dict()["tests"]
    return entry


# ---------------------------------------------------------------- verified values


@pytest.mark.parametrize(
    ("metric", "expected", "everybody"),
    [
        (PrecisionTopKMetric, 0.5555555555555555, 0.41666666666666663),
        (RecallTopKMetric, 1.0, 0.75),
        (FBetaTopKMetric, 0.7142857142857143, None),
        (MAPKMetric, 0.7222222222222222, 0.5416666666666666),
        (MARKMetric, 0.8333333333333334, None),
        (NDCGKMetric, 0.8065735963827292, 0.6049301972870469),
        (MRRKMetric, 0.7777777777777777, 0.5833333333333333),
        (HitRateKMetric, 1.0, 0.75),
    ],
)
def test_the_first_three(metric, expected, everybody):
    assert value(metric(k=3), s1()) == near(expected)
    if everybody is not None:
        assert value(metric(k=3, no_feedback_users=True), s1()) == near(everybody)


def test_the_order_of_the_rows_does_not_move_average_precision():
    shuffled = s1().sample(frac=1, random_state=3)
    assert value(MAPKMetric(k=3), shuffled) == near(0.7222222222222222)
    assert value(MARKMetric(k=3), shuffled) == near(0.8333333333333334)


def test_what_the_first_three_are_like():
    frame, train = s1(), s1_train()
    assert value(PersonalizationMetric(k=3), frame) == near(1 / 3)
    assert value(DiversityMetric(k=3, item_features=FEATURES), frame, train=train) == near(0.32938865837566295)
    assert value(NoveltyMetric(k=3), frame, train=train) == near(1.5436072613136436)
    serendipity = SerendipityMetric(k=3, item_features=FEATURES)
    assert value(serendipity, frame, train=train) == near(-0.3328146130827232)
    bias = result(PopularityBias(k=3), frame, train=train)
    assert bias["current_apr"] == near(1.9166666666666667)
    assert (bias["current_coverage"], bias["current_gini"]) == (1.0, near(1 / 3))
    normalized = result(PopularityBias(k=3, normalize_arp=True), frame, train=train)
    assert normalized["current_apr"] == near(0.6388888888888888)


def test_the_entropy_of_scores():
    frame = pd.DataFrame(
        {"user_id": [1, 1, 2, 2], "item_id": [1, 2, 1, 2], "prediction": [0.9, 0.9, 0.5, 0.4], "target": [1, 0, 1, 0]}
    )
    found = result(ScoreDistribution(k=2), frame, mapping=SCORED)
    assert found["current_entropy"] == near(1.361255523656772)
    assert sum(found["current_top_k_distr"]["counts"]) == 4
    assert found["current_other_distr"] is None
    assert "scores are not known" in run(ScoreDistribution(k=2), frame, mapping=RANKED)["error"]["message"]


def test_equal_scores_share_a_rank_that_is_rounded_down():
    frame = pd.DataFrame({"user_id": [1] * 3, "item_id": [1, 2, 3], "prediction": [0.9, 0.9, 0.1], "target": [0, 1, 0]})
    assert value(MRRKMetric(k=1), frame, mapping=SCORED) == 1.0
    assert value(HitRateKMetric(k=1), frame, mapping=SCORED) == 1.0
    assert value(PersonalizationMetric(k=1), pd.concat([frame, frame.assign(user_id=2)]), mapping=SCORED) is None


# ---------------------------------------------------------------- tests and presets


def test_tests_look_at_k_itself():
    entry = verdict(TestPrecisionTopK(k=3), s1())
    assert entry["parameters"]["value"] == near(0.5555555555555555)
    assert entry["parameters"]["condition"] == {"gt": 0}
    assert (entry["status"], entry["group"]) == ("SUCCESS", "recsys")
    assert verdict(TestHitRateK(k=4), s1())["parameters"]["value"] == 1.0


def test_the_reference_as_current_passes_every_test():
    frame = s1().assign(prediction=lambda f: 5 - f.prediction + 0.01 * f.user_id)
    tests = [
        *(test(k=2) for test in (TestPrecisionTopK, TestRecallTopK, TestFBetaTopK, TestMAPK, TestMARK, TestNDCGK)),
        *(test(k=2) for test in (TestHitRateK, TestMRRK, TestNovelty, TestPersonalization, TestARP, TestGiniIndex)),
        *(test(k=2) for test in (TestCoverage, TestScoreEntropy)),
        *(test(k=2, item_features=FEATURES) for test in (TestDiversity, TestSerendipity)),
    ]
    for test in tests:
        entry = verdict(test, frame, frame, SCORED, s1_train())
        assert entry["status"] == "SUCCESS", entry
        reference = entry["parameters"]["condition"]["eq"]
        assert reference == {"value": entry["parameters"]["value"], "relative": 0.1, "absolute": 1e-12}


def test_without_a_reference_the_gini_index_must_stay_below_one():
    assert verdict(TestGiniIndex(k=3), s1(), train=s1_train())["parameters"]["condition"] == {"lt": 1}
    assert verdict(TestCoverage(k=3), s1(), train=s1_train())["parameters"]["condition"] == {"gt": 0}


def test_presets_hold_what_the_data_allow():
    def names(preset, mapping=SCORED, train=None):
        report = Report(metrics=[preset])
        report.run(
            current_data=s1().assign(prediction=lambda f: -f.prediction if mapping is SCORED else f.prediction),
            column_mapping=mapping,
            additional_data={} if train is None else {"current_train_data": train},
        )
        entries = report.as_dict()["metrics"]
        assert all("result" in entry for entry in entries), entries
        return [entry["metric"] for entry in entries]

    curves = ["Precision", "Recall", "FBeta"]
    always = [*(f"{name}TopKMetric" for name in curves), "MAPKMetric", "NDCGKMetric", "MRRKMetric", "HitRateKMetric"]
    assert "RecCasesTable" in names(RecsysPreset(k=3, user_ids=[1]), RANKED)
    assert names(RecsysPreset(k=3), RANKED) == [*always, "PersonalizationMetric"]
    everything = RecsysPreset(k=3, item_features=FEATURES, item_bias_columns=["f1"], user_bias_columns=["f2"])
    assert names(everything, SCORED, s1_train()) == [
        *always, "PopularityBias", "ScoreDistribution", "PersonalizationMetric", "DiversityMetric",
        "SerendipityMetric", "NoveltyMetric", "ItemBiasMetric", "UserBiasMetric",
    ]  # fmt: skip
    suite = TestSuite(tests=[RecsysTestPreset(k=3)])
    suite.run(current_data=s1(), column_mapping=RANKED)
    held = [test["test"] for test in suite.as_dict()["tests"]]
    assert held == ["TestPrecisionTopK", "TestRecallTopK", "TestMAPK", "TestNDCGK", "TestHitRateK"]
    assert suite


def test_shown_users_are_those_asked_for_best_first():
    shown = result(RecCasesTable(user_ids=[4], item_num=2, display_features=["f1"]), s1(), train=s1_train())
    assert shown["user_ids"] == ["4"]
    assert shown["current"]["4"] == [
        {"prediction": 1, "item_id": 12, "f1": 0.3},
        {"prediction": 2, "item_id": 11, "f1": 0.5},
    ]
    assert shown["current_train"] == {"4": [11]}
    assert result(RecCasesTable(), s1(), s1(), train=s1_train())["user_ids"] == ["1", "2", "3", "4"]


def test_biases_compare_with_each_training_item_or_user_once():
    frame = s1().assign(genre=lambda f: np.where(f.item_id < 12, "old", "new"), city=lambda f: f.user_id % 2)
    train = s1_train().assign(genre=lambda f: np.where(f.item_id < 12, "old", "new"), city=lambda f: f.user_id % 2)
    mapping = ColumnMapping(recommendations_type="rank", categorical_features=["genre", "city"])
    items = result(ItemBiasMetric(k=2, column_name="genre"), frame, frame, mapping, train)
    assert dict(zip(items["current_distr"]["values"], items["current_distr"]["counts"], strict=True)) == {
        "old": 6,
        "new": 2,
    }
    assert sum(items["current_train_distr"]["counts"]) == 5
    users = result(UserBiasMetric("city"), frame, frame, mapping, train)
    assert sum(users["current_distr"]["counts"]) == 4
    assert sum(users["reference_train_distr"]["counts"]) == 5


# ---------------------------------------------------------------- against plain loops


def random_lists(seed):
    rng = np.random.default_rng(seed)
    rows = [
        (user, item, score, int(rng.random() < 0.3) * int(rng.integers(1, 4)))
        for user in range(int(rng.integers(2, 9)))
        for item, score in zip(rng.choice(30, 12, replace=False), rng.permutation(12) / 12, strict=True)
        if rng.random() < 0.8
    ]
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "prediction", "target"])
    frame.loc[0, "target"] = 2
    vectors = rng.random((30, 3)).round(2) + 0.01
    features = pd.DataFrame(vectors, columns=["a", "b", "c"])
    train = pd.DataFrame({"user_id": rng.integers(0, 12, 60), "item_id": rng.integers(0, 30, 60)})
    return frame.join(features, on="item_id"), train.join(features, on="item_id")


def by_hand(frame, k):
    """Precision, recall, average precision and recall, reciprocal rank, hit and NDCG of each user with feedback."""
    found = []
    for _, theirs in frame.groupby("user_id"):
        ordered = theirs.sort_values("prediction", ascending=False)
        relevant = (ordered.target > 0).tolist()
        if not any(relevant):
            continue
        total, top = sum(relevant), relevant[:k]
        places = [place for place, hit in enumerate(top, start=1) if hit]
        gains = ordered.target.tolist()
        best = sorted(gains, reverse=True)
        found.append(
            (
                len(places) / min(len(relevant), k),
                len(places) / total,
                sum(sum(top[:place]) / place for place in places) / total,
                sum(sum(top[:place]) / total for place in places) / total,
                1 / places[0] if places else 0,
                bool(places),
                sum(g / math.log2(i + 2) for i, g in enumerate(gains[:k]))
                / sum(g / math.log2(i + 2) for i, g in enumerate(best[:k])),
            )
        )
    return np.mean(found, axis=0)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 14))
def test_curves_equal_a_loop_over_users(seed, k):
    frame, _ = random_lists(seed)
    precision, recall, ap, ar, rr, hit, gain = by_hand(frame, k)
    expected = {
        PrecisionTopKMetric: precision, RecallTopKMetric: recall, MAPKMetric: ap, MARKMetric: ar, MRRKMetric: rr,
        HitRateKMetric: hit, NDCGKMetric: gain,
    }  # fmt: skip
    for metric, number in expected.items():
        assert value(metric(k=k), frame, mapping=SCORED) == near(number), metric
    if precision + recall:
        five = value(FBetaTopKMetric(k=k, beta=0.5), frame, mapping=SCORED)
        assert five == near(1.25 * precision * recall / (0.25 * precision + recall))


def cosine(left, right):
    return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 8))
def test_what_lists_are_like_equals_a_loop_over_users(seed, k):
    frame, train = random_lists(seed)
    vectors = {row.item_id: np.array([row.a, row.b, row.c]) for row in [*frame.itertuples(), *train.itertuples()]}
    known = train.groupby("item_id").user_id.nunique()
    diversity, novelty, serendipity, popularity = [], [], [], []
    tops = {}
    for user, theirs in frame.groupby("user_id"):
        top = theirs.sort_values("prediction", ascending=False)[:k]
        tops[user] = set(top.item_id)
        items = [vectors[item] for item in top.item_id]
        diversity.append(sum(1 - cosine(a, b) for a, b in combinations(items, 2)) / len(items))
        seen = [known[item] for item in top.item_id if item in known]
        if seen:
            popularity.append(np.mean(seen))
            novelty.append(np.mean([-math.log2(each / train.user_id.nunique()) for each in seen]))
        before = [vectors[item] for item in train.item_id[train.user_id == user]]
        liked = [vectors[item] for item in top.item_id[top.target > 0]]
        if before and liked:
            serendipity.append(1 - sum(cosine(a, b) for a, b in product(before, liked)) / len(before))
    features = ["a", "b", "c"]
    options = {"mapping": SCORED, "train": train}
    assert value(DiversityMetric(k=k, item_features=features), frame, **options) == near(np.mean(diversity))
    got = value(SerendipityMetric(k=k, item_features=features), frame, **options)
    assert got == (near(np.mean(serendipity)) if serendipity else None)
    assert value(NoveltyMetric(k=k), frame, **options) == (near(np.mean(novelty)) if novelty else None)
    bias = result(PopularityBias(k=k), frame, **options)
    assert bias["current_apr"] == (near(np.mean(popularity)) if popularity else None)
    assert bias["current_coverage"] == near(len(set.union(*tops.values()) & set(known.index)) / len(known))
    counts = sorted(pd.Series([item for top in tops.values() for item in top]).value_counts())
    n = len(counts)
    gini = None if n < 2 else sum((2 * i - n - 1) * c for i, c in enumerate(counts, 1)) / ((n - 1) * sum(counts))
    assert bias["current_gini"] == (None if gini is None else near(gini))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_the_rows_does_not_matter(seed):
    frame, train = random_lists(seed)
    frame["prediction"] = frame.prediction.round(1)  # with ties
    other = frame.sample(frac=1, random_state=seed % 1000)
    mixed = train.sample(frac=1, random_state=seed % 1000)
    metrics = [
        *(metric(k=3) for metric in TOP_K), PersonalizationMetric(k=3), NoveltyMetric(k=3), PopularityBias(k=3),
        DiversityMetric(3, ["a", "b", "c"]), SerendipityMetric(3, ["a", "b", "c"]), ScoreDistribution(k=3),
        RecCasesTable(train_item_num=0),
    ]  # fmt: skip
    for metric in metrics:
        before, after = (
            {key: each for key, each in result(metric, f, mapping=SCORED, train=t).items() if key != "current_train"}
            for f, t in ((frame, train), (other, mixed))
        )
        assert flat(after) == near(flat(before)), metric


def flat(value, prefix=""):
    if isinstance(value, dict):
        pairs = [flat(each, f"{prefix}.{key}") for key, each in value.items()]
        return {name: number for pair in pairs for name, number in pair.items()}
    return {prefix: value} if isinstance(value, int | float) else {}


# ---------------------------------------------------------------- edges


def test_a_k_beyond_the_longest_list_gives_the_whole_lists():
    for metric in TOP_K:
        assert value(metric(k=50), s1()) == value(metric(k=4), s1())
        assert list(result(metric(k=2), s1())["current"]) == ["1", "2", "3", "4"]


def test_a_list_shorter_than_k_counts_each_relevant_item_once():
    frame = pd.DataFrame(
        {"user_id": [1, 2, 2, 2], "item_id": [1, 1, 2, 3], "prediction": [1, 1, 2, 3], "target": [1, 1, 1, 1]}
    )
    assert value(MAPKMetric(k=3), frame) == 1.0


def test_a_relevance_limit_is_reached_by_its_own_value():
    frame = s1().assign(target=lambda f: f.target * 5)
    assert value(RecallTopKMetric(k=1, min_rel_score=5), frame) == value(RecallTopKMetric(k=1), frame)
    assert "no user has a relevant item" in run(RecallTopKMetric(k=1, min_rel_score=6), frame)["error"]["message"]


def test_rows_without_user_or_prediction_are_left_out_and_missing_targets_are_not_relevant():
    extra = pd.DataFrame(
        {"user_id": [None, 1, 2], "item_id": [10, 11, 99], "prediction": [1, None, 5], "target": [1, 1, None]}
    )
    frame = pd.concat([s1(), extra], ignore_index=True)
    for metric in TOP_K:
        assert value(metric(k=3), frame) == value(metric(k=3), s1())


@pytest.mark.parametrize(
    ("metric", "sentence"),
    [
        (NoveltyMetric(k=3), "additional_data={'current_train_data': frame}"),
        (DiversityMetric(k=3, item_features=[]), "item_features is needed"),
        (DiversityMetric(k=3, item_features=["nope"]), "'nope'"),
        (ItemBiasMetric(k=3, column_name="nope"), "'nope'"),
    ],
)
def test_what_is_missing_is_named(metric, sentence):
    assert sentence in run(metric, s1())["error"]["message"]


def test_missing_columns_and_wrong_parameters_are_named():
    assert "user_id column 'user_id'" in run(MAPKMetric(k=1), s1().drop(columns="user_id"))["error"]["message"]
    assert "target column 'target'" in run(MAPKMetric(k=1), s1().drop(columns="target"))["error"]["message"]
    assert "1 is the best; found 0" in run(MAPKMetric(k=1), s1().assign(prediction=0))["error"]["message"]
    words = s1().assign(genre="crime")
    told = run(DiversityMetric(k=3, item_features=["genre"]), words)["error"]
    assert told == {
        "type": "Invalid",
        "message": "an item feature is a number: column 'genre' is numeric, but holds str values such as 'crime'",
    }
    odd = ColumnMapping(recommendations_type="stars")  # type: ignore[arg-type]
    assert "expected 'score' or 'rank'" in run(MAPKMetric(k=1), s1(), mapping=odd)["error"]["message"]
    with pytest.raises(Exception, match="k is 0"):
        MAPKMetric(k=0)
    with pytest.raises(Exception, match="k is -1"):
        TestMAPK(k=-1)


def test_the_reference_has_training_data_of_its_own_when_they_are_given():
    own = pd.DataFrame({"user_id": [1, 2], "item_id": [10, 10]})
    shared = result(NoveltyMetric(k=1), s1(), s1(), train=s1_train())
    apart = result(NoveltyMetric(k=1), s1(), s1(), train=s1_train(), reference_train=own)
    assert shared["current_value"] == shared["reference_value"] == apart["current_value"]
    assert apart["reference_value"] == 0.0


ROLES = ("user_id", "item_id", "prediction", "target")


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("frame", FRAMES)
def test_hard_columns_in_every_role_give_a_result_or_a_reason(frame):
    data = FRAMES[frame]
    count = len(data)
    plain = pd.DataFrame(
        {
            "user_id": np.arange(count) % 3, "item_id": np.arange(count) % 4, "prediction": np.arange(count) / 10 + 1,
            "target": np.arange(count) % 2, "f1": 1.0, "f2": 0.5,
        },
        index=data.index,
    )  # fmt: skip
    metrics = [
        *(metric(k=2) for metric in TOP_K), PersonalizationMetric(2), DiversityMetric(2, FEATURES), NoveltyMetric(2),
        SerendipityMetric(2, FEATURES), PopularityBias(2), ItemBiasMetric(2, "f1"), UserBiasMetric("f1"),
        ScoreDistribution(2), RecCasesTable(),
    ]  # fmt: skip
    for role in ROLES:
        odd = plain.assign(**{role: data["x"]}) if "x" in data else plain
        for mapping in (SCORED, RANKED):
            report = Report(metrics=metrics)
            report.run(
                current_data=odd,
                reference_data=odd,
                column_mapping=mapping,
                additional_data={"current_train_data": odd},
            )
            finite(report.to_snapshot().as_dict())
            for entry in report.as_dict()["metrics"]:
                assert entry.get("error", {"message": "x"})["message"]
