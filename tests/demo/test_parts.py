"""The demo without a service: its data, its model, its order of events, its configuration."""

import socket

import pandas as pd
import pytest

from collector.config import load
from collector.demo import configuration, flights, models, summary
from collector.demo.expected import Expected, Key, expected, key_of
from collector.demo.replay import BACK, LATE_WEEK, Answered, Landed, days
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
def trained(year):
    return models.train(year[year["month"] == 1])


@pytest.fixture(scope="module")
def served(year, trained) -> pd.DataFrame:
    """The end of February, and March with its late week."""
    return models.serve(trained, year[year["date"].between("2013-02-27", "2013-03-26")])


@pytest.fixture(scope="module")
def happened(served) -> list[tuple[str, Answered | Landed]]:
    return [(date, event) for date, each in days(served) for event in each]


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


def test_training_again_gives_the_same_predictions(year, trained):
    january, february = year[year["month"] == 1], year[year["month"] == 2]
    first, second = (models.serve(each, february) for each in (trained, models.train(january)))
    pd.testing.assert_frame_equal(first, second)
    assert first[models.PREDICTION].between(0, 1).all()


def test_both_models_are_worth_watching_and_differ(served):
    from sklearn.metrics import roc_auc_score

    landed = served[served[flights.TARGET].notna()]
    quality = {
        version: roc_auc_score(rows[flights.TARGET], rows[models.PREDICTION])
        for version, rows in landed.groupby(models.MODEL)
    }
    assert set(quality) == {models.CHAMPION, models.CHALLENGER}
    assert min(quality.values()) > 0.85
    assert quality[models.CHAMPION] != quality[models.CHALLENGER]


def test_half_of_the_flights_go_to_either_model_and_which_says_nothing_of_the_airport(year):
    from scipy.stats import chi2_contingency

    chosen = year[flights.ID].map(models.version_of)
    assert (chosen == models.CHALLENGER).mean() == pytest.approx(0.5, abs=0.01)
    by_day = pd.crosstab(year["date"], [year["origin"], chosen])
    surprising = [chi2_contingency(day.to_numpy().reshape(3, 2)).pvalue < 0.05 for _, day in by_day.iterrows()]
    assert sum(surprising) / len(surprising) < 0.1


def test_every_flight_is_logged_once_with_all_that_the_monitor_wants(served, happened):
    rows = [event for _, event in happened if isinstance(event, Answered)]
    assert sorted(row.id for row in rows) == sorted(served[flights.ID])
    assert set(rows[0].features) == {*flights.FEATURES, models.MODEL}


def test_what_happens_is_in_the_order_of_its_instants_but_for_the_late_week(served, happened):
    late = set(served.loc[served["date"].between(*LATE_WEEK), flights.ID])
    instants = [event.timestamp for _, event in happened if isinstance(event, Landed) or event.id not in late]
    assert instants == sorted(instants)


def test_a_landing_is_labelled_at_its_own_time_and_a_flight_that_never_landed_is_not(served, happened):
    labels = {event.id: event for _, event in happened if isinstance(event, Landed)}
    landed = served[served[flights.TARGET].notna()].set_index(flights.ID)
    assert sorted(labels) == sorted(landed.index)
    assert len(labels) < len(served), "no flight was cancelled"
    for name, row in landed.head(50).iterrows():
        assert labels[name] == Landed(name, int(row[flights.TARGET]), row[flights.LANDED])


def test_a_landing_after_midnight_comes_on_its_own_day(served, happened):
    departed = served.set_index(flights.ID)["date"]
    assert any(date > departed[event.id] for date, event in happened if isinstance(event, Landed))


def test_the_late_week_comes_from_each_model_when_it_is_back_and_after_its_labels(served, happened):
    late = served[served["date"].between(*LATE_WEEK)].set_index(flights.ID)
    logged = {event.id: date for date, event in happened if isinstance(event, Answered)}
    place = {(type(event), event.id): index for index, (_, event) in enumerate(happened)}
    for name, row in late.iterrows():
        assert logged[name] == BACK[row[models.MODEL]]
        if pd.notna(row[flights.TARGET]):
            assert place[Landed, name] < place[Answered, name]
    others = served[~served["date"].between(*LATE_WEEK)]
    assert all(logged[name] == date for name, date in zip(others[flights.ID], others["date"], strict=True))


def test_the_configuration_is_valid_and_its_metrics_are_known(tmp_path, year, trained):
    scored = models.score(trained[models.CHAMPION], year[year["month"] == 1])
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


def test_labels_are_kept_until_the_rows_of_the_late_week_come(tmp_path):
    (tmp_path / "collector.yaml").write_text(configuration.text())
    (monitor,) = load(tmp_path / "collector.yaml").monitors
    assert monitor.labels.keep > pd.Timestamp(max(BACK.values())) - pd.Timestamp(LATE_WEEK[0])


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


def snapshot(report, day, *, rows, tests=(), metric="none", result=None, segment=None, arm=None, revision=1):
    return {
        "report": report, "window": {"start": f"{day}T05:00:00Z", "end": None}, "rows": rows, "revision": revision,
        "segment": segment, "reference": {"version": 1, "rows": 9} | ({"arm": arm} if arm else {}),
        "tests": [{"status": status} for status in tests], "metrics": [{"metric": metric, "result": result}],
    }  # fmt: skip


