"""A file's records as objects, one after another, whatever kind of file it is: it may be larger than memory."""

import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from collector.commands.batches import reading

Record = Mapping[str, Any]


def records(path: Path) -> Iterator[tuple[Record | None, float]]:
    """Each record of a file, None for what is no object, and the share that is read by then. Raises Invalid, with the path."""
    with reading(path):
        size = max(path.stat().st_size, 1)
        suffix = path.suffix.lower()
        if suffix == ".parquet":
            with pq.ParquetFile(path) as file:
                total, done = max(file.metadata.num_rows, 1), 0
                for batch in file.iter_batches(batch_size=1_000):
                    done += len(batch)
                    yield from ((record, done / total) for record in batch.to_pylist())
        elif suffix == ".csv":
            csv.field_size_limit(sys.maxsize)  # a cell may hold a whole request
            with path.open("rb") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
                yield from ((record, raw.tell() / size) for record in csv.DictReader(text))
        elif suffix == ".json" and not _has_lines(path):
            found = json.loads(path.read_bytes())
            listed = found if isinstance(found, list) else [found]
            yield from ((record if isinstance(record, Mapping) else None, 1.0) for record in listed)
        else:
            with path.open("rb") as file_:
                for line in file_:
                    if line.strip():
                        yield _line(line), file_.tell() / size


def _has_lines(path: Path) -> bool:
    """JSON lines under the name of JSON: the first line is an object, and there is another one."""
    with path.open("rb") as file:
        first, second = file.readline(), file.readline()
    return bool(second.strip()) and _line(first) is not None


def _line(line: bytes) -> Record | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, Mapping) else None
