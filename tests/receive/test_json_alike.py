"""Rows that look alike take a quicker way: what it says is what the usual one says, and otherwise it says nothing."""

import orjson
import pytest
from hypothesis import given, strategies as st

from collector.errors import Invalid
from collector.model import Table
from collector.ports import rows_in
from collector.receive.decoders import json_alike, json_rows
from collector.receive.decoders.table import Limits

LIMITS = Limits(rows=100, columns=10, bytes=100_000)

NUMBERS = [
    "1", "-0", "-0.0", "1E5", "0.1", "1e23", "5e-324", "1e-400", "1e400", "-1e400", "9007199254740993", "12345678901234567890.5",
    "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551616", "-9223372036854775809",
    "01", "1.", ".5", "+1", "--1", "NaN", "Infinity",
]  # fmt: skip
TEXTS = [
    '""',
    '"a"',
    r'"\u00e9"',
    '"é"',
    r'"\ud83d\ude00"',
    r'"\ud800"',
    '"tab\there"',
    r'"\/"',
    r'"\x"',
    '"}"',
    '"{"',
    '"\x7f"',
]
OTHERS = ["null", "true", "false", "tru", "[1]", "{}", '{"a": 1}', "[" * 2000 + "]" * 2000, ""]
values = st.sampled_from(NUMBERS + TEXTS + OTHERS)
FIRST = '{"a": 1, "b": 0.5}'


def body(*rows: str, times: int = 40, first: str = FIRST) -> bytes:
    return ("[" + ",".join([first] + [*rows] * times) + "]").encode("utf-8", "surrogatepass")


def told(body: bytes) -> object:
    """What the usual way makes of it, with every type and sign; None when it is no JSON."""
    try:
        rows = orjson.loads(body)
    except ValueError:
        return None
    return repr({name: tuple(row[name] for row in rows) for name in rows[0]})


@given(
    values,
    values,
    st.sampled_from(['{"a": %s, "b": %s}', '{"b": %s, "a": %s}', '{"a":%s,"a":%s}', ' {"a" :%s\n,"b":%s}\t']),
)
def test_what_the_quick_way_says_is_what_the_usual_one_says(first, second, shape):
    sent = body(shape % (first, second))
    found = json_alike.table(sent)
    assert found is None or repr(found.columns) == told(sent)


@given(st.binary(max_size=30), st.integers(0, 400))
def test_a_damaged_body_is_never_taken_for_a_whole_one(noise, place):
    whole = body('{"a": 2, "b": "x"}')
    damaged = whole[:place] + noise + whole[place + len(noise) :]
    found = json_alike.table(damaged)
    assert found is None or repr(found.columns) == told(damaged)


def test_rows_that_look_alike_take_the_quick_way():
    sent = body('{"a": 2, "b": null}')
    assert json_alike.table(sent) == Table({"a": (1, *[2] * 40), "b": (0.5, *[None] * 40)}, 41)
    assert json_rows.parse(sent) == json_alike.table(sent)


@pytest.mark.parametrize(
    ("row", "first"),
    [
        ('{"a": 2}', FIRST), ('{"a": 2, "b": 1, "c": 3}', FIRST), ("null", FIRST), ("[1, 2]", FIRST), ('{"a": [1], "b": 2}', FIRST),
        ('{"a": 18446744073709551616, "b": 2}', FIRST), ('{"a": 1} x', FIRST), ("{}", "{}"), ('{"\\"": 1}', '{"\\"": 1}'),
        ('{"a}": 1}', '{"a}": 1}'),
    ],
)  # fmt: skip
def test_whatever_is_unlike_its_first_row_is_left_to_the_usual_way(row, first):
    assert json_alike.table(body(row, first=first)) is None


def test_a_few_rows_are_left_to_the_usual_way():
    """It judges them together with those of other requests."""
    assert json_alike.table(body(FIRST, times=json_alike.FROM_ROWS // 2)) is None


def test_a_row_with_too_many_names_is_left_to_the_usual_way():
    wide = orjson.dumps([{f"x{n}": 1 for n in range(1000)}] * 40)
    assert json_alike.table(wide) is None
    assert rows_in(json_rows.parse(wide)) == 40


def test_both_ways_make_the_same_table():
    rows = [{"a": n, "b": f"t{n}", "c": n / 3, "d": None, "é": bool(n % 2)} for n in range(50)]
    quick = json_rows.decode(orjson.dumps(rows), LIMITS)
    usual = json_rows.decode(orjson.dumps([*rows, {"a": 1}]), LIMITS)
    assert {name: list(column) for name, column in quick.table.columns.items()} == {
        name: list(column)[:50] for name, column in usual.table.columns.items()
    }


@pytest.mark.parametrize(("rows", "columns"), [(101, 2), (50, 11)])
def test_limits_hold_for_rows_that_look_alike(rows, columns):
    with pytest.raises(Invalid, match="at most"):
        json_rows.decode(orjson.dumps([{f"x{n}": 1 for n in range(columns)}] * rows), LIMITS)
