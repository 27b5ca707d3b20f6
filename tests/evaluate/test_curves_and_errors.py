"""Curves and tables of probabilities, and where the errors of a regression come from."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, strategies as st
from scipy import stats
from sklearn import metrics as sk

from collector.evaluate import ColumnMapping, Report
from collector.metric_preset import ClassificationPreset, RegressionPreset, TargetDriftPreset
from collector.metrics import (
    ClassificationLiftTable,
    ClassificationPRCurve,
    ClassificationPRTable,
    ClassificationRocCurve,
    RegressionErrorBiasTable,
    RegressionErrorNormality,
)
from tests.evaluate.recipes import b1, error, r1, result


def rounded(lines, digits):
    return [[round(value, places) for value, places in zip(line, digits, strict=True)] for line in lines]


def test_verified_lines_of_the_tables():
    current, _, _ = b1()
    lines = result(ClassificationPRTable(), current)["current"]["1"]
    assert rounded(lines[:3], (1, 0, 2, 0, 0, 1, 1)) == [
        [5.0, 10, 0.66, 10, 0, 100.0, 15.4],
        [10.0, 20, 0.6, 20, 0, 100.0, 30.8],
        [15.0, 30, 0.55, 28, 2, 93.3, 43.1],
    ]
    assert len(lines) == 20
    lift = result(ClassificationLiftTable(top=100), current)["current_lift_table"]["1"]
    assert len(lift) == 100
    assert rounded(lift[:1], (0, 0, 2, 0, 0, 1, 1, 0, 1, 2, 1, 1)) == [
        [1, 2, 0.76, 2, 0, 100.0, 3.1, 6.0, 3.1, 3.08, 1.0, 32.5]
    ]


rows = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=2, max_size=60)


@given(rows)
def test_the_curves_pass_through_the_points_of_scikit_learn(drawn):
    truth = np.array([each[0] for each in drawn])
    assume(0 < truth.sum() < len(truth))
    shares = np.array([each[1] for each in drawn]) / 8
    frame = pd.DataFrame({"target": truth.astype(int), "prediction": shares})
    curve = result(ClassificationRocCurve(), frame)["current"]["1"]
    fpr, tpr, _ = sk.roc_curve(truth, shares, drop_intermediate=False)
    assert curve["fpr"] == pytest.approx(fpr.tolist())
    assert curve["tpr"] == pytest.approx(tpr.tolist())
    curve = result(ClassificationPRCurve(), frame)["current"]["1"]
    precision, recall, _ = sk.precision_recall_curve(truth, shares)
    assert curve["rcl"] == pytest.approx(recall[-2::-1].tolist())
    assert curve["pr"] == pytest.approx(precision[-2::-1].tolist())


def test_curves_stay_small():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"target": rng.integers(0, 2, 5000), "prediction": rng.random(5000)})
    curve = result(ClassificationRocCurve(), frame)["current"]["1"]
    assert len(curve["fpr"]) == 100
    assert (curve["fpr"][0], curve["fpr"][-1], curve["tpr"][-1]) == (0.0, 1.0, 1.0)


def test_labels_have_no_curves():
    frame = pd.DataFrame({"target": [0, 1], "prediction": [0, 1]})
    assert "the predictions are labels" in error(ClassificationRocCurve(), frame)
    report = Report(metrics=[ClassificationPreset()])
    report.run(current_data=frame)
    assert "ClassificationRocCurve" not in [each["metric"] for each in report.as_dict()["metrics"]]


def test_the_error_bias_compares_the_tails_with_everything():
    reference, current = r1()
    bias = result(RegressionErrorBiasTable(), current, reference)["error_bias"]
    expected = {
        "current_majority": 1.2203567785270892,
        "current_under": 0.9560252395565378,
        "current_over": 1.7691410947724087,
        "current_range": 14.63658597367821,
        "ref_majority": 1.0524802580156132,
        "ref_under": 0.9975173171358866,
        "ref_over": 1.0627761733518,
        "ref_range": 0.9620890243441482,
    }
    assert {name: bias["f"][name] for name in expected} == pytest.approx(expected, rel=1e-9)
    assert {name: bias["g"][name] for name in ("current_majority", "current_range", "ref_majority")} == {
        "current_majority": "b",
        "current_range": 0.0,
        "ref_majority": "a",
    }


def test_the_error_bias_reads_the_rows_that_have_errors():
    frame = pd.DataFrame(
        {"x": [1.5, 2.5, 99.5, 3.5, 4.5], "target": [1.5, 2.5, None, 3.5, 4.5], "prediction": [1, 3, 1, 3.5, 5]}
    )
    bias = result(RegressionErrorBiasTable(), frame, mapping=ColumnMapping(task="regression"))["error_bias"]
    assert bias["x"]["current_majority"] == 3.0


def test_error_normality_equals_scipy():
    _, current = r1()
    found = result(RegressionErrorNormality(), current)["current"]
    _, (slope, intercept, r) = stats.probplot(current.prediction - current.target)
    assert [found["slope"], found["intercept"], found["r"]] == pytest.approx([slope, intercept, r], rel=1e-9)


def test_presets_hold_what_people_expect():
    reference, current = r1()
    report = Report(metrics=[TargetDriftPreset(stattest="psi"), RegressionPreset()])
    report.run(reference_data=reference, current_data=current)
    entries = report.as_dict()["metrics"]
    assert [(each["metric"], each["parameters"].get("column_name")) for each in entries] == [
        ("ColumnDriftMetric", "target"),
        ("ColumnValuePlot", "target"),
        ("ColumnCorrelationsMetric", "target"),
        ("ColumnDriftMetric", "prediction"),
        ("ColumnCorrelationsMetric", "prediction"),
        ("RegressionQualityMetric", None),
        ("RegressionPredictedVsActualScatter", None),
        ("RegressionPredictedVsActualPlot", None),
        ("RegressionErrorPlot", None),
        ("RegressionAbsPercentageErrorPlot", None),
        ("RegressionErrorDistribution", None),
        ("RegressionErrorNormality", None),
        ("RegressionTopErrorMetric", None),
        ("RegressionErrorBiasTable", None),
    ]
    assert entries[0]["result"]["stattest_name"] == "PSI"
