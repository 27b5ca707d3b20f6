"""The retired Evidently collector's API, with bodies that its own client made (`payloads/evidently_*.json`)."""

import json
from datetime import timedelta

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from collector.errors import Invalid
from collector.evaluate import catalogue
from collector.model import DeadLetter, MonitorId, SnapshotPage
from collector.receive.admission.keys import Keys
from collector.receive.decoders.table import Limits
from collector.receive.rows.judge import Judge
from collector.receive.servers.evidently import frame, wish_of
from tests.fuzz.test_rows import NAMES, VALUES
from tests.receive.doubles import NOW_US, default_monitor, opened
from tests.receive.payloads import FOLDER

LIMITS = Limits(rows=1000, columns=50, bytes=1_000_000)
HOURLY = {"type": "evidently:collector_trigger:IntervalTrigger", "interval": 3600}
ONE_METRIC = {"metrics": [{"type": "evidently:metric:DatasetDriftMetric"}], "tests": []}


def sent(name):
    return json.loads((FOLDER / f"evidently_{name}.json").read_text())


def config(**changes):
    return {"trigger": HOURLY, "report_config": ONE_METRIC, "project_id": "p"} | changes


def wish(name="report", **destinations):
    return wish_of("flights", sent(name), destinations=destinations)


def test_a_report_becomes_a_monitor_that_the_evaluation_knows():
    monitor = wish().monitor
    catalogue.check(monitor)
    assert (monitor.id, monitor.project, monitor.tags) == ("flights", "0190-project", ("prod",))
    assert (monitor.window.rows, monitor.window.every, monitor.event_time) == (100, timedelta(seconds=90), False)
    assert monitor.metadata == {"owner": "ml", "metric_presets": "DataDriftPreset, DataQualityPreset"}
    assert monitor.reference.upload
    (report,) = monitor.reports
    by_name = {spec.name: dict(spec.parameters) for spec in report.metrics}
    assert by_name["DatasetDriftMetric"] == {"stattest": "psi", "drift_share": 0.5}
    assert by_name["ColumnQuantileMetric"] == {"column_name": "distance", "quantile": 0.5}
    assert by_name["DatasetMissingValuesMetric"] == {}  # what it counts as missing unless told otherwise


def test_a_test_suite_becomes_a_monitor_that_the_evaluation_knows():
    monitor = wish("test_suite").monitor
    catalogue.check(monitor)
    (report,) = monitor.reports
    by_name = {spec.name: dict(spec.parameters) for spec in report.tests}
    assert by_name["TestNumberOfRows"]["eq"] == {"value": 100, "relative": 0.1, "absolute": 1e-12}
    assert by_name["TestColumnValueMean"] == {"gte": 1, "is_critical": True, "column_name": "distance"}
    assert (monitor.window.every, monitor.window.rows) == (timedelta(seconds=1), None)  # it looked every second


def test_a_report_that_has_not_run_yet_is_its_presets():
    monitor = wish("not_run").monitor
    catalogue.check(monitor)
    assert [spec.name for spec in monitor.reports[0].metrics] == ["DataDriftPreset", "DataQualityPreset"]
    assert (monitor.window.rows, monitor.window.every) == (3, None)


def test_a_workspace_is_the_destination_of_its_url():
    assert wish("test_suite", **{"http://evidently:8000": "ui"}).monitor.forward == ("ui",)
    assert wish("report", **{"http://evidently:8000": "ui"}).monitor.forward == ()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"trigger": {"type": "evidently:collector_trigger:CronTrigger"}}, "unknown trigger 'CronTrigger'"),
        ({"trigger": {"type": "x:RowsCountTrigger", "rows_count": 0}}, "rows_count"),
        ({"trigger": {"type": "x:IntervalTrigger", "interval": "soon"}}, "trigger.interval"),
        ({"trigger": {"type": "x:RowsCountOrIntervalTrigger"}}, "rows_count_trigger"),
        ({"trigger": None}, "trigger"),
        ({"report_config": {"metrics": [], "tests": []}}, "neither metrics nor tests"),
        ({"report_config": {"metrics": [7]}}, "report_config.metrics[0]"),
        ({"report_config": {"metrics": [{"type": 7}]}}, "report_config.metrics[0].type"),
        ({"report_config": {"metrics": {"type": "x"}}}, "expected a list"),
        ({"report_config": {"metrics": [{"type": "x:A", "column_name": {"name": "x.b", "display_name": "Text Length for b",
                                                                        "dataset": "additional"}}]}}, "Text Length for b"),
        ({"report_config": {"metrics": [{"type": "x:A", "left": float("inf")}]}}, "infinite"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_named(changes, word):
    with pytest.raises(Invalid, match=word.replace("[", r"\[")):
        wish_of("flights", config(**changes), destinations={})


def test_an_unknown_metric_is_named_with_the_near_miss():
    report = {"metrics": [{"type": "evidently:metric:DatasetDriftMetrics"}]}
    monitor = wish_of("flights", config(report_config=report), destinations={}).monitor
    with pytest.raises(Invalid, match=r"unknown metric 'DatasetDriftMetrics' \(did you mean 'DatasetDriftMetric'\?\)"):
        catalogue.check(monitor)


def test_older_clients_name_types_by_their_path():
    trigger = {"type": "evidently.collector.config.IntervalTrigger", "interval": 5}
    report = {"metrics": [{"type": "evidently.metrics.data_drift.dataset_drift_metric.DatasetDriftMetric"}]}
    monitor = wish_of("flights", config(trigger=trigger, report_config=report), destinations={}).monitor
    assert (monitor.window.every, monitor.reports[0].metrics[0].name) == (timedelta(seconds=5), "DatasetDriftMetric")


@pytest.mark.parametrize(
    "value",
    [
        {"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": None}},
        {"a": {"5": 1, "3": 2}, "b": {"5": "x"}},
        {"a": [1, 2], "b": ["x", None]},
        [{"a": 1, "b": "x"}, {"a": 2}],
    ],
)
def test_a_data_frame_is_rows_however_its_index_looks(value):
    table = frame(value, LIMITS).table
    assert {name: list(values) for name, values in table.columns.items()} == {"a": [1, 2], "b": ["x", None]}


