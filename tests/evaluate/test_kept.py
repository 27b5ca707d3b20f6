"""A reference that keeps its profile only: the same answers, or a reason, and never its rows."""

import io
import json
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collector.errors import Invalid
from collector.evaluate import ColumnMapping, Report, TestSuite
from collector.evaluate.base import Context
from collector.evaluate.metrics import METRICS
from collector.evaluate.presets.generators import TEST_GENERATORS
from collector.evaluate.presets.metrics import METRIC_PRESETS
from collector.evaluate.presets.tests import TEST_PRESETS
from collector.evaluate.profile import FrameProfile
from collector.evaluate.references.kept import KeptFrame
from collector.evaluate.references.kept_file import RARE_ROWS, is_kept, keep, load
from collector.evaluate.run import metric_entry, test_entry as entry_of_test
from collector.evaluate.stattests import STATTESTS
from collector.evaluate.tests import TESTS
from collector.evaluate.windows.comparisons import comparisons
from collector.metrics import ColumnDriftMetric
from collector.monitor import Columns, Monitor
from collector.tests import TestNumberOfDuplicatedRows, TestNumberOfMissingValues
from tests.evaluate.test_robustness import FRAMES, build
from tests.parity.case import Case
from tests.parity.cases import cases
from tests.parity.frames import FRAMES as PARITY_FRAMES
from tests.parity.ours import build as build_case

REASONS = (
    "the reference keeps its profile only",
    "is numeric, but holds",  # the same for both, but without a value of the reference in it
)
NO_COLUMNS = Columns()


def kept(frame: pd.DataFrame, columns: Columns = NO_COLUMNS, **options) -> KeptFrame:
    return load(pq.read_table(io.BytesIO(keep(FrameProfile(frame), columns, **options))))


def columns_of(mapping: ColumnMapping) -> Columns:
    """What a monitor says of the same columns."""
    prediction = mapping.prediction
    return Columns(
        id=mapping.id,
        target=mapping.target,
        prediction=prediction if prediction is None or isinstance(prediction, str) else tuple(prediction),
        text_features=tuple(mapping.text_features or ()),
        user_id=mapping.user_id,
        item_id=mapping.item_id,
    )


def is_reason(text: object) -> bool:
    return isinstance(text, str) and any(reason in text for reason in REASONS)


