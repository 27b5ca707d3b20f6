"""Columns of Arrow leave the decoder packed or coded: read one by one, they are the values that were sent."""

from array import array

import pyarrow as pa
import pyarrow.compute
import pytest
from hypothesis import given, strategies as st

from collector import chunks
from collector.receive.decoders import arrow
from collector.receive.decoders.arrow_values import values_of
from collector.receive.decoders.table import Instants, Limits

LIMITS = Limits(rows=10_000, columns=10, bytes=10_000_000)
TEXTS = st.lists(
    st.one_of(st.none(), st.sampled_from(["", "a", "b", "a longer text than a view holds", "é"])), max_size=40
)
INTEGERS = {
    pa.int8(): (-(2**7), 2**7 - 1), pa.int16(): (-(2**15), 2**15 - 1), pa.int32(): (-(2**31), 2**31 - 1),
    pa.int64(): (-(2**63), 2**63 - 1), pa.uint8(): (0, 2**8 - 1), pa.uint32(): (0, 2**32 - 1), pa.uint64(): (0, 2**64 - 1),
}  # fmt: skip


def decoded(column):
    """The column as it comes out of a stream in which it stands."""
    sink = pa.BufferOutputStream()
    table = pa.table({"x": column})
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return arrow.decode(bytes(sink.getvalue()), LIMITS).table.columns["x"]


def same(found, expected):
    assert list(found) == expected
    assert list(map(type, found)) == list(map(type, expected))


@pytest.mark.parametrize("kind", [pa.timestamp("us", "UTC"), pa.timestamp("ms"), pa.date32()])
def test_instants_that_a_dictionary_or_runs_name_are_instants(kind):
    plain = pa.array([0, 86_400_000_000, 0], pa.timestamp("us")).cast(kind)
    for column in (plain, plain.dictionary_encode(), pa.compute.run_end_encode(plain)):
        found = decoded(column)
        assert isinstance(found, Instants)
        assert found == [0, 86_400_000_000, 0]


@given(TEXTS.filter(bool), st.sampled_from([pa.string(), pa.large_string(), pa.string_view()]))
def test_texts_are_coded_whatever_lays_them_out(values, kind):
    found = decoded(pa.array(values, kind))
    same(found, values)
    assert isinstance(found, chunks.Coded)
    assert sorted(found.distinct, key=str) == sorted(set(values), key=str)


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=1, max_size=40),
    st.permutations(["a", "b", "b", None]),
    st.sampled_from([pa.int8(), pa.uint16(), pa.int64()]),
)
def test_a_dictionary_may_say_things_twice_or_not_at_all_or_nothing(codes, words, kind):
    column = pa.DictionaryArray.from_arrays(pa.array(codes, kind), pa.array(words, pa.string()))
    expected = [None if code is None else words[code] for code in codes]
    found = decoded(column)
    same(found, expected)
    assert chunks.encode({"x": found}, len(codes)) == chunks.encode({"x": expected}, len(codes))


@pytest.mark.parametrize("distinct", [1, 256, 257, 65_536, 65_537])
@pytest.mark.parametrize("as_dictionary", [False, True])
def test_codes_are_as_wide_as_there_are_texts(distinct, as_dictionary):
    values = [f"{n}" for n in range(distinct)]
    column = pa.array(values)
    found = values_of(column.dictionary_encode() if as_dictionary else column)
    same(found, values)
    chunk = chunks.decode(chunks.encode({"x": found}, distinct))
    assert chunk.layout.kinds == chunks.kind_of_codes(distinct)
    assert list(chunk.lists[0]) == (sorted(values) if distinct <= 256 else values)


@pytest.mark.parametrize("kind", INTEGERS)
def test_whole_numbers_come_back_at_the_ends_of_each_width(kind):
    least, most = INTEGERS[kind]
    for low, high in INTEGERS.values():
        ends = [each for each in (low, high, low - 1, high + 1) if least <= each <= most]
        for values in (ends, [*ends, None], *([each] for each in ends)):
            if values:
                same(decoded(pa.array(values, kind)), values)


@pytest.mark.parametrize(
    ("values", "typecode"), [([127, -128], "b"), ([128], "h"), ([-(2**15) - 1], "i"), ([2**31], "q")]
)
def test_whole_numbers_are_packed_as_narrow_as_they_are(values, typecode):
    found = decoded(pa.array(values, pa.int64()))
    assert isinstance(found, array)
    assert found.typecode == typecode


@pytest.mark.parametrize("rows", [2, 63, 64, 100])
def test_packed_numbers_are_stored_as_plain_ones_are(rows):
    """Also a few, which keep eight bytes in a chunk."""
    for values in ([n % 3 for n in range(rows)], [n * 1000 for n in range(rows)], [n / 7 for n in range(rows)]):
        assert chunks.encode({"x": values_of(pa.array(values))}, rows) == chunks.encode({"x": values}, rows)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([True, False, None, True]), pa.array([True, False, True, True]), pa.array([0.5, None, 1.0, 2.0]),
        pa.array([0.5, 1.5, 2.5, 3.5], pa.float32()), pa.array([0.5, 1.5, 2.5, 3.5]), pa.array([1, 2**40, 2**41, 2**42]), pa.array(["a", None, "b", "a"]), pa.array([1, 300, 2, 70_000]),
        pa.array([1, None, 2, 3]), pa.array(["a", "b", None, "a"]).dictionary_encode(), pa.array([None, None, None, None]),
        pa.array([1, 2, None, 1]).dictionary_encode(), pa.array([0.5, 2.5, None, 0.5]).dictionary_encode(),
    ],
)  # fmt: skip
def test_a_part_of_a_column_is_that_part(column):
    values = column.to_pylist()
    same(values_of(column), values)
    same(values_of(column[1:3]), values[1:3])
    same(values_of(pa.chunked_array([column[2:], column[:1]])), values[2:] + values[:1])
    same(decoded(column[1:]), values[1:])


def test_a_long_text_in_a_dictionary_is_kept_once_however_many_rows_name_it():
    """Written out, it would fill any memory; the same text twice in the dictionary changes nothing of that."""
    long = "x" * 1_000_000
    for words in ([long], [long, long]):
        column = pa.DictionaryArray.from_arrays(pa.array([0, len(words) - 1] * 500_000, pa.int8()), pa.array(words))
        found = values_of(column)
        assert len(found) == 1_000_000
        assert all(each is found[0] for each in list(found)[::2])
        assert chunks.recognized(found)[1] == {str}
