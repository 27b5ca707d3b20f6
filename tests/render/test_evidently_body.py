"""Rules of what may be sent to an Evidently workspace."""

import copy
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import orjson
import pytest

from collector.errors import Invalid, TooLarge
from collector.render.evidently import CONTENT, FORWARD_ID, REVISION, body, encode, validate
from tests.render.samples import arms, columns, drift_metrics, snapshot, suite_tests

Body = dict[str, Any]


def first_result(made: Body) -> Any:
    return next(iter(made["metric_results"].values()))


def test_what_identifies_a_snapshot_is_in_its_metadata_and_the_user_cannot_overwrite_it() -> None:
    made = snapshot(
        metadata={FORWARD_ID: "mine", "model_version": "3", "threshold": 0.5, "list": [1, 2], "none": None}, revision=4
    )
    metadata = body(made)["metadata"]
    assert (metadata[FORWARD_ID], metadata[REVISION]) == (made.id, "4")
    assert (metadata["model_version"], metadata["threshold"], metadata["list"]) == ("3", "0.5", "1, 2")
    assert "none" not in metadata
    assert all(isinstance(value, str) for value in metadata.values())


def test_arms_are_told_by_tags_metadata_and_name() -> None:
    whole, _, alone, against = map(body, arms())
    assert whole["metadata"]["view"] == "all rows"
    assert alone["tags"] == ["prod", "challenger", "vs reference"]
    assert against["tags"] == ["prod", "challenger", "vs champion"]
    assert alone["metadata"]["model_version"] == against["metadata"]["model_version"] == "challenger"
    assert (alone["metadata"]["view"], against["metadata"]["view"]) == (
        "by model_version",
        "by model_version, vs champion",
    )
    assert against["metadata"]["baseline"] == "champion"
    assert against["name"] == "drift of flight-delays, model_version: challenger vs champion"
    # no number of the one stands under a key of the other
    assert not alone["metric_results"].keys() & against["metric_results"].keys()


def test_timestamps_are_naive_utc() -> None:
    paris = datetime(2013, 2, 1, 12, tzinfo=timezone(timedelta(hours=1)))
    assert body(snapshot(timestamp=paris))["timestamp"] == "2013-02-01T11:00:00"


def test_equal_snapshots_have_equal_content_and_changed_ones_have_not() -> None:
    assert body(snapshot())["metadata"][CONTENT] == body(snapshot())["metadata"][CONTENT]
    assert body(snapshot(rows=901))["metadata"][CONTENT] != body(snapshot())["metadata"][CONTENT]


def test_labels_are_sorted_and_results_named_by_their_identity() -> None:
    made = body(snapshot(segment={"zone": "a", "area": "b"}))
    for key, result in made["metric_results"].items():
        metric = result["metric_value_location"]["metric"]
        names = [name for name in metric["params"] if name != "type"]
        assert metric["metric_id"] == key
        assert names == sorted(names)
    again = body(snapshot(segment={"area": "b", "zone": "a"}, day=1))
    assert set(made["metric_results"]) == set(again["metric_results"])


def test_tests_go_along_for_people_and_for_the_download() -> None:
    made = body(snapshot("stability"))
    (carrier,) = (result for result in made["metric_results"].values() if result.get("tests"))
    assert [test["status"] for test in carrier["tests"]] == ["FAIL", "SUCCESS", "ERROR"]
    states = [test["state"] for test in made["tests_widgets"][1]["params"]["tests"]]
    assert states == ["fail", "unknown", "success"]


def test_markup_in_a_tests_description_is_meant_as_text() -> None:
    made = body(snapshot("stability"))
    descriptions = [test["description"] for test in made["tests_widgets"][1]["params"]["tests"]]
    assert any(r"\*prediction\* is a label column \<b\>here\</b\>" in text for text in descriptions)


def without(*path: str) -> Callable[[Body], None]:
    def change(made: Body) -> None:
        target: Any = made
        for part in path[:-1]:
            target = next(iter(target.values())) if part == "*" else target[part]
        del target[path[-1]]

    return change


