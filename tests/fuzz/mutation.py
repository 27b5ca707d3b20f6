"""What is done to a good input to make a bad one: as bytes, and as JSON where it is JSON. Pure: chance is passed in."""

import json
import struct
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import Any

LONGEST = 1 << 16
"""Bytes of a mutated input: what is large is the business of `test_bounds`."""
_MOST_STEPS = 4

_TOKENS = (
    b"", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\r\n", b"\n\n", b",", b'"', b"'", b"\\", b"\\ud800", b"\\u0000", b"[", b"]",
    b"{", b"}", b"{}", b"[]", b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"-1e999", b"-0.0", b"9" * 19, b"9" * 400,
    b"9" * 5000, b"-9e16", b"1e16", b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00", b"[" * 1100, b"]" * 1100,
    b'{"a":' * 300, b'[{"a":' * 400, b"%00", b"%ff", b"..", b"\xc3\x28", b"\xed\xa0\x80", b"\xf0\x9f\x92\xa9", b"PAR1",
    b"ARROW1\x00\x00", b"\xff\xff\xff\xff", b"\x28\xb5\x2f\xfd", b"\x1f\x8b\x08", b"=1+1", b";", b"\t",
)  # fmt: skip
_NUMBERS = (-(2**63), -(2**31), -2, -1, 0, 1, 2, 127, 255, 256, 65_535, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1)
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, -0.0, 2**31, 2**53 + 1, 2**63 - 1, 2**64 - 1, -(2**63), 10**30, 1e308, float("nan"), float("inf"),
    -9e16, 1e17, 253_402_300_800, "", " ", "a", "\u0000", "\ud800", "é", "x" * 300, "9" * 30, "nan", "1_000", "true", "=A1",
    "2013-02-01T10:00:00Z", "0001-01-01T00:00:00+14:00", "QUE=", "QUE", [], {}, [None], [[]], [{}], {"": None}, [1, "a"],
    {"a": {"b": [1]}}, [[1, 2], [3]],
)  # fmt: skip
_MARK = "here"
_DEEP = (50, 250, 260, 500, 1010, 1100)


def mutated(random: Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds, with a few things wrong with it."""
    data = random.choice(seeds)
    for _ in range(random.randint(1, _MOST_STEPS)):
        step = random.choice(_STEPS)
        data = step(random, data, seeds)[:LONGEST]
    return data


Step = Callable[[Random, bytes, Sequence[bytes]], bytes]


def _place(random: Random, data: bytes) -> int:
    return random.randint(0, len(data))


def _span(random: Random, data: bytes) -> tuple[int, int]:
    start = _place(random, data)
    return start, min(len(data), start + random.choice((1, 2, 4, 8, 16, 64, 256)))


def _flip(random: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    if not data:
        return data
    place = random.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << random.randrange(8))]) + data[place + 1 :]


def _overwrite(random: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Lengths, counts and offsets that lie, in either byte order."""
    form = random.choice(("<i", "<q", ">i", "<h", "<b"))
    size = struct.calcsize(form)
    number = random.choice(_NUMBERS) % (1 << 8 * size)
    packed = struct.pack(form.upper(), number)
    place = _place(random, data)
    return data[:place] + packed + data[place + size :]


def _delete(random: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    start, stop = _span(random, data)
    return data[:start] + data[stop:]


def _repeat(random: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    start, stop = _span(random, data)
    return data[:stop] + data[start:stop] * random.choice((1, 2, 50, 2000)) + data[stop:]


def _insert(random: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    place = _place(random, data)
    return data[:place] + random.choice(_TOKENS) + data[place:]


def _replace(random: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    start, stop = _span(random, data)
    return data[:start] + random.choice(_TOKENS) + data[stop:]


def _cut(random: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    return data[: _place(random, data)]


def _splice(random: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    other = random.choice(seeds)
    return data[: _place(random, data)] + other[_place(random, other) :]


def _node(random: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """JSON with a value replaced, wrapped, doubled or taken away, a key renamed or given twice. No JSON: bytes."""
    value, write = _parsed(data)
    if write is None:
        return _flip(random, data, seeds)
    places = list(_places(value))
    if not places:
        return write(random.choice(_VALUES))
    owner, key = random.choice(places)
    what = random.randrange(6)
    if what == 0:
        del owner[key]
    elif what == 1:
        owner[key] = [owner[key]]
    elif what == 2:  # as text: the standard library writes nothing so deep
        inner, depth = json.dumps(owner[key]).encode(), random.choice(_DEEP)
        opening, closing = random.choice(((b"[", b"]"), (b'{"a":', b"}")))
        owner[key] = _MARK
        return write(value).replace(json.dumps(_MARK).encode(), opening * depth + inner + closing * depth)
    elif what == 3 and isinstance(owner, dict):
        owner[random.choice(("", "id", "data", "columns", "\u0000", "x" * 300, "é", str(key)))] = owner[key]
    elif what == 4:
        other, other_key = random.choice(places)
        owner[key] = json.loads(json.dumps(other.get(other_key) if isinstance(other, dict) else None))
    else:
        owner[key] = random.choice(_VALUES)
    written = write(value)
    if what == 5 and isinstance(owner, dict):
        name = json.dumps(key).encode() + b":"
        return written.replace(name, name + b" null, " + name, 1)  # the same key twice
    return written


def _parsed(data: bytes) -> tuple[Any, Callable[[Any], bytes] | None]:
    """JSON, or one line of JSON lines, and how to write it back."""
    lines = data.split(b"\n")
    for first, count in ((0, len(lines)), *((number, 1) for number in range(min(len(lines), 3)))):
        try:
            value = json.loads(b"\n".join(lines[first : first + count]))
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict | list):
            return value, partial(_written, lines[:first], lines[first + count :])
    return None, None


def _written(before: list[bytes], after: list[bytes], value: Any) -> bytes:
    return b"\n".join([*before, json.dumps(value).encode(), *after])


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place that holds a value, not too deep down."""
    waiting = [(value, 0)]
    while waiting:
        owner, depth = waiting.pop()
        if depth > 40 or not isinstance(owner, dict | list):
            continue
        for key in list(owner) if isinstance(owner, dict) else range(len(owner)):
            yield owner, key
            waiting.append((owner[key], depth + 1))


_STEPS: Sequence[Step] = (
    _flip, _overwrite, _delete, _repeat, _insert, _replace, _cut, _splice, _node, _node, _node, _node,
)  # fmt: skip