def drift(drifted: int) -> dict[str, int]:
    return {"number_of_drifted_columns": drifted, "number_of_columns": 8}


def test_the_summary_adds_up_by_month_by_airport_and_by_model():
    champion, challenger = ({"model_version": name} for name in ("champion", "challenger"))
    found = summary.summary(
        [
            snapshot("quality", "2013-03-01", rows=5, tests=["FAIL"], metric="ClassificationQualityMetric",
                     result={"current": {"roc_auc": 0.5}}),
            snapshot("drift", "2013-02-01", rows=10, metric="DatasetDriftMetric", result=drift(2), revision=2),
            snapshot("drift", "2013-02-02", rows=20, metric="DatasetDriftMetric", result=drift(4)),
            snapshot("stability", "2013-02-01", rows=10, tests=["SUCCESS", "ERROR", "FAIL", "WARNING"], revision=2),
            snapshot("drift", "2013-02-01", rows=4, metric="DatasetDriftMetric", result=drift(1),
                     segment={"origin": "JFK"}),
            snapshot("drift", "2013-02-01", rows=6, metric="DatasetDriftMetric", result=drift(3), segment=challenger),
            snapshot("drift", "2013-02-01", rows=6, metric="DatasetDriftMetric", result=drift(0), segment=challenger,
                     arm=champion),
        ]
    )  # fmt: skip
    february, march = found.months
    assert (february.name, february.days, february.rows) == ("February", 2, 30)
    assert (february.drifted, february.columns) == ([2, 4], 8)
    assert (february.tests, february.failed) == (4, 2)
    assert (march.name, march.roc_auc, march.failed) == ("March", [0.5], 1)
    assert (found.total.days, found.total.rows, found.total.drifted, found.total.failed) == (2, 30, [2, 4], 3)
    assert [(line.name, line.rows, line.drifted) for line in found.airports] == [("JFK", 4, [1])]
    assert [(line.name, line.rows, line.drifted) for line in found.models] == [
        ("champion", 0, []), ("challenger", 6, [3]), ("challenger vs champion", 6, [0])
    ]  # fmt: skip
    assert found.recomputed == 1
    cells = [list(column.cells) for column in summary.table(found).columns]
    assert cells[0] == ["February", "March", "Total", "JFK", "champion", "challenger", "challenger vs champion"]
    assert cells[3][2] == "3.0 of 8"
    assert cells[4][2] == "3 of 5"


def test_a_key_says_whose_rows_and_what_they_are_compared_with():
    arms = {"segment": {"model_version": "challenger"}, "arm": {"model_version": "champion"}}
    assert key_of(snapshot("drift", "2013-02-01", rows=1)) == Key("drift", "2013-02-01T05:00:00Z", "all")
    assert key_of(snapshot("drift", "2013-02-01", rows=1, **arms)) == Key(
        "drift", "2013-02-01T05:00:00Z", "challenger", "champion"
    )


def test_a_snapshot_is_expected_for_every_airport_and_model_of_a_day_and_for_the_two_models(served):
    wanted = expected(served)
    dates = served["date"].nunique()
    assert (wanted.rows, wanted.labels) == (len(served), served[flights.TARGET].notna().sum())
    assert len(wanted.keys) == dates * 3 * (1 + 3 + 2 + 1)
    assert {key.rows_of for key in wanted.keys} == {"all", "EWR", "JFK", "LGA", "champion", "challenger"}
    assert Key("quality", "2013-03-10T05:00:00Z", "challenger", "champion") in wanted.keys


def test_a_model_that_served_nothing_is_compared_with_nothing(served):
    alone = served[served[models.MODEL] == models.CHALLENGER]
    assert {key.baseline for key in expected(alone).keys} == {None}


KEYS = frozenset(Key(report, "2013-02-01T05:00:00Z", "all") for report in configuration.REPORTS)
WANTED = Expected(rows=10, labels=9, keys=KEYS)
COMPLETE = Standing(
    accepted=10, evaluated=10, snapshots=KEYS, rows=dict.fromkeys(configuration.REPORTS, 10), labelled=9, delivered=3
)


def test_all_is_found_when_nothing_waits_and_every_snapshot_is_delivered_as_the_service_has_it():
    assert COMPLETE.complete(WANTED)


@pytest.mark.parametrize(
    "change",
    [
        {"waiting": 1},
        {"evaluated": 9},
        {"evaluated": 11},
        {"labelled": 8},
        {"delivered": 2},
        {"outdated": 1},
        {"snapshots": frozenset(list(KEYS)[:2])},
        {"snapshots": KEYS | {Key("drift", "2013-02-02T05:00:00Z", "all")}},
        {"rows": {"drift": 10, "stability": 10, "quality": 9}},
    ],
)
def test_anything_that_is_missing_is_noticed(change):
    from dataclasses import replace

    assert not replace(COMPLETE, **change).complete(WANTED)
