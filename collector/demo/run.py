"""The demo from beginning to end: prepare, serve, replay, wait, say what was found."""

import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from collector.demo import configuration, flights, models, summary
from collector.demo.expected import Expected, expected
from collector.demo.replay import BACK, LATE_WEEK, QUEUE_ROWS, replay, timeline
from collector.demo.service import Service, free_port
from collector.demo.settle import Standing, delivered, evaluated_rows, settle, wait_for_days
from collector.errors import Invalid, Unavailable
from collector_sdk import Collector, Stats

SERVED = "served.parquet"
"""Every flight as it is logged, and its outcome: what the snapshots can be checked with."""
_OURS = (
    *("collector.yaml", "reference.parquet", SERVED),
    *("buffer.db", "buffer.db-wal", "buffer.db-shm", "service.log"),
)
_OUR_FOLDERS = ("prepared", "workspace")
_LOOK_EVERY_SECONDS = 1.0


def main(*, host: str, port: int, data_dir: Path, exit_when_done: bool, months: int | None = None) -> int:
    """Run the demo; 0 when every row that was sent is evaluated and every snapshot delivered, else 1.

    `months` counts from February. Without `exit_when_done` the service stays up until Ctrl-C.
    """
    console = Console()
    signal.signal(signal.SIGTERM, _interrupt)
    prepare(data_dir)
    with console.status("Reading the flights of 2013, training two models on January ..."):
        year = flights.load()
        january = year[year["month"] == 1]
        trained = models.train(january)
        config = configuration.write(data_dir, models.score(trained[models.CHAMPION], january))
        served = models.serve(trained, year[(year["month"] > 1) & (year["month"] <= 1 + (months or 11))])
        served.to_parquet(data_dir / SERVED, index=False)
    wanted = free_port(host, port)
    if wanted != port:
        console.print(f"Port {port} is taken; using {wanted}.")
    try:
        with Service(config, host=host, port=wanted) as service:
            console.print(
                f"The collector listens at [bold]{service.url}[/bold]; its log is {service.log}.", soft_wrap=True
            )
            found = _watch(console, service, data_dir / "workspace", served)
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


def _watch(console: Console, service: Service, workspace: Path, served: pd.DataFrame) -> int:
    started = time.monotonic()
    wanted = expected(served)
    late = served.loc[served["date"].between(*LATE_WEEK), "date"].unique()
    first_month = int((served["date"].str[:7] == served["date"].iloc[0][:7]).sum())
    visible_after: float | None = None
    looked_at = 0.0
    columns = (
        TextColumn("{task.description:<22}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        replayed = progress.add_task("Replayed", total=timeline(served)["date"].nunique(), unit="days")
        sent = progress.add_task("Logged by the models", total=wanted.rows, unit="rows")
        evaluated = progress.add_task("Evaluated", total=wanted.rows, unit="rows")
        in_workspace = progress.add_task("Snapshots delivered", total=len(wanted.keys), unit="")

        def see(count: int) -> None:
            nonlocal visible_after
            progress.update(evaluated, completed=count)
            if visible_after is None and count >= first_month:
                visible_after = time.monotonic() - started

        def before(date: str) -> None:
            if date == BACK[models.CHALLENGER] and not wait_for_days(service, late):
                console.print("The late week was not evaluated in time; its second half may open no window anew.")

        def done(date: str, count: int) -> None:
            nonlocal looked_at
            progress.update(replayed, advance=1, description=f"Replayed {date}")
            progress.update(sent, advance=count)
            if time.monotonic() - looked_at >= _LOOK_EVERY_SECONDS:
                looked_at = time.monotonic()
                with suppress(Unavailable):
                    see(evaluated_rows(service))

        def settled(now: Standing) -> None:
            see(now.evaluated)
            progress.update(in_workspace, completed=now.delivered)

        with Collector(
            service.url, monitor=configuration.MONITOR, queue_rows=QUEUE_ROWS, retry_seconds=3600.0
        ) as collector:
            replay(collector, served, before=before, revive=service.revive, done=done)
            stats = collector.stats()
        standing = settle(service, workspace, wanted, seen=settled)
    found = summary.summary(delivered(workspace))
    console.print(summary.table(found))
    if found.recomputed:
        console.print(
            f"{found.recomputed} days were computed anew, because rows or labels came after their window had closed."
        )
    if visible_after is not None:
        console.print(f"The first month was evaluated {visible_after:.0f} s after the collector's start, ", end="")
        console.print(f"everything after {time.monotonic() - started:.0f} s.")
    if service.restarts:
        console.print(f"The collector was started again {service.restarts} time(s) after it was killed.")
    return _verdict(console, stats, standing, wanted)


def _verdict(console: Console, stats: Stats, standing: Standing, wanted: Expected) -> int:
    """Every row that the models logged must be evaluated; otherwise say where the others are."""
    if standing.complete(wanted) and not stats.lost and not stats.labels.lost:
        console.print(
            f"[green]{wanted.rows:,} rows and {wanted.labels:,} labels sent, every one evaluated; "
            f"{standing.delivered:,} snapshots delivered.[/green]",
            soft_wrap=True,
        )
        return 0
    console.print("[red]Not everything arrived.[/red]")
    console.print(f"  sent: {wanted.rows:,} rows, {wanted.labels:,} labels; the SDK says {stats}")
    console.print(f"  wanted: {len(wanted.keys):,} snapshots")
    console.print(f"  found: {standing}")
    return 1


def _serve_on(service: Service) -> None:
    while True:
        time.sleep(_LOOK_EVERY_SECONDS)
        service.revive()


def _interrupt(*_: object) -> None:
    """SIGTERM ends the demo as Ctrl-C does: the service is stopped with it."""
    raise KeyboardInterrupt
