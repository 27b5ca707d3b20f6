"""Each arm is compared with the reference that all have in common, and each but the baseline with the baseline's rows."""

import io

import numpy as np
import orjson
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from collector.chunks import encode
from collector.evaluate import Report
from collector.evaluate.windows.job import run
from collector.evaluate.windows.snapshots import mapping_of
from collector.metric_preset import DataDriftPreset
from collector.model import Pane, Phase, StoredChunk, Window, WindowRows, digest
from collector.monitor import OTHER, Monitor
from collector.ports import Job, ReferenceFile
from collector.snapshot import Snapshot

DRIFT = {"name": "drift", "metrics": ["DataDriftPreset", {"ColumnSummaryMetric": {"column_name": "x"}}]}
QUALITY = {"name": "quality", "metrics": ["ClassificationQualityMetric"], "needs_target": True}
HOUR = Pane(0, 3_600_000_000)
ARMS = ["champion", "champion", "challenger", "canary"]


def monitor(*reports, baseline="champion", **more):
    columns = {"id": "id", "target": "late", "prediction": "p", "task": "classification"}
    compare = {"column": "model_version", "baseline": baseline}
    return Monitor.model_validate({"id": "m", "columns": columns, "compare": compare, "reports": reports} | more)


def rows(count=400, *, arms=ARMS, shift=1.5, seed=1):
    """Rows of a window: the challenger's x lie higher than the champion's."""
    random = np.random.default_rng(seed)
    arm = [arms[index % len(arms)] for index in range(count)]
    x = random.normal(size=count) + [shift * (name == "challenger") for name in arm]
    return pd.DataFrame({
        "id": [f"i{index}" for index in range(count)], "model_version": arm, "x": x, "y": random.normal(size=count),
        "p": random.uniform(size=count),
    })  # fmt: skip


def evaluate(wish, frame, *, phase=Phase.ROWS, reference=None, labels=None, revision=1):
    columns = {name: frame[name].tolist() for name in frame}
    ids = [digest(each) for each in frame["id"]]
    found = {digest(name): orjson.dumps(value) for name, value in (labels or {}).items()}
    window = WindowRows([StoredChunk(encode(columns, len(frame)), b"".join(ids))], len(frame), found)
    records = run(Job(wish, phase, Window(HOUR), window, revision, reference, 0))
    assert len({record.id for record in records}) == len(records)
    return [Snapshot.from_json(record.body) for record in records]


def one(snapshots, arm, baseline=None):
    wanted = None if baseline is None else {"model_version": baseline}
    (found,) = [each for each in snapshots if each.segment == {"model_version": arm} and each.baseline == wanted]
    return found


def results(snapshot):
    return {entry["metric"]: entry["result"] for entry in snapshot.metrics}


def scores(snapshot):
    return {name: each["drift_score"] for name, each in results(snapshot)["DataDriftTable"]["drift_by_columns"].items()}


@pytest.fixture
def reference(tmp_path):
    rows(600, arms=["champion"], seed=7).to_parquet(tmp_path / "r.parquet")
    return ReferenceFile(3, str(tmp_path / "r.parquet"))


def test_an_arm_and_the_reference_are_compared_number_by_number(reference):
    current, common = rows(), rows(600, arms=["champion"], seed=7)
    made = evaluate(monitor(DRIFT), current, reference=reference)
    for arm in sorted(set(ARMS)):
        own = current[current["model_version"] == arm]
        expected = {name: ks_2samp(common[name], own[name]).pvalue for name in ("x", "y", "p")}
        assert scores(one(made, arm)) == pytest.approx(expected, abs=1e-12)
        assert results(one(made, arm))["ColumnSummaryMetric"]["current_characteristics"]["mean"] == pytest.approx(
            own["x"].mean()
        )
        assert one(made, arm).rows == len(own)
        assert one(made, arm).reference == {"version": 3, "rows": 600}


def test_an_arm_and_the_baseline_are_compared_number_by_number(reference):
    current = rows()
    made = evaluate(monitor(DRIFT), current, reference=reference)
    champion = current[current["model_version"] == "champion"]
    for arm in ("challenger", "canary"):
        own = current[current["model_version"] == arm]
        expected = {name: ks_2samp(champion[name], own[name]).pvalue for name in ("x", "y", "p")}
        assert scores(one(made, arm, "champion")) == pytest.approx(expected, abs=1e-12)
        summary = results(one(made, arm, "champion"))["ColumnSummaryMetric"]
        assert summary["reference_characteristics"]["mean"] == pytest.approx(champion["x"].mean())
        assert one(made, arm, "champion").reference == {
            "version": None, "rows": len(champion), "arm": {"model_version": "champion"},
        }  # fmt: skip