@pytest.mark.parametrize("value", [{}, {"a": {}}, {"a": {"0": 1}, "b": 7}, {"a": [1], "b": [1, 2]}, 7, None, "x"])
def test_what_is_no_data_frame_is_refused(value):
    with pytest.raises(Invalid):
        frame(value, LIMITS)


# ---------------------------------------------------------------- fuzz

NESTED = st.recursive(
    VALUES | st.sampled_from(["evidently:metric:A", "x:IntervalTrigger", "x:RowsCountTrigger", "x:RowsCountOrIntervalTrigger"]),
    lambda inner: st.dictionaries(
        st.sampled_from(["type", "rows_count", "interval", "rows_count_trigger", "interval_trigger", "metrics", "tests",
                         "metadata", "tags", "column_name", "name", "display_name", "dataset", "missing_values"]),
        inner | st.lists(inner, max_size=2), max_size=4),
    max_leaves=8,
)  # fmt: skip
LAX = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


@given(
    trigger=NESTED | st.just(HOURLY), report=NESTED | st.just(ONE_METRIC), name=st.sampled_from(["m", "", "a b"]),
    more=st.dictionaries(st.sampled_from(["project_id", "api_url", "api_secret"]), VALUES),
)  # fmt: skip
@example(trigger={"type": "x:IntervalTrigger", "interval": 1e300}, report=ONE_METRIC, name="m", more={})
@LAX
def test_any_collector_is_a_monitor_or_a_refusal(trigger, report, name, more):
    document = {"trigger": trigger, "report_config": report, **more}
    try:
        assert wish_of(name, document, destinations={}).monitor.id == name
    except Invalid as error:
        assert str(error)  # noqa: PT017 - most are refused


@given(
    value=st.dictionaries(NAMES, VALUES | st.dictionaries(st.text(max_size=2), VALUES, max_size=3), max_size=4) | VALUES
)
@LAX
def test_any_data_frame_is_rows_that_are_taken_or_named_or_a_refusal(value):
    try:
        decoded = frame(value, LIMITS)
    except Invalid as error:
        assert str(error)  # noqa: PT017 - most are refused
        return
    judged = Judge(max_future_seconds=86_400).judge(decoded, default_monitor(columns={}), now_us=NOW_US)
    assert judged.table.rows + judged.rejected == decoded.table.rows + len(decoded.errors)


# ---------------------------------------------------------------- over HTTP


async def ask(house, method, path, **more):
    async with house.client.request(method, path, **more) as answer:
        return answer.status, await answer.json(content_type=None)


@pytest.mark.asyncio
async def test_a_collector_is_created_read_replaced_and_never_shows_its_secret():
    async with opened() as house:
        body = (FOLDER / "evidently_report.json").read_bytes()
        status, answer = await ask(house, "POST", "/my-flights", data=body)
        assert (status, answer["id"], answer["api_secret"]) == (201, "my-flights", None)
        assert "no destination has the URL http://localhost:8000" in answer["warnings"][0]
        assert house.monitors.get("my-flights").window.rows == 100
        status, shown = await ask(house, "GET", "/my-flights")
        assert (status, shown["trigger"]["rows_count_trigger"]["rows_count"]) == (200, 100)
        assert "s3cret" not in json.dumps(shown)
        assert (await ask(house, "POST", "/my-flights", json=config()))[0] == 201
        assert house.monitors.get("my-flights").window.rows is None


