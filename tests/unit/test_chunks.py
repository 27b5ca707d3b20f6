"""A chunk gives back what was put in, whatever the values are."""

import math
from array import array

import pytest
from hypothesis import example, given, strategies as st

from collector import chunks
from collector.errors import Invalid


def values_of(chunk, place):
    """A column as plain values, the way a reader makes arrays of it."""
    kind, values, cells = chunk.layout.kinds[place], chunk.lists[place], chunk.of_column(place)
    if kind == "j":
        return list(values)
    if kind == "?":
        return [bool(byte) for byte in bytes(cells)]
    found = array("q" if kind == "t" else kind, bytes(cells))
    assert len(found) == chunk.rows
    if kind in chunks.TEXTS:
        return [values[code] for code in found]
    if kind == "t":
        return [None if value == chunks.MISSING_TIME else value for value in found]
    return [None if isinstance(value, float) and math.isnan(value) else value for value in found]


def round_trip(values, **options):
    decoded = chunks.decode(chunks.encode({"x": values}, len(values), **options))
    assert decoded.rows == len(values)
    assert decoded.layout.names == ("x",)
    return decoded.layout.kinds, values_of(decoded, 0)


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
        ([1, 2], "q"), ([1, 2.5], "d"), ([1, None], "d"), ([None, None], "d"), ([True, False], "?"),
        ([True, None], "j"), (["a", None], "B"), ([1, "a"], "j"), ([2**53 + 1, None], "j"), ([2**70], "j"),
        ([-128, 127] * 32, "b"), ([-128, 128] * 32, "h"), ([2**31 - 1] * 64, "i"), ([-(2**31) - 1] * 64, "q"),
        ([2**63] * 64, "j"), ([-(2**63), 2**63 - 1], "q"), ([True, 1], "j"), ([True, 0.5], "j"),
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
    kind = "B" if distinct <= 256 else "H" if distinct <= 65_536 else "I"
    assert round_trip(values) == (kind, values)


@given(st.lists(st.one_of([st.lists(each, min_size=3, max_size=3) for each in SAME]), min_size=1, max_size=6))
def test_columns_stand_apart_whatever_their_neighbours_are(columns):
    chunk = chunks.decode(chunks.encode({str(place): values for place, values in enumerate(columns)}, 3))
    for place, values in enumerate(columns):
        assert values_of(chunk, place) == values


@given(st.one_of([st.lists(each, min_size=1, max_size=40) for each in SAME]))
def test_a_column_whose_types_are_told_is_encoded_as_one_that_is_looked_at(values):
    told = chunks.typed({"x": values}, len(values), types={"x": set(map(type, values))})
    assert chunks.packed(told) == chunks.encode({"x": values}, len(values))


@given(st.sampled_from(SAME), st.data())
def test_columns_of_one_kind_are_joined_below_each_other(kind, data):
    parts = data.draw(st.lists(st.lists(kind, min_size=1, max_size=20), min_size=1, max_size=5))
    typed = [chunks.typed({"x": values}, len(values)) for values in parts]
    alike = [(each, values) for each, values in zip(typed, parts, strict=True) if each.kinds == typed[0].kinds]
    whole = chunks.decode(chunks.packed(chunks.joined([each for each, _ in alike])))
    assert values_of(whole, 0) == [value for _, values in alike for value in values]


@pytest.mark.parametrize("distinct", [[200, 200], [300, 10], [200, 40_000], [65_000, 65_000, 3]])
def test_texts_that_are_many_together_get_wider_codes(distinct):
    parts = [[f"{place}-{n}" for n in range(count)] for place, count in enumerate(distinct)]
    whole = chunks.decode(chunks.packed(chunks.joined([chunks.typed({"x": values}, len(values)) for values in parts])))
    assert values_of(whole, 0) == [value for values in parts for value in values]


def test_chunks_that_look_alike_share_their_layout():
    first, second = (chunks.decode(chunks.encode({"a": [n], "s": ["x"]}, 1)) for n in (1, 2))
    assert first.layout is second.layout


@given(st.binary(max_size=200))
@example(b"T")
@example(b"T\x01\x00\xff")
def test_bytes_that_are_no_chunk_are_refused_with_a_reason(data):
    if data[:1] == bytes([chunks.VERSION]):
        data = b"\x00" + data
    chunks.traces(data)
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


@given(st.one_of([st.lists(each, max_size=80) for each in SAME]))
def test_a_column_is_recognized_by_its_types_and_stays_what_it_is(values):
    same, types = chunks.recognized(values)
    assert list(same) == values
    assert types == set(map(type, values))


TEXTS = st.one_of(st.none(), st.sampled_from(["", "a", "b", "é"]))


@given(st.lists(TEXTS, min_size=1, max_size=40).filter(lambda values: type(values[0]) is str))
def test_texts_are_coded_by_what_is_distinct_among_them(values):
    values = values * 40
    texts, _ = chunks.recognized(values)
    assert isinstance(texts, chunks.Coded)
    assert sorted(texts.distinct, key=str) == sorted(set(values), key=str)
    assert [texts[row] for row in range(len(texts))] == values == texts[:]
    assert chunks.packed(chunks.typed({"x": texts}, len(values))) == chunks.encode({"x": values}, len(values))


@pytest.mark.parametrize("other", [1, 1.0, True, math.nan, [], {}, [["a"]]])
def test_what_is_no_text_among_texts_is_noticed(other):
    values = ["a", None] * 20 + [other, 1, True]
    same, types = chunks.recognized(values)
    assert same is values
    assert types == set(map(type, values))


def test_a_long_text_that_many_rows_share_is_looked_at_once():
    """Put one after another, these would fill any memory."""
    values = ["x" * 1_000_000] * 1_000_000
    assert chunks.recognized(values)[1] == {str}


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=9), min_size=1, max_size=5))
def test_columns_of_the_same_texts_are_joined_as_others_are(parts):
    both = [[*part, "a", None, *"b"] for part in parts]
    whole = chunks.decode(chunks.packed(chunks.joined([chunks.typed({"x": each}, len(each)) for each in both])))
    assert values_of(whole, 0) == [value for each in both for value in each]
    same = chunks.joined([chunks.typed({"x": both[0]}, len(both[0]))] * 3)
    assert values_of(chunks.decode(chunks.packed(same)), 0) == both[0] * 3


@pytest.mark.parametrize("distinct", [300, 66_000])
def test_columns_of_the_same_many_texts_are_joined_too(distinct):
    values = [f"{n}" for n in range(distinct)]
    same = chunks.joined([chunks.typed({"x": values}, distinct)] * 2)
    assert values_of(chunks.decode(chunks.packed(same)), 0) == values * 2


@given(
    st.lists(st.floats(), min_size=40, max_size=60),
    st.integers(0, 39),
    st.one_of(scalars, st.just(object()), st.integers(2**64)),
)
def test_a_single_other_value_among_floats_is_noticed(values, place, other):
    values[place] = other
    assert chunks.recognized(values)[1] == set(map(type, values))


def test_the_types_of_a_long_column_are_those_of_its_values():
    assert chunks.recognized([0.5] * 70_000)[1] == {float}
    assert chunks.recognized([0.5] * 70_000 + [1])[1] == {float, int}


@pytest.mark.parametrize("other", [2**62, "eight by", "aaaaaaaa\u02cb"])
def test_what_is_as_long_as_a_float_or_looks_like_one_is_none(other):
    """Packed, the first two take nine bytes as a float does; the last has a float's mark where the next one would be."""
    assert chunks.recognized([0.5] * 39 + [other])[1] == {float, type(other)}
