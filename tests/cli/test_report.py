"""`collector report`: the exit code is the verdict, the same job again replaces its snapshots."""

import json
import random
from datetime import datetime

import pandas as pd
import pytest
from click.testing import CliRunner

from collector.cli import main
from collector.commands.files import read_rows
from collector.monitor import Columns, Monitor
from collector.snapshot import Snapshot

CONFIG = """
destinations: {local: {type: local, path: workspace}, other: {type: local, path: other}}
monitors:
  - id: flights
    columns: {timestamp: t, target: y, numerical_features: [distance], categorical_features: [carrier]}
    reports:
      - name: drift
        metrics: [ColumnDriftMetric: {column_name: distance}]
        tests: [TestColumnDrift: {column_name: distance}]
      - name: rows
        tests: [TestNumberOfRows: {gte: 100}]
      - name: quality
        needs_target: true
        tests: [TestShareOfMissingValues: {lte: 0.5}]
    forward: [local, other]
  - {id: silent, reports: [{name: rows, tests: [TestNumberOfRows: {gte: 100}]}]}
  - {id: empty}
  - id: days
    columns: {timestamp: t, target: y, numerical_features: [distance], categorical_features: [carrier, origin]}
    window: {every: 1d, timezone: America/New_York}
    segments: [origin]
    compare: {column: version, baseline: "1"}
    reports:
      - {name: stability, tests: [TestShareOfMissingValues: {lte: 0.1}, TestNumberOfRows: {gte: 30}]}
      - {name: drift, metrics: [DatasetDriftMetric]}
    forward: [local]
  - id: labelled
    columns: {id: i, target: y}
    reports: [{name: quality, needs_target: true, metrics: [DatasetSummaryMetric]}]
  - {id: uploaded, reference: {upload: true}, reports: [{name: summary, metrics: [DatasetSummaryMetric]}]}
"""


def rows(count, shift, *, target=False):
    draw = random.Random(shift)
    return [
        {"t": f"2013-01-{1 + index % 28:02}T00:00:00Z", "distance": 500 + shift + draw.gauss(0, 50), "carrier": "NA"}
        | ({"y": index % 2} if target else {})
        for index in range(count)
    ]


@pytest.fixture
def folder(tmp_path):
    text = CONFIG.replace("columns: {timestamp: t, target: y,", "columns: {id: i, timestamp: t, target: y,")
    (tmp_path / "collector.yaml").write_text(text)
    (tmp_path / "reference.json").write_text(json.dumps(rows(500, 0)))
    (tmp_path / "same.json").write_text(json.dumps(rows(500, 1)))
    (tmp_path / "shifted.ndjson").write_text("\n".join(json.dumps(row) for row in rows(500, 200)))
    return tmp_path


def report(folder, current, *options, monitor="flights", reference="reference.json"):
    arguments = ["--config", folder / "collector.yaml", "--monitor", monitor, "--current", folder / current]
    arguments += ["--reference", folder / reference] if reference else []
    return CliRunner().invoke(main, ["report", *map(str, arguments), *map(str, options)])


def test_all_tests_passed_is_exit_code_0(folder):
    answer = report(folder, "same.json")

    assert answer.exit_code == 0, answer.output
    assert "SUCCESS=1" in answer.stdout


def test_a_failed_test_is_exit_code_1_and_is_named(folder):
    answer = report(folder, "shifted.ndjson")

    assert answer.exit_code == 1
    assert "drift: FAIL Drift per Column: " in answer.stdout


def test_a_test_without_a_verdict_is_no_pass(folder):
    answer = report(folder, "same.json", reference=None)

    assert answer.exit_code == 1
    assert "drift: ERROR " in answer.stdout


def test_reports_that_need_targets_are_left_out_without_them_and_said_so(folder):
    (folder / "labelled.json").write_text(json.dumps(rows(500, 1, target=True)))

    without, with_targets = report(folder, "same.json"), report(folder, "labelled.json")
    assert f"report quality is left out: {folder}/same.json has no targets (y)" in without.stderr
    assert "quality" not in without.stdout
    assert "quality" in with_targets.stdout


@pytest.mark.parametrize("name", ["same.csv", "same.parquet", "same.ndjson", "columns.json", "request.json"])
def test_every_kind_of_file_gives_the_same_results(folder, name):
    import pandas as pd

    frame = pd.DataFrame(rows(500, 1))
    if name.endswith(".csv"):
        frame.to_csv(folder / name, index=False)
    elif name.endswith(".parquet"):
        frame.assign(t=pd.to_datetime(frame["t"])).to_parquet(folder / name)
    elif name.endswith(".ndjson"):
        frame.to_json(folder / name, orient="records", lines=True)
    else:
        columns = {column: frame[column].tolist() for column in frame}
        (folder / name).write_text(json.dumps(columns if name == "columns.json" else {"columns": columns}))

    def score(current):
        assert report(folder, current, "--out", folder / "out.json").exit_code == 0
        (metric,) = Snapshot.load(folder / "out-drift.json").metrics
        return metric["result"]["drift_score"]

    assert score(name) == pytest.approx(score("same.json"), rel=1e-9)