@pytest.mark.asyncio
async def test_what_the_evaluation_does_not_know_is_422_that_names_it():
    async with opened() as house:
        house.monitors.fails = Invalid("unknown metric 'Nonesuch'")
        status, problem = await ask(house, "POST", "/flights", json=config())
        assert (status, problem["type"]) == (422, "/problems/invalid")
        assert "Nonesuch" in problem["detail"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("/flights", b"{", 400), ("/flights", b"[]", 422), ("/metrics", orjson.dumps(config()), 405),
     ("/bad%20name", orjson.dumps(config()), 422)],
)  # fmt: skip
@pytest.mark.asyncio
async def test_a_bad_collector_is_refused(path, body, status):
    async with opened() as house:
        assert (await ask(house, "POST", path, data=body))[0] == status
        assert list(house.monitors.known) == ["flights"]


@pytest.mark.asyncio
async def test_a_data_frame_is_rows_of_the_collector():
    async with opened(default_monitor(columns={})) as house:
        status, answer = await ask(house, "POST", "/flights/data", data=(FOLDER / "evidently_data.json").read_bytes())
        assert (status, answer["accepted"]) == (201, 3)
        columns = {name: list(values) for name, values in house.intake.taken[0].table.columns.items()}
        assert columns["distance"] == [733.0, 1400.0, None]
        assert columns["carrier"] == ["AA", "UA", "AA"]
        status, problem = await ask(house, "POST", "/flights/data", json={"a": {"0": [1]}})
        assert (status, problem["type"]) == (422, "/problems/no-valid-rows")
        assert (await ask(house, "POST", "/fligths/data", json={"a": {"0": 1}}))[0] == 404


@pytest.mark.parametrize("body", [{}, [], {"a": {}, "b": {}}])
@pytest.mark.asyncio
async def test_a_data_frame_without_rows_is_taken_and_changes_nothing(body):
    """Clients send what has come since the last time, and raise what is refused."""
    async with opened() as house:
        status, answer = await house.post("/flights/data", orjson.dumps(body))
        assert (status, answer["accepted"], answer["rejected"], house.intake.taken) == (201, 0, 0, [])


@pytest.mark.asyncio
async def test_a_reference_is_a_data_frame_too():
    async with opened(default_monitor(columns={})) as house:
        body = (FOLDER / "evidently_data.json").read_bytes()
        status, answer = await ask(house, "POST", "/flights/reference", data=body)
        assert (status, answer) == (201, {"version": 1, "rows": 3, "columns": ["distance", "carrier", "delayed", "at"]})
        stored = pq.read_table(pa.BufferReader(house.intake.references[0]))
        assert stored["distance"].to_pylist() == [733.0, 1400.0, None]
        assert (await ask(house, "POST", "/flights/reference", json={}))[0] == 422


@pytest.mark.asyncio
async def test_logs_tell_reports_and_failures():
    async with opened() as house:
        house.buffer.snapshots.page = SnapshotPage([orjson.dumps({"id": "s2"}), orjson.dumps({"id": "s1"})], None)
        letters = house.buffer.dead_letters.letters
        letters["d1"] = DeadLetter("d1", "work", MonitorId("flights"), "0-1#0", b"", "boom", 5, NOW_US)
        letters["d2"] = DeadLetter("d2", "outbox/ui", MonitorId("flights"), "s1", b"", "refused", 5, NOW_US)
        letters["d3"] = DeadLetter("d3", "alerts", MonitorId("flights"), "a", b"", "no hook", 5, NOW_US)
        status, events = await ask(house, "GET", "/flights/logs")
        assert status == 200
        assert events[:2] == [
            {"type": "CreateReport", "report_id": name, "ok": True, "error": ""} for name in ("s1", "s2")
        ]
        failed = sorted((each["type"], each["report_id"], each["ok"], each["error"]) for each in events[2:])
        assert failed == [("CreateReport", "0-1#0", False, "boom"), ("UploadReport", "s1", False, "refused")]


@pytest.mark.asyncio
async def test_the_clients_secret_counts_as_a_key(tmp_path):
    file = tmp_path / "keys.yaml"
    file.write_text("keys: [{key: admin-secret, scopes: [admin]}, {key: ingest-secret, scopes: [ingest]}]")
    async with opened(keys=Keys(file)) as house:
        for key, status in (("admin-secret", 201), ("ingest-secret", 403), ("other", 401), (None, 401)):
            headers = {} if key is None else {"evidently-secret": key}
            assert (await ask(house, "POST", "/new", json=config(), headers=headers))[0] == status
        both = {"evidently-secret": "admin-secret", "Authorization": "Bearer wrong-one"}
        assert (await ask(house, "GET", "/new", headers=both))[0] == 401
