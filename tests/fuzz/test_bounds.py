"""The worst bodies that the limits let in: small ones that would like to be large. Answered in time, and in bounded memory."""

import gzip
import json
import struct
import time
import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pytest
import zstandard

from collector.errors import Invalid
from collector.receive.compression import decompress
from tests.fuzz.house import MOST_BODY_BYTES, MOST_MEMORY_TIMES, opened
from tests.fuzz.seeds import parquet, stream

FULL = MOST_BODY_BYTES - 64
"""Bytes of a body that is as large as may be."""


def filled(piece: bytes, begin: bytes = b"", end: bytes = b"") -> bytes:
    return begin + piece * ((FULL - len(begin) - len(end)) // len(piece)) + end


def in_list(values: pa.Array, offsets: list[int]) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


def overlapping_views(rows: int, text: bytes) -> bytes:
    """A stream whose texts all lie in the same place."""
    view = struct.pack("<i4sii", len(text), text[:4], 0, 0)
    column = pa.Array.from_buffers(pa.string_view(), rows, [None, pa.py_buffer(view * rows), pa.py_buffer(text)])
    return stream(pa.table({"note": column}))


def zeros() -> pa.Table:
    return pa.table({"note": ["x" * 60_000_000]})


def coded(codes: Sequence[int] | np.ndarray, words: pa.Array) -> pa.Table:
    return pa.table({"a": pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), words)})


def one_word(rows: int, word: str) -> pa.Table:
    return coded(np.zeros(rows, np.int32), pa.array([word]))


def many_batches(word: str, count: int) -> bytes:
    table = one_word(1, word)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        for _ in range(count):
            stream.write_table(table)
    return bytes(sink.getvalue())


def inside(begin: bytes, item: bytes, end: bytes) -> bytes:
    """As many items of a JSON list as fit between the two."""
    count = (FULL - len(begin) - len(end)) // (len(item) + 1)
    return begin + b",".join([item] * count) + end


def field(tag: int, data: bytes) -> bytes:
    """A field of protobuf with its length."""
    return bytes([tag]) + varint(len(data)) + data


def lying(stream: bytes) -> bytes:
    """The length that a compressed buffer says it has, a thousand times as much."""
    mark = stream.index(b"\x04\x22\x4d\x18") - 8
    return stream[:mark] + struct.pack("<q", 1 << 40) + stream[mark + 8 :]


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