def same(rows: object, profile: object) -> bool:
    if isinstance(rows, float) and isinstance(profile, int | float):
        return math.isclose(rows, profile, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(rows, str) and isinstance(profile, str) and "(rare value " in profile:
        return True  # a label that is not kept, beside numbers that must be the same
    return type(rows) is type(profile) and rows == profile


def different(rows: object, profile: object, path: str = "") -> list[str]:
    """The places where the two say something else, though the second gives no reason for it."""
    if isinstance(rows, dict) and isinstance(profile, dict):
        reasons = profile.get("reasons", {})
        found = []
        for key in rows.keys() | profile.keys() - {"reasons"}:
            if key == "reasons" or (profile.get(key, 0) is None and is_reason(reasons.get(key))):
                continue
            found += different(rows.get(key), profile.get(key), f"{path}.{key}")
        return found
    if isinstance(rows, list) and isinstance(profile, list) and len(rows) == len(profile):
        if any("(rare value " in str(each) for each in profile):
            return []  # as many labels, in another order
        pairs = enumerate(zip(rows, profile, strict=True))
        return [place for index, (one, other) in pairs for place in different(one, other, f"{path}[{index}]")]
    return [] if same(rows, profile) else [f"{path}: {rows!r:.80} became {profile!r:.80}"]


def entries(wish, current, reference, mapping, additional=None) -> list[dict]:
    checked = type(wish) in (*TESTS, *TEST_GENERATORS, *TEST_PRESETS)
    evaluation = TestSuite(tests=[wish]) if checked else Report(metrics=[wish])
    evaluation.run(reference_data=reference, current_data=current, column_mapping=mapping, additional_data=additional)
    return list(evaluation.as_dict()["tests" if checked else "metrics"])


def failures(wish, current, rows, profile, mapping, additional=None) -> list[str]:
    """Where a profile in place of rows changes an answer without a reason."""
    with_rows = entries(wish, current, rows, mapping, additional)
    with_profile = entries(wish, current, profile, mapping, additional)
    alone = entries(wish, current, None, mapping, additional)
    assert len(with_rows) == len(with_profile), type(wish).__name__
    found = []
    for one, other, single in zip(with_rows, with_profile, [*alone, *[{}] * len(with_rows)], strict=False):
        name = one.get("metric") or one.get("test")
        if is_reason(other.get("error", {}).get("message")) or is_reason(other.get("description")):
            continue
        apart = (other.get("result") or other.get("parameters") or {}).get("columns_without_score", {})
        if any(map(is_reason, apart.values())):
            continue  # drift of many columns, of which some are set aside with their reason
        places = different(one, other)
        if places and "result" in other and any(map(is_reason, other["result"].get("reasons", {}).values())):
            places = different(single, other)
        found += [f"{name}{place}" for place in places]
    return found


ODD = [*((frame, "inferred") for frame in FRAMES), *((frame, "text") for frame in ("text", "object text", "mixed"))]


@pytest.mark.parametrize(("frame", "mapping"), ODD)
def test_every_metric_and_test_gives_the_same_or_a_reason_for_odd_columns(frame, mapping):
    data = FRAMES[frame].rename(columns=str)  # as a stored reference has them
    roles = ColumnMapping(text_features=["x"]) if mapping == "text" else ColumnMapping()
    if len(data) < RARE_ROWS:
        with pytest.raises(Invalid, match="at least 5"):
            kept(data)
        return
    rows, profile = FrameProfile(data), kept(data, columns_of(roles))
    wishes = [build(cls) for cls in (*METRICS, *METRIC_PRESETS, *TESTS, *TEST_GENERATORS, *TEST_PRESETS)]
    wishes += [ColumnDriftMetric(name, stattest.id) for stattest in STATTESTS for name in ("x", "c")]
    current = data.iloc[: len(data) // 2 + 1]
    found = [place for wish in wishes for place in failures(wish, current, rows, profile, roles)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", PARITY_FRAMES)
def test_every_metric_and_test_gives_the_same_or_a_reason(name):
    frames = PARITY_FRAMES[name]()
    mapping = ColumnMapping(**frames.mapping)
    rows, profile = FrameProfile(frames.reference), kept(frames.reference, columns_of(mapping))
    current = FrameProfile(frames.current)
    additional = {name: FrameProfile(frame) for name, frame in frames.additional.items()}

    def asked(case: Case) -> list[str]:
        return failures(build_case(case), current, rows, profile, mapping, additional)

    found = [f"{case.id} {place}" for case in cases(name, frames) if case.compared for place in asked(case)]
    assert not found, "\n".join(found)


def wide(rows: int = 2000) -> pd.DataFrame:
    """Values of every kind, some of them secret."""
    dice = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "passenger": [f"passenger-{number:05}" for number in range(rows)],
            "remark": [f"the remark of {number}" for number in range(rows)],
            "carrier": [*["Rare Air"] * 3, *dice.choice(["AA", "DL", "UA"], rows - 3)],
            "distance": dice.normal(1000, 300, rows),
            "delayed": dice.integers(0, 2, rows),
        }
    )


WIDE = Columns(id="passenger", text_features=("remark",), target="delayed")


def test_the_stored_profile_holds_no_id_no_text_and_no_rare_value():
    frame = wide()
    table = pq.read_table(io.BytesIO(keep(FrameProfile(frame), WIDE)))
    stored = json.dumps(table.to_pylist())
    for secret in (*frame["passenger"], *frame["remark"], "Rare Air"):
        assert secret not in stored
    assert "AA" in stored


def test_no_value_of_an_id_or_a_text_is_kept_though_it_is_a_number_or_frequent():
    frame = pd.DataFrame({"user": [700_000 + number for number in range(100)], "said": ["secretly yes"] * 100})
    table = pq.read_table(io.BytesIO(keep(FrameProfile(frame), Columns(user_id="user", text_features=("said",)))))
    stored = json.dumps(table.to_pylist())
    assert "700007" not in stored
    assert "secretly" not in stored
    assert table["form"].to_pylist() == ["nothing", "nothing"]


def test_the_stored_profile_holds_no_row():
    frame = wide().assign(index=range(2000), tens=lambda rows: rows["index"] * 10)
    table = pq.read_table(io.BytesIO(keep(FrameProfile(frame), WIDE)))
    assert table.num_rows == len(frame.columns)  # a line for each column, and none for any row
    assert table["column"].to_pylist() == list(frame.columns)


def test_the_order_of_the_rows_leaves_no_trace():
    frame = wide()
    assert keep(FrameProfile(frame), WIDE) == keep(FrameProfile(frame.sample(frac=1, random_state=3)), WIDE)


def test_another_reference_has_other_stand_ins():
    def stand_ins(frame):
        return pq.read_table(io.BytesIO(keep(FrameProfile(frame), WIDE)))["rare"].to_pylist()[2]

    assert len(stand_ins(wide())) == 1
    assert stand_ins(wide()) != stand_ins(wide(1999))


def test_a_rare_value_is_recognised_in_the_window():
    reference, current = wide(), wide().iloc[:500]
    profile = kept(reference, WIDE)
    report = Report(metrics=[ColumnDriftMetric("carrier")])
    scores = []
    for side in (FrameProfile(reference), profile):
        report.run(reference_data=side, current_data=current)
        scores.append(report.as_dict()["metrics"][0]["result"]["drift_score"])
    assert scores[0] == pytest.approx(scores[1], rel=1e-12)


@pytest.mark.parametrize("rows", [RARE_ROWS - 1, 1])
def test_rows_so_few_that_their_values_are_the_rows_have_no_profile(rows):
    with pytest.raises(Invalid, match=f"{rows} rows: keep: profile needs at least {RARE_ROWS}"):
        keep(FrameProfile(wide().tail(rows)), WIDE)


@pytest.mark.parametrize("size", [1001, 1234, 20_000])
def test_a_column_of_more_values_than_are_kept_is_right_to_half_a_part(size):
    most = 1000
    dice = np.random.default_rng(size)
    values = np.sort(np.concatenate([dice.lognormal(0, 2, size), [np.inf, -np.inf, np.inf]]))
    column = kept(pd.DataFrame({"x": values}), most_values=most)["x"]
    rows = FrameProfile(pd.DataFrame({"x": values}))["x"]
    for name in ("rows", "missing", "distinct", "infinite", "mean", "std", "finite_mean", "most_common", "present"):
        assert getattr(column, name) == pytest.approx(getattr(rows, name), nan_ok=True), name
    assert (column.sorted.size, column.finite[0], column.finite[-1]) == (rows.sorted.size, *rows.finite[[0, -1]])
    share = np.searchsorted(column.finite, rows.finite, "right") / rows.finite.size
    exact = np.searchsorted(rows.finite, rows.finite, "right") / rows.finite.size
    assert np.abs(share - exact).max() <= 1 / most
    with pytest.raises(Invalid, match="so many values that"):
        _ = column.counted


def test_the_model_quality_of_the_window_is_told_beside_the_reason_for_the_reference():
    frame = pd.DataFrame({"target": [0, 1] * 20, "prediction": [0.2, 0.9, 0.6, 0.7] * 10})
    report = Report(metrics=[build(cls) for cls in METRIC_PRESETS if cls.__name__ == "ClassificationPreset"])
    report.run(reference_data=kept(frame), current_data=frame)
    quality = next(e for e in report.as_dict()["metrics"] if e["metric"] == "ClassificationQualityMetric")["result"]
    assert quality["current"]["accuracy"] == 0.75
    assert quality["reference"] is None
    assert quality["reasons"]["reference"].startswith("the reference keeps its profile only")


def test_a_test_that_compares_with_rows_gives_the_reason_and_one_with_a_condition_its_verdict():
    frame = wide().assign(distance=1)
    suite = TestSuite(
        tests=[TestNumberOfDuplicatedRows(), TestNumberOfDuplicatedRows(eq=0), TestNumberOfMissingValues()]
    )
    suite.run(reference_data=kept(frame, WIDE), current_data=frame)
    compared, given, by_column = suite.as_dict()["tests"]
    assert compared["status"] == "ERROR"
    assert compared["description"].startswith("No verdict: the reference keeps its profile only")
    assert (given["status"], by_column["status"]) == ("SUCCESS", "SUCCESS")


def test_a_segment_is_not_compared_with_the_profile_of_all_rows():
    frame = wide()
    monitor = Monitor.model_validate({"id": "m", "segments": ["carrier"]})
    everything, *segments = comparisons(frame, monitor, kept(frame, WIDE))
    assert everything.reference is not None
    for segment in segments:
        context = Context(
            segment.current, segment.reference, ColumnMapping(), why_no_reference=segment.why_no_reference
        )
        entry = metric_entry(ColumnDriftMetric("distance"), context)
        assert "which of its rows have carrier" in entry["error"]["message"]
        verdict = entry_of_test(TestNumberOfMissingValues(), context)
        assert (verdict["status"], "which of its rows" in verdict["description"]) == ("ERROR", True)
        assert entry_of_test(TestNumberOfMissingValues(eq=0), context)["status"] == "SUCCESS"


def test_a_profile_is_told_from_rows():
    frame = wide()
    assert is_kept(pq.read_schema(io.BytesIO(keep(FrameProfile(frame), WIDE))))
    assert not is_kept(pa.Schema.from_pandas(frame))
