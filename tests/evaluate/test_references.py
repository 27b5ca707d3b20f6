"""A reference is compared with what windows hold: the same rows are the same on both sides, whatever file they came in."""

import decimal
import io
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collector.chunks import MIXED_MARK, encode
from collector.evaluate.data import ColumnMapping, define
from collector.evaluate.profile import FrameProfile
from collector.evaluate.references.loaded import References
from collector.evaluate.references.rows import rows_of
from collector.evaluate.tables import exact_parquet
from collector.evaluate.windows.frame import frame_of
from collector.model import StoredChunk
from collector.monitor import Columns, Monitor
from collector.ports import ReferenceFile
from collector.receive import decoders
from collector.receive.decoders.table import Limits
from collector.receive.references.reference import from_body
from collector.receive.rows.judge import Judge

LIMITS = Limits(1000, 100, 1_000_000)
ROWS = 12
ANY = Monitor(id="any")


def many(*values):
    return [*values] * (ROWS // len(values))


def window(columns):
    return frame_of([StoredChunk(encode(columns, ROWS), b"")])


def read(parquet):
    return rows_of(pq.read_table(io.BytesIO(parquet)))


def written(frame):
    sink = io.BytesIO()
    frame.to_parquet(sink)
    return from_body(ANY, sink.getvalue(), "application/vnd.apache.parquet", LIMITS).parquet


TYPES = {
    "narrow whole numbers": (pd.Series(many(1, 2, 3), dtype="int8"), many(1, 2, 3)),
    "whole numbers without a sign": (pd.Series(many(1, 2, 3), dtype="uint64"), many(1, 2, 3)),
    "the largest whole numbers": (pd.Series(many(2**64 - 1, 2), dtype="uint64"), many(2**64 - 1, 2)),
    "narrow floats": (pd.Series(many(1.5, 2.25), dtype="float32"), many(1.5, 2.25)),
    "half floats": (pd.Series(many(1.5, 2.25), dtype="float16"), many(1.5, 2.25)),
    "decimals": (pd.Series(many(decimal.Decimal("1.5"), decimal.Decimal("2.25"))), many(1.5, 2.25)),
    "whole numbers that know missing values": (pd.Series(many(1, None, 3), dtype="Int64"), many(1, None, 3)),
    "whole numbers of which none is missing": (pd.Series(many(1, 2, 3), dtype="Int32"), many(1, 2, 3)),
    "booleans that know missing values": (pd.Series(many(True, None), dtype="boolean"), many(True, None)),
    "booleans of which none is missing": (pd.Series(many(True, False), dtype="boolean"), many(True, False)),
    "categories": (pd.Series(many("AA", None, "UA"), dtype="category"), many("AA", None, "UA")),
    "categories of numbers": (pd.Series(many(1, 2, 3), dtype="category"), many(1, 2, 3)),
    "texts": (pd.Series(many("1", None), dtype="string"), many("1", None)),
    "nothing": (pd.Series([None] * ROWS), [None] * ROWS),
}


@pytest.mark.parametrize("name", TYPES)
def test_a_parquet_reference_has_the_types_of_the_rows_that_it_is_compared_with(name):
    stored, sent = TYPES[name]
    pd.testing.assert_frame_equal(read(written(pd.DataFrame({"x": stored}))), window({"x": sent}))


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_instants_of_a_reference_are_in_utc_and_in_microseconds(zone, unit):
    times = pd.date_range("2013-07-01 10:00", periods=ROWS, tz=zone, unit=unit)
    frame = read(written(pd.DataFrame({"at": times})))
    expected = times if zone is None else times.tz_convert("UTC").tz_localize(None)
    assert frame["at"].dtype == np.dtype("datetime64[us]")
    assert (frame["at"] == expected).all()


def test_every_column_of_times_is_one_of_instants_though_the_file_has_texts(tmp_path):
    path = tmp_path / "r.parquet"
    texts = [f"2013-07-{day:02}T10:00:00+02:00" for day in range(1, ROWS + 1)]
    pd.DataFrame({"at": texts, "booked": texts, "name": texts}).to_parquet(path)
    columns = Columns.model_validate({"timestamp": "at", "datetime_features": ["booked"]})
    frame = References().get(ReferenceFile(1, str(path)), columns).frame
    expected = pd.Series(pd.date_range("2013-07-01 08:00", periods=ROWS), dtype="datetime64[us]")
    assert (frame["at"] == expected).all()
    assert (frame["booked"] == expected).all()
    assert frame["name"].tolist() == texts


def test_the_index_of_a_frame_is_no_column_of_a_reference():
    frame = pd.DataFrame({"x": many(1, 2)}, index=pd.Index(range(7, 7 + ROWS), name="number"))
    assert list(read(written(frame))) == ["x"]


MIXED = {
    "codes, some of which are numbers": many("9E", 12, "007", 3.5, None, True),
    "texts that look like other values": many("12", 12, "None", None, "true", True),
    "booleans and numbers": many(True, 1, 0, False),
    "booleans, numbers and infinities": many(True, 2.5, float("inf"), float("-inf")),
    "whole numbers beyond any type": many(2**64 - 1, -5),
}


@pytest.mark.parametrize("name", MIXED)
def test_a_column_that_mixes_values_is_the_same_in_a_reference_and_in_a_window(name):
    columns = {"x": MIXED[name], "n": many(1.5, 2.5)}
    sent = window(columns)
    body = json.dumps({"columns": columns}).encode()
    uploaded = from_body(ANY, body, "application/json", LIMITS)
    assert (uploaded.rows, list(uploaded.columns)) == (ROWS, ["x", "n"])
    pd.testing.assert_frame_equal(read(uploaded.parquet), sent)
    pd.testing.assert_frame_equal(read(exact_parquet(sent)), sent)


def test_a_csv_file_is_the_same_in_a_reference_and_in_a_window():
    body = b"code,flag,at\n" + b"9E,true,2013-01-01\n12,,1e3\n007,false,\n" * 4
    frame = read(from_body(ANY, body, "text/csv", LIMITS).parquet)
    decoded = decoders.find("text/csv")(body, LIMITS, ())
    judged = Judge(max_future_seconds=1).judge(decoded, ANY, now_us=0)
    pd.testing.assert_frame_equal(frame, window(judged.table.columns))
    assert frame["code"].tolist() == ["9E", 12, "007"] * 4


def test_booleans_among_declared_numbers_are_numbers():
    monitor = Monitor.model_validate({"id": "m", "columns": {"numerical_features": ["x"]}})
    frame = read(from_body(monitor, b'{"columns": {"x": [true, 2, 0.5]}}', "application/json", LIMITS).parquet)
    assert frame["x"].tolist() == [1.0, 2.0, 0.5]


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_a_column_of_which_the_reference_has_no_value_has_the_type_of_the_window(nothing):
    current = FrameProfile(pd.DataFrame({"x": many("a", "b")}))
    reference = FrameProfile(pd.DataFrame({"x": [nothing] * ROWS}))
    assert define(current, reference, ColumnMapping()).types == {"x": "cat"}


def test_a_mark_that_somebody_else_made_breaks_nothing():
    field = pa.field("x", pa.string(), metadata=dict(MIXED_MARK))
    table = pa.table([pa.array(["[1]", "{", "12", None])], schema=pa.schema([field]))
    sink = io.BytesIO()
    pq.write_table(table, sink)
    stored = from_body(ANY, sink.getvalue(), "application/vnd.apache.parquet", LIMITS).parquet
    assert read(stored)["x"].tolist() == ["[1]", "{", 12, None]
