"""Any value a feature may have, as JSON: the same with orjson and without."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from collector_sdk import values

NAIVE = datetime(2013, 2, 1, 5, 15)  # noqa: DTZ001 - callers have such, and they mean UTC


class Color(Enum):
    RED = "red"


@pytest.fixture(params=["orjson", "standard library"])
def dumps(request, monkeypatch):
    if request.param == "standard library":
        monkeypatch.setattr(values, "orjson", None)
    elif values.orjson is None:
        pytest.fail("orjson belongs to the development environment")
    return lambda value: json.loads(values.dumps({"v": value}))["v"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1), (1.5, 1.5), (True, True), (None, None), ("a", "a"), ("\u00e9\u4e2d", "\u00e9\u4e2d"),
        (float("nan"), None), (float("inf"), None), (float("-inf"), None),
        (Decimal("0.25"), 0.25), (Decimal("NaN"), None), (Fraction(1, 4), 0.25),
        (NAIVE, "2013-02-01T05:15:00+00:00"),
        (datetime(2013, 2, 1, 5, 15, tzinfo=UTC), "2013-02-01T05:15:00+00:00"),
        (date(2013, 2, 1), "2013-02-01"), (timedelta(minutes=2), 120.0),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"), (Color.RED, "red"),
        (b"ab", "ab"), ((1, 2), [1, 2]), ({"x"}, ["x"]), ({"a": float("nan")}, {"a": None}),
        (2**70, float(2**70)), (2**64 - 1, 2**64 - 1), (10**400, str(10**400)), ("\ud800", "?"),
        (np.float64(1.5), 1.5), (np.float32(0.5), 0.5), (np.int64(7), 7), (np.bool_(True), True),
        (np.float64("nan"), None), (np.float32("nan"), None), (np.str_("a"), "a"),
        (np.array([1.0, np.nan]), [1.0, None]), (np.array([[1, 2], [3, 4]])[:, 0], [1, 3]),
        (pd.Timestamp("2013-02-01 05:15"), "2013-02-01T05:15:00+00:00"), (pd.NaT, None), (pd.NA, None),
        (pd.Timedelta(minutes=2), 120.0), (pd.Series([1, 2]), [1, 2]),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_every_value_becomes_the_same_json(dumps, value, expected):
    assert dumps(value) == expected


def test_numpy_instants_are_instants(dumps):
    text = dumps(np.datetime64("2013-02-01T05:15:00", "ns"))
    assert datetime.fromisoformat(text).replace(tzinfo=UTC) == datetime(2013, 2, 1, 5, 15, tzinfo=UTC)
    (text,) = dumps(np.array(["2013-02-01T05:15:00"], "datetime64[ns]"))
    assert datetime.fromisoformat(text).replace(tzinfo=UTC) == datetime(2013, 2, 1, 5, 15, tzinfo=UTC)


def test_names_that_are_no_text_become_text(dumps):
    assert dumps({1: "a", None: "b"}) == {"1": "a", "None": "b"}


def test_what_cannot_be_sent_is_a_type_error_with_its_type(dumps):
    with pytest.raises(TypeError, match="object"):
        dumps(object())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_any_document_is_written_as_valid_json_and_equally_by_both(document):
    with_orjson = values.dumps(document)
    found, values.orjson = values.orjson, None
    try:
        without = values.dumps(document)
    finally:
        values.orjson = found

    def refuse(name: str) -> None:
        pytest.fail(f"{name} is no JSON")

    assert json.loads(with_orjson, parse_constant=refuse) == json.loads(without, parse_constant=refuse)


@pytest.mark.parametrize(
    "value",
    [
        NAIVE,
        datetime(2013, 2, 1, 6, 15, tzinfo=timezone(timedelta(hours=1))),
        1359695700, 1359695700.0, 1359695700_000, 1359695700_000_000, 1359695700_000_000_000,
        np.int64(1359695700), np.datetime64("2013-02-01T05:15"), pd.Timestamp("2013-02-01T05:15Z"),
        Decimal(1359695700),
    ],
    ids=repr,
)  # fmt: skip
def test_instants_of_every_kind_mean_the_same(value):
    assert values.instant(value) == "2013-02-01T05:15:00+00:00"


def test_text_passes_as_an_instant_for_the_service_to_judge():
    assert values.instant("yesterday") == "yesterday"


@pytest.mark.parametrize("value", [True, [1], object(), 1e300, float("nan")])
def test_what_is_no_instant_is_an_error(value):
    with pytest.raises((TypeError, ValueError)):
        values.instant(value)


@pytest.mark.parametrize("kind", [list, np.array, pd.Series])
def test_later_changes_of_a_value_do_not_reach_its_copy(dumps, kind):
    original = {"tokens": kind([1, 2])}
    copied = values.still(original)
    original["tokens"][0] = 9
    assert dumps(copied) == {"tokens": [1, 2]}
    assert dumps(original) == {"tokens": [9, 2]}


def test_a_value_that_holds_itself_is_an_error_and_not_an_endless_descent(dumps):
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nested more than 200 deep"):
        values.still(endless)
    with pytest.raises(ValueError, match="nested more than 200 deep"):
        dumps(endless)


def test_a_number_of_numpy_that_python_has_no_type_for_is_a_number(dumps):
    assert dumps(np.longdouble(1.5)) == 1.5
