"""The demo without a service: its data, its model, its order of events, its configuration."""

import socket

import pandas as pd
import pytest

from collector.config import load
from collector.demo import configuration, delay_model, flights, summary
from collector.demo.replay import Answered, Landed, events
from collector.demo.run import prepare
from collector.demo.service import free_port
from collector.demo.settle import Standing
from collector.errors import Invalid
from collector.evaluate import registry

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:sklearn")


@pytest.fixture(scope="module")
def year() -> pd.DataFrame:
    return flights.load()


@pytest.fixture(scope="module")
def days(year) -> list[flights.Day]:
    return flights.days_of(year[(year["month"] == 2) & (year["date"] <= "2013-02-05")])


@pytest.fixture(scope="module")
def model(year):
    return delay_model.train(year[year["month"] == 1])


def test_every_flight_of_the_year_is_there_once_and_in_order(year):
    assert len(year) == 336_776
    assert year[flights.ID].is_unique
    assert year[flights.TIMESTAMP].is_monotonic_increasing


def test_the_scheduled_departure_is_the_local_time_of_the_table_in_utc(year):
    flight = year[year[flights.ID] == "UA-1545-EWR-2013-01-01"].iloc[0]
    assert flight[flights.TIMESTAMP] == pd.Timestamp("2013-01-01T05:15", tz="America/New_York")
    local = year[flights.TIMESTAMP].dt.tz_convert(flights.TIMEZONE)
    assert (local.dt.strftime("%Y-%m-%d") == year["date"]).all()


def test_a_flight_is_delayed_when_it_lands_more_than_fifteen_minutes_late(year):
    raw = pd.read_csv(flights._data_folder() / "flights.csv.zip")
    assert year[flights.TARGET].sum() == (raw["arr_delay"] > 15).sum()
    assert year[flights.TARGET].isna().sum() == raw["arr_delay"].isna().sum()


def test_loading_again_gives_the_same(year):
    pd.testing.assert_frame_equal(year, flights.load())


def test_training_again_gives_the_same_predictions(year, model):
    january, february = year[year["month"] == 1], year[year["month"] == 2]
    again = delay_model.train(january)
    first, second = (delay_model.score(each, february)[flights.PREDICTION] for each in (model, again))
    assert (first == second).all()
    assert first.between(0, 1).all()


def test_the_model_is_worth_watching(year, model):
    from sklearn.metrics import roc_auc_score

    scored = delay_model.score(model, year[year["month"] == 2])
    known = scored[scored[flights.TARGET].notna()]
    assert roc_auc_score(known[flights.TARGET], known[flights.PREDICTION]) > 0.85


def test_a_flight_that_never_landed_is_predicted_and_has_no_label(days):
    cancelled = [set(day.flights[flights.ID]) - set(day.labels[flights.ID]) for day in days]
    assert any(cancelled)
    for day in days:
        assert set(day.labels[flights.ID]) <= set(day.flights[flights.ID])
        assert day.labels["landed"].is_monotonic_increasing
        assert set(day.labels[flights.TARGET]) <= {0.0, 1.0}


def test_rows_come_in_the_order_of_event_time_and_labels_the_next_morning(days, model):
    happened = [event for _, each in events(days, model) for event in each]
    rows = [event for event in happened if isinstance(event, Answered)]
    assert [row.timestamp for row in rows] == sorted(row.timestamp for row in rows)
    assert len(rows) == sum(len(day.flights) for day in days)

    logged: dict[str, pd.Timestamp] = {}
    clock = rows[0].timestamp
    for event in happened:
        if isinstance(event, Answered):
            clock = event.timestamp
            logged[event.id] = event.timestamp
        else:
            assert event.id in logged, "a label came before its row"
            date = logged[event.id].tz_convert(flights.TIMEZONE).normalize()
            next_noon = (date + pd.Timedelta(hours=36)).tz_convert("UTC")
            assert clock < next_noon, "a label came after the time that the monitor waits for it"
            if date != days[-1].flights[flights.TIMESTAMP].iloc[0].tz_convert(flights.TIMEZONE).normalize():
                assert clock >= date + pd.Timedelta(days=1), "a label came on the day itself"


def test_every_label_comes_once(days, model):
    labels = [event.id for _, each in events(days, model) for event in each if isinstance(event, Landed)]
    assert sorted(labels) == sorted(name for day in days for name in day.labels[flights.ID])


