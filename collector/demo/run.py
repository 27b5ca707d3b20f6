"""The demo from beginning to end: prepare, serve, replay, wait, say what was found."""

import shutil
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from sklearn.pipeline import Pipeline

from collector.demo import configuration, delay_model, flights, summary
from collector.demo.replay import replay
from collector.demo.service import Service, free_port
from collector.demo.settle import Standing, evaluated_rows, settle
from collector.errors import Invalid, Unavailable
from collector_sdk import Collector, Stats

_OURS = ("collector.yaml", "reference.parquet", "buffer.db", "buffer.db-wal", "buffer.db-shm", "service.log")
_OUR_FOLDERS = ("prepared", "workspace")
_LOOK_EVERY_SECONDS = 1.0


def main(
    *,
    host: str,
    port: int,
    data_dir: Path,
    exit_when_done: bool,
    months: int | None = None,
    days: int | None = None,
) -> int:
    """Run the demo; 0 when every row that was sent is evaluated and every snapshot delivered, else 1.

    `months` counts from February, `days` from its first. Without `exit_when_done` the service stays up until Ctrl-C.
    """
    console = Console()
    signal.signal(signal.SIGTERM, _interrupt)
    prepare(data_dir)
    with console.status("Reading the flights of 2013, training on January ..."):
        year = flights.load()
        january = year[year["month"] == 1]
        model = delay_model.train(january)
        config = configuration.write(data_dir, delay_model.score(model, january))
        replayed = flights.days_of(year[(year["month"] > 1) & (year["month"] <= 1 + (months or 11))])[:days]
    wanted = free_port(host, port)
    if wanted != port:
        console.print(f"Port {port} is taken; using {wanted}.")
    try:
        with Service(config, host=host, port=wanted) as service:
            console.print(
                f"The collector listens at [bold]{service.url}[/bold]; its log is {service.log}.", soft_wrap=True
            )
            found = _watch(console, service, data_dir / "workspace", replayed, model)
            console.print(f"The page: [bold]{service.url}/[/bold]")
            if not exit_when_done:
                console.print("Ctrl-C ends the demo.")
                _serve_on(service)
            return found
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 0 if not exit_when_done else 1


def prepare(folder: Path) -> None:
    """Begin afresh. Only what an earlier demo has written is removed. Raises Invalid for somebody else's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "collector.yaml"
    mine = config.exists() and config.read_text(encoding="utf-8").startswith(configuration.text().splitlines()[0])
    if not mine and any(folder.iterdir()):
        raise Invalid(f"{folder} is not empty, and not of an earlier demo: give another --data-dir", path=str(folder))
    for name in _OURS:
        (folder / name).unlink(missing_ok=True)
    for name in _OUR_FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)


def _watch(console: Console, service: Service, workspace: Path, days: Sequence[flights.Day], model: Pipeline) -> int:
    started = time.monotonic()
    rows, labels = sum(len(day.flights) for day in days), sum(len(day.labels) for day in days)
    first_month = sum(len(day.flights) for day in days if day.date[:7] == days[0].date[:7])
    visible_after: float | None = None
    looked_at = 0.0
    columns = (
        TextColumn("{task.description:<22}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        replayed = progress.add_task("Replayed", total=len(days), unit="days")
        sent = progress.add_task("Logged by the model", total=rows, unit="rows")
        evaluated = progress.add_task("Evaluated", total=rows, unit="rows")
        delivered = progress.add_task("Snapshots delivered", total=len(days) * len(configuration.REPORTS), unit="")

        def see(count: int) -> None:
            nonlocal visible_after
            progress.update(evaluated, completed=count)
            if visible_after is None and count >= first_month:
                visible_after = time.monotonic() - started

        def done(date: str, count: int) -> None:
            nonlocal looked_at
            _advance(progress, replayed, date=date, count=count, rows=sent)
            if time.monotonic() - looked_at >= _LOOK_EVERY_SECONDS:
                looked_at = time.monotonic()
                with suppress(Unavailable):
                    see(evaluated_rows(service))

        def settled(now: Standing) -> None:
            see(now.evaluated)
            progress.update(delivered, completed=now.delivered)

        with Collector(service.url, monitor=configuration.MONITOR, retry_seconds=3600.0) as collector:
            replay(collector, days, model, revive=service.revive, done=done)
            stats = collector.stats()
        standing = settle(service, workspace, days=len(days), rows=rows, labels=labels, seen=settled)
    whole = [
        service.get(f"/v1/snapshots/{each['id']}") for each in service.snapshots(configuration.MONITOR)
    ]  # fmt: skip
    console.print(summary.table(summary.months(whole)))
    if visible_after is not None:
        console.print(f"The first month was evaluated {visible_after:.0f} s after the collector's start, ", end="")
        console.print(f"everything after {time.monotonic() - started:.0f} s.")
    if service.restarts:
        console.print(f"The collector was started again {service.restarts} time(s) after it was killed.")
    return _verdict(console, stats, standing, days=len(days), rows=rows, labels=labels)


def _advance(progress: Progress, replayed: TaskID, *, date: str, count: int, rows: TaskID) -> None:
    progress.update(replayed, advance=1 if count else 0, description=f"Replayed {date}")
    progress.update(rows, advance=count)


def _verdict(console: Console, stats: Stats, standing: Standing, *, days: int, rows: int, labels: int) -> int:
    """Every row that the model logged must be evaluated; otherwise say where the others are."""
    if standing.complete(days=days, rows=rows, labels=labels) and not stats.lost and not stats.labels.lost:
        console.print(
            f"[green]{rows:,} rows and {labels:,} labels sent, every one evaluated; "
            f"{standing.delivered:,} snapshots delivered.[/green]",
            soft_wrap=True,
        )
        return 0
    console.print("[red]Not everything arrived.[/red]")
    console.print(f"  sent: {rows:,} rows, {labels:,} labels over {days} days; the SDK says {stats}")
    console.print(f"  found: {standing}")
    return 1


def _serve_on(service: Service) -> None:
    while True:
        time.sleep(_LOOK_EVERY_SECONDS)
        service.revive()


def _interrupt(*_: object) -> None:
    """SIGTERM ends the demo as Ctrl-C does: the service is stopped with it."""
    raise KeyboardInterrupt
