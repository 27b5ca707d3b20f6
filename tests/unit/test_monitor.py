"""What a configuration may say, and the sentences it gets when it says something else."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from collector.durations import format_duration, parse_duration
from collector.model import Phase
from collector.monitor import Configuration, Monitor

FLIGHTS: dict[str, Any] = {
    "id": "flights",
    "columns": {"id": "id", "timestamp": "at", "target": "late", "prediction": "p"},
    "window": {"every": "1d", "lateness": "1h"},
    "labels": {"wait": "12h", "keep": "7d"},
    "reports": [
        {"name": "drift", "metrics": ["DataDriftPreset", {"ColumnDriftMetric": {"column_name": "x"}}]},
        {"name": "quality", "needs_target": True, "metrics": ["ClassificationPreset"]},
    ],
}


def test_a_monitor_survives_its_own_json():
    monitor = Monitor.model_validate(FLIGHTS)
    again = Monitor.model_validate_json(monitor.model_dump_json(exclude_defaults=True))
    assert again == monitor
    assert again.reports[0].metrics[1].parameters == {"column_name": "x"}


@pytest.mark.parametrize("text", ["1s", "90s", "5m", "1h", "36h", "1d", "1500ms"])
def test_a_duration_is_written_as_it_is_read(text):
    assert parse_duration(format_duration(parse_duration(text))) == parse_duration(text)


@pytest.mark.parametrize("bad", ["", "banana", "5 parsecs", "-1s", -1, None, True, "1h banana"])
def test_what_is_no_duration_is_refused_with_an_example(bad):
    with pytest.raises(ValueError, match=r"expected a number with a unit, such as 30s, 5m"):
        parse_duration(bad)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"window": {"every": "1d", "cron": "0 0 * * *"}}, "give every or cron, not both"),
        ({"window": {"cron": "often"}}, "is not a cron expression"),
        ({"window": {"every": "10ms"}}, "a window lasts at least 1s"),
        ({"window": {"timezone": "Mars/Base"}}, "is not a time zone"),
        (
            {"columns": {"timestamp": None}, "window": {"time": "event"}, "reports": []},
            "columns.timestamp names no column",
        ),
        ({"columns": {"id": "id"}}, "columns.target names no column"),
        ({"columns": {"target": "late"}}, "columns.id names no column"),
        ({"columns": {"id": "x", "target": "x"}}, "named twice"),
        ({"id": "a/b"}, "String should match pattern"),
        ({"reports": [{"name": "a"}]}, "is empty"),
        ({"reports": [{"name": "a", "tests": ["T"]}] * 2}, "two reports are named 'a'"),
        ({"reference": {"path": "x", "upload": True}}, "exactly one of"),
        ({"colums": {}}, "colums"),
    ],
)
def test_every_contradiction_has_a_sentence(change, sentence):
    with pytest.raises(ValidationError, match=sentence):
        Monitor.model_validate(FLIGHTS | change)


def test_the_first_phase_counts_the_rows():
    assert Monitor.model_validate(FLIGHTS).phases == (Phase.ROWS, Phase.LABELS)
    assert Monitor.model_validate(FLIGHTS | {"reports": FLIGHTS["reports"][1:]}).phases == (Phase.LABELS,)
    assert Monitor.model_validate({"id": "m"}).phases == (Phase.ROWS,)


def test_rows_are_kept_as_long_as_labels_may_come():
    assert Monitor.model_validate(FLIGHTS).retention_us == timedelta(days=7) / timedelta(microseconds=1)


def test_a_destination_that_does_not_exist_is_named_with_the_near_miss():
    with pytest.raises(ValidationError, match=r"forwards to 'locla' \(did you mean 'local'\?\)"):
        Configuration.model_validate(
            {"destinations": {"local": {"type": "local"}}, "monitors": [FLIGHTS | {"forward": ["locla"]}]}
        )


@pytest.mark.parametrize(
    ("window", "sentence"),
    [
        ({"over": "24h"}, "it needs every"),
        ({"cron": "0 6 * * *", "over": "24h"}, "goes with neither cron nor rows"),
        ({"every": "1h", "rows": 10, "over": "24h"}, "goes with neither cron nor rows"),
        ({"every": "7h", "over": "24h"}, "a multiple of every"),
        ({"every": "1h", "over": "1h"}, "and more than that"),
        ({"every": "1s", "over": "1d"}, "at most 1000"),
    ],
)
def test_a_sliding_window_has_whole_steps(window, sentence):
    with pytest.raises(ValidationError, match=sentence):
        Monitor.model_validate({"id": "m", "window": window})


@pytest.mark.parametrize(
    ("reference", "window", "sentence"),
    [
        ({}, {}, "give exactly one of"),
        ({"first_windows": 3, "upload": True}, {}, "give exactly one of"),
        ({"window_ago": "7d", "previous_window": True}, {}, "give exactly one of"),
        ({"first_windows": 0}, {}, "greater than or equal to 1"),
        ({"window_ago": "0s"}, {}, "a time before the window"),
        ({"window_ago": "7d"}, {"rows": 100}, "no time ago"),
        ({"window_ago": "1h"}, {"every": "1d"}, "the window itself"),
    ],
)
def test_a_reference_has_one_origin_that_its_windows_can_have(reference, window, sentence):
    with pytest.raises(ValidationError, match=sentence):
        Monitor.model_validate({"id": "m", "window": window, "reference": reference})
