"""Frames as strangers bring them: every preset answers or says why, nothing is changed, and nothing drifts from itself."""

import datetime as dt
import decimal
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from collector import Report, Snapshot, TestSuite, metric_preset, test_preset
from collector.errors import Invalid

ROWS = 60
NUMBERS = np.random.default_rng(0).normal(size=ROWS)


def beside(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"x": NUMBERS, **columns})


def many(*values: Any) -> list[Any]:
    return [*values] * (ROWS // len(values))


ODD: dict[str, Callable[[], pd.DataFrame]] = {
    "cells of many types": lambda: beside(o=many(1, "a", 2.5, None, True, b"b")),
    "instants and dates mixed": lambda: beside(
        o=many(dt.date(2020, 1, 1), dt.datetime(2020, 1, 1), "2020-01-01", None, pd.Timestamp("2020-01-01"), 3)  # noqa: DTZ001
    ),
    "categories that no row has": lambda: beside(
        c=pd.Categorical(many("a", "b"), categories=list("abz")),
        d=pd.Categorical(many(1, 2, None), categories=[1, 2, 3], ordered=True),
    ),
    "categories of numbers": lambda: beside(c=pd.Categorical(np.round(NUMBERS, 1)), i=pd.cut(NUMBERS, 4)),
    "types that know missing values": lambda: beside(
        i=pd.array(many(1, None, 3), dtype="Int64"),
        b=pd.array(many(True, None, False), dtype="boolean"),
        s=pd.array(many("a", None, "b"), dtype="string"),
        f=pd.array(many(1.5, None, 2.5), dtype="Float64"),
        u=pd.array(list(range(ROWS)), dtype="UInt8"),
    ),
    "types of arrow": lambda: beside(
        i=pd.array(many(1, None, 3), dtype="int64[pyarrow]"),
        b=pd.array(many(True, None), dtype="bool[pyarrow]"),
        f=pd.array(many(1.5, None, 2.5), dtype="double[pyarrow]"),
        t=pd.array(many(pd.Timestamp("2020-01-01"), None), dtype="timestamp[us][pyarrow]"),
    ),
    "instants and durations": lambda: beside(
        t=pd.date_range("2020", periods=ROWS, tz="Europe/Berlin"),
        u=pd.date_range("2020", periods=ROWS),
        d=pd.to_timedelta(np.arange(ROWS), unit="h"),
        p=pd.period_range("2020", periods=ROWS, freq="D"),
    ),
    "names of two levels": lambda: pd.DataFrame(
        {("a", "x"): NUMBERS, ("a", "y"): NUMBERS[::-1], ("b", "x"): many("p", "q")}
    ),
    "names that are no texts": lambda: pd.DataFrame({0: NUMBERS, 1.5: many("p", "q"), dt.date(2020, 1, 1): NUMBERS}),
    "rows without columns": lambda: pd.DataFrame(index=range(5)),
    "nothing at all": pd.DataFrame,
    "cells that are lists": lambda: beside(
        l=many([1, 2], [3], None), d=many({"a": 1}, {"b": 2}), s=many({1, 2}), t=many((1, 2), None)
    ),
    "huge integers": lambda: beside(
        h=many(10**30, 2**63, 1), k=[2**62] * (ROWS - 1) + [1], u=np.array(many(2**64 - 1, 0), dtype=np.uint64)
    ),
    "decimals": lambda: beside(
        d=many(decimal.Decimal("1.1"), None), n=many(decimal.Decimal("NaN"), decimal.Decimal("Infinity"))
    ),
    "nothing but nulls": lambda: beside(a=[None] * ROWS, b=[np.nan] * ROWS, c=pd.Series([pd.NaT] * ROWS)),
    "one row": lambda: beside(s=many("a", "b"), i=range(ROWS))[:1],
    "an index that says the same": lambda: beside(s=many("a", "b")).set_axis([0] * ROWS),
    "booleans": lambda: beside(b=NUMBERS > 0, c=[True] * ROWS),
    "complex numbers": lambda: beside(z=NUMBERS + 1j * NUMBERS),
    "narrow numbers": lambda: beside(h=NUMBERS.astype(np.float16), i=np.arange(ROWS, dtype=np.int8)),
    "sparse numbers": lambda: beside(s=pd.arrays.SparseArray(np.where(NUMBERS > 0, NUMBERS, 0.0))),
    "infinities": lambda: beside(i=np.where(NUMBERS > 0, np.inf, NUMBERS), j=[np.inf] * ROWS, k=many(np.inf, -np.inf)),
    "numbers at the ends of floats": lambda: beside(
        h=np.where(NUMBERS > 0, 1e308, -1e308), d=np.where(NUMBERS > 0, 5e-324, 0.0)
    ),
    "bytes and objects": lambda: beside(b=many(b"a", b"\xff"), o=[object() for _ in range(ROWS)]),
    "halves of characters": lambda: beside(s=pd.Series(many(chr(0xD83D), "ü"), dtype=object)),
    "targets that are texts": lambda: beside(target=many("yes", "no"), prediction=many("yes", "yes", "no")),
    "targets that are booleans": lambda: beside(target=NUMBERS > 0, prediction=np.abs(NUMBERS) / 5),
    "targets that are missing": lambda: beside(
        target=pd.array(many(1, 0, None), dtype="Int64"), prediction=pd.array(many(0.2, 0.7, None), dtype="Float64")
    ),
    "targets that are instants": lambda: beside(target=pd.date_range("2020", periods=ROWS), prediction=NUMBERS),
}
NEEDED: dict[str, dict[str, Any]] = {"TextEvals": {"column_name": "x"}, "RecsysPreset": {"k": 2}, "RecsysTestPreset": {"k": 2},
          "BinaryClassificationTopKTestPreset": {"k": 2}}  # fmt: skip


def presets(module):
    return [getattr(module, name)(**NEEDED.get(name, {})) for name in module.__all__]


@pytest.mark.parametrize("compared", [False, True])
@pytest.mark.parametrize("name", ODD)
def test_every_preset_answers_or_says_why(name, compared):
    frame = ODD[name]()
    before = frame.copy(deep=True)
    report, suite = Report(metrics=presets(metric_preset)), TestSuite(tests=presets(test_preset))
    for evaluation in (report, suite):
        evaluation.run(current_data=frame, reference_data=ODD[name]() if compared else None)
        snapshot = evaluation.to_snapshot()
        assert Snapshot.from_json(snapshot.json()).rows == len(frame)
    pd.testing.assert_frame_equal(frame, before)
    errors = [metric["error"] for metric in report.as_dict()["metrics"] if "error" in metric]
    assert {error["type"] for error in errors} <= {"Invalid"}, errors
    silent = [
        test for test in suite.as_dict()["tests"] if test["status"] == "ERROR" and "Error:" in test["description"]
    ]
    assert not silent


@pytest.mark.parametrize("name", ODD)
def test_nothing_drifts_from_itself(name):
    frame = ODD[name]()
    if name == "bytes and objects":
        frame = frame.drop(columns="o")  # each object is equal to itself alone
    report = Report(metrics=[metric_preset.DataDriftPreset()])
    report.run(current_data=frame, reference_data=frame.iloc[::-1])
    for metric in report.as_dict()["metrics"]:
        columns = metric.get("result", {}).get("drift_by_columns", {})
        assert not [column for column, drift in columns.items() if drift["drift_detected"]]


def test_two_columns_of_one_name_are_refused_by_their_name():
    frame = pd.DataFrame(np.zeros((3, 2)), columns=["x", "x"])
    with pytest.raises(Invalid, match="'x' is there twice"):
        Report(metrics=presets(metric_preset)).run(current_data=frame)