def with_value(value: object, *path: str) -> Callable[[Body], None]:
    def change(made: Body) -> None:
        target: Any = made
        for part in path[:-1]:
            target = next(iter(target.values())) if part == "*" else target[part]
        target[path[-1]] = value

    return change


def _big_graph(made: Body) -> Any:
    return next(widget for widget in made["widgets"] if widget["type"] == "big_graph")


def _double(made: Body) -> None:
    twin = copy.deepcopy(first_result(made))
    twin["metric_value_location"]["metric"]["metric_id"] = "twin"
    made["metric_results"]["twin"] = twin


POISON = {
    "a result without its location": without("metric_results", "*", "metric_value_location"),
    "a location without its metric": without("metric_results", "*", "metric_value_location", "metric"),
    "a location without its param": without("metric_results", "*", "metric_value_location", "param"),
    "params without a type": without("metric_results", "*", "metric_value_location", "metric", "params", "type"),
    "a type without the prefix": with_value(
        "Accuracy", "metric_results", "*", "metric_value_location", "metric", "params", "type"
    ),
    "a list in the metadata": with_value([1], "metadata", "list"),
    "an object in the metadata": with_value({}, "metadata", "object"),
    "null in the metadata": with_value(None, "metadata", "null"),
    "a number in the metadata": with_value(3, "metadata", "number"),
    "an aware timestamp": with_value("2013-02-01T00:00:00+00:00", "timestamp"),
    "an aware timestamp, Z": with_value("2013-02-01T00:00:00Z", "timestamp"),
    "a date without a time": with_value("2013-02-01", "timestamp"),
    "no timestamp": without("timestamp"),
    "NaN": with_value(float("nan"), "metric_results", "*", "value"),
    "infinity": with_value(float("inf"), "metric_results", "*", "value"),
    "a text as value": with_value("0.5", "metric_results", "*", "value"),
    "null as value": with_value(None, "metric_results", "*", "value"),
    "an unknown result type": with_value("evidently:metric_result_v2:Odd", "metric_results", "*", "type"),
    "a bare result type": with_value("SingleValue", "metric_results", "*", "type"),
    "no report": without("report"),
    "no widgets": without("widgets"),
    "tags that are null": with_value(None, "tags"),
    "a number among the tags": with_value([3], "tags"),
    "an unknown key": with_value("x", "extra"),
    "an unknown top level metric": with_value(["nowhere"], "top_level_metrics"),
    "NaN in a widget": lambda made: _big_graph(made)["params"]["data"][0]["y"].__setitem__(0, float("nan")),
    "a graph without a layout": lambda made: _big_graph(made)["params"].pop("layout"),
    "a size that is a text": lambda made: made["widgets"][0].__setitem__("size", "2"),
    "a size out of range": lambda made: made["widgets"][0].__setitem__("size", 3),
    "a widget without a title": lambda made: made["widgets"][0].pop("title"),
    "a widget of an unknown type": lambda made: made["widgets"][0].__setitem__("type", "odd"),
    "a number in a counter": lambda made: made["widgets"][0]["params"]["counters"][0].__setitem__("value", 3),
    "a test without groups": lambda made: made["tests_widgets"][1]["params"]["tests"][0].pop("groups"),
    "a test in lower case": lambda made: _carrier(made)["tests"][0].__setitem__("status", "fail"),
    "a test without its metric": lambda made: _carrier(made)["tests"][0].pop("metric_config"),
    "a detail that is not there": lambda made: _big_table(made).__setitem__("additionalGraphs", []),
    "a histogram that is not there": lambda made: _big_table(made)["params"]["data"][0].pop("current"),
    "labels out of order": lambda made: _relabel(made, {"zone": "a", "area": "b"}),
    "two results of one line": _double,
}


def _carrier(made: Body) -> Any:
    return next(result for result in made["metric_results"].values() if result.get("tests"))


def _big_table(made: Body) -> Any:
    return next(widget for widget in made["widgets"] if widget["type"] == "big_table")


def _relabel(made: Body, labels: dict[str, str]) -> None:
    params = first_result(made)["metric_value_location"]["metric"]["params"]
    kind = params["type"]
    params.clear()
    params.update({"type": kind, **labels})


