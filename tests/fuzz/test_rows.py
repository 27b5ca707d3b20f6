"""Whatever the bytes are, a decoder gives rows or a refusal, and the judge takes or names every row."""

import gzip
import zlib

import orjson
import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings, strategies as st

from collector.errors import Invalid
from collector.monitor import Monitor
from collector.receive import decoders
from collector.receive.compression import decompress
from collector.receive.decoders.table import Limits
from collector.receive.rows.judge import Judge
from collector.receive.rows.labels import judge_labels
from tests.receive.doubles import NOW_US, default_monitor

LIMITS = Limits(rows=1000, columns=50, bytes=1_000_000)
OPEN = Monitor.model_validate({"id": "open"})
CLOSED = default_monitor(
    columns={"id": "id", "timestamp": "t", "numerical_features": ["x"], "categorical_features": ["c"]}
)
MONITORS = [OPEN, CLOSED, default_monitor()]
NAMES = st.sampled_from(["id", "t", "time", "x", "c", "distance", "note", "score", "late", "", "ä", "columns"])
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), st.text(max_size=8),
        st.sampled_from(["2013-02-01T10:00:00Z", "1e400", "9" * 30, "nan", "\u0000"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
ROWS = st.lists(st.dictionaries(NAMES, VALUES, max_size=6) | VALUES, max_size=8)


def decoded_or_refused(content_type, body):
    try:
        return decoders.find(content_type)(body, LIMITS)
    except Invalid as error:
        assert str(error)  # noqa: PT017 - most bytes are refused, some are not
        return None


@pytest.mark.parametrize("content_type", list(decoders.DECODERS))
@given(body=st.binary(max_size=300))
@example(body=b"\xff\xfe")
@example(body=b"[" * 100_000)
@example(body=b'{"a":' * 50_000)
@example(body=b"[NaN, Infinity")
@example(body=b'[{"a": 1e999, "b": -0.0, "c": 123456789012345678901234567890}]')
@example(body=b'[{"a": "\\ud800"}]')
@example(body=b'[{"a": 1, "a": 2}]')
@example(body=b"a,b\n1\n" + b'"' * 99)
@example(body=b"\xff\xff\xff\xff\x10\x00\x00\x00" + b"\x00" * 64)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_bytes_make_a_decoder_fail_otherwise_than_by_a_refusal(content_type, body):
    decoded_or_refused(content_type, body)


@given(rows=ROWS, monitor=st.sampled_from(MONITORS), lines=st.booleans())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_every_row_is_taken_or_named(rows, monitor, lines):
    try:
        body = b"\n".join(map(orjson.dumps, rows)) if lines else orjson.dumps(rows)
    except TypeError:  # half a character, which no JSON writer writes
        return
    found = decoded_or_refused("application/x-ndjson" if lines else "application/json", body)
    if found is None:
        return
    judged = Judge(max_future_seconds=86_400).judge(found, monitor, now_us=NOW_US)
    total = judged.table.rows + judged.rejected
    assert total == len([row for row in rows if row is not None or not lines]) or total <= len(rows)
    assert all(len(values) == judged.table.rows for values in judged.table.columns.values())
    assert judged.ids is None or len(judged.ids) == judged.table.rows
    assert judged.event_us is None or len(judged.event_us) == judged.table.rows
    assert {error.row for error in judged.errors} <= set(range(len(rows)))


@given(rows=ROWS)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_every_label_is_taken_or_named(rows):
    try:
        found = decoded_or_refused("application/json", orjson.dumps(rows))
    except TypeError:
        return
    if found is None:
        return
    try:
        good, errors = judge_labels(found, default_monitor())
    except Invalid as error:
        assert "it is missing" in str(error)  # noqa: PT017 - not one label has an id, or a target
    else:
        assert len(good) + len({error.row for error in errors}) == len(rows)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("zstd", zstandard.compress), ("identity", bytes)],
)
@given(data=st.binary(max_size=200), cut=st.integers(0, 200), noise=st.booleans())
@settings(deadline=None)
def test_a_body_cut_anywhere_is_unpacked_or_refused(encoding, pack, data, cut, noise):
    packed = pack(data)[:cut] + (b"\x00\xff" if noise else b"")
    try:
        unpacked = decompress(packed, encoding, limit=1000)
    except Invalid:
        return
    assert len(unpacked) <= 1000
