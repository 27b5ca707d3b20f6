"""`collector backfill`: files of rows with event time go through the same windows as live rows.

Every batch has an `Idempotency-Key` that is derived from the file's content and the batch's place in it. A backfill that was
interrupted is simply repeated: what the service has already is answered with as many duplicates, and stored once.
"""

import hashlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from collector.commands.batches import Batch, batches
from collector.commands.output import print_table
from collector.commands.remote import Service, quoted
from collector.errors import Backpressure, Invalid, TooLarge, Unavailable

ALL_TAKEN, SOME_NOT = 0, 1
MAX_WAITS = 120
"""How often one batch is repeated while the service is full or restarts: ten minutes, at five seconds each."""
_SHOWN_ERRORS = 5
_COUNTS = ("accepted", "duplicates", "late", "rejected")


def backfill(
    service: Service, monitor: str, paths: Sequence[Path], sleep: Callable[[float], object] = time.sleep
) -> int:
    """Send the files one after another; print what became of their rows. Says the exit code.

    Raises Invalid (a file that cannot be read, an unknown monitor), Backpressure or Unavailable (for too long).
    """
    known = service.get(f"/v1/monitors/{quoted(monitor)}")
    if not known.get("columns", {}).get("timestamp"):
        click.echo(f"monitor {monitor!r} has no timestamp column: rows fall into the windows of now", err=True)
    totals: list[Mapping[str, object]] = []
    refused = 0
    for path in paths:
        key = _digest(path)
        counts: Counter[str] = Counter()
        with _progress(path) as show:
            for batch in batches(path):
                _send(service, monitor, batch, key, counts, sleep)
                show(batch.read)
        refused += counts["late"] + counts["rejected"]
        totals.append({"file": path, **{name: counts[name] for name in _COUNTS}})
    print_table({"file": "FILE", **{name: name.upper() for name in _COUNTS}}, totals, empty="no files")
    return SOME_NOT if refused else ALL_TAKEN


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:32]
    except OSError as error:
        raise Invalid(f"{path}: cannot be read: {error.strerror}") from error


def _send(
    service: Service, monitor: str, batch: Batch, key: str, counts: Counter[str], sleep: Callable[[float], object]
) -> None:
    headers = {
        "Content-Type": batch.content_type,
        "Idempotency-Key": f"{key}-{batch.offset}-{len(batch.rows)}",
    }
    body = batch.body
    for attempt in range(MAX_WAITS + 1):
        try:
            answer = service.post(f"/v1/monitors/{quoted(monitor)}/inferences", body, headers)
        except TooLarge:
            if len(batch.rows) == 1:
                raise
            for half in batch.halves():
                _send(service, monitor, half, key, counts, sleep)
            return
        except (Backpressure, Unavailable) as error:
            if attempt == MAX_WAITS:
                raise
            sleep(error.retry_after_seconds)
            continue
        except Invalid as error:
            if error.place.get("type") != "/problems/no-valid-rows":
                raise
            answer = {"rejected": len(batch.rows), "errors": error.place["errors"]}
        _count(answer, batch, counts)
        return


def _count(answer: Mapping[str, Any], batch: Batch, counts: Counter[str]) -> None:
    already = counts["told"]
    for each in answer["errors"][: max(0, _SHOWN_ERRORS - already)]:
        column = f", column {each['column']!r}" if each["column"] else ""
        click.echo(f"row {batch.offset + each['row']}{column}: {each['reason']}", err=True)
        counts["told"] += 1
    counts.update({name: answer.get(name, 0) for name in _COUNTS})


@contextmanager
def _progress(path: Path) -> Iterator[Callable[[float], None]]:
    """Shows how much of the file is sent, where somebody looks."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - only where somebody looks
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(path.name, total=1.0)
        yield lambda read: progress.update(task, completed=read)
