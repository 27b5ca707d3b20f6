"""Rules of the charts and strips of a monitor's page."""

from dataclasses import asdict
from typing import Any

import orjson

from collector.render.over_time import MAX_LINES, over_time, segments
from collector.render.series import series
from collector.snapshot import Snapshot
from tests.render.samples import arms, snapshot


def summary(made: Snapshot) -> dict[str, Any]:
    values: dict[str, Any] = orjson.loads(
        orjson.dumps(made.summary() | {"values": [asdict(point) for point in series(made)]})
    )
    return values


def days(*reports: str, count: int = 5, **changes: Any) -> list[dict[str, Any]]:
    return [summary(snapshot(report, day=day, **changes)) for day in range(count) for report in reports]


def test_the_order_of_the_summaries_does_not_matter() -> None:
    found = days("drift", "stability")
    assert over_time(found) == over_time(found[::-1])


def test_every_number_finds_a_chart_or_a_strip() -> None:
    shown = over_time(days("drift", "quality", "model", "regression", "stability"))
    titles = [chart.title for chart in shown.charts]
    assert titles == [
        "Share of drifted columns", "Drift score by column", "Classification quality", "Log loss", "Regression error",
        "R2 score", "Share of missing values", "Share of missing values by column", "Rows",
    ]  # fmt: skip
    assert "MeanValue" in {chart.title for chart in shown.others}


def test_a_missing_window_is_a_gap() -> None:
    found = days("drift")
    found[2]["values"] = []
    chart = next(chart for chart in over_time(found).charts if chart.title == "Share of drifted columns")
    (trace,) = chart.figure["data"]
    assert trace["y"][2] is None
    assert sum(value is not None for value in trace["y"]) == 4


def test_all_lines_of_a_report_share_its_axis_and_ids() -> None:
    shown = over_time(days("drift"))
    axis = shown.axes["drift"]
    assert axis["ids"] == [snapshot("drift", day=day).id for day in range(5)]
    for chart in shown.charts:
        for trace in chart.figure["data"]:
            assert len(trace["y"]) == len(axis["x"])
            assert trace["meta"] in shown.axes


def test_a_number_that_every_report_repeats_is_one_line() -> None:
    rows = next(chart for chart in over_time(days("drift", "quality", "model")).charts if chart.title == "Rows")
    assert rows.lines == 1


def test_two_reports_of_one_kind_are_told_apart() -> None:
    found = days("drift")
    found += [each | {"report": "drift-weekly"} for each in days("drift")]
    chart = next(chart for chart in over_time(found).charts if chart.title == "Share of drifted columns")
    names = [trace["name"] for trace in chart.figure["data"]]
    assert len(names) == len(set(names)) == 2


def test_a_strip_tells_failed_windows_and_leads_to_them() -> None:
    (strip,) = over_time(days("drift", "stability", count=6)).strips
    assert [cell.state for cell in strip.cells] == ["fail", "unknown", "unknown", "fail", "unknown", "unknown"]
    assert strip.failed == 2
    assert strip.cells[0].snapshot == snapshot("stability", day=0).id
    assert strip.cells[0].sentence == "2013-02-01: 1 passed, 1 failed, 1 could not run"


def test_segments_are_apart_and_all_rows_come_first() -> None:
    found = days("drift", segment={"origin": "JFK"}) + days("drift")
    assert segments(found) == ["null", '{"origin":"JFK"}']
    whole, part = over_time(found), over_time(found, '{"origin":"JFK"}')
    assert whole.axes["drift"]["ids"] != part.axes["drift"]["ids"]
    chart = next(chart for chart in part.charts if chart.title == "Drift score by column")
    assert "JFK" not in chart.figure["data"][0]["name"]


def test_an_arm_against_the_baseline_is_apart_from_the_same_arm_against_the_reference() -> None:
    found = [summary(each) for day in range(3) for each in arms(day=day)]
    alone, against = '{"model_version":"challenger"}', '[{"model_version":"challenger"},{"model_version":"champion"}]'
    assert segments(found) == ["null", alone, '{"model_version":"champion"}', against]
    for index, key in ((2, alone), (3, against)):
        shown = over_time(found, key)
        assert shown.axes["drift"]["ids"] == [arms(day=day)[index].id for day in range(3)]
        rows = next(chart for chart in shown.charts if chart.title == "Rows")
        assert rows.figure["data"][0]["y"] == [arms(day=day)[index].rows for day in range(3)]
        for chart in shown.charts:
            assert not any("champion" in trace["name"] for trace in chart.figure["data"])


def test_a_crowded_chart_keeps_the_lines_that_reach_highest_and_says_how_many_it_left_out() -> None:
    values = [{"metric": "ValueDrift", "labels": {"column": f"c{index}"}, "value": index} for index in range(100)]
    found = [summary(snapshot("drift")) | {"values": values}]
    chart = next(chart for chart in over_time(found).charts if chart.title == "Drift score by column")
    assert (chart.lines, chart.left_out) == (MAX_LINES, 100 - MAX_LINES)
    assert "c99" in {trace["name"] for trace in chart.figure["data"]}


def test_no_snapshots_give_an_empty_page() -> None:
    shown = over_time([])
    assert (shown.charts, shown.others, shown.strips, shown.axes) == ([], [], [], {})


def test_windows_without_a_span_stand_at_their_timestamp() -> None:
    made = summary(snapshot("drift", window=None))
    assert over_time([made]).axes["drift"]["x"] == ["2013-02-02T00:00:00Z"]
