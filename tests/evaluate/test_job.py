"""One window in, one snapshot per report out."""

import io

import orjson
import pandas as pd
import pytest

from collector.chunks import encode
from collector.evaluate.references.loaded import References
from collector.evaluate.windows.job import run
from collector.model import Pane, Phase, StoredChunk, Window, WindowRows, digest
from collector.monitor import Columns, Monitor
from collector.ports import Job, ReferenceFile
from collector.snapshot import Snapshot, snapshot_id

DAY_US = 86_400_000_000
FEBRUARY_US = 1_359_676_800_000_000


def monitor(*reports, **more):
    columns = {"id": "id", "timestamp": "at", "target": "late", "prediction": "p", "task": "classification"}
    return Monitor.model_validate({"id": "flights", "columns": columns, "reports": list(reports)} | more)


def rows(count=40, *, missing=()):
    ids = [f"f{index}" for index in range(count)]
    columns: dict[str, list[object]] = {
        "id": list(ids),
        "at": [FEBRUARY_US + index * 1_000_000 for index in range(count)],
        "distance": [100.0 + 7 * index for index in range(count)],
        "carrier": ["AA" if index % 3 else "UA" for index in range(count)],
        "p": [(index % 10) / 10 for index in range(count)],
    }
    chunk = encode({name: values for name, values in columns.items() if name not in missing}, count, times={"at"})
    return StoredChunk(chunk, b"".join(digest(each) for each in ids))


def evaluate(wish, *, phase=Phase.ROWS, labels=(), reference=None, pane=None, chunks=None, revision=1):
    stored = chunks or [rows()]
    encoded = {digest(name): orjson.dumps(value) for name, value in dict(labels).items()}
    window = Window(Pane(FEBRUARY_US, FEBRUARY_US + DAY_US) if pane is None else pane)
    job = Job(wish, phase, window, WindowRows(stored, 40, encoded), revision, reference, 1_700_000_000_000_000)
    return run(job, References())


def snapshot(record):
    return Snapshot.from_json(record.body)


@pytest.fixture
def reference(tmp_path):
    path = tmp_path / "reference.parquet"
    count = 60
    pd.DataFrame(
        {
            "id": [f"r{index}" for index in range(count)],
            "at": pd.date_range("2013-01-01", periods=count, tz="UTC"),
            "distance": [100.0 + 5 * index for index in range(count)],
            "carrier": ["AA" if index % 3 else "UA" for index in range(count)],
            "p": [(index % 10) / 10 for index in range(count)],
            "late": [index % 2 for index in range(count)],
        }
    ).to_parquet(path)
    return ReferenceFile(3, str(path))


def test_a_snapshot_says_what_it_is_of(reference):
    wish = monitor(
        {"name": "drift", "metrics": ["DataDriftPreset"]},
        {"name": "late", "metrics": ["ClassificationPreset"], "needs_target": True},
        project="Flights", tags=["prod"], metadata={"model_version": "3"},
    )  # fmt: skip
    (record,) = evaluate(wish, reference=reference, revision=4)
    made = snapshot(record)
    assert made.id == record.id == snapshot_id("flights", "drift", f"{FEBRUARY_US}-{FEBRUARY_US + DAY_US}#0", None)
    assert (made.project, made.monitor, made.report, made.revision, made.rows) == ("Flights", "flights", "drift", 4, 40)
    assert made.window == {"start": "2013-02-01T00:00:00Z", "end": "2013-02-02T00:00:00Z"}
    assert made.timestamp.isoformat() == "2013-02-01T00:00:00+00:00"
    assert record.timestamp_us == FEBRUARY_US
    assert made.reference == {"version": 3, "rows": 60}
    assert (list(made.tags), dict(made.metadata)) == (["prod"], {"model_version": "3"})
    assert made.label_coverage is None
    assert record.segment == "null"
    assert list(made.columns) == ["at", "distance", "carrier", "p"]


def test_the_target_of_the_reference_does_not_spoil_rows_without_labels(reference):
    made = snapshot(evaluate(monitor({"name": "drift", "metrics": ["DataDriftPreset"]}), reference=reference)[0])
    drift = next(each for each in made.metrics if each["metric"] == "DataDriftTable")["result"]
    assert set(drift["drift_by_columns"]) == {"distance", "carrier", "p"}


