"""`collector report`: a monitor's reports over a file of rows, as a batch job. No service is needed.

The rows go the same way as a window's in the service. So does their identity: the ids of the snapshots are derived from the
windows that the rows fall into, and not from the run or the rows, so that a day that is evaluated again is replaced.
"""

import asyncio
import hashlib
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pandas as pd

from collector import forward
from collector.batch.panes import pane_of
from collector.commands.files import read_rows
from collector.commands.output import print_table
from collector.commands.protected import protected
from collector.config import find, load, load_settings
from collector.errors import Invalid, Permanent, Transient
from collector.evaluate import catalogue
from collector.evaluate.profile import FrameProfile
from collector.evaluate.windows.comparisons import Comparison
from collector.evaluate.windows.snapshots import About, data_of, snapshots_of
from collector.locations import shown
from collector.monitor import Configuration, Monitor, ReportSettings
from collector.ports import Destination
from collector.receive.references.storage import fetch
from collector.receive.rows.privacy import Protection, Protector
from collector.render.html import page
from collector.snapshot import Snapshot

ALL_PASSED, SOME_FAILED = 0, 1
_FAILED = ("FAIL", "ERROR")
_DELIVERY_ATTEMPTS = 4
_LONGEST_WAIT_SECONDS = 60.0
_UNSAFE = re.compile(r"[^\w.=-]+")
"""What does not go into the name of a file."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A file of rows. The digest names them when nothing says which time they are of."""

    path: str
    digest: str
    frame: pd.DataFrame

    @staticmethod
    def read(location: str, monitor: Monitor, protection: Protection | None) -> "Rows":
        """A file, or of a folder or pattern all Parquet parts; also of an object store. What is to be hidden is hidden, so that
        no snapshot shows it and its results are the service's.
        """
        files = fetch(location)
        frames = [
            read_rows(path, protected(path, file.body, monitor, protection), monitor)
            for path, file in ((Path(file.name), file) for file in files)
        ]
        digest = hashlib.blake2b(digest_size=16)
        for file in files:
            digest.update(file.body)
        frame = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
        return Rows(shown(location), digest.hexdigest(), frame)


@dataclass(frozen=True, slots=True)
class Made:
    """A snapshot, and the rows that go with it, if the monitor includes them."""

    snapshot: Snapshot
    data: bytes | None

    @property
    def name(self) -> str:
        """Its report, and whose rows they are when not all."""
        of = "".join(f" {column}={value}" for column, value in (self.snapshot.segment or {}).items())
        against = "".join(f" vs {value}" for value in (self.snapshot.baseline or {}).values())
        return f"{self.snapshot.report}{of}{against}"


def report(
    config_path: Path,
    *,
    monitor_id: str,
    current: Path,
    reference: str | None,
    timestamp: datetime | None,
    out: Path | None,
    send: bool,
) -> int:
    """Evaluate, print, write and send. Says the exit code. Raises Invalid, Transient, Permanent."""
    if out is not None and out.suffix.lower() not in (".json", ".html"):
        raise Invalid(f"--out {out}: expected a file that ends in .json or .html")
    protector = Protector.of(load_settings())
    configuration = load(config_path, check=catalogue.check)
    monitor = find(configuration, monitor_id)
    protector.check(monitor)
    protection = protector.of_monitor(monitor)
    if not monitor.reports:
        raise Invalid(f"monitor {monitor.id!r} has no reports")
    if send and not monitor.forward:
        raise Invalid(f"--send: monitor {monitor.id!r} forwards to nothing")
    rows = Rows.read(str(current), monitor, protection)
    made = _evaluated(monitor, rows, _reference(monitor, reference, protection), timestamp)
    _print(made)
    if out is not None:
        for path in _written(out, made):
            click.echo(f"wrote {path}")
    if send:
        asyncio.run(_send(configuration, monitor, made))
    statuses = [test["status"] for each in made for test in each.snapshot.tests]
    if not statuses:
        click.echo(f"monitor {monitor.id!r} has no tests for these rows: nothing was judged", err=True)
    return SOME_FAILED if any(status in _FAILED for status in statuses) else ALL_PASSED


def _reference(monitor: Monitor, given: str | None, protection: Protection | None) -> Rows | None:
    settings = monitor.reference
    location = given or (settings and settings.path)
    if location:
        return Rows.read(location, monitor, protection)
    if settings is not None:
        click.echo(f"the service keeps the reference of monitor {monitor.id!r}: give it with --reference", err=True)
    return None


def _evaluated(monitor: Monitor, current: Rows, reference: Rows | None, timestamp: datetime | None) -> list[Made]:
    """A snapshot of each report and comparison, those of all rows first."""
    reports = _possible(monitor, current)
    profile = None if reference is None else FrameProfile(reference.frame)
    found = snapshots_of(current.frame, profile, _about(monitor, current, timestamp), reports)
    return [Made(snapshot, data_of(monitor, comparison) or None) for comparison, snapshot in _with_progress(found)]


def _possible(monitor: Monitor, current: Rows) -> list[ReportSettings]:
    """The reports, without those that need targets when there is none. Raises Invalid when no report is left."""
    target = monitor.columns.target
    if target in current.frame and current.frame[target].notna().any():
        return list(monitor.reports)
    for each in monitor.reports:
        if each.needs_target:
            click.echo(f"report {each.name} is left out: {current.path} has no targets ({target})", err=True)
    left = [each for each in monitor.reports if not each.needs_target]
    if not left:
        raise Invalid(f"{current.path}: no report of monitor {monitor.id!r} can do without targets ({target})")
    return left


