"""Descriptors of texts: verified values, where they may stand, and every one on every hard column."""

import inspect
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from collector.descriptors import (
    BeginsWith,
    Contains,
    ContainsLink,
    CustomColumnEval,
    DoesNotContain,
    EndsWith,
    ExactMatch,
    ExcludesWords,
    IncludesWords,
    IsValidJSON,
    IsValidPython,
    JSONMatch,
    JSONSchemaMatch,
    NonLetterCharacterPercentage,
    RegExp,
    SentenceCount,
    TextLength,
    TriggerWordsPresence,
    TriggerWordsPresent,
    WordCount,
    WordsPresence,
)
from collector.errors import Invalid
from collector.evaluate import ColumnMapping, Report
from collector.evaluate.descriptors import DESCRIPTORS, descriptor_of
from collector.evaluate.profile import FrameProfile
from collector.metric_preset import TextEvals
from collector.metrics import (
    ColumnDriftMetric,
    ColumnSummaryMetric,
    ColumnValueRangeMetric,
    DatasetSummaryMetric,
    TextDescriptorsDistribution,
    TextDescriptorsDriftMetric,
)
from collector.tests import TestCategoryShare, TestColumnDrift, TestColumnValueMax, TestValueRange
from tests.evaluate.recipes import error, result, verdict
from tests.evaluate.test_robustness import FRAMES, finite

TEXTS = [
    "Hello world! This is 1 test.", "", None, "Mr. Smith went home. He slept? Yes.", "see https://a.io now", '{"a":1}',
    "[1, 2", "x=1+2", "   ", "abc123 def-ghi",
]  # fmt: skip
MAPPING = ColumnMapping(text_features=["said"])
SAMPLES = {
    "reg_exp": "a",
    "items": ["a", "b"],
    "prefix": "a",
    "suffix": "a",
    "words_list": ["a", "b"],
    "with_column": "c",
    "expected_schema": {"a": int},
}


def frame(texts, **others):
    return pd.DataFrame({"said": pd.Series(texts, dtype=object), **others})


def values(descriptor, texts, **others):
    return descriptor.derive(FrameProfile(frame(texts, **others)), "said").tolist()


def build(cls):
    needed = {
        name: SAMPLES[name]
        for name, parameter in inspect.signature(cls).parameters.items()
        if parameter.default is inspect.Parameter.empty
    }
    return cls(**needed)


# ---------------------------------------------------------------- verified values


@pytest.mark.parametrize(
    ("descriptor", "expected"),
    [
        (TextLength(), [28, 0, 0, 35, 20, 7, 5, 5, 3, 14]),
        (WordCount(), [5, 0, 0, 7, 3, 1, 0, 1, 0, 2]),
        (SentenceCount(), [1, 1, 0, 3, 1, 1, 1, 1, 1, 1]),
        (
            NonLetterCharacterPercentage(),
            [10.714285714285714, 0, 0, 11.428571428571429, 20, 85.71428571428571, 80, 80, 0, 28.571428571428573],
        ),
        (RegExp("[a-z]+", search=True), [1, 0, 0, 1, 1, 1, 0, 1, 0, 1]),
        (IsValidJSON(), [False, False, False, False, False, True, False, False, False, False]),
        (IsValidPython(), [False, True, False, False, False, True, False, True, True, False]),
        (ContainsLink(), [False, False, False, False, True, False, False, False, False, False]),
    ],
)
def test_known_texts(descriptor, expected):
    assert values(descriptor, TEXTS) == pytest.approx(expected, rel=1e-12)


def test_words_are_whole_unless_parts_are_asked_for():
    texts = ["hello abc123", "say hell", "x"]
    assert values(IncludesWords(["hell", "abc"], parts=True), texts) == [True, True, False]
    assert values(IncludesWords(["hell", "abc"], mode="all", parts=True), texts) == [True, False, False]
    assert values(IncludesWords(["hell", "abc"]), texts) == [False, True, False]
    assert values(IncludesWords(["hell", "say"], mode="all"), texts) == [False, True, False]


def test_a_regular_expression_matches_the_whole_text_and_no_missing_one():
    assert values(RegExp("[a-zA-Z]+"), ["None", None, "two words", "one"]) == [1, 0, 0, 1]


