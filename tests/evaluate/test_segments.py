"""A segment's snapshot is that of its rows alone, compared with the same segment of the reference."""

import orjson
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from collector.chunks import encode
from collector.evaluate import Report
from collector.evaluate.profile import FrameProfile
from collector.evaluate.windows.job import run
from collector.evaluate.windows.segments import parts_of
from collector.metrics import ColumnDriftMetric, ColumnSummaryMetric
from collector.model import Pane, Phase, StoredChunk, Window, WindowRows
from collector.monitor import OTHER, Monitor
from collector.ports import Job, ReferenceFile
from collector.snapshot import Snapshot

DRIFT = {
    "name": "drift",
    "metrics": [{"ColumnDriftMetric": {"column_name": "x"}}, {"ColumnSummaryMetric": {"column_name": "x"}}],
}
ORIGINS = ["JFK", "LGA", "EWR"]


def rows(shift):
    return pd.DataFrame({"origin": ORIGINS * 40, "x": [float(i * (i % 3 + 1)) + shift for i in range(120)]})


def records(monitor, frame, reference=None):
    columns = {name: frame[name].tolist() for name in frame}
    window = WindowRows([StoredChunk(encode(columns, len(frame)))], len(frame), {})
    return run(Job(monitor, Phase.ROWS, Window(Pane(0, 60_000_000)), window, 1, reference, 0))


@pytest.fixture
def reference(tmp_path):
    rows(0).to_parquet(tmp_path / "r.parquet")
    return ReferenceFile(1, str(tmp_path / "r.parquet"))


def test_every_segment_equals_a_report_over_its_rows_alone(reference):
    monitor = Monitor.model_validate({"id": "m", "segments": ["origin"], "reports": [DRIFT]})
    current = rows(5)
    found = [Snapshot.from_json(record.body) for record in records(monitor, current, reference)]
    assert [snapshot.segment for snapshot in found] == [None, *({"origin": name} for name in sorted(ORIGINS))]
    for snapshot in found[1:]:
        assert snapshot.segment is not None
        name = snapshot.segment["origin"]
        alone = Report(metrics=[ColumnDriftMetric("x"), ColumnSummaryMetric("x")])
        alone.run(reference_data=rows(0).query("origin == @name"), current_data=current.query("origin == @name"))
        expected = [entry["result"] for entry in alone.as_dict()["metrics"]]
        assert [entry["result"] for entry in snapshot.metrics] == expected
        assert snapshot.rows == 40
        assert f"origin={name}" in snapshot.tags


def test_segments_have_snapshots_of_their_own_under_ids_that_repeat(reference):
    monitor = Monitor.model_validate({"id": "m", "segments": ["origin"], "reports": [DRIFT]})
    first, again = (records(monitor, rows(5), reference) for _ in range(2))
    assert len({record.id for record in first}) == 4
    assert [record.id for record in first] == [record.id for record in again]
    assert orjson.loads(first[1].segment) == {"origin": "EWR"}


def test_values_past_the_limit_and_rows_without_one_share_a_segment():
    frame = pd.DataFrame({"g": ["a"] * 5 + ["b"] * 3 + ["c", None, OTHER], "x": range(11)})
    assert [(part.segment, part.rows.rows) for part in parts_of(frame, "g", most=2)] == [
        ({"g": "a"}, 5), ({"g": "b"}, 3), ({"g": OTHER}, 3),
    ]  # fmt: skip


@given(
    st.lists(st.one_of(st.none(), st.sampled_from(["a", "b", OTHER, "ä"]), st.integers(0, 2)), max_size=30),
    st.integers(1, 4),
)
def test_the_segments_of_a_column_hold_every_row_once(values, most):
    frame = pd.DataFrame({"g": pd.Series(values, dtype=object), "row": range(len(values))})
    parts = parts_of(frame, "g", most=most)
    assert sorted(row for part in parts for row in part.rows.frame["row"]) == list(range(len(values)))


def test_a_segment_column_that_no_row_has_makes_no_segment():
    monitor = Monitor.model_validate({"id": "m", "segments": ["nowhere"], "reports": [DRIFT]})
    assert len(records(monitor, rows(0))) == 1


def test_a_segment_that_the_reference_never_had_does_not_drift_by_its_own_column(reference):
    drift = {"name": "drift", "metrics": ["DataDriftPreset", {"ColumnDriftMetric": {"column_name": "origin"}}]}
    monitor = Monitor.model_validate({"id": "m", "segments": ["origin"], "reports": [drift]})
    current = rows(0).assign(origin=["JFK", "BOS", "JFK"] * 40)
    known, new = (
        next(made for made in map(snapshot, records(monitor, current, reference)) if made.segment == {"origin": name})
        for name in ("JFK", "BOS")
    )
    assert set(drifts(known)) == {"origin", "x"}
    assert not drifts(known)["origin"]["drift_detected"]
    assert known.reference == {"version": 1, "rows": 40}
    assert set(drifts(new)) == {"x"}
    assert new.reference == {"version": 1, "rows": 120}
    assert all("error" not in metric for metric in new.metrics)


def snapshot(record):
    return Snapshot.from_json(record.body)


def drifts(made):
    table = next(metric for metric in made.metrics if metric["metric"] == "DataDriftTable")
    return table["result"]["drift_by_columns"]


def test_a_segment_of_equal_values_has_one_name_whatever_the_order_of_the_rows():
    flags = [True, 1, "a", False, 0] * 3
    names = [
        [str(part.segment["flag"]) for part in parts_of(pd.DataFrame({"flag": each}, dtype=object), "flag", most=5)]
        for each in (flags, flags[::-1])
    ]
    assert names[0] == names[1] == ["0", "1", "a"]


def test_a_segment_is_compared_with_the_rows_of_its_own_value_not_of_its_own_text():
    frame = pd.DataFrame({"code": pd.Series([1, 1, "1"], dtype=object)})
    reference = FrameProfile(pd.DataFrame({"code": pd.Series([1, "1", 1, 1], dtype=object)}))
    found = {part.segment["code"]: part.of_reference(reference) for part in parts_of(frame, "code", most=5)}
    assert {value: rows.rows for value, rows in found.items() if rows is not None} == {1: 3, "1": 1}


@pytest.mark.parametrize("codes", [[1, 2, 1], [1, 2, None], [1.0, 2.0, 2.5]])
def test_a_whole_number_names_the_same_segment_with_and_without_missing_values_beside_it(codes):
    names = [part.segment["code"] for part in parts_of(pd.DataFrame({"code": codes}), "code", most=5)]
    assert [str(name) for name in names[:2]] == ["1", "2"]


def test_infinities_are_among_the_others():
    frame = pd.DataFrame({"x": [float("inf"), float("-inf"), 1.5, float("inf")]})
    assert [(part.segment["x"], part.rows.rows) for part in parts_of(frame, "x", most=5)] == [(1.5, 1), (OTHER, 3)]
