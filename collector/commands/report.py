"""`collector report`: a monitor's reports over a file of rows, as a batch job. No service is needed."""

import asyncio
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Any

import click
import pandas as pd

from collector import forward
from collector.commands.output import print_table
from collector.config import find, load
from collector.errors import Invalid, Permanent, Transient
from collector.evaluate import catalogue
from collector.evaluate.base import Context
from collector.evaluate.evaluation import Evaluation
from collector.evaluate.files import read_rows
from collector.evaluate.profile import FrameProfile
from collector.evaluate.snapshots import mapping_of
from collector.evaluate.tables import parquet
from collector.locations import shown
from collector.monitor import Configuration, Monitor, ReportSettings
from collector.ports import Destination
from collector.receive.storage import fetch
from collector.render.html import page
from collector.snapshot import Snapshot, snapshot_id

ALL_PASSED, SOME_FAILED = 0, 1
_FAILED = ("FAIL", "ERROR")
_DELIVERY_ATTEMPTS = 4
_LONGEST_WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Rows:
    """A file of rows, with the digest that the snapshots' ids are derived from."""

    path: Path
    digest: str
    frame: Any

    @staticmethod
    def read(location: str, monitor: Monitor) -> "Rows":
        """A file, or of a folder or pattern all Parquet parts; also of an object store."""
        files = fetch(location)
        timestamp = monitor.columns.timestamp
        frames = [read_rows(Path(file.name), file.body, timestamp=timestamp) for file in files]
        digest = hashlib.blake2b(digest_size=16)
        for file in files:
            digest.update(file.body)
        frame = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
        return Rows(Path(shown(location)), digest.hexdigest(), frame)


def report(
    config_path: Path,
    *,
    monitor_id: str,
    current: Path,
    reference: str | None,
    out: Path | None,
    send: bool,
) -> int:
    """Evaluate, print, write and send. Says the exit code. Raises Invalid, Transient, Permanent."""
    if out is not None and out.suffix.lower() not in (".json", ".html"):
        raise Invalid(f"--out {out}: expected a file that ends in .json or .html")
    configuration = load(config_path, check=catalogue.check)
    monitor = find(configuration, monitor_id)
    if not monitor.reports:
        raise Invalid(f"monitor {monitor.id!r} has no reports")
    if send and not monitor.forward:
        raise Invalid(f"--send: monitor {monitor.id!r} forwards to nothing")
    if reference is None and monitor.reference is not None and monitor.reference.path is not None:
        reference = monitor.reference.path
    read = Rows.read(str(current), monitor)
    snapshots = _evaluated(monitor, read, None if reference is None else Rows.read(reference, monitor))
    _print(snapshots)
    if out is not None:
        for path in _written(out, snapshots):
            click.echo(f"wrote {path}")
    if send:
        rows = parquet(read.frame) if monitor.include_data else None
        asyncio.run(_send(configuration, monitor, snapshots, rows))
    failed = any(test["status"] in _FAILED for snapshot in snapshots for test in snapshot.tests)
    return SOME_FAILED if failed else ALL_PASSED


def _evaluated(monitor: Monitor, current: Rows, reference: Rows | None) -> list[Snapshot]:
    """One snapshot per report. Profiles are shared: each column is summed up once for all of them."""
    context = Context(
        FrameProfile(current.frame),
        None if reference is None else FrameProfile(reference.frame),
        mapping_of(monitor.columns),
    )
    snapshots = []
    target = monitor.columns.target
    for wish in _with_progress(monitor.reports):
        if wish.needs_target and (target not in current.frame or current.frame[target].isna().all()):
            click.echo(f"report {wish.name} is left out: {current.path} has no targets ({target})", err=True)
            continue
        metrics, tests = catalogue.resolve(wish)
        evaluation = Evaluation(metrics=metrics, tests=tests, name=wish.name)
        evaluation.compute(context)
        snapshots.append(_about(evaluation.to_snapshot(), monitor, current, reference))
    return snapshots


