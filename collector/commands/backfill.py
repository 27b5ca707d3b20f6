"""`collector backfill`: files of rows, or of what model servers captured, go through the same windows as live rows.

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

from collector.commands import captures
from collector.commands.batches import Batch, batches
from collector.commands.output import print_table
from collector.commands.remote import Service, quoted
from collector.errors import Backpressure, Invalid, TooLarge, Unavailable

ALL_TAKEN, SOME_NOT = 0, 1
MAX_WAITS = 120
"""How often one batch is repeated while the service is full or restarts: ten minutes, at five seconds each."""
_SHOWN_ERRORS = 5
_REFUSED = ("/problems/no-valid-rows", "/problems/invalid", "/problems/malformed")
"""Of these, the next batch may be better; any other refusal is meant for all of them."""
_COUNTS = ("accepted", "duplicates", "late", "rejected")


def backfill(
    service: Service, monitor: str, paths: Sequence[Path], sleep: Callable[[float], object] = time.sleep
) -> int:
    """Send the files one after another; print what became of their rows. Says the exit code.

    Raises Invalid (a file that cannot be read, an unknown monitor), Backpressure or Unavailable (for too long).
    """
    columns = service.get(f"/v1/monitors/{quoted(monitor)}").get("columns", {})
    id_name, timestamp = columns.get("id"), columns.get("timestamp")
    if not timestamp:
        click.echo(f"monitor {monitor!r} has no timestamp column: rows fall into the windows of now", err=True)
    totals: list[Mapping[str, object]] = []
    refused = 0
    for path in paths:
        key = _digest(path)
        counts: Counter[str] = Counter()
        with _progress(path) as show:
            for batch in _batches(path, id_name, timestamp, counts):
                _send(service, monitor, batch, key, counts, sleep)
                show(batch.read)
        refused += counts["late"] + counts["rejected"]
        _tell_of_events(path, counts)
        totals.append({"file": path, **{name: counts[name] for name in _COUNTS}})
    print_table({"file": "FILE", **{name: name.upper() for name in _COUNTS}}, totals, empty="no files")
    return SOME_NOT if refused else ALL_TAKEN


def _batches(path: Path, id_name: str | None, timestamp: str | None, counts: Counter[str]) -> Iterator[Batch]:
    """Plain rows as they are, captures as what the service takes."""
    capture = captures.recognised(path, timestamp=timestamp)
    if capture is None:
        return batches(path)
    click.echo(f"{path}: {capture.name}", err=True)

    def refuse(sentence: str) -> None:
        counts["rejected"] += 1
        _tell(sentence, counts)

    return captures.batches(path, capture, id_name=id_name, timestamp=timestamp, refuse=refuse)


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
            answer = service.post(batch.address.format(monitor=quoted(monitor)), body, headers)
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
            if error.place.get("type") not in _REFUSED:
                raise
            answer = _as_answer(error, batch)
        _count(answer, batch, counts)
        return


def _as_answer(error: Invalid, batch: Batch) -> Mapping[str, Any]:
    """A batch of which nothing was taken. Its errors are listed, unless it was one event."""
    errors = error.place.get("errors", [{"row": 0, "column": None, "reason": error.place.get("detail", str(error))}])
    events = error.place.get("events", {"rejected": len(batch.rows)} if batch.address == captures.EVENTS else {})
    return {"rejected": error.place.get("rejected", len(batch.rows)), "errors": errors, "events": events}


def _tell_of_events(path: Path, counts: Counter[str]) -> None:
    """What rows do not show: halves that are still alone, and events that came before."""
    alone = counts["event waiting"] - counts["event met"]
    if alone > 0:
        click.echo(f"{path}: {alone} requests or responses wait for their counterpart", err=True)
    for outcome, meaning in (
        ("known", "came before"),
        ("ignored", "are not asked for (source.events, source.component)"),
    ):
        if counts[f"event {outcome}"]:
            click.echo(f"{path}: {counts[f'event {outcome}']} events {meaning}", err=True)


def _count(answer: Mapping[str, Any], batch: Batch, counts: Counter[str]) -> None:
    for each in answer["errors"][:_SHOWN_ERRORS]:
        column = f", column {each['column']!r}" if each["column"] else ""
        place = f"event {batch.offset + each['event']}" if "event" in each else f"row {batch.offset + each['row']}"
        _tell(f"{place}{column}: {each['reason']}", counts)
    events = answer.get("events", {})
    counts.update({name: answer.get(name, 0) for name in _COUNTS})
    counts["rejected"] += max(events.get("rejected", 0) - answer.get("rejected", 0), 0)
    counts.update({f"event {outcome}": count for outcome, count in events.items()})


def _tell(sentence: str, counts: Counter[str]) -> None:
    """The first few of a file; all are counted."""
    if counts["told"] < _SHOWN_ERRORS:
        click.echo(sentence, err=True)
    counts["told"] += 1


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
