"""Rows as Parquet: whatever they were, they can be written and read again."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest

from collector.evaluate.tables import parquet


def again(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(parquet(frame)))


def test_plain_rows_come_back_as_they_were() -> None:
    frame = pd.DataFrame(
        {
            "id": ["a", "b"],
            "x": [1.5, None],
            "n": [1, 2],
            "ok": [True, False],
            "at": [datetime(2013, 2, 1, tzinfo=UTC), None],
            "kind": pd.Categorical(["u", "v"]),
        }
    )
    pd.testing.assert_frame_equal(again(frame), frame, check_dtype=False)
    assert list(again(frame.iloc[:0]).columns) == list(frame.columns)


@pytest.mark.parametrize(
    ("values", "written"),
    [
        (["9E", 12, None], ["9E", "12", None]),
        ([True, "no", None], ["True", "no", None]),
        ([2**70, 1, None], [str(2**70), "1", None]),
        (["half " + chr(0xD83D), "whole", None], ["half \\ud83d", "whole", None]),
        ([Fraction(1, 3), Fraction(2), None], ["1/3", "2", None]),
        ([complex(1, 2), complex(0, 1), None], ["(1+2j)", "1j", None]),
    ],
    ids=["mixed", "truth and text", "huge", "half a character", "fractions", "complex"],
)
def test_what_parquet_has_no_type_for_becomes_text(values: list[object], written: list[object]) -> None:
    rows = again(pd.DataFrame({"x": pd.Series(values, dtype=object), "n": [1, 2, 3]}))
    assert [None if pd.isna(each) else each for each in rows["x"]] == written
    assert rows["n"].tolist() == [1, 2, 3]


def test_what_parquet_knows_besides_stays() -> None:
    rows = again(pd.DataFrame({"price": [Decimal("1.10"), Decimal("2.20")], "tags": [["a"], ["b", "c"]], 7: [1, 2]}))
    assert rows["price"].tolist() == [Decimal("1.10"), Decimal("2.20")]
    assert [list(each) for each in rows["tags"]] == [["a"], ["b", "c"]]
    assert rows["7"].tolist() == [1, 2]


def test_the_frame_of_the_caller_is_not_touched() -> None:
    frame = pd.DataFrame({1: ["a", 2], "y": [1, 2]})
    before = frame.copy(deep=True)
    parquet(frame)
    pd.testing.assert_frame_equal(frame, before)