def test_the_features_are_those_of_the_configuration(days):
    row = flights.features_of(days[0].flights.head(1))[0]
    assert tuple(row) == flights.FEATURES


def test_the_configuration_is_valid_and_its_metrics_are_known(tmp_path, year, model):
    scored = delay_model.score(model, year[year["month"] == 1])
    loaded = load(configuration.write(tmp_path, scored))
    (monitor,) = loaded.monitors
    assert monitor.id == configuration.MONITOR
    assert tuple(report.name for report in monitor.reports) == configuration.REPORTS
    for report in monitor.reports:
        assert {spec.name for spec in report.metrics} <= set(registry.metrics_by_name())
        assert {spec.name for spec in report.tests} <= set(registry.tests_by_name())
    assert monitor.reference is not None
    reference = pd.read_parquet(str(monitor.reference.path))
    assert len(reference) == 27_004
    roles = {monitor.columns.id, monitor.columns.timestamp, monitor.columns.target, *monitor.columns.predictions}
    assert set(reference.columns) == {*roles, *flights.FEATURES}


def test_the_folder_of_an_earlier_demo_is_emptied(tmp_path):
    prepare(tmp_path)
    (tmp_path / "collector.yaml").write_text(configuration.text())
    (tmp_path / "buffer.db").write_bytes(b"old")
    (tmp_path / "workspace" / "project").mkdir(parents=True)
    (tmp_path / "notes.txt").write_text("mine")
    prepare(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path):
    (tmp_path / "collector.yaml").write_text("monitors: []\n")
    (tmp_path / "buffer.db").write_bytes(b"precious")
    with pytest.raises(Invalid, match="not of an earlier demo"):
        prepare(tmp_path)
    assert (tmp_path / "buffer.db").read_bytes() == b"precious"


def test_a_port_that_is_taken_is_replaced():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port("127.0.0.1", port) not in (0, port)


def snapshot(report: str, day: str, *, rows: int, tests: list[str], metric: str, result: object) -> dict[str, object]:
    return {
        "report": report, "window": {"start": f"{day}T05:00:00Z", "end": None}, "rows": rows,
        "tests": [{"status": status} for status in tests], "metrics": [{"metric": metric, "result": result}],
    }  # fmt: skip


def test_the_summary_adds_up_by_month():
    drift = {"number_of_drifted_columns": 2, "number_of_columns": 8}
    found = summary.months(
        [
            snapshot("quality", "2013-03-01", rows=5, tests=["FAIL"], metric="ClassificationQualityMetric",
                     result={"current": {"roc_auc": 0.5}}),
            snapshot("drift", "2013-02-01", rows=10, tests=[], metric="DatasetDriftMetric", result=drift),
            snapshot("drift", "2013-02-02", rows=20, tests=[], metric="DatasetDriftMetric",
                     result={**drift, "number_of_drifted_columns": 4}),
            snapshot("stability", "2013-02-01", rows=10, tests=["SUCCESS", "ERROR", "FAIL", "WARNING"],
                     metric="none", result=None),
        ]
    )  # fmt: skip
    february, march = found
    assert (february.name, february.days, february.rows) == ("February", 2, 30)
    assert (february.drifted, february.columns) == ([2, 4], 8)
    assert (february.tests, february.failed) == (4, 2)
    assert (march.name, march.roc_auc, march.failed) == ("March", [0.5], 1)
    assert [column.footer for column in summary.table(found).columns] == [
        "Total", "2", "30", "3.0", "3 of 5", "0.500"
    ]  # fmt: skip


COMPLETE = Standing(
    accepted=10, evaluated=10, snapshots={"drift": 2, "stability": 2, "quality": 2}, labelled=9, delivered=6
)


def test_all_is_found_when_nothing_waits_and_every_report_of_every_day_is_delivered():
    assert COMPLETE.complete(days=2, rows=10, labels=9)


@pytest.mark.parametrize(
    "change",
    [
        {"waiting": 1},
        {"evaluated": 9},
        {"evaluated": 11},
        {"labelled": 8},
        {"delivered": 5},
        {"snapshots": {"drift": 2, "stability": 2, "quality": 1}},
    ],
)
def test_anything_that_is_missing_is_noticed(change):
    from dataclasses import replace

    assert not replace(COMPLETE, **change).complete(days=2, rows=10, labels=9)