def test_a_cell_of_csv_means_in_a_report_what_it_means_in_a_request(tmp_path):
    monitor = Monitor(id="m", columns=Columns(id="i", timestamp="t"))
    body = b"i,t,number,code,answer\n007,1359695700,1.5,007,true\n008,1359695760000,NaN,12,\n"
    frame = read_rows(tmp_path / "r.csv", body, monitor)

    assert frame["i"].tolist() == ["007", "008"]
    assert frame["t"].tolist() == [pd.Timestamp("2013-02-01 05:15"), pd.Timestamp("2013-02-01 05:16")]
    assert frame["number"].dtype == float
    assert frame["number"].isna().tolist() == [False, True]
    assert frame["code"].tolist() == ["007", 12]
    assert frame["answer"].tolist() == [True, None]


def test_a_file_of_narrow_nullable_and_categorical_types_has_the_types_of_rows(tmp_path):
    plain = pd.DataFrame({"number": [1.5, 2.5], "whole": [1, 2], "text": ["a", "b"]})
    odd = plain.astype({"number": "float32", "whole": "Int32", "text": "category"})
    monitor = Monitor(id="m")
    odd.set_index(pd.Index([7, 8], name="index")).to_parquet(tmp_path / "odd.parquet")
    found = read_rows(tmp_path / "odd.parquet", (tmp_path / "odd.parquet").read_bytes(), monitor)
    expected = read_rows(tmp_path / "r.json", plain.to_json(orient="records").encode(), monitor)

    pd.testing.assert_frame_equal(found, expected)


def test_rows_say_in_epoch_numbers_which_window_they_are_of(folder):
    found = [row | {"t": int(datetime.fromisoformat(row["t"]).timestamp() * 1000)} for row in rows(500, 1)]
    (folder / "epoch.json").write_text(json.dumps(found))
    report(folder, "epoch.json", "--out", folder / "out.json")

    assert Snapshot.load(folder / "out-drift.json").window == {
        "start": "2013-01-01T00:00:00Z",
        "end": "2013-01-28T01:00:00Z",
    }


def test_the_snapshots_say_where_they_come_from(folder):
    report(folder, "same.json", "--out", folder / "out.json")
    snapshot = Snapshot.load(folder / "out-drift.json")

    assert (snapshot.monitor, snapshot.project, snapshot.report, snapshot.rows) == ("flights", "flights", "drift", 500)
    assert snapshot.window == {"start": "2013-01-01T00:00:00Z", "end": "2013-01-28T01:00:00Z"}, "hourly windows"


def test_one_report_is_written_to_the_file_as_named(folder):
    answer = report(folder, "same.json", "--out", folder / "out.html", monitor="silent")

    assert f"wrote {folder}/out.html" in answer.stdout
    assert (folder / "out.html").read_text().lstrip().lower().startswith("<!doctype html>")


def test_the_rows_are_sent_where_the_monitor_includes_them_and_nowhere_else(folder):
    report(folder, "same.json", "--send")
    assert not list((folder / "workspace").rglob("*.parquet"))
    config = folder / "collector.yaml"
    config.write_text(
        config.read_text().replace("    forward: [local, other]", "    include_data: true\n    forward: [local]")
    )
    report(folder, "same.json", "--send")
    kept = list((folder / "workspace").rglob("*.current.parquet"))
    assert {path.name.split(".")[0] for path in kept} == {
        path.stem for path in (folder / "workspace").rglob("snapshots/*.json")
    }
    for path in kept:
        assert pd.read_parquet(path)["distance"].tolist() == [row["distance"] for row in rows(500, 1)]
    assert not list((folder / "other").rglob("*.parquet"))


# ---------------------------------------------------------------- a day again


def day(folder, name, count=60, distance=500, hours=range(5, 24)):
    """Rows of the first of February in New York, which lies five hours behind."""
    found = [
        {
            "t": f"2013-02-01T{hours[index % len(hours)]:02}:00:00Z", "distance": distance + index, "carrier": "NA",
            "origin": "JFK" if index % 3 else "a/b", "version": index % 2 + 1,
        }
        for index in range(count)
    ]  # fmt: skip
    (folder / name).write_text(json.dumps(found))
    return name