def _about(monitor: Monitor, current: Rows, timestamp: datetime | None) -> About:
    """Which windows the rows fall into: their event times say it, or the instant that was given."""
    times = _instants(monitor, current.frame) if timestamp is None else [_us(timestamp, monitor.window.timezone)]
    origin = {"version": None}
    if not len(times):
        return About(monitor, f"file:{current.digest}", time.time_ns() // 1000, origin=origin)
    earliest, latest = int(min(times)), int(max(times))
    first, last = pane_of(monitor.window, earliest), pane_of(monitor.window, latest)
    if first.start_us is not None and last.end_us is not None:
        span_us = first.start_us, last.end_us
        return About(monitor, f"batch:{span_us[0]}-{span_us[1]}", span_us[0], span_us, origin=origin)
    key = f"file:{current.digest}" if timestamp is None else f"batch:{earliest}"
    return About(monitor, key, earliest, (earliest, latest), origin=origin)


def _instants(monitor: Monitor, frame: pd.DataFrame) -> Sequence[int]:
    name = monitor.columns.timestamp
    if name not in frame or frame[name].dtype.kind != "M":
        return []
    times = frame[name].dropna().astype("datetime64[us]").astype("int64")
    return [int(times.min()), int(times.max())] if len(times) else []


def _us(instant: datetime, timezone: str) -> int:
    """An instant without a zone is meant as the windows' clock shows it: 2013-02-01 is that day there."""
    aware = instant if instant.tzinfo is not None else instant.replace(tzinfo=ZoneInfo(timezone))
    return round(aware.timestamp() * 1e6)


def _with_progress(found: Iterable[tuple[Comparison, Snapshot]]) -> Iterator[tuple[Comparison, Snapshot]]:
    """What is found; where somebody looks, how much that is by now."""
    if not sys.stderr.isatty():
        yield from found
        return
    from rich.console import Console  # noqa: PLC0415 - only where somebody looks
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("evaluating"), BarColumn(), TextColumn("{task.completed} snapshots"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)  # how many parts the rows have is seen on the way
        for each in found:
            yield each
            progress.advance(task)


def _print(made: Sequence[Made]) -> None:
    headings = {"report": "REPORT", "rows": "ROWS", "metrics": "METRICS", "errors": "FAILED METRICS", "tests": "TESTS"}
    rows = [
        {
            "report": each.name,
            "rows": each.snapshot.rows,
            "metrics": len(each.snapshot.metrics),
            "errors": sum("error" in metric for metric in each.snapshot.metrics),
            "tests": each.snapshot.test_counts(),
        }
        for each in made
    ]
    print_table(headings, rows, empty="nothing was evaluated")
    for each in made:
        for metric in each.snapshot.metrics:
            if "error" in metric:
                click.echo(f"{each.name}: {metric['metric']} failed: {metric['error']['message']}")
        for test in each.snapshot.tests:
            if test["status"] in (*_FAILED, "WARNING"):
                click.echo(f"{each.name}: {test['status']} {test['name']}: {test['description']}")


def _written(out: Path, made: Sequence[Made]) -> list[Path]:
    """One snapshot: the file as named. Several: one file for each, FILE-REPORT.json, FILE-REPORT-origin=JFK.json."""
    paths: list[Path] = []
    for each in made:
        path = out if len(made) == 1 else out.with_stem(f"{out.stem}-{_UNSAFE.sub('-', each.name)}")
        while path in paths:  # two values of which the same is left
            path = path.with_stem(f"{path.stem}-")
        body = each.snapshot.json() if path.suffix.lower() == ".json" else page(each.snapshot).encode()
        try:
            path.write_bytes(body)
        except OSError as error:
            raise Invalid(f"--out {path}: cannot be written: {error.strerror}") from error
        paths.append(path)
    return paths


async def _send(configuration: Configuration, monitor: Monitor, made: Sequence[Made]) -> None:
    """Deliver to every destination; one that fails does not keep the others from theirs."""
    problems = []
    for name in monitor.forward:
        destination = forward.build(name, configuration.destinations[name])
        try:
            for each in made:
                await _deliver(destination, each.snapshot.json(), each.data)
            click.echo(f"sent {len(made)} to {name}")
        except (Transient, Permanent) as error:
            problems.append(f"{name}: {error}")
        finally:
            await destination.close()
    if problems:
        raise Permanent("\n".join(f"not sent to {problem}" for problem in problems))


async def _deliver(destination: Destination, body: bytes, data: bytes | None) -> None:
    """A few attempts, and then the scheduler's own retry: the job may be repeated without harm."""
    for attempt in range(1, _DELIVERY_ATTEMPTS + 1):
        try:
            await destination.deliver(body, data)
            return
        except Transient as error:
            if attempt == _DELIVERY_ATTEMPTS:
                raise
            wait_seconds = error.retry_after_seconds or 2.0 ** (attempt - 1)
            await asyncio.sleep(min(wait_seconds, _LONGEST_WAIT_SECONDS))