def test_parts_of_texts():
    texts = ["I am a cat", "cat and DOG", None, "nothing"]
    assert values(Contains(["cat", "dog"]), texts) == [True, True, None, False]
    assert values(Contains(["cat", "dog"], mode="all"), texts) == [False, False, None, False]
    assert values(Contains(["cat", "dog"], mode="all", case_sensitive=False), texts) == [False, True, None, False]
    assert values(Contains(["c.t", "^not"]), texts) == [True, True, None, True]
    assert values(DoesNotContain(["cat", "dog"]), texts) == [True, True, None, True]
    assert values(DoesNotContain(["cat", "dog"], mode="any"), texts) == [False, False, None, True]
    assert values(BeginsWith("I am"), texts) == [True, False, None, False]
    assert values(BeginsWith("CAT", case_sensitive=False), texts) == [False, True, None, False]
    assert values(EndsWith("cat"), texts) == [True, False, None, False]
    assert values(EndsWith("dog", case_sensitive=False), texts) == [False, True, None, False]


def test_words_of_texts():
    texts = ["A cat!", "Cats and dogs; a dog", None, ""]
    assert values(WordsPresence(["cat", "dog"]), texts) == [True, True, False, False]
    assert values(WordsPresence(["cat", "dog"], mode="includes_all"), texts) == [False, False, False, False]
    assert values(WordsPresence(["cat", "dog"], mode="excludes_any"), texts) == [True, True, False, True]
    assert values(WordsPresence(["cat", "dog"], mode="excludes_all"), texts) == [False, False, False, True]
    assert values(ExcludesWords(["cat", "dog"]), texts) == [False, False, False, True]
    assert values(ExcludesWords(["cats", "dogs"], mode="any"), texts) == [True, False, False, True]
    assert values(TriggerWordsPresence(["cat"]), texts) == [1, 0, 0, 0]
    assert TriggerWordsPresent is TriggerWordsPresence


def test_structured_texts():
    texts = ['{"a": 1, "b": null}', '{"b": 2, "a": 1}', '{"a": "x"}', "[1]", "{", None, '"a"', "[" * 100_000]
    others = ['{"a": 1, "b": null}', '{"a": 1, "b": 2}', None, "[1.0]", "{", None, '"b"', "["]
    assert values(JSONMatch(with_column="other"), texts, other=others) == [True, True, *[False] * 1, True, *[False] * 4]
    assert values(ExactMatch(with_column="other"), texts, other=others) == [
        True, False, False, False, True, False, False, False,
    ]  # fmt: skip

    def schema(expected, **options):
        return values(JSONSchemaMatch(expected, **options), texts)

    assert schema({"a": int}) == [True, True, True, *[False] * 5]
    assert schema({"a": int}, validate_types=True) == [True, True, *[False] * 6]
    assert schema({"a": "int"}, exact_match=True) == [False] * 8
    assert schema({"a": "int", "b": "int"}, exact_match=True) == [False, True, *[False] * 6]
    assert schema({"b": str}) == [False, True, *[False] * 6]


# ---------------------------------------------------------------- where they may stand


def test_a_descriptor_stands_for_a_column_in_metrics_and_tests():
    current, reference = frame(["yes", "certainly"] * 20), frame(["no", "no way"] * 20)
    length = TextLength().on("said")
    summary = result(ColumnSummaryMetric(length), current, mapping=MAPPING)
    assert summary["column_name"] == "Text Length for said"
    assert (summary["current_characteristics"]["max"], summary["current_characteristics"]["min"]) == (9, 3)
    assert result(ColumnValueRangeMetric(length, 0, 5), current, mapping=MAPPING)["current"]["share_in_range"] == 0.5
    assert verdict(TestColumnValueMax(length, lte=8), current, mapping=MAPPING)["status"] == "FAIL"
    assert verdict(TestValueRange(length, left=3, right=9), current, mapping=MAPPING)["status"] == "SUCCESS"
    polite = Contains(["certainly"], display_name="polite").for_column("said")
    share = verdict(TestCategoryShare(polite, category=True, eq=0.5), current, mapping=MAPPING)
    assert (share["status"], share["parameters"]["column_name"]) == ("SUCCESS", "polite")
    drift = result(ColumnDriftMetric(length), current, reference, MAPPING)
    assert drift["drift_detected"]
    assert drift["column_type"] == "num"
    assert drift["stattest_name"] == "chi-square p_value"
    assert verdict(TestColumnDrift(polite), current, reference, MAPPING)["status"] == "FAIL"


