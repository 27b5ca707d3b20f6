"""A chunk gives back what was put in, whatever the values are."""

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import chunks
from collector.errors import Invalid


def values_of(column, rows):
    """The column as plain values, the way a reader makes arrays of it."""
    if column.kind == "j":
        return list(column.values)
    if column.kind == "s":
        codes = array({1: "B", 2: "H", 4: "I"}[column.width], bytes(column.data))
        return [column.values[code] for code in codes]
    if column.kind == "b":
        return [bool(byte) for byte in bytes(column.data)]
    found = array("d" if column.kind == "f" else "q", bytes(column.data))
    if column.kind == "t":
        return [None if value == chunks.MISSING_TIME else value for value in found]
    return [None if isinstance(value, float) and math.isnan(value) else value for value in found]


def round_trip(values, **options):
    decoded = chunks.decode(chunks.encode({"x": values}, len(values), **options))
    assert decoded.rows == len(values)
    (column,) = decoded.columns
    return column.kind, values_of(column, decoded.rows)


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8")),
)  # fmt: skip
SAME = [
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.booleans(),
    st.text(st.characters(codec="utf-8")),
    st.one_of(st.none(), st.floats(allow_nan=False)),
    st.one_of(st.none(), st.text(st.characters(codec="utf-8"))),
    scalars,
]


@given(st.one_of([st.lists(each, min_size=1, max_size=40) for each in SAME]))
def test_a_column_comes_back_equal(values):
    kind, found = round_trip(values)
    assert found == values
    if kind == "j":
        assert list(map(type, found)) == list(map(type, values))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], "i"), ([1, 2.5], "f"), ([1, None], "f"), ([None, None], "f"), ([True, False], "b"),
        ([True, None], "j"), (["a", None], "s"), ([1, "a"], "j"), ([2**53 + 1, None], "j"), ([2**70], "j"),
    ],
)  # fmt: skip
def test_the_narrowest_kind_that_loses_nothing_is_taken(values, kind):
    assert round_trip(values)[0] == kind


def test_infinities_and_nan_survive_beside_strings():
    assert round_trip([math.inf, -math.inf, "s", math.nan])[1] == [math.inf, -math.inf, "s", None]


def test_instants_keep_their_microseconds_and_gaps():
    assert round_trip([1_359_676_800_000_001, None], times={"x"}) == ("t", [1_359_676_800_000_001, None])


@pytest.mark.parametrize("distinct", [2, 256, 257, 65_536, 65_537])
def test_codes_grow_with_the_number_of_distinct_strings(distinct):
    values = [f"v{i}" for i in range(distinct)]
    assert round_trip(values) == ("s", values)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_chunk_are_refused_with_a_reason(data):
    if data[:1] == bytes([chunks.VERSION]):
        data = b"\x00" + data
    with pytest.raises(Invalid, match="not a chunk"):
        chunks.decode(data)


def test_a_thousand_rows_take_less_than_a_third_of_their_json():
    import random

    import orjson

    draw = random.Random(7)
    rows = [
        {**{f"f{i:02}": draw.gauss(0, 1) for i in range(15)}, "carrier": draw.choice(["AA", "UA", "DL"]),
         "origin": draw.choice(["JFK", "LGA"]), "dest": draw.choice(["LAX", "ORD", "ATL"]),
         "prediction": draw.random(), "target": draw.randint(0, 1)} for _ in range(1000)
    ]  # fmt: skip
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    assert len(chunks.encode(columns, 1000)) < len(orjson.dumps(rows)) / 3
