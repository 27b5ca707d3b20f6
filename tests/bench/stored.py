"""What a run left in a SQLite buffer: its size, and how long it takes to become a frame."""

import sqlite3
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from collector.evaluate.windows.frame import frame_of
from collector.model import StoredChunk


@dataclass(frozen=True, slots=True)
class Stored:
    bytes_per_cell: float
    rows_per_chunk: float
    frame_ms: float
    """of a million cells"""


def read(database: Path, *, cells: int) -> Stored:
    """Of the first chunks, as many as hold so many cells (or all of them, if they hold fewer)."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    chunks: list[bytes] = []
    rows = 0
    for count, data in connection.execute("SELECT rows, data FROM chunks ORDER BY rowid"):
        chunks.append(data)
        rows += count
        if rows * 20 >= cells:
            break
    connection.close()
    held = [StoredChunk(data) for data in chunks]
    times = []
    for _ in range(5):
        began = time.perf_counter()
        frame = frame_of(held)
        times.append((time.perf_counter() - began) * 1000)
    return Stored(
        bytes_per_cell=sum(map(len, chunks)) / frame.size,
        rows_per_chunk=rows / len(chunks),
        frame_ms=statistics.median(times) * 1_000_000 / frame.size,
    )