def test_labels_are_used_in_their_own_phase_and_coverage_is_said(reference):
    wish = monitor({"name": "quality", "metrics": ["ClassificationPreset"], "needs_target": True})
    labels = {f"f{index}": int(index % 10 > 4) for index in range(30)}
    (record,) = evaluate(wish, phase=Phase.LABELS, labels=labels, reference=reference)
    made = snapshot(record)
    quality = next(each for each in made.metrics if each["metric"] == "ClassificationQualityMetric")["result"]
    assert quality["current"]["accuracy"] == 1.0
    assert made.label_coverage == 0.75
    assert made.rows == 40
    matrix = next(each for each in made.metrics if each["metric"] == "ClassificationConfusionMatrix")["result"]
    assert sum(map(sum, matrix["current_matrix"]["values"])) == 30


def test_a_report_that_cannot_be_computed_says_why_and_the_next_one_is_computed(reference):
    wish = monitor(
        {"name": "odd", "metrics": ["NoSuchMetric"], "tests": ["TestNumberOfRows"]},
        {"name": "fine", "metrics": ["DatasetSummaryMetric"]},
    )
    odd, fine = (snapshot(record) for record in evaluate(wish, reference=reference))
    assert "NoSuchMetric" in odd.metrics[0]["error"]["message"]
    assert odd.tests[0]["status"] == "ERROR"
    assert fine.metrics[0]["result"]["current"]["number_of_rows"] == 40


def test_a_metric_that_fails_leaves_the_others_alone(reference):
    wish = monitor(
        {"name": "r", "metrics": [{"ColumnDriftMetric": {"column_name": "nowhere"}}, "DatasetSummaryMetric"]}
    )
    made = snapshot(evaluate(wish, reference=reference)[0])
    assert "nowhere" in made.metrics[0]["error"]["message"]
    assert "result" in made.metrics[1]


def test_a_listed_column_that_nobody_sent_is_seen_as_missing(reference):
    wish = monitor({"name": "r", "tests": [{"TestColumnShareOfMissingValues": {"column_name": "distance"}}]})
    wish = wish.model_copy(update={"columns": wish.columns.model_copy(update={"numerical_features": ("distance",)})})
    made = snapshot(evaluate(wish, reference=reference, chunks=[rows(missing=["distance"])])[0])
    assert made.tests[0]["status"] == "FAIL"
    assert made.tests[0]["parameters"]["value"] == 1.0


def test_an_endless_pane_spans_its_event_times():
    wish = monitor({"name": "r", "metrics": ["DatasetSummaryMetric"]})
    made = snapshot(evaluate(wish, pane=Pane(None, None))[0])
    assert made.window == {"start": "2013-02-01T00:00:00Z", "end": "2013-02-01T00:00:39Z"}


def test_without_any_time_the_snapshot_has_that_of_the_evaluation():
    wish = Monitor.model_validate({"id": "m", "reports": [{"name": "r", "metrics": ["DatasetSummaryMetric"]}]})
    made = snapshot(evaluate(wish, pane=Pane(None, None), chunks=[StoredChunk(encode({"x": [1, 2]}, 2))])[0])
    assert made.window is None
    assert made.timestamp.timestamp() == 1_700_000_000


def test_the_summary_lists_counts_of_tests_and_numbers_to_plot(reference):
    wish = monitor(
        {
            "name": "r",
            "metrics": ["DataDriftPreset"],
            "tests": ["TestNumberOfColumns", {"TestNumberOfRows": {"gt": 1000}}],
        }
    )
    (record,) = evaluate(wish, reference=reference)
    summary = orjson.loads(record.summary)
    assert summary["tests"]["FAIL"] == 1
    assert "metrics" not in summary
    assert {"metric": "ValueDrift", "labels": {"column": "distance"}} in [
        {"metric": each["metric"], "labels": each["labels"]} for each in summary["values"]
    ]


def test_a_reference_is_read_once_per_version(reference, tmp_path):
    references, columns = References(size=1), Columns(timestamp="at")
    first = references.get(reference, columns)
    assert references.get(reference, columns) is first
    assert first["at"].kind == "datetime"
    assert references.get(ReferenceFile(4, reference.path), columns) is not first


def test_ids_times_and_targets_that_one_side_lacks_are_no_difference(tmp_path):
    reference = pd.DataFrame({"distance": [100.0 + i for i in range(40)], "carrier": ["AA", "UA"] * 20,
                              "p": [0.5] * 40, "late": [0, 1] * 20})  # fmt: skip
    reference.to_parquet(tmp_path / "r.parquet")
    suite = {"name": "stability", "tests": ["TestNumberOfColumns", "TestColumnsType"]}
    (record,) = evaluate(monitor(suite), reference=ReferenceFile(1, str(tmp_path / "r.parquet")))
    statuses = {test["name"]: test["status"] for test in Snapshot.from_json(record.body).tests}
    assert set(statuses.values()) == {"SUCCESS"}, Snapshot.from_json(record.body).tests


