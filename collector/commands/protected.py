"""A file of rows as the service would keep them: its columns that are to be dropped, hashed or masked are, in the file's own
format, before anything else reads it.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from collector.commands.batches import reading
from collector.commands.files import rows_or_columns, values_of_lines
from collector.monitor import Monitor
from collector.receive.decoders.csv import read_cells
from collector.receive.references.tables import hidden
from collector.receive.rows.privacy import Protection
from collector.receive.rows.roles import roles_of


def protected(path: Path, body: bytes, monitor: Monitor, protection: Protection | None) -> bytes:
    """The file again; a file of another format as it is, for whoever reads it will refuse it. Raises Invalid, beginning with
    the path.
    """
    convert = {".parquet": _parquet, ".csv": _csv, ".json": _json, ".ndjson": _ndjson, ".jsonl": _ndjson}
    suffix = path.suffix.lower()
    if protection is None or suffix not in convert:
        return body
    with reading(path):
        return convert[suffix](body, monitor, protection)


def _parquet(body: bytes, monitor: Monitor, protection: Protection) -> bytes:  # noqa: ARG001 - one signature for all
    sink = pa.BufferOutputStream()
    pq.write_table(hidden(pq.read_table(io.BytesIO(body)), protection), sink)
    found: bytes = sink.getvalue().to_pybytes()
    return found


def _csv(body: bytes, monitor: Monitor, protection: Protection) -> bytes:
    """A cell means what it means in a request."""
    lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    header = lines[0] if lines else []
    as_text = roles_of(monitor).as_text
    for place, name in enumerate(header):
        if protection.hides(name):
            of_column = [line for line in lines[1:] if len(line) > place]
            cells = read_cells(name, [line[place] for line in of_column], as_text)
            for line, text in zip(of_column, protection.stored(name, cells), strict=True):
                line[place] = str(text or "")
    taken = [place for place, name in enumerate(header) if not protection.drops(name)]
    out = io.StringIO()
    csv.writer(out).writerows([line[place] for place in taken if place < len(line)] for line in lines if line)
    return out.getvalue().encode()


def _json(body: bytes, monitor: Monitor, protection: Protection) -> bytes:  # noqa: ARG001 - one signature for all
    found = rows_or_columns(body)
    if not isinstance(found, dict):
        return orjson.dumps(_rows(found, protection))
    return orjson.dumps(
        {name: _cells(name, values, protection) for name, values in found.items() if not protection.drops(name)}
    )


def _ndjson(body: bytes, monitor: Monitor, protection: Protection) -> bytes:  # noqa: ARG001 - one signature for all
    return b"\n".join(map(orjson.dumps, _rows(values_of_lines(body), protection)))


def _rows(rows: Sequence[Any], protection: Protection) -> Sequence[dict[str, object]]:
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("expected objects")
    names = dict.fromkeys(name for row in rows for name in row)
    for name in filter(protection.hides, names):
        having = [row for row in rows if name in row]
        stored = protection.kept(name, [row.pop(name) for row in having])
        if not protection.drops(name):
            for row, value in zip(having, stored, strict=True):
                row[name] = value
    return rows


def _cells(name: str, values: object, protection: Protection) -> object:
    """Of a column: a list, or an object whose keys are the rows' numbers."""
    if isinstance(values, Mapping):
        return dict(zip(values, protection.kept(name, list(values.values())), strict=True))
    if isinstance(values, list):
        return protection.kept(name, values)
    raise ValueError(f"column {name!r}: expected a list of values")
