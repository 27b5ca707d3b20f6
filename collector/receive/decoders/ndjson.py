"""JSON lines: one row a line. A line that is not JSON is one bad row."""

from typing import Any

from collector.model import RowError
from collector.receive.decoders.json_text import loads_rows
from collector.receive.decoders.table import AsText, Decoded, Limits, from_rows, no_rows
from collector.receive.problems import Malformed

MEDIA = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/jsonlines")
"""Nobody registered one; these are in use."""


def decode(body: bytes, limits: Limits, as_text: AsText = ()) -> Decoded:  # noqa: ARG001 - JSON has types
    r"""Blank lines are skipped. Raises Malformed when no line is JSON, with the first fault; Invalid (no rows), TooLarge.

    >>> decode(b'{"a": 1}\n{"a": 2}\n', Limits(10, 10, 100)).table.columns
    {'a': [1, 2]}
    """
    rows: list[Any] = []
    skipped: list[RowError] = []
    first_fault: Malformed | None = None
    if body.count(b"\n") > 2 * limits.rows:
        limits.check(rows=body.count(b"\n"), columns=0)
    for number, line in enumerate(body.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append(loads_rows(line.rstrip(b"\r"), what=f"line {number}", first_line=number))
        except Malformed as fault:
            first_fault = first_fault or fault
            skipped.append(RowError(len(rows) + len(skipped), None, str(fault)))
    if first_fault is not None and not rows:
        raise first_fault
    if not rows:
        raise no_rows()
    return from_rows(rows, limits, skipped=skipped)
