"""A file of rows as a frame, as a batch job reads it. What a cell of CSV or an instant means, it means in a request too."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pyarrow.parquet as pq

from collector.commands.cells import read_csv
from collector.errors import Invalid
from collector.evaluate.references.rows import instants, rows_of
from collector.monitor import Monitor
from collector.receive.decoders.table import AsText
from collector.receive.rows.roles import roles_of
from collector.receive.rows.times import NotAnInstant, instant_us


def values_of_lines(body: bytes) -> list[Any]:
    r"""A JSON value a line; empty lines are none. Raises ValueError with the number of the line.

    >>> values_of_lines(b'{"a": 1}\n\n{"a": 2}')
    [{'a': 1}, {'a': 2}]
    """
    values = []
    for number, line in enumerate(body.splitlines(), start=1):
        if line.strip():
            try:
                values.append(orjson.loads(line))
            except orjson.JSONDecodeError as error:
                raise ValueError(f"line {number}: {error}") from error
    return values


def _ndjson(body: bytes, as_text: AsText) -> pd.DataFrame:  # noqa: ARG001 - one signature for all
    return _of_objects(values_of_lines(body))


def rows_or_columns(body: bytes) -> Any:
    """A list of values, or an object of columns, which may stand under `columns`. Raises ValueError.

    >>> rows_or_columns(b'{"columns": {"a": [1, 2]}}')
    {'a': [1, 2]}
    """
    found = orjson.loads(body)
    if isinstance(found, dict) and list(found) == ["columns"] and isinstance(found["columns"], dict):
        found = found["columns"]
    if isinstance(found, list) or (
        isinstance(found, dict) and all(isinstance(values, list | dict) for values in found.values())
    ):
        return found
    raise ValueError("expected a list of objects, or an object of columns, each a list of values")


def _json(body: bytes, as_text: AsText) -> pd.DataFrame:  # noqa: ARG001 - one signature for all
    found = rows_or_columns(body)
    return pd.DataFrame(found) if isinstance(found, dict) else _of_objects(found)


def _of_objects(rows: list[Any]) -> pd.DataFrame:
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise ValueError(f"row {number} is no object: expected column and value")  # noqa: TRY004 - not a type of ours
    return pd.DataFrame(rows)


def _parquet(body: bytes, as_text: AsText) -> pd.DataFrame:  # noqa: ARG001 - one signature for all
    return rows_of(pq.read_table(io.BytesIO(body)))


READERS: Mapping[str, Callable[[bytes, AsText], pd.DataFrame]] = {
    ".parquet": _parquet,
    ".csv": read_csv,
    ".ndjson": _ndjson,
    ".jsonl": _ndjson,
    ".json": _json,
}


def read_rows(path: Path, body: bytes, monitor: Monitor) -> pd.DataFrame:
    """The rows in `body`, which was read from `path`; the name's end says how. Columns of times become instants.

    Raises Invalid, beginning with the path, when it is no such file, or has no rows.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise Invalid(f"{path}: expected a file that ends in {', '.join(READERS)}")
    roles = roles_of(monitor)
    try:
        frame = reader(body, roles.as_text)
    except Exception as error:
        if type(error) is Invalid:
            raise Invalid(f"{path}: {error}") from error
        what = path.suffix.lower().removeprefix(".")
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise Invalid(f"{path}: cannot be read as {what}: {first_line}") from error
    frame.columns = pd.Index([str(name) for name in frame.columns])
    if not len(frame):
        raise Invalid(f"{path}: no rows")
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise Invalid(f"{path}: the column {twice[0]!r} is there twice")
    for name in roles.times & set(frame.columns):
        frame[name] = _times(frame[name])
    return frame


def _times(series: "pd.Series[Any]") -> "pd.Series[Any]":
    """Instants; what is no time is missing."""
    if series.dtype.kind == "M":
        return instants(series)
    found = [_instant(value) for value in series.astype(object)]
    return pd.Series(pd.array(found, dtype="datetime64[us]"), index=series.index)


def _instant(value: object) -> "pd.Timestamp | None":
    try:
        return pd.Timestamp(instant_us(value), unit="us")
    except NotAnInstant:
        return None
