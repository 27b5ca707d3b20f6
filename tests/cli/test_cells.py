"""A CSV file that is read at once has the values that the service's decoder gives its cells."""

import csv
import io

import pandas as pd
from hypothesis import example, given, strategies as st

from collector.commands.cells import read_csv
from collector.errors import Invalid
from collector.receive.decoders.csv import decode
from collector.receive.decoders.table import Limits

LIMITS = Limits(rows=1000, columns=100, bytes=10**6)
CELLS = st.one_of(
    st.sampled_from(["", "NaN", "null", "true", "False", "inf", "007", "-0", "1e5", "1e999", "+1", " 1", "1_0", "1,5", ".5", "5."]),
    st.integers(-(10**19), 10**19).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5),
    st.sampled_from(['"', "a\nb", "a\r\nb", 'say "hi"', "\u00e9", "\u0661"]),
)  # fmt: skip
COLUMNS = st.lists(st.text("abc d\u00e9", max_size=3), min_size=1, max_size=3)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    names = draw(COLUMNS)
    rows = draw(st.lists(st.lists(CELLS, min_size=len(names), max_size=len(names)), max_size=4))
    if draw(st.integers(0, 9)) == 0:
        rows.append(draw(st.lists(CELLS, max_size=4)))
    out = io.StringIO()
    csv.writer(out, lineterminator=draw(st.sampled_from(["\n", "\r\n"]))).writerows([names, *rows])
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + out.getvalue().encode()


@given(files(), st.sampled_from([(), ("a",)]))
@example(b"a\n1\n\n2\n", ())
@example(b"a,b\n123456789012345678,1\n1234567890123456789,2\n", ())
@example(b"a\n\xff\n", ())
@example(b"\xff\n1\n", ())
def test_a_file_read_at_once_has_the_values_of_the_decoder(body: bytes, as_text: tuple[str, ...]) -> None:
    try:
        decoded = decode(body, LIMITS, as_text)
    except Invalid:
        decoded = None
    expected = None if decoded is None or decoded.errors else pd.DataFrame(decoded.table.columns)
    try:
        found = read_csv(body, as_text)
    except (Invalid, ValueError):
        found = None

    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        pd.testing.assert_frame_equal(found, expected)