def test_an_arms_snapshot_equals_a_report_over_its_rows_alone(reference):
    current = rows()
    made = one(evaluate(monitor(DRIFT), current, reference=reference), "canary", "champion")
    sides = [current[current["model_version"] == arm].drop(columns="model_version") for arm in ("canary", "champion")]
    alone = Report(metrics=[DataDriftPreset()])
    wish = monitor(DRIFT).columns
    alone.run(current_data=sides[0], reference_data=sides[1], column_mapping=mapping_of(wish))
    assert [each["result"] for each in made.metrics[:2]] == [each["result"] for each in alone.as_dict()["metrics"]]


def test_every_arm_is_compared_with_the_reference_and_every_other_with_the_baseline(reference):
    made = evaluate(monitor(DRIFT), rows(), reference=reference)
    pairs = [(each.segment and each.segment["model_version"], each.baseline and "champion") for each in made]
    assert pairs == [
        (None, None), ("champion", None), ("canary", None), ("challenger", None),
        ("canary", "champion"), ("challenger", "champion"),
    ]  # fmt: skip


def test_the_column_that_tells_the_arms_apart_never_drifts_within_them(reference):
    wish = monitor(
        DRIFT | {"metrics": [*DRIFT["metrics"], {"ColumnDriftMetric": {"column_name": "model_version"}}]},
        {"name": "stability", "tests": ["DataStabilityTestPreset", {"TestColumnDrift": {"column_name": "x"}}]},
        {"name": "arms", "metrics": [{"ColumnDriftMetric": {"column_name": "model_version"}}]},
    )
    made = evaluate(wish, rows(), reference=reference)
    for each in made:
        if each.segment is None:
            continue
        assert each.report != "arms"  # nothing is left of it
        assert "model_version" not in each.columns
        assert all("error" not in metric for metric in each.metrics)
        assert {test["status"] for test in each.tests} <= {"SUCCESS", "FAIL", "WARNING"}
        structure = [test for test in each.tests if test["test"] in ("TestNumberOfColumns", "TestColumnsType")]
        assert {test["status"] for test in structure} <= {"SUCCESS"}
    assert "model_version" in scores(made[0])  # all rows: that the traffic was split anew is worth seeing


def test_a_reference_without_the_column_is_no_difference(tmp_path):
    rows(200, arms=["champion"]).drop(columns=["model_version", "id"]).to_parquet(tmp_path / "r.parquet")
    suite = {"name": "stability", "tests": ["TestNumberOfColumns", "TestColumnsType"]}
    for each in evaluate(monitor(suite), rows(), reference=ReferenceFile(1, str(tmp_path / "r.parquet"))):
        assert {test["status"] for test in each.tests} == {"SUCCESS"}, each.tests


def test_tags_and_metadata_say_the_arm_and_what_it_is_compared_with(reference):
    wish = monitor(DRIFT, tags=["prod"], metadata={"team": "ops", "model_version": "3"})
    made = evaluate(wish, rows(), reference=reference)
    whole, alone, against = made[0], one(made, "challenger"), one(made, "challenger", "champion")
    assert (list(whole.tags), dict(whole.metadata)) == (["prod"], {"team": "ops", "model_version": "3"})
    assert list(alone.tags) == ["prod", "challenger", "vs reference"]
    assert dict(alone.metadata) == {"team": "ops", "model_version": "challenger"}
    assert list(against.tags) == ["prod", "challenger", "vs champion"]
    assert dict(against.metadata) == {"team": "ops", "model_version": "challenger", "baseline": "champion"}
    assert list(one(evaluate(wish, rows()), "challenger").tags) == ["prod", "challenger"]


def test_an_arm_that_no_row_has_makes_no_snapshot_and_no_error(reference):
    made = evaluate(monitor(DRIFT), rows(arms=["champion", "canary"]), reference=reference)
    assert {each.segment and each.segment["model_version"] for each in made} == {None, "champion", "canary"}
    only_others = evaluate(monitor(DRIFT), rows(arms=["challenger", "canary"]), reference=reference)
    assert [each.baseline for each in only_others] == [None] * 3  # no baseline, nothing to compare with it
    assert len(evaluate(monitor(DRIFT), rows(), reference=None)) == 6
    assert len(evaluate(monitor(DRIFT), rows().drop(columns="model_version"))) == 1


