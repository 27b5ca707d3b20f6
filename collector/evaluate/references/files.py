"""A file of rows as a frame, as a batch job reads it. Types are those pandas gives; event times as stored rows have them."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from collector.errors import Invalid
from collector.evaluate.references.rows import instants


def _csv(body: bytes) -> pd.DataFrame:
    """Only an empty field is missing: `NA` may well be a carrier."""
    return pd.read_csv(io.BytesIO(body), keep_default_na=False, na_values=[""], low_memory=False)


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


def _ndjson(body: bytes) -> pd.DataFrame:
    return pd.DataFrame(values_of_lines(body))


def _json(body: bytes) -> pd.DataFrame:
    """A list of objects, or one object of columns."""
    return pd.DataFrame(orjson.loads(body))


def _parquet(body: bytes) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(body))


READERS: Mapping[str, Callable[[bytes], pd.DataFrame]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".ndjson": _ndjson,
    ".jsonl": _ndjson,
    ".json": _json,
}


def read_rows(path: Path, body: bytes, *, timestamp: str | None = None) -> pd.DataFrame:
    """The rows in `body`, which was read from `path`; the name's end says how. The column `timestamp` becomes instants.

    Raises Invalid, beginning with the path, when it is no such file, or has no rows.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise Invalid(f"{path}: expected a file that ends in {', '.join(READERS)}")
    try:
        frame = reader(body)
    except Exception as error:
        what = path.suffix.lower().removeprefix(".")
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise Invalid(f"{path}: cannot be read as {what}: {first_line}") from error
    frame.columns = pd.Index([str(name) for name in frame.columns])
    if not len(frame):
        raise Invalid(f"{path}: no rows")
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise Invalid(f"{path}: the column {twice[0]!r} is there twice")
    if timestamp is not None and timestamp in frame:
        frame[timestamp] = instants(frame[timestamp])
    return frame
