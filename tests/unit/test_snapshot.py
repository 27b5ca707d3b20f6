"""A snapshot is its JSON: it survives a file, refuses what is not finite, and has one id per window and report."""

import math
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, strategies as st

from collector.errors import Invalid
from collector.model import entry_of, summary_of
from collector.snapshot import Snapshot, iso, snapshot_id


def snapshot(**changes):
    values: dict[str, Any] = {
        "id": snapshot_id("m", "drift", "0-1#0", None), "report": "drift", "monitor": "m", "rows": 2,
        "timestamp": datetime(2013, 2, 1, tzinfo=UTC), "tags": ["prod"],
        "metrics": [{"metric": "RowCount", "parameters": {}, "result": {"value": 2}}],
        "tests": [{"name": "t", "description": "d", "status": "FAIL", "group": "g", "parameters": {}}],
    }  # fmt: skip
    return Snapshot(**values | changes)


def test_a_snapshot_survives_a_file(tmp_path):
    snapshot().save(tmp_path / "s.json")
    assert Snapshot.load(tmp_path / "s.json") == snapshot()


def test_the_id_depends_on_monitor_report_window_and_segment_alone():
    ids = {
        snapshot_id(m, r, w, s)
        for m in "ab" for r in "cd" for w in ("0-1#0", "0-1#1") for s in (None, {"origin": "JFK"}, {"origin": "LGA"})
    }  # fmt: skip
    assert len(ids) == 24
    assert snapshot_id("m", "r", "w", {"a": 1, "b": 2}) == snapshot_id("m", "r", "w", {"b": 2, "a": 1})


def test_a_list_entry_has_test_counts_and_no_details():
    summary = snapshot().summary()
    assert summary["tests"] == {"SUCCESS": 0, "FAIL": 1, "WARNING": 0, "ERROR": 0, "SKIPPED": 0}
    assert {"metrics", "columns"}.isdisjoint(summary)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused_with_its_place(value):
    bad = snapshot(metrics=[{"metric": "M", "parameters": {}, "result": {"current": [1.0, value]}}])
    with pytest.raises(ValueError, match=r"snapshot.metrics\[0\].result.current\[1\]"):
        bad.json()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"schema": 2}', b'{"schema": 1}', b"\xff"])
def test_a_file_that_is_no_snapshot_is_refused_with_its_name(tmp_path, body):
    (tmp_path / "s.json").write_bytes(body)
    with pytest.raises(Invalid, match=r"s\.json"):
        Snapshot.load(tmp_path / "s.json")


def test_instants_are_written_in_utc():
    assert iso(1_359_676_800_500_000) == "2013-02-01T00:00:00.500000Z"
    assert snapshot(timestamp=datetime(2013, 2, 1)).as_dict()["timestamp"] == "2013-02-01T00:00:00Z"  # noqa: DTZ001


_NAMES = st.sampled_from(["values", ',"values":[', "id", '"values"']) | st.text()
_ANYTHING = st.recursive(
    st.none() | st.integers(-5, 5) | _NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
)


@given(
    st.dictionaries(_NAMES.filter(lambda name: name != "values"), _ANYTHING, min_size=1, max_size=4),
    st.lists(st.fixed_dictionaries({"labels": st.dictionaries(_NAMES, _NAMES), "value": st.floats(-1, 1)}), max_size=3),
)
def test_a_list_entry_is_found_in_its_summary_whatever_is_named_values(entry, values):
    summary = summary_of(orjson.dumps(entry), orjson.dumps(values))
    assert orjson.loads(summary) == entry | {"values": values}
    assert orjson.loads(entry_of(summary)) == entry