NULLS = pa.nulls(2**31 - 2)
LONG = "x" * 500_000
PAIRS = b"\x12\x00" * (FULL // 2 - 20)
BODIES: Mapping[str, Mapping[str, Callable[[], bytes]]] = {
    "rows-json": {
        "empty-lists": lambda: inside(b"[", b"[]", b"]"),
        "empty-objects": lambda: inside(b"[", b"{}", b"]"),
        "numbers": lambda: inside(b"[", b"1", b"]"),
        "one-wide-row": lambda: b"{" + b",".join(b'"%d":1' % n for n in range(90_000)) + b"}",
        "a-column-for-each-row": lambda: b"[" + b",".join(b'{"%d":1}' % n for n in range(9_999)) + b"]",
        "column-of-lists": lambda: inside(b'{"columns": {"a": [', b"[]", b"]}}"),
        "deep": lambda: b"[" * FULL,
        "digits": lambda: b'[{"distance": ' + b"9" * (FULL - 30) + b"}]",
        "escapes": lambda: filled(b"\\u00e9", b'[{"note": "', b'"}]'),
        "as-python-writes": lambda: inside(b"[NaN,", b"[]", b"]"),
        "half-a-character": lambda: inside(b'["\\ud800",', b"{}", b"]"),
    },
    "rows-ndjson": {
        "newlines": lambda: b"\n" * FULL,
        "objects": lambda: filled(b"{}\n"),
        "broken": lambda: filled(b"x\n"),
        "as-python-writes": lambda: filled(b"NaN\n"),
    },
    "rows-csv": {
        "commas": lambda: b"," * FULL,
        "lines": lambda: filled(b"a\n"),
        "quotes": lambda: b'"' * FULL,
        "cells": lambda: filled(b"1,2,3,4\n", b"a,b,c,d\n"),
        "wide-characters": lambda: filled("\U0001f4a9,1\n".encode(), b"a,b\n"),
    },
    "rows-gzip": {
        "zeros": lambda: gzip.compress(bytes(1 << 28), mtime=0),
        "members": lambda: filled(gzip.compress(b"", mtime=0)),
    },
    "rows-deflate": {"zeros": lambda: zlib.compress(bytes(1 << 28))},
    "rows-zstd": {
        "zeros": lambda: zstandard.compress(bytes(1 << 28)),
        "frames": lambda: filled(zstandard.compress(b"")),
    },
    "rows-arrow": {
        "zeros": lambda: stream(zeros(), "zstd"),
        "lying-length": lambda: lying(stream(pa.table({"note": ["x" * 5_000]}), "lz4")),
        "list-of-nulls": lambda: stream(pa.table({"a": in_list(NULLS, [0, len(NULLS)])})),
        "overlapping-texts": lambda: overlapping_views(10_000, LONG.encode()),
        "one-long-word": lambda: stream(one_word(10_000, LONG)),
        "dictionary-of-nulls": lambda: stream(coded([0], NULLS)),
        "large-dictionary-in-many-batches": lambda: many_batches("x" * 300_000, 2_000),
        "one-long-run": lambda: stream(
            pa.table({"a": pa.RunEndEncodedArray.from_arrays(pa.array([10_000], pa.int32()), [LONG])})
        ),
    },
    "labels-json": {
        "objects": lambda: inside(b"[", b"{}", b"]"),
        "labels": lambda: inside(b"[", b'{"id":1,"target":1}', b"]"),
    },
    "reference-arrow": {
        "zeros": lambda: stream(zeros(), "zstd"),
        "one-long-word": lambda: stream(one_word(10_000, LONG)),
        "list-of-nulls": lambda: stream(pa.table({"a": in_list(NULLS, [0, len(NULLS)])})),
        "overlapping-texts": lambda: overlapping_views(10_000, LONG.encode()),
    },
    "reference-parquet": {
        "zeros": lambda: parquet(zeros(), compression="zstd", use_dictionary=False),
        "one-long-word": lambda: parquet(one_word(1_000_000, LONG)),
        "one-short-word": lambda: parquet(one_word(3_000_000, "x" * 9_000)),
        "many-rows": lambda: parquet(pa.table({"a": pa.nulls(8_000_000, pa.int8())})),
        "list-of-nulls": lambda: parquet(pa.table({"a": in_list(pa.nulls(20_000_000, pa.int8()), [0, 20_000_000])})),
    },
    "reference-json": {"empty-objects": lambda: inside(b"[", b"{}", b"]")},
    "events-batch": {"empty-objects": lambda: inside(b"[", b"{}", b"]"), "numbers": lambda: inside(b"[", b"1", b"]")},
    "events-lines": {"broken": lambda: filled(b"x\n"), "objects": lambda: filled(b"{}\n")},
    "model-request": {
        "empty-lists": lambda: inside(b'{"instances":[', b"[]", b"]}"),
        "shape": lambda: b'{"inputs":[{"name":"x","shape":[2147483647,2147483647],"datatype":"FP32","data":[1]}]}',
        "tensors": lambda: inside(b'{"inputs":[', b'{"name":"x","shape":[1],"data":[1]}', b"]}"),
        "objects": lambda: inside(b'{"instances":[', b'{"a":[1,2]}', b"]}"),
    },
    "grpc-request": {
        "tensors": lambda: b"\x2a\x00" * 380_000,
        "booleans": lambda: field(0x2A, field(0x2A, field(0x0A, b"\x01" * 750_000))),
    },
    "otlp-protobuf": {
        "records": lambda: field(0x0A, field(0x12, PAIRS)),
        "resources": lambda: filled(b"\x0a\x00"),
        "scopes": lambda: field(0x0A, PAIRS),
        "attributes": lambda: field(0x0A, field(0x12, field(0x12, b"\x32\x00" * (FULL // 2 - 20)))),
    },
    "otlp-json": {
        "records": lambda: inside(b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[', b"{}", b"]}]}]}"),
        "resources": lambda: inside(b'{"resourceLogs":[', b"{}", b"]}"),
    },
    "retired-frame": {
        "empty-columns": lambda: b"{" + b",".join(b'"%d":{}' % n for n in range(90_000)) + b"}",
        "an-index-of-its-own-for-each-column": lambda: json.dumps({n: {n: 1} for n in range(190)}).encode(),
    },
    "retired-collector": {"metrics": lambda: inside(b'{"report_config":{"metrics":[', b"{}", b"]}}")},
    "monitor": {
        "unknown-keys": lambda: b"{" + b",".join(b'"colum%d":1' % n for n in range(70_000)) + b"}",
        "reports": lambda: inside(b'{"reports":[', b'{"nam":1}', b"]}"),
        "features": lambda: (
            b'{"columns":{"numerical_features":[' + b",".join(b'"%d"' % n for n in range(100_000)) + b"]}}"
        ),
    },
}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("house")) as found:
        yield found


@pytest.mark.parametrize(
    ("door", "made"),
    [pytest.param(door, made, id=f"{door}-{name}") for door, bodies in BODIES.items() for name, made in bodies.items()],
)
def test_the_worst_body_is_answered_in_bounded_memory_and_time(door, made, house):
    data = made()
    assert len(data) <= MOST_BODY_BYTES
    with house.peak() as taken:
        house.ask(door, data)
    assert taken[0] <= MOST_MEMORY_TIMES * MOST_BODY_BYTES, (
        f"{taken[0] / MOST_BODY_BYTES:.0f} times the limit of a body"
    )


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
def test_many_members_take_time_that_grows_as_they_do(encoding, pack):
    """A second for each of 4 MB would do; when each member copied what follows it, it took ten."""
    before = time.process_time()
    with pytest.raises(Invalid):
        decompress(filled(pack(b"")) * 4 + b"\xff", encoding, limit=MOST_BODY_BYTES)
    assert time.process_time() - before < 4