def _about(snapshot: Snapshot, monitor: Monitor, current: Rows, reference: Rows | None) -> Snapshot:
    """The snapshot with what is known of it. Its id is derived from the data: the same job again replaces it."""
    key = f"file:{current.digest}/{reference.digest if reference else ''}"
    name = monitor.columns.timestamp
    span = None
    if name in current.frame and current.frame[name].dtype.kind == "M":
        times = current.frame[name].dropna()
        span = (times.min(), times.max()) if len(times) else None
    return replace(
        snapshot,
        id=snapshot_id(monitor.id, snapshot.report, key, None),
        project=monitor.project_name,
        monitor=monitor.id,
        tags=monitor.tags,
        metadata=dict(monitor.metadata),
        timestamp=snapshot.timestamp if span is None else span[0].to_pydatetime().replace(tzinfo=UTC),
        window=None if span is None else {"start": f"{span[0].isoformat()}Z", "end": f"{span[1].isoformat()}Z"},
    )


def _with_progress(reports: Sequence[ReportSettings]) -> Any:
    """The reports; with a progress bar where somebody looks."""
    if not sys.stderr.isatty():
        return reports
    from rich.console import Console  # noqa: PLC0415 - only where somebody looks
    from rich.progress import track  # noqa: PLC0415

    return track(reports, description="evaluating", console=Console(stderr=True), transient=True)


def _print(snapshots: Sequence[Snapshot]) -> None:
    headings = {"report": "REPORT", "rows": "ROWS", "metrics": "METRICS", "errors": "FAILED METRICS", "tests": "TESTS"}
    rows = [
        {
            "report": snapshot.report,
            "rows": snapshot.rows,
            "metrics": len(snapshot.metrics),
            "errors": sum("error" in metric for metric in snapshot.metrics),
            "tests": snapshot.test_counts(),
        }
        for snapshot in snapshots
    ]
    print_table(headings, rows, empty="nothing was evaluated")
    for snapshot in snapshots:
        for metric in snapshot.metrics:
            if "error" in metric:
                click.echo(f"{snapshot.report}: {metric['metric']} failed: {metric['error']['message']}")
        for test in snapshot.tests:
            if test["status"] in (*_FAILED, "WARNING"):
                click.echo(f"{snapshot.report}: {test['status']} {test['name']}: {test['description']}")


def _written(out: Path, snapshots: Sequence[Snapshot]) -> list[Path]:
    """One snapshot: the file as named. Several: one file for each, FILE-REPORT.json."""
    paths = []
    for snapshot in snapshots:
        path = out if len(snapshots) == 1 else out.with_stem(f"{out.stem}-{snapshot.report}")
        body = snapshot.json() if path.suffix.lower() == ".json" else page(snapshot).encode()
        try:
            path.write_bytes(body)
        except OSError as error:
            raise Invalid(f"--out {path}: cannot be written: {error.strerror}") from error
        paths.append(path)
    return paths


async def _send(
    configuration: Configuration, monitor: Monitor, snapshots: Sequence[Snapshot], rows: bytes | None
) -> None:
    """Deliver to every destination; one that fails does not keep the others from theirs."""
    problems = []
    for name in monitor.forward:
        destination = forward.build(name, configuration.destinations[name])
        try:
            for snapshot in snapshots:
                await _deliver(destination, snapshot.json(), rows)
            click.echo(f"sent {len(snapshots)} to {name}")
        except (Transient, Permanent) as error:
            problems.append(f"{name}: {error}")
        finally:
            await destination.close()
    if problems:
        raise Permanent("\n".join(f"not sent to {problem}" for problem in problems))


async def _deliver(destination: Destination, body: bytes, rows: bytes | None) -> None:
    """A few attempts, and then the scheduler's own retry: the job may be repeated without harm."""
    for attempt in range(1, _DELIVERY_ATTEMPTS + 1):
        try:
            await destination.deliver(body, rows)
            return
        except Transient as error:
            if attempt == _DELIVERY_ATTEMPTS:
                raise
            wait_seconds = error.retry_after_seconds or 2.0 ** (attempt - 1)
            await asyncio.sleep(min(wait_seconds, _LONGEST_WAIT_SECONDS))