def test_a_report_on_the_model_shows_target_and_prediction_only(reference):
    wish = monitor({"name": "quality", "metrics": ["ClassificationPreset"], "needs_target": True})
    labels = {f"f{index}": index % 2 for index in range(40)}
    (record,) = evaluate(wish, phase=Phase.LABELS, labels=labels, reference=reference)
    assert set(snapshot(record).columns) == {"p", "late"}


def test_without_a_single_target_the_second_phase_makes_no_snapshot():
    quality = {"name": "quality", "metrics": ["ClassificationQualityMetric"], "needs_target": True}
    drift = {"name": "drift", "metrics": ["DatasetSummaryMetric"]}
    assert evaluate(monitor(drift, quality), phase=Phase.LABELS) == []
    (record,) = evaluate(monitor(quality), phase=Phase.LABELS)
    assert Snapshot.from_json(record.body).label_coverage == 0.0


def test_rows_stay_behind_unless_the_monitor_includes_them(reference):
    reports = ({"name": "drift", "metrics": ["DataDriftPreset"]}, {"name": "rows", "tests": ["TestNumberOfRows"]})
    assert [record.data for record in evaluate(monitor(*reports), reference=reference)] == [b"", b""]
    for record in evaluate(monitor(*reports, include_data=True), reference=reference):
        rows = pd.read_parquet(io.BytesIO(record.data))
        assert rows["id"].tolist() == [f"f{index}" for index in range(40)]
        assert rows["distance"].tolist() == [100.0 + 7 * index for index in range(40)]
        assert b"f39" not in record.body


def test_the_rows_of_the_second_phase_have_their_targets():
    quality = {"name": "quality", "metrics": ["ClassificationQualityMetric"], "needs_target": True}
    (record,) = evaluate(monitor(quality, include_data=True), phase=Phase.LABELS, labels={"f3": 1, "f7": 0})
    rows = pd.read_parquet(io.BytesIO(record.data)).set_index("id")
    assert rows["late"].dropna().to_dict() == {"f3": 1, "f7": 0}
    assert len(rows) == 40


def test_the_rows_of_a_segment_are_its_own():
    wish = monitor({"name": "r", "metrics": ["DatasetSummaryMetric"]}, segments=["carrier"], include_data=True)
    found = {record.segment: pd.read_parquet(io.BytesIO(record.data)) for record in evaluate(wish)}
    assert {segment: len(rows) for segment, rows in found.items()} == {
        "null": 40, '{"carrier":"AA"}': 26, '{"carrier":"UA"}': 14,
    }  # fmt: skip
    assert set(found['{"carrier":"UA"}']["carrier"]) == {"UA"}


def test_targets_that_came_with_the_rows_are_as_good_as_labels():
    quality = {"name": "quality", "metrics": ["ClassificationQualityMetric"], "needs_target": True}
    columns: dict[str, list[object]] = {"id": ["a", "b"], "at": [FEBRUARY_US] * 2, "late": [0, 1], "p": [0.2, 0.9]}
    chunk = StoredChunk(encode(columns, 2, times={"at"}), digest("a") + digest("b"))
    (record,) = evaluate(
        monitor({"name": "d", "metrics": ["DatasetSummaryMetric"]}, quality), phase=Phase.LABELS, chunks=[chunk]
    )
    made = Snapshot.from_json(record.body)
    assert made.label_coverage == 1.0
    assert made.metrics[0]["result"]["current"]["accuracy"] == 1.0


@pytest.mark.parametrize(
    ("texts", "kind"),
    [(["2013-02-01T10:00:00Z", "2013-02-02", None], "datetime"), (["2013-02-01", "soon", None], "cat")],
)
def test_texts_are_instants_where_the_reference_has_instants_and_each_of_them_is_one(tmp_path, texts, kind):
    reference = pd.DataFrame({"booked": pd.date_range("2013-01-01", periods=40, tz="Asia/Kolkata")})
    reference.to_parquet(tmp_path / "r.parquet")
    suite = {
        "name": "types",
        "metrics": [{"ColumnSummaryMetric": {"column_name": "booked"}}],
        "tests": ["TestColumnsType"],
    }
    chunk = StoredChunk(encode({"booked": texts * 10}, 30), b"")
    (record,) = evaluate(monitor(suite), reference=ReferenceFile(1, str(tmp_path / "r.parquet")), chunks=[chunk])
    found = snapshot(record)
    assert found.tests[0]["status"] == ("SUCCESS" if kind == "datetime" else "FAIL")
    characteristics = found.metrics[0]["result"]["current_characteristics"]
    assert (characteristics["last"] == "2013-02-02 00:00:00") == (kind == "datetime")
    assert characteristics["missing"] == 10