def test_derived_columns_are_no_columns_of_the_data():
    data = frame(TEXTS)
    report = Report(metrics=[ColumnSummaryMetric(TextLength().on("said")), DatasetSummaryMetric()])
    report.run(current_data=data, column_mapping=MAPPING)
    _, summary = report.as_dict()["metrics"]
    assert summary["result"]["current"]["number_of_columns"] == 1
    assert list(data) == ["said"]


def test_columns_of_the_same_title_and_another_meaning_are_kept_apart():
    data = frame(["aa", "b", "b"])
    one, two = RegExp("a+", display_name="odd").on("said"), RegExp("b", display_name="odd").on("said")
    assert one != two
    assert one == RegExp("a+", display_name="odd").on("said")
    assert one != "odd"
    report = Report(metrics=[ColumnSummaryMetric(one), ColumnSummaryMetric(two)])
    report.run(current_data=data, column_mapping=MAPPING)
    first, second = (entry["result"]["current_characteristics"] for entry in report.as_dict()["metrics"])
    assert (first["most_common"], second["most_common"]) == (0, 1)


def test_names_of_derived_columns_travel_between_processes():
    name = BeginsWith("I am").on("said")
    there = pickle.loads(pickle.dumps(name))  # noqa: S301 - our own
    assert there == name
    assert there.kind == "cat"
    assert str(there) == str(name)


def test_a_missing_column_is_named():
    said = error(ColumnSummaryMetric(TextLength().on("nope")), frame(["x"]), mapping=MAPPING)
    assert said == "column 'nope' is not in the data"
    said = error(ColumnSummaryMetric(JSONMatch(with_column="nope").on("said")), frame(["x"]), mapping=MAPPING)
    assert said == "column 'nope' is not in the data"


def test_text_evals_summarize_each_descriptor():
    def titles(preset):
        report = Report(metrics=[preset])
        report.run(current_data=frame(TEXTS), column_mapping=MAPPING)
        return [entry["result"]["column_name"] for entry in report.as_dict()["metrics"]]

    assert titles(TextEvals("said")) == [
        "Text Length for said",
        "Sentence Count for said",
        "Non Letter Character % for said",
    ]
    chosen = ["WordCount", {"Contains": {"items": ["cat"]}}, ContainsLink(display_name="link")]
    assert titles(TextEvals("said", descriptors=chosen)) == [
        "Word Count for said",
        "Text Contains of any [cat] for said",
        "link",
    ]


def test_distributions_of_descriptors():
    current, reference = frame(["yes", "no", "maybe"]), frame(["yes", "yes"])
    metric = TextDescriptorsDistribution("said", {"length": TextLength(), "yes": BeginsWith("y")})
    found = result(metric, current, reference, MAPPING)
    assert sum(found["current"]["length"]["counts"]) == 3
    assert dict(zip(found["current"]["yes"]["values"], found["current"]["yes"]["counts"], strict=True)) == {
        "True": 1,
        "False": 2,
    }
    assert sum(found["reference"]["length"]["counts"]) == 2
    said = error(TextDescriptorsDistribution("said"), current, mapping=ColumnMapping())
    assert "text_features" in said


def test_drift_of_descriptors():
    rng = np.random.default_rng(3)
    reference = frame(["a" * int(n) for n in rng.integers(1, 30, 200)])
    current = frame(["a" * int(n) + "1" for n in rng.integers(10, 40, 200)])
    metric = TextDescriptorsDriftMetric("said")
    drift = result(metric, current, reference, MAPPING)
    assert drift["number_of_columns"] == 2
    length = drift["drift_by_columns"]["Text Length"]
    assert (length["column_name"], length["stattest_name"]) == ("Text Length", "K-S p_value")
    both = (pd.DataFrame({"x": side.said.str.len()}) for side in (current, reference))
    assert length["drift_score"] == pytest.approx(result(ColumnDriftMetric("x"), *both)["drift_score"], rel=1e-9)
    same = result(metric, reference, reference, MAPPING)
    assert (same["number_of_drifted_columns"], same["dataset_drift"]) == (0, False)