def test_the_baseline_is_an_arm_of_its_own_however_rare_it_is(reference):
    arms = ["a"] * 5 + ["b"] * 3 + ["c"] * 2 + ["rare"]
    made = evaluate(monitor(DRIFT, baseline="rare", max_segments=2), rows(440, arms=arms), reference=reference)
    assert [(each.segment["model_version"], each.rows) for each in made if each.segment and not each.baseline] == [
        ("rare", 40), ("a", 200), (OTHER, 200),
    ]  # fmt: skip
    assert [each.segment["model_version"] for each in made if each.segment and each.baseline] == ["a", OTHER]


@pytest.mark.parametrize(("sent", "named"), [([3, 3, 4], 3), (["3", "3", "4"], 3), ([3, 3, 4], "3")])
def test_a_version_is_found_as_number_or_as_text(sent, named):
    made = evaluate(monitor(DRIFT, baseline=named), rows(arms=sent))
    (against,) = [each for each in made if each.baseline]
    assert against.baseline == {"model_version": sent[0]}
    assert list(against.tags) == ["4", "vs 3"]


def test_a_repeat_gives_the_same_ids_and_late_rows_the_next_revision(reference):
    first, again = (evaluate(monitor(DRIFT), rows(), reference=reference) for _ in range(2))
    assert [each.id for each in first] == [each.id for each in again]
    late = evaluate(monitor(DRIFT), rows(800), reference=reference, revision=2)
    assert [each.id for each in late] == [each.id for each in first]
    assert {each.revision for each in late} == {2}


def test_the_rows_of_an_arm_are_its_own_against_whatever_it_is_compared(reference):
    wish, current = monitor(DRIFT, include_data=True), rows()
    columns = {name: current[name].tolist() for name in current}
    ids = b"".join(map(digest, current["id"]))
    window = WindowRows([StoredChunk(encode(columns, len(current)), ids)], len(current), {})
    for record in run(Job(wish, Phase.ROWS, Window(HOUR), window, 1, reference, 0)):
        stored = pd.read_parquet(io.BytesIO(record.data))
        segment = orjson.loads(record.segment)
        own = current if segment is None else current[current["model_version"] == segment["model_version"]]
        assert stored[["id", "model_version"]].to_dict("list") == own[["id", "model_version"]].to_dict("list")


# ---------------------------------------------------------------- the second phase


def labels_of(frame, wrong_in):
    """The truth, but each prediction of one arm is wrong."""
    right = (frame["p"] >= 0.5).astype(int)
    return dict(zip(frame["id"], np.where(frame["model_version"] == wrong_in, 1 - right, right).tolist(), strict=True))


def test_quality_is_told_of_each_arm_and_against_the_baseline():
    current = rows()
    made = evaluate(monitor(DRIFT, QUALITY), current, phase=Phase.LABELS, labels=labels_of(current, "challenger"))
    quality = {
        (each.segment and each.segment["model_version"], each.baseline and "champion"):
        {side: value and value["accuracy"] for side, value in results(each)["ClassificationQualityMetric"].items()
         if side in ("current", "reference")}
        for each in made
    }  # fmt: skip
    assert quality == {
        (None, None): {"current": 0.75, "reference": None},
        ("champion", None): {"current": 1.0, "reference": None},
        ("canary", None): {"current": 1.0, "reference": None},
        ("challenger", None): {"current": 0.0, "reference": None},
        ("canary", "champion"): {"current": 1.0, "reference": 1.0},
        ("challenger", "champion"): {"current": 0.0, "reference": 1.0},
    }
    assert {each.label_coverage for each in made} == {1.0}


def test_an_arm_whose_labels_are_not_there_yet_has_no_quality_and_a_baseline_without_is_none():
    current = rows()
    labels = labels_of(current, "canary")
    known = {arm: {name: labels[name] for name in current.loc[current["model_version"] == arm, "id"]} for arm in ARMS}
    early = evaluate(monitor(DRIFT, QUALITY), current, phase=Phase.LABELS, labels=known["canary"])
    assert [(each.segment, each.baseline) for each in early] == [(None, None), ({"model_version": "canary"}, None)]
    later = evaluate(
        monitor(DRIFT, QUALITY), current, phase=Phase.LABELS, labels=known["canary"] | known["champion"], revision=2
    )
    assert {each.segment["model_version"] for each in later if each.segment} == {"canary", "champion"}
    assert one(later, "canary", "champion").id not in {each.id for each in early}
    assert one(later, "canary").id == one(early, "canary").id
