"""Every metric that is a figure first draws one, on our page and on an Evidently page."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from collector.evaluate import Report
from collector.metrics import (
    ClassificationClassSeparationPlot,
    ClassificationLiftCurve,
    ClassificationProbDistribution,
    ClassificationQualityByFeatureTable,
    ColumnDistributionMetric,
    ColumnInteractionPlot,
    ColumnValuePlot,
    Comment,
    DataQualityStabilityMetric,
    RegressionAbsPercentageErrorPlot,
    RegressionErrorDistribution,
    RegressionErrorPlot,
    RegressionPredictedVsActualPlot,
    RegressionPredictedVsActualScatter,
    TargetByFeaturesTable,
)
from collector.render.evidently import body, validate
from collector.render.html import fragment
from collector.render.widgets import widgets
from collector.snapshot import Snapshot

REGRESSION = {
    "Distribution of x": ColumnDistributionMetric("x"),
    "Course of x: current": ColumnValuePlot("x"),
    "c by c: reference": ColumnInteractionPlot("c", "c"),
    "target by x: current": ColumnInteractionPlot("x", "target"),
    "x by c": ColumnInteractionPlot("c", "x"),
    "Predicted by actual: current": RegressionPredictedVsActualScatter(),
    "Predicted and actual: reference": RegressionPredictedVsActualPlot(),
    "Error: current": RegressionErrorPlot(),
    "Error in percent: current": RegressionAbsPercentageErrorPlot(),
    "Distribution of errors": RegressionErrorDistribution(),
    "Target by x": TargetByFeaturesTable(),
}
CLASSIFICATION = {
    "Class separation of 1: current": ClassificationClassSeparationPlot(),
    "Probabilities of 1: reference": ClassificationProbDistribution(),
    "Lift of 1: current": ClassificationLiftCurve(),
    "Quality by c": ClassificationQualityByFeatureTable(),
}


def frame(seed: int, *, regression: bool) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    share = rng.random(200)
    target = 10 + share if regression else (share > rng.random(200)).astype(int)
    columns = {"target": target, "prediction": share, "x": rng.normal(size=200), "c": rng.choice(["a", "<b>"], 200)}
    return pd.DataFrame(columns)


def shown(metric: object, *, regression: bool) -> Snapshot:
    report = Report(metrics=[metric])
    report.run(current_data=frame(1, regression=regression), reference_data=frame(2, regression=regression))
    return report.to_snapshot()


def numbers(trace: dict[str, Any]) -> list[float]:
    values = [trace[name] for name in ("y", "z", "median") if name in trace]
    flat = np.ravel(np.array(values[-1], dtype=float))
    return [float(value) for value in flat if np.isfinite(value)]


@pytest.mark.parametrize(
    ("heading", "metric", "regression"),
    [*((name, each, True) for name, each in REGRESSION.items()), *((n, m, False) for n, m in CLASSIFICATION.items())],
)
def test_every_line_and_bar_of_a_figure_has_numbers(heading: str, metric: object, regression: bool) -> None:
    snapshot = shown(metric, regression=regression)
    figure = next(widget for widget in widgets(snapshot) if widget["title"] == heading)
    assert figure["type"] == "big_graph"
    assert all(numbers(trace) for trace in figure["params"]["data"])
    assert json.dumps(figure, allow_nan=False)
    validate(body(snapshot))
    assert heading in fragment(snapshot)


def test_the_counts_of_two_sides_are_two_tables() -> None:
    (table,) = [
        each for each in widgets(shown(DataQualityStabilityMetric(), regression=True)) if each["type"] == "table"
    ]
    assert table["params"]["data"] == [["Number not stable target", "0"], ["Number not stable prediction", "0"]]


def test_a_comment_is_text_and_no_markup() -> None:
    page = fragment(shown(Comment("<script>alert(1)</script>"), regression=True))
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize("half", ["current", "reference"])
def test_results_from_elsewhere_that_make_no_sense_draw_nothing_and_harm_nothing(half: str) -> None:
    odd: tuple[object, ...] = (
        None,
        3,
        "x",
        [],
        [[1]],
        {"start": [1], "x": {"mean": 3}},
        {"1": {"edges": 3, "label": {}}},
    )
    for metric in (*REGRESSION.values(), *CLASSIFICATION.values()):
        snapshot = shown(Comment("x"), regression=True)
        for value in odd:
            entry = {"metric": type(metric).__name__, "parameters": {}, "result": {half: value, "x": 3, "edges": None}}
            assert isinstance(widgets(Snapshot.from_dict({**snapshot.as_dict(), "metrics": [entry]})), list)


def test_names_that_look_like_numbers_are_names_and_times_are_times() -> None:
    def axes(metric: object, **columns: Any) -> dict[str, Any]:
        report = Report(metrics=[metric])
        report.run(current_data=frame(1, regression=True).assign(**columns))
        layout: dict[str, Any] = widgets(report.to_snapshot())[0]["params"]["layout"]
        return layout

    cells = axes(ColumnInteractionPlot("c", "c"), c=["1", "2"] * 100)
    assert (cells["xaxis"]["type"], cells["yaxis"]["type"]) == ("category", "category")
    assert "type" not in axes(ColumnInteractionPlot("x", "target"))["xaxis"]
    assert "type" not in axes(ColumnValuePlot("x"), datetime=pd.date_range("2026-01-01", periods=200))["xaxis"]