def test_a_custom_evaluation_stands_for_a_column():
    column = CustomColumnEval(lambda said: said.str.count("a"), "num", display_name="number of a").on("said")
    summary = result(ColumnSummaryMetric(column), frame(["banana", "b"]), mapping=MAPPING)
    assert (summary["column_name"], summary["current_characteristics"]["max"]) == ("number of a", 3)
    short = CustomColumnEval(lambda said: said[:1], "num", display_name="short").on("said")
    assert "gives 1 values for 2 rows" in error(ColumnSummaryMetric(short), frame(["a", "b"]), mapping=MAPPING)


# ---------------------------------------------------------------- wrong wishes


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ("TextLenght", "did you mean"),
        ({"RegExp": {"reg_exp": "("}}, "not a regular expression"),
        ({"RegExp": {}}, "does not take these parameters"),
        ({"Contains": {"items": "cat"}}, "expected a list of texts"),
        ({"Contains": {"items": []}}, "at least one text"),
        ({"Contains": {"items": ["a"], "mode": "most"}}, "'any' or 'all'"),
        ({"IncludesWords": {"words_list": ["a"], "lemmatize": True}}, "needs a download"),
        ({"JSONSchemaMatch": {"expected_schema": {"a": "integer"}}}, "expected one of str, int"),
        ({"JSONSchemaMatch": {"expected_schema": ["a"]}}, "a type for each key"),
        (3, "expected a descriptor's name"),
    ],
)
def test_a_wrong_wish_is_refused_when_it_is_made(wish, sentence):
    with pytest.raises(Invalid, match=sentence):
        TextEvals("said", descriptors=[wish])
    with pytest.raises(Invalid, match=sentence):
        TextDescriptorsDriftMetric("said", {"it": wish})


def test_configuration_and_code_mean_the_same():
    assert descriptor_of("TextLength") == TextLength()
    assert descriptor_of({"TextLength": None}) == TextLength()
    assert descriptor_of({"JSONSchemaMatch": {"expected_schema": {"a": "int"}}}) == JSONSchemaMatch({"a": int})


# ---------------------------------------------------------------- laws


@pytest.mark.parametrize("cls", DESCRIPTORS)
def test_a_descriptor_looks_at_each_row_alone(cls):
    descriptor, others = build(cls), {"c": ["a"] * len(TEXTS)}
    alone = [values(descriptor, [text], c=["a"])[0] for text in TEXTS]
    assert values(descriptor, TEXTS, **others) == alone
    assert values(descriptor, TEXTS[::-1], **others) == alone[::-1]


@given(st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=10))
def test_any_text_has_a_value(texts):
    data = FrameProfile(frame(texts, c=texts))
    for cls in DESCRIPTORS:
        assert len(build(cls).derive(data, "said")) == len(texts)
    for text, found in zip(texts, values(IsValidJSON(), texts), strict=True):
        try:
            json.loads(text)
        except (ValueError, TypeError):
            assert not found
        else:
            assert found


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("name", FRAMES)
def test_every_descriptor_survives_every_column(name):
    data = FRAMES[name]
    wishes = [ColumnSummaryMetric(build(cls).on("x")) for cls in DESCRIPTORS]
    drifts = [ColumnDriftMetric(build(cls).on("x")) for cls in DESCRIPTORS]
    report = Report(metrics=[*wishes, *drifts, TextDescriptorsDriftMetric("x"), TextDescriptorsDistribution("x")])
    report.run(current_data=data, reference_data=data, column_mapping=ColumnMapping(text_features=["x"]))
    finite(report.to_snapshot().as_dict())
    for entry in report.as_dict()["metrics"]:
        assert entry.get("error", {"message": "x"})["message"]
        assert not entry.get("result", {}).get("drift_detected", False)
