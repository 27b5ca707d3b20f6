"""Every entry of every list meets every hard frame: there is a result or a reason, and the numbers are finite."""

import inspect
import math

import numpy as np
import pandas as pd
import pytest

from collector.evaluate import ColumnMapping, Report, TestSuite
from collector.evaluate.metrics import METRICS
from collector.evaluate.presets.generators import TEST_GENERATORS
from collector.evaluate.presets.metrics import METRIC_PRESETS
from collector.evaluate.presets.tests import TEST_PRESETS
from collector.evaluate.stattests import STATTESTS
from collector.evaluate.tests import TESTS
from collector.metrics import ColumnDriftMetric

ROWS = 12
SAMPLES = {
    "column_name": "x",
    "quantile": 0.5,
    "category": "a",
    "reg_exp": "a",
    "label": 1,
    "k": 2,
    "features": ["x"],
    "item_features": ["x"],
    "embeddings_name": "words",
    "x_column": "x",
    "y_column": "c",
    "text": "Prices changed on Monday.",
}


def build(cls):
    needed = {
        name: SAMPLES[name]
        for name, parameter in inspect.signature(cls).parameters.items()
        if parameter.default is inspect.Parameter.empty
    }
    return cls(**needed)


def column(values):
    """A frame in which one column is odd."""
    rng = np.random.default_rng(0)
    count = len(values)
    return pd.DataFrame(
        {
            "x": values,
            "c": rng.choice(list("ab"), count) if count else np.array([], dtype=object),
            "target": (np.arange(count) % 2),
            "prediction": (np.arange(count) % 5) / 5,
        }
    )