def stored(folder):
    loaded = map(Snapshot.load, (folder / "workspace").glob("*/snapshots/*.json"))
    return {(each.report, str(each.segment), str(each.baseline)): each for each in loaded}


def test_a_day_that_is_evaluated_again_is_replaced_also_when_its_rows_have_changed(folder):
    assert report(folder, day(folder, "a.json"), "--send", monitor="days").exit_code == 1
    before = stored(folder)
    changed = day(folder, "b.json", count=90, distance=9000, hours=range(8, 20))
    report(folder, changed, "--send", monitor="days", reference="same.json")
    after = stored(folder)

    assert {key: each.id for key, each in before.items()} == {key: each.id for key, each in after.items()}
    assert (before["drift", "None", "None"].rows, after["drift", "None", "None"].rows) == (60, 90)
    assert after["drift", "None", "None"].window == {"start": "2013-02-01T05:00:00Z", "end": "2013-02-02T05:00:00Z"}
    assert len(list((folder / "workspace").glob("*/snapshots/*.json"))) == len(before)


def test_another_day_has_snapshots_of_its_own(folder):
    report(folder, day(folder, "a.json"), "--send", monitor="days")
    before = len(stored(folder))
    text = (folder / "a.json").read_text().replace("2013-02-01", "2013-02-02")
    (folder / "b.json").write_text(text)
    report(folder, "b.json", "--send", monitor="days")

    assert len(list((folder / "workspace").glob("*/snapshots/*.json"))) == 2 * before


def test_the_rows_are_compared_by_segment_and_arm_as_a_window_is(folder):
    answer = report(folder, day(folder, "a.json"), "--out", folder / "out.json", monitor="days")

    assert answer.exit_code == 1
    assert "stability: FAIL" not in answer.stdout
    assert "stability origin=a/b: FAIL Number of Rows: Number of Rows is 20; expected gte=30." in answer.stdout
    names = {path.stem for path in folder.glob("out-*.json")}
    of = ("", "-origin=JFK", "-origin=a-b", "-version=1", "-version=2", "-version=2-vs-1")
    assert names == {f"out-{report}{each}" for report in ("stability", "drift") for each in of}
    against = Snapshot.load(folder / "out-drift-version=2-vs-1.json")
    assert against.reference == {"version": None, "rows": 30, "arm": {"version": 1}}
    assert list(against.tags) == ["2", "vs 1"]


def test_a_listed_column_that_the_file_lacks_is_missing_in_the_results(folder):
    found = [{key: value for key, value in row.items() if key != "carrier"} for row in json.loads(
        (folder / day(folder, "a.json")).read_text())]  # fmt: skip
    (folder / "short.json").write_text(json.dumps(found))
    answer = report(folder, "short.json", monitor="days")

    assert answer.exit_code == 1
    assert (
        "stability: FAIL Share of Missing Values: Share of Missing Values is 0.25; expected lte=0.1." in answer.stdout
    )


def test_a_time_that_is_given_stands_for_rows_that_have_none(folder):
    found = [{key: value for key, value in row.items() if key != "t"} for row in json.loads(
        (folder / day(folder, "a.json")).read_text())]  # fmt: skip
    (folder / "timeless.json").write_text(json.dumps(found))
    report(folder, "a.json", "--send", monitor="days")
    known = {each.id for each in stored(folder).values()}
    report(folder, "timeless.json", "--send", "--timestamp", "2013-02-01", monitor="days")

    assert {each.id for each in stored(folder).values()} == known
    assert {each.rows for key, each in stored(folder).items() if key[1] == "None"} == {60}
    report(folder, "timeless.json", "--send", "--timestamp", "2013-02-01T04:59:59+0000", monitor="days")
    starts = {each.window["start"] for each in stored_all(folder)}
    assert starts == {"2013-02-01T05:00:00Z", "2013-01-31T05:00:00Z"}


def stored_all(folder):
    return [Snapshot.load(path) for path in (folder / "workspace").glob("*/snapshots/*.json")]


def test_rows_without_any_time_are_known_by_their_content(folder):
    report(folder, "same.json", "--out", folder / "a.json", monitor="silent")
    report(folder, "same.json", "--out", folder / "b.json", monitor="silent")
    report(folder, "shifted.ndjson", "--out", folder / "c.json", monitor="silent")
    first, second, other = (Snapshot.load(folder / f"{name}.json") for name in "abc")

    assert first.id == second.id != other.id
    assert first.window is None


# ---------------------------------------------------------------- what the exit code says


