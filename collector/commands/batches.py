"""A file of rows as request bodies of a fixed number of rows, read piece by piece: the file may be larger than memory.

Rows stay as they are written: the service parses them, with the types that the monitor gives their columns.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from collector.errors import Invalid

ROWS = 10_000
"""Rows of a batch. Fixed, because a batch is known again by its place in the file."""


@dataclass(frozen=True)
class Batch:
    """Consecutive rows of a file, from row `offset` on. `read` is the share of the file that is read by then; `address` is
    where they go.
    """

    offset: int
    rows: Sequence[Any]
    content_type: str
    encode: Callable[[Sequence[Any]], bytes]
    read: float
    address: str = "/v1/monitors/{monitor}/inferences"

    @property
    def body(self) -> bytes:
        return self.encode(self.rows)

    def halves(self) -> "tuple[Batch, Batch]":
        middle = len(self.rows) // 2
        return (
            replace(self, rows=self.rows[:middle]),
            replace(self, offset=self.offset + middle, rows=self.rows[middle:]),
        )


def batches(path: Path) -> Iterator[Batch]:
    """The file's rows in order. Raises Invalid, beginning with the path, when it is no such file."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise Invalid(f"{path}: expected a file that ends in {', '.join(READERS)}")
    with reading(path):
        yield from reader(path)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Whatever is wrong with a file is told as Invalid that begins with the path."""
    try:
        yield
    except OSError as error:
        raise Invalid(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError, csv.Error, pa.ArrowException) as error:
        what = path.suffix.lower().removeprefix(".")
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise Invalid(f"{path}: cannot be read as {what}: {reason}") from error


def _csv(path: Path) -> Iterator[Batch]:
    size = max(path.stat().st_size, 1)
    with path.open("rb") as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        lines = csv.reader(text)
        header = next(lines, None)
        if header is None:
            return

        def encode(rows: Sequence[list[str]]) -> bytes:
            out = io.StringIO()
            csv.writer(out).writerows([header, *rows])
            return out.getvalue().encode()

        offset = 0
        while rows := list(islice(lines, ROWS)):
            yield Batch(offset, rows, "text/csv", encode, file.tell() / size)
            offset += len(rows)


def _ndjson(path: Path) -> Iterator[Batch]:
    size = max(path.stat().st_size, 1)
    with path.open("rb") as file:
        lines = (line for line in file if line.strip())
        offset = 0
        while rows := list(islice(lines, ROWS)):
            yield Batch(offset, rows, "application/x-ndjson", joined, file.tell() / size)
            offset += len(rows)


def joined(lines: Sequence[bytes]) -> bytes:
    """Lines as a body."""
    return b"\n".join(line.rstrip(b"\r\n") for line in lines) + b"\n"


def _json(path: Path) -> Iterator[Batch]:
    """A list of objects. It is read whole: JSON has no place to stop in between."""
    rows = json.loads(path.read_bytes())
    if not isinstance(rows, list):
        raise ValueError("expected a list of objects")  # noqa: TRY004 - the file's content is wrong, not a type here
    for offset in range(0, len(rows), ROWS):
        part = rows[offset : offset + ROWS]
        yield Batch(offset, part, "application/json", _dumped, (offset + len(part)) / len(rows))


def _dumped(rows: Sequence[object]) -> bytes:
    return json.dumps(rows).encode()


def _parquet(path: Path) -> Iterator[Batch]:
    with pq.ParquetFile(path) as file:
        offset, total = 0, max(file.metadata.num_rows, 1)
        for batch in file.iter_batches(batch_size=ROWS):
            yield Batch(
                offset, batch, "application/vnd.apache.arrow.stream", _arrow_stream, (offset + len(batch)) / total
            )
            offset += len(batch)


def _arrow_stream(batch: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    body: bytes = sink.getvalue().to_pybytes()
    return body


READERS: Mapping[str, Callable[[Path], Iterator[Batch]]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".ndjson": _ndjson,
    ".jsonl": _ndjson,
    ".json": _json,
}