FRAMES = {
    "no columns": pd.DataFrame(),
    "no rows": column([]),
    "one row": column([1.5]),
    "all NaN": column([np.nan] * ROWS),
    "all None": column([None] * ROWS),
    "constant": column([3.25] * ROWS),
    "constant text": column(["a"] * ROWS),
    "infinite": column([math.inf, -math.inf, *range(ROWS - 2)]),
    "only infinite": column([math.inf] * ROWS),
    "mixed": column([1, "a", None, 2.5, True, math.inf, ("t",), b"b", *range(ROWS - 8)]),
    "lists": column([[1], [2], [1]] * (ROWS // 3)),
    "huge integers": column([10**30 + index for index in range(ROWS)]),
    "large integers": column([2**63 - 1 - index for index in range(ROWS)]),
    "huge floats": column([1.7e308, -1.7e308] * (ROWS // 2)),
    "tiny floats": column([5e-324 * index for index in range(ROWS)]),
    "booleans": column([True, False, False] * (ROWS // 3)),
    "nullable booleans": column(pd.array([True, None, False] * (ROWS // 3), dtype="boolean")),
    "nullable integers": column(pd.array([1, None, 3] * (ROWS // 3), dtype="Int64")),
    "nullable floats": column(pd.array([1.5, None, 3] * (ROWS // 3), dtype="Float64")),
    "unsigned": column(np.arange(ROWS, dtype="uint8")),
    "half floats": column(np.arange(ROWS, dtype="float16")),
    "complex": column(np.arange(ROWS) + 1j),
    "categories": column(pd.Categorical(["a", "b", None] * (ROWS // 3), categories=["a", "b", "never"])),
    "instants": column(pd.date_range("2020-01-01", periods=ROWS)),
    "instants with a zone": column(pd.date_range("2020-01-01", periods=ROWS, tz="Europe/Paris")),
    "no instants": column(pd.array([pd.NaT] * ROWS)),
    "durations": column(pd.to_timedelta(np.arange(ROWS), unit="s")),
    "periods": column(pd.period_range("2020-01", periods=ROWS, freq="M")),
    "text": column([f"value {index}" for index in range(ROWS)]),
    "empty text": column([""] * ROWS),
    "object text": column(pd.Series(["ä", None, "\ud83d"] * (ROWS // 3), dtype=object)),
    "surrogates": column(pd.Series(["\udcff", "b", "c"] * (ROWS // 3), dtype=object)),
    "unicode names": column(list(range(ROWS))).rename(columns={"c": "Größe 测试 🙂 \n"}),
    "names that are numbers": column(list(range(ROWS))).rename(columns={"c": 7}),
    "index of times": column(list(range(ROWS))).set_index(pd.date_range("2020", periods=ROWS)),
    "repeated index": column(list(range(ROWS))).set_index(np.zeros(ROWS, dtype=int)),
    "no target": column(list(range(ROWS))).drop(columns="target"),
    "target missing everywhere": column(list(range(ROWS))).assign(target=None),
    "predictions missing everywhere": column(list(range(ROWS))).assign(prediction=np.nan),
}
REFERENCES = {"none": None, "plain": column([float(index) for index in range(ROWS)]), "no rows": column([])}
MAPPINGS = {
    "inferred": ColumnMapping(),
    "numeric": ColumnMapping(numerical_features=["x"]),
    "categorical": ColumnMapping(categorical_features=["x"]),
    "text": ColumnMapping(text_features=["x"], embeddings={"words": ["x", "target"]}),
    "regression": ColumnMapping(task="regression"),
}


CASES = [*((name, "inferred") for name in REFERENCES), *(("plain", name) for name in MAPPINGS if name != "inferred")]


def finite(value, place="result"):
    if isinstance(value, float):
        assert math.isfinite(value), place
    elif isinstance(value, dict):
        for key, each in value.items():
            finite(each, f"{place}.{key}")
    elif isinstance(value, list):
        for each in value:
            finite(each, place)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(("reference", "mapping"), CASES)
@pytest.mark.parametrize("frame", FRAMES)
def test_every_metric_and_test_survives(frame, reference, mapping):
    current, other = FRAMES[frame], REFERENCES[reference]
    report = Report(
        metrics=[build(cls) for cls in (*METRICS, *METRIC_PRESETS)] + [ColumnDriftMetric("x", s.id) for s in STATTESTS]
    )
    suite = TestSuite(tests=[build(cls) for cls in (*TESTS, *TEST_GENERATORS, *TEST_PRESETS)])
    before = current.copy()
    for evaluation in (report, suite):
        evaluation.run(reference_data=other, current_data=current, column_mapping=MAPPINGS[mapping])
        snapshot = evaluation.to_snapshot()
        assert snapshot.json()
        finite(snapshot.as_dict())
        for entry in snapshot.metrics:
            assert ("result" in entry) != ("error" in entry)
            assert entry.get("error", {"message": "x"})["message"]
        for test in snapshot.tests:
            assert test["description"]
    pd.testing.assert_frame_equal(current, before)


@pytest.mark.parametrize("frame", FRAMES)
def test_the_reference_as_current_never_drifts(frame):
    data = FRAMES[frame]
    report = Report(
        metrics=[ColumnDriftMetric(name, s.id) for s in STATTESTS for name in ("x", "c")] + [ColumnDriftMetric("x")]
    )
    report.run(reference_data=data, current_data=data)
    for entry in report.as_dict()["metrics"]:
        assert not entry.get("result", {}).get("drift_detected", False), entry


def test_a_failing_metric_is_a_result_with_a_reason():
    report = Report(metrics=[ColumnDriftMetric("nowhere"), ColumnDriftMetric("x")])
    report.run(reference_data=REFERENCES["plain"], current_data=FRAMES["one row"])
    failed, fine = report.as_dict()["metrics"]
    assert failed["error"] == {"type": "Invalid", "message": "column 'nowhere' is not in the data"}
    assert "result" in fine


def reason_of(metric, current, reference=None, **mapping):
    report = Report(metrics=[metric])
    report.run(current_data=current, reference_data=reference, column_mapping=ColumnMapping(**mapping))
    return report.as_dict()["metrics"][0]["error"]["message"]


@pytest.mark.parametrize(
    ("current", "reference", "mapping", "reason"),
    [
        (["prediction"], None, {"target": None}, "no target column is named: this needs one"),
        (["prediction"], None, {"target": "y"}, "the target column 'y' is not in the current data"),
        (["target", "prediction"], ["prediction"], {}, "the target column 'target' is not in the reference data"),
        (["target"], None, {"prediction": ["a", "b"]}, "the prediction column 'a' is not in the current data"),
    ],
)
@pytest.mark.parametrize("metric", ["ClassificationQualityMetric", "RegressionQualityMetric"])
def test_a_missing_role_is_told_with_the_side_that_lacks_it(metric, current, reference, mapping, reason):
    frame = column(range(ROWS))
    other = None if reference is None else frame[reference]
    assert (
        reason_of(build(next(each for each in METRICS if each.__name__ == metric)), frame[current], other, **mapping)
        == reason
    )


def test_a_target_of_very_many_labels_is_judged_but_not_told_label_by_label():
    count = 30_000  # the pairs of so many would be larger than any memory
    truth = np.arange(count)
    frame = pd.DataFrame({"target": [f"t{each}" for each in truth], "prediction": [f"t{each % 100}" for each in truth]})
    quality, *tables = (
        "ClassificationQualityMetric", "ClassificationConfusionMatrix", "ClassificationQualityByClass", "ClassificationClassBalance",
    )  # fmt: skip
    chosen = [cls() for name in (quality, *tables) for cls in METRICS if cls.__name__ == name]
    report = Report(metrics=chosen)
    report.run(current_data=frame)
    first, *others = report.as_dict()["metrics"]
    assert first["result"]["current"]["accuracy"] == 100 / count
    assert {each["error"]["message"] for each in others} == {
        "30000 labels: at most 1000 are told apart; is the target an id, or a number?"
    }


def test_of_long_texts_a_snapshot_holds_the_beginnings():
    rng = np.random.default_rng(0)
    frame = column([f"{index} " + "".join(rng.choice(list("abc"), 5000)) for index in range(ROWS)])
    names = ("ColumnSummaryMetric", "ColumnValueListMetric", "ColumnDistributionMetric", "ColumnInteractionPlot",
             "TargetByFeaturesTable", "DatasetMissingValuesMetric", "DatasetSummaryMetric")  # fmt: skip
    report = Report(metrics=[build(cls) for cls in METRICS if cls.__name__ in names])
    suite = TestSuite(tests=[build(cls) for cls in TEST_PRESETS if cls.__name__ == "DataStabilityTestPreset"])
    for evaluation in (report, suite):
        evaluation.run(current_data=frame, reference_data=frame[::-1])
        text = evaluation.to_snapshot().json().decode()
        assert not [value for value in frame["x"] if value[:201] in text]
        assert [value for value in frame["x"] if value[:200] in text]