def test_without_a_test_nothing_is_judged_and_that_is_said(folder):
    answer = report(folder, "same.json", monitor="uploaded")

    assert answer.exit_code == 0
    assert "monitor 'uploaded' has no tests for these rows: nothing was judged" in answer.stderr


def test_a_reference_that_only_the_service_has_is_asked_for(folder):
    answer = report(folder, "same.json", monitor="uploaded", reference=None)

    assert "the service keeps the reference of monitor 'uploaded': give it with --reference" in answer.stderr


def test_no_report_that_can_do_without_targets_is_no_pass(folder):
    answer = report(folder, "same.json", monitor="labelled")

    assert answer.exit_code == 2
    assert "same.json: no report of monitor 'labelled' can do without targets (y)" in answer.stderr


def test_an_interrupted_job_has_found_nothing(folder, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("collector.commands.report.Rows.read", interrupted)
    answer = report(folder, "same.json")
    assert answer.exit_code == 130
    assert answer.stderr == "stopped\n"


def test_sending_the_same_job_twice_leaves_each_snapshot_once_everywhere(folder):
    for _ in range(2):
        answer = report(folder, "same.json", "--send")
        assert "sent 2 to local" in answer.stdout
        assert "sent 2 to other" in answer.stdout

    for workspace in ("workspace", "other"):
        stored = list((folder / workspace).glob("*/snapshots/*.json"))
        assert sorted(Snapshot.load(path).report for path in stored) == ["drift", "rows"]


def test_one_destination_that_fails_does_not_keep_the_other_from_its_snapshots(folder, monkeypatch):
    monkeypatch.setattr("collector.commands.report._DELIVERY_ATTEMPTS", 1)
    (folder / "workspace").write_text("a file where a folder should be")
    answer = report(folder, "same.json", "--send")

    assert answer.exit_code == 2
    assert "not sent to local: " in answer.stderr
    assert len(list((folder / "other").glob("*/snapshots/*.json"))) == 2


@pytest.mark.parametrize(
    ("current", "options", "sentence"),
    [
        ("none.csv", [], "none.csv: cannot be read: No such file or directory"),
        ("collector.yaml", [], "collector.yaml: expected a file that ends in .parquet, .csv, .ndjson, .jsonl, .json"),
        ("same.json", ["--out", "x.pdf"], "--out x.pdf: expected a file that ends in .json or .html"),
        ("same.json", ["--out", "/nowhere/x.json"], "--out /nowhere/x-drift.json: cannot be written: No such file"),
        (
            "same.json",
            ["--monitor", "flight"],
            "there is no monitor 'flight' (did you mean 'flights'?); known: flights, ",
        ),
        ("same.json", ["--monitor", "empty"], "monitor 'empty' has no reports"),
        ("same.json", ["--monitor", "silent", "--send"], "--send: monitor 'silent' forwards to nothing"),
    ],
)
def test_what_cannot_run_is_exit_code_2_with_the_reason(folder, current, options, sentence):
    answer = report(folder, current, *options)

    assert answer.exit_code == 2
    assert sentence in answer.stderr


@pytest.mark.parametrize(
    ("name", "body", "sentence"),
    [
        ("broken.json", b'[{"a":', "cannot be read as json: "),
        ("broken.parquet", b"PAR1", "cannot be read as parquet: "),
        ("broken.csv", b"", "no header: the first line names the columns"),
        ("head.csv", b"a,b\n", "no rows"),
        ("long.csv", b"a,b\n1,2,3\n4,5,6\n", "cannot be read as csv: line 2 has 3 cells: expected 2, as in the header"),
        ("short.csv", b"a,b\n1,2\n3\n", "cannot be read as csv: line 3 has 1 cells: expected 2, as in the header"),
        ("twice.csv", b"a,b,a\n1,2,3\n", "column 'a' is given twice in the header"),
        ("latin.csv", "a\n\u00e9\n".encode("latin-1"), "cannot be read as csv: the body is not UTF-8: byte 2"),
        ("number.json", b"3", "cannot be read as json: expected a list of objects, or an object of columns"),
        ("one.json", b'{"distance": 3}', "cannot be read as json: expected a list of objects, or an object of columns"),
        ("lists.json", b"[[1, 2]]", "cannot be read as json: row 0 is no object"),
        ("lines.ndjson", b'{"a": 1}\n2\n', "cannot be read as ndjson: row 1 is no object"),
        ("empty.json", b"[]", "no rows"),
    ],
)
def test_a_broken_file_is_named(folder, name, body, sentence):
    (folder / name).write_bytes(body)
    answer = report(folder, name)

    assert answer.exit_code == 2
    assert f"{folder}/{name}: {sentence}" in answer.stderr
