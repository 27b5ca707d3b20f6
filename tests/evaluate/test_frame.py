"""Chunks become the frame that pandas would have made of the same rows."""

import math

import numpy as np
import orjson
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from collector.chunks import encode
from collector.errors import Invalid
from collector.evaluate.windows.frame import frame_of, join_labels
from collector.model import StoredChunk, digest

_numbers = st.one_of(st.integers(-(2**40), 2**40), st.floats(-1e9, 1e9, allow_nan=False))
_kinds = st.sampled_from(
    [
        st.integers(-(2**53), 2**53),
        st.floats(allow_nan=False),
        _numbers,
        st.one_of(st.none(), _numbers),
        st.text(max_size=5),
        st.one_of(st.none(), st.text(max_size=3)),
        st.booleans(),
        st.one_of(st.none(), st.booleans()),
        st.one_of(st.integers(0, 5), st.text(max_size=3)),
        st.none(),
    ]
)


def chunks_of(rows, sizes, columns):
    chunks, start = [], 0
    for size in sizes:
        part = rows[start : start + size]
        chunks.append(StoredChunk(encode({name: [row[name] for row in part] for name in columns}, len(part))))
        start += size
    return chunks


@given(st.data())
def test_chunks_give_the_frame_that_pandas_gives_for_the_rows(data):
    columns = ["a", "b"]
    kinds = [data.draw(_kinds) for _ in columns]
    sizes = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=12))
    rows = [{name: data.draw(kind) for name, kind in zip(columns, kinds, strict=True)} for _ in range(sum(sizes))]
    frame = frame_of(chunks_of(rows, sizes, columns))
    expected = pd.DataFrame(rows, columns=columns)
    for name in columns:
        whole = [row[name] for row in rows]
        if any(isinstance(value, float) for value in whole) and not any(isinstance(v, str | bool) for v in whole):
            expected[name] = expected[name].astype("float64")
    pd.testing.assert_frame_equal(frame, expected)


def test_a_column_that_a_chunk_lacks_is_null_there():
    chunks = [StoredChunk(encode({"a": [1], "s": ["x"]}, 1)), StoredChunk(encode({"a": [2], "b": [True]}, 1))]
    frame = frame_of(chunks)
    assert list(frame.columns) == ["a", "s", "b"]
    assert frame["a"].dtype == np.int64
    assert frame["s"].isna().tolist() == [False, True]
    assert frame["b"].tolist() == [None, True]


def test_an_integer_column_with_a_gap_is_float():
    frame = frame_of([StoredChunk(encode({"a": [1]}, 1)), StoredChunk(encode({"b": [1]}, 1))])
    assert frame["a"].dtype == np.float64
    assert math.isnan(frame["a"][1])


def test_integers_after_a_chunk_of_missing_ones_are_floats():
    frame = frame_of([StoredChunk(encode({"a": [None]}, 1)), StoredChunk(encode({"a": [7]}, 1))])
    assert frame["a"].dtype == np.float64
    assert math.isnan(frame["a"][0])
    assert frame["a"][1] == 7


def test_instants_beside_a_chunk_of_missing_ones_are_instants():
    known = StoredChunk(encode({"at": [1_359_676_800_000_000]}, 1, times={"at"}))
    frame = frame_of([StoredChunk(encode({"at": [None]}, 1)), known])
    assert frame["at"].tolist() == [pd.NaT, pd.Timestamp("2013-02-01")]


def test_rows_of_another_window_are_left_out():
    chunk = encode({"a": [10, 11, 12], "s": ["x", "y", "z"], "j": [1, "p", None]}, 3)
    frame = frame_of([StoredChunk(chunk, take=[2, 0])])
    assert frame["a"].tolist() == [12, 10]
    assert frame["s"].tolist() == ["z", "x"]
    assert [None if pd.isna(value) else value for value in frame["j"]] == [None, 1]


@given(st.data())
def test_chunks_of_any_size_and_layout_keep_their_rows_in_order(data):
    counts = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=12))
    chunks, expected, next_number = [], [], 0
    for count in counts:
        numbers = list(range(next_number, next_number + count))
        next_number += count
        names = data.draw(st.sampled_from([("n", "s"), ("s", "n"), ("n", "s", "other")]))
        columns: dict[str, list[object]] = {
            "n": [*numbers],
            "s": [f"text {number % 3}" for number in numbers],
            "other": [0.5] * count,
        }
        take = data.draw(st.none() | st.lists(st.sampled_from(range(count)), unique=True))
        chunks.append(StoredChunk(encode({name: columns[name] for name in names}, count), take=take))
        expected += [numbers[index] for index in (range(count) if take is None else take)]
    frame = frame_of(chunks)
    assert len(frame) == len(expected)
    assert expected == [] or frame["n"].tolist() == expected
    assert expected == [] or frame["s"].tolist() == [f"text {number % 3}" for number in expected]


def test_event_times_are_instants_in_utc():
    chunk = encode({"at": [1_359_676_800_000_000, None]}, 2, times={"at"})
    frame = frame_of([StoredChunk(chunk), StoredChunk(encode({"x": [1]}, 1))])
    assert frame["at"].dtype == np.dtype("datetime64[us]")
    assert frame["at"][0] == pd.Timestamp("2013-02-01")
    assert frame["at"].isna().tolist() == [False, True, True]


def test_infinities_survive_beside_text():
    chunk = encode({"x": [math.inf, "y", None]}, 3)
    assert frame_of([StoredChunk(chunk)])["x"][0] == math.inf


def test_no_chunks_give_an_empty_frame():
    assert frame_of([]).shape == (0, 0)


def test_bytes_that_are_no_chunk_are_invalid():
    with pytest.raises(Invalid, match="not a chunk"):
        frame_of([StoredChunk(b"??")])


def labelled(targets, rows=3, sent=None, take=None):
    ids = [f"id-{index}" for index in range(rows)]
    columns = {"x": list(range(rows))} | ({} if sent is None else {"y": sent})
    chunk = StoredChunk(encode(columns, rows), b"".join(digest(each) for each in ids), take)
    labels = {digest(each): orjson.dumps(value) for each, value in targets.items()}
    return join_labels(frame_of([chunk]), [chunk], labels, "y")


def test_labels_are_joined_by_the_inference_id():
    frame = labelled({"id-2": 1, "id-0": 0, "somebody-else": 1})
    assert [None if pd.isna(value) else value for value in frame["y"]] == [0, None, 1]
    assert labelled({f"id-{index}": index % 2 for index in range(3)})["y"].dtype == np.int64


def test_a_label_overrides_a_target_that_came_with_the_row():
    assert labelled({"id-1": "late"}, sent=["on time", "early", "on time"])["y"].tolist() == [
        "on time",
        "late",
        "on time",
    ]


def test_labels_follow_the_rows_of_the_window():
    frame = labelled({"id-0": 10, "id-2": 12}, take=[2, 1])
    assert [None if pd.isna(value) else value for value in frame["y"]] == [12, None]


def test_rows_without_ids_get_no_label():
    chunk = StoredChunk(encode({"x": [1]}, 1))
    assert join_labels(frame_of([chunk]), [chunk], {digest("a"): b"1"}, "y")["y"].isna().all()
