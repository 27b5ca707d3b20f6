"""`log_batch` takes tables of any kind, and shares requests between them."""

from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

HOUR = 3600.0


class Series:
    """What polars gives for a column."""

    def __init__(self, values: list[object]) -> None:
        self._values = values

    def to_list(self) -> list[object]:
        return self._values


class Frame:
    """What of a polars frame is used; polars itself is no dependency of the tests."""

    columns = ("x", "at")

    def __getitem__(self, name: str) -> Series:
        return Series([1, 2] if name == "x" else ["t", "t"])


TABLES = {
    "columns": {"x": [1, 2], "at": ["t", "t"]},
    "numpy columns": {"x": np.array([1, 2]), "at": np.array(["t", "t"])},
    "rows": [{"x": 1, "at": "t"}, {"x": 2, "at": "t"}],
    "a generator of rows": ({"x": x, "at": "t"} for x in (1, 2)),
    "pandas": pd.DataFrame({"x": [1, 2], "at": ["t", "t"]}),
    "pandas with an index": pd.DataFrame({"x": [1, 2], "at": ["t", "t"]}, index=["b", "b"]),
    "polars": Frame(),
    "arrow": pa.table({"x": [1, 2], "at": ["t", "t"]}),
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_tables_of_every_kind_give_the_same_rows(stub, make, table):
    with make() as collector:
        collector.log_batch(table)
    assert stub.rows() == [{"x": 1, "at": "t"}, {"x": 2, "at": "t"}]
    assert collector.stats().accepted == 2


def test_instants_of_a_numpy_column_are_instants(stub, make):
    with make() as collector:
        collector.log_batch({"at": np.array(["2013-02-01T05:15", "NaT"], "datetime64[ns]"), "x": [1, 2]})
    assert stub.rows()[0]["at"] == "2013-02-01T05:15:00+00:00"


def test_missing_values_and_instants_of_a_frame_become_json(stub, make):
    frame = pd.DataFrame(
        {
            "at": pd.to_datetime(pd.Series(["2013-02-01 05:15", None])),
            "number": [1.5, None],
            "category": pd.Categorical(["a", None]),
            "whole": pd.array([1, None], dtype="Int64"),
        }
    )
    with make() as collector:
        collector.log_batch(frame)
    first, second = stub.rows()
    assert first == {"at": "2013-02-01T05:15:00+00:00", "number": 1.5, "category": "a", "whole": 1}
    assert datetime.fromisoformat(second.pop("at")).year > 2013  # stamped with the moment of the call
    assert second == {"number": None, "category": None, "whole": None}


def test_small_tables_share_a_request(stub, make):
    with make(flush_seconds=HOUR) as collector:
        for number in range(10):
            collector.log_batch({"x": [number, number], "at": ["t", "t"]})
    assert len(stub.posts) == 1
    assert len(stub.rows()) == 20


def test_a_large_table_goes_in_batches_and_in_order(stub, make):
    with make(batch_rows=100) as collector:
        collector.log_batch({"x": list(range(1050))})
        collector.log({"x": 1050})
    assert [row["x"] for row in stub.rows()] == list(range(1051))
    assert max(len(request.rows) for request in stub.posts) == 100


def test_of_a_table_that_does_not_fit_the_first_rows_are_taken_and_the_others_counted(service, make):
    service.stop()
    collector = make(queue_rows=100)
    collector.log_batch({"x": list(range(150))})
    assert collector.stats().dropped == {"queue_full": 50}
    stub = service.start()
    assert collector.flush()
    assert [row["x"] for row in stub.rows()] == list(range(100))


def test_one_bad_row_of_a_table_does_not_sink_the_others(stub, make):
    with make() as collector:
        collector.log_batch({"x": [1, object(), 3], "at": ["t"] * 3})
    assert [row["x"] for row in stub.rows()] == [1, 3]
    assert collector.stats().dropped == {"invalid": 1}
    assert "column 'x'" in (collector.stats().last_error or "")


def test_an_empty_table_is_nothing(stub, make):
    with make() as collector:
        tables: list[object] = [[], {}, {"x": []}, pd.DataFrame()]
        for empty in tables:
            collector.log_batch(empty)
    assert stub.posts == []
    assert collector.stats().logged == 0


@pytest.mark.parametrize(
    ("table", "rows", "said"),
    [
        ("text", 4, "str"),
        (b"bytes", 5, "bytes"),
        ({"x": "text"}, 4, "'x'"),
        ({"x": [1, 2], "y": [1]}, 2, "differ in length"),
        ([{"x": 1}, None], 2, "row 1"),
        (None, 1, "NoneType"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), 1, "'x'"),
    ],
)
def test_what_is_no_table_is_counted_and_named(stub, make, table, rows, said):
    with make() as collector:
        collector.log_batch(table)
    assert collector.stats().dropped == {"invalid": rows}
    assert said in (collector.stats().last_error or "")