@pytest.mark.parametrize("fault", POISON)
def test_poison_is_refused_here(fault: str) -> None:
    made = copy.deepcopy(body(snapshot("drift", tests=suite_tests())))
    validate(made)
    POISON[fault](made)
    with pytest.raises(Invalid):
        validate(made)


def test_a_refusal_names_the_place() -> None:
    made = body(snapshot())
    made["metadata"]["list"] = [1]
    with pytest.raises(Invalid, match=r"metadata\.list") as caught:
        validate(made)
    assert caught.value.place["key"] == "metadata.list"


def test_the_other_shapes_of_results_pass() -> None:
    made = body(snapshot(metrics=[], columns={}))
    single = first_result(made)

    def result(kind: str, **parts: object) -> dict[str, object]:
        identity = f"id-{kind}"
        location = {"metric": {"metric_id": identity, "params": {"type": f"evidently:metric_v2:{kind}"}}, "param": {}}
        return {
            "type": f"evidently:metric_result_v2:{kind}",
            "display_name": kind,
            "metric_value_location": location,
            **parts,
        }

    shapes = [
        result("CountValue", count=single, share=single),
        result("MeanStdValue", mean=single, std=single),
        result("ByLabelValue", values={"a": single}),
        result("ByLabelCountValue", counts={}, shares={"a": single}),
    ]
    made["metric_results"] |= {f"id-{each['display_name']}": each for each in shapes}
    validate(made)


@pytest.mark.parametrize("limit", [20_000, 8_000, 4_000, 2_000])
def test_a_large_body_loses_distributions_then_tables_then_the_rest_and_says_so(limit: int) -> None:
    made = body(snapshot("drift"), max_bytes=limit)
    encoded = encode(made, max_bytes=limit)
    assert len(encoded) <= limit
    notice = made["widgets"][0]
    assert notice["type"] == "text"
    assert "Left out" in notice["params"]["text"]
    kinds = {widget["type"] for widget in made["widgets"]}
    if "big_table" in kinds:
        assert "distributions" in notice["params"]["text"]
        assert "big_graph" not in kinds


def test_a_body_that_fits_is_whole() -> None:
    made = body(snapshot("drift"))
    assert "big_graph" in {widget["type"] for widget in made["widgets"]}
    assert "Left out" not in orjson.dumps(made).decode()


def test_a_thousand_columns_fit_into_what_a_service_takes() -> None:
    metrics = drift_metrics()
    entry = metrics[1]["result"]["drift_by_columns"]["distance"]
    wide = {f"feature_{index}": columns()["distance"] for index in range(2_000)}
    metrics[1]["result"]["drift_by_columns"] = dict.fromkeys(wide, entry)
    made = snapshot(metrics=metrics, columns=wide)
    assert len(encode(body(made))) <= 10_000_000
    drawn = {
        result["metric_value_location"]["metric"]["params"].get("column")
        for result in body(made)["metric_results"].values()
    }
    assert set(wide) <= drawn


def test_a_body_that_cannot_be_shortened_enough_is_refused() -> None:
    with pytest.raises(TooLarge):
        encode(body(snapshot(tags=["x" * 5_000]), max_bytes=3_000), max_bytes=3_000)


@pytest.mark.parametrize("name", ["type", "tests", "a:b", "", "ü"])
def test_labels_and_names_of_any_kind_reach_a_panel(name: str) -> None:
    metric = {"metric": name or "x", "parameters": {name or "x": "v"}, "result": {"value": 1}}
    validate(body(snapshot(metrics=[metric], segment={name: "s"})))


@pytest.mark.parametrize(
    ("current", "reference"),
    [([-1.7e308, 1.7e308], None), ([-1.7e308, 1.7e308], [-1e308, 0.0, 1e308]), ([0.0, 5e-324], [0.0, 1.0])],
)
def test_bins_as_wide_or_as_narrow_as_numbers_can_be_are_drawn_with_finite_numbers(
    current: list[float], reference: list[float] | None
) -> None:
    halves = {
        side: None if edges is None else {"edges": edges, "counts": [3] * (len(edges) - 1)}
        for side, edges in (("current", current), ("reference", reference))
    }
    made = snapshot(columns={"distance": {"type": "num", "distribution": halves}})
    encode(body(made))
