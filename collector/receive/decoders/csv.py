"""`text/csv`: a header, then a row a line (RFC 4180), in UTF-8 unless the content type says another charset.

CSV has no types, so a cell is read by itself, never by its neighbours: the same text means the same value in every
request. A number is what JSON would take for one (`007` stays text), true and false are booleans, an empty cell and
NaN are missing. Columns that the monitor declares as ids or text are not interpreted at all.
"""

import csv
import io
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from collector.errors import Invalid
from collector.model import RowError, Table
from collector.receive.decoders.table import AsText, Decoded, Limits, no_rows
from collector.receive.problems import Malformed

if TYPE_CHECKING:
    import _csv

NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,400})(\.\d+)?([eE][+-]?\d{1,4})?", re.ASCII)
WORDS = {
    "": None, "NaN": None, "nan": None, "null": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "inf": float("inf"), "-inf": float("-inf"), "Infinity": float("inf"), "-Infinity": float("-inf"),
}  # fmt: skip
CODECS = {
    "utf-8": "utf-8-sig", "utf8": "utf-8-sig", "us-ascii": "utf-8-sig", "iso-8859-1": "latin-1",
    "iso-8859-15": "iso8859-15", "windows-1252": "cp1252", "utf-16": "utf-16",
}  # fmt: skip
"""Charsets that text may be in, and how Python calls them."""
WHOLE_DIGITS = 18
"""Whole numbers of more digits may not fit 64 bits: they become floats."""
csv.field_size_limit(2**31 - 1)  # how long a text may be is judged row by row; the reader would refuse all of them


def decode(body: bytes, limits: Limits, as_text: AsText = (), *, charset: str = "utf-8") -> Decoded:
    r"""Raises Malformed (not of the charset, a quote that never ends), Invalid (no header, no rows), TooLarge.

    >>> decode(b"carrier,distance\nAA,733\n9E,\n", Limits(10, 10, 100)).table.columns
    {'carrier': ['AA', '9E'], 'distance': [733, None]}
    """
    try:
        text = body.decode(CODECS[charset])
    except UnicodeDecodeError as error:
        raise Malformed(
            f"the body is not {charset.upper()}: byte {error.start}", line=body.count(b"\n", 0, error.start) + 1
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, None)
        if not header:
            raise Invalid("no header: the first line names the columns")
        _check_header(header, limits)
        lines, errors, numbers = _lines(reader, len(header), limits)
    except csv.Error as error:
        raise Malformed(f"the body is not CSV: {error} (line {reader.line_num})", line=reader.line_num) from error
    if not lines and not errors:
        raise no_rows()
    cells = list(zip(*lines, strict=True)) if lines else [() for _ in header]
    columns = {name: read_cells(name, column, as_text) for name, column in zip(header, cells, strict=True)}
    return Decoded(Table(columns, len(lines)), errors, numbers if errors else None)


def _check_header(header: Sequence[str], limits: Limits) -> None:
    limits.check(rows=0, columns=len(header))
    seen = set()
    for name in header:
        if name in seen:
            raise Invalid(f"column {name!r} is given twice in the header", column=name, line=1)
        seen.add(name)


def _lines(reader: "_csv.Reader", width: int, limits: Limits) -> tuple[list[list[str]], list[RowError], list[int]]:
    lines: list[list[str]] = []
    errors: list[RowError] = []
    numbers: list[int] = []
    number = 0
    for line in reader:
        if not line:  # a blank line
            continue
        if len(line) == width:
            lines.append(line)
            numbers.append(number)
        else:
            place = f"line {reader.line_num} has {len(line)} cells"
            errors.append(RowError(number, None, f"{place}: expected {width}, as in the header"))
        number += 1
        if number > limits.rows or number * width > limits.cells:
            limits.check(rows=number, columns=width)
    return lines, errors, numbers


def read_cells(name: str, cells: Sequence[str], as_text: AsText) -> list[object]:
    """What the texts of a column mean."""
    if name in as_text:
        return [cell or None for cell in cells]
    distinct: dict[str, object] = {}
    for cell in set(cells):
        distinct[cell] = _value(cell)
    look_up: Callable[[str], object] = distinct.__getitem__
    return list(map(look_up, cells))


def _value(cell: str) -> object:
    if cell in WORDS:
        return WORDS[cell]
    match = NUMBER.fullmatch(cell)
    if match is None:
        return cell
    if match.group(1) is None and match.group(2) is None and len(cell) <= WHOLE_DIGITS:
        return int(cell)
    return float(cell)
