"""Command line: each command calls one function. Heavy imports stand inside the commands, so that `--help` is fast.

Exit codes: 0 done; 1 it ran, and found what should not be (failed tests, rejected rows); 2 could not run: see stderr.
"""
# ruff: noqa: D301, PLC0415 - \b is how click keeps lines as they are; the imports: see above

import errno
import os
import socket
from datetime import datetime
from pathlib import Path
from typing import Literal

import click

from collector import __version__
from collector.commands.output import COULD_NOT_RUN, print_json, said_plainly
from collector.commands.remote import Service
from collector.commands.service import GROUPS, asks_service
from collector.errors import Invalid

existing_path = click.Path(path_type=Path)
config_option = click.option(
    "--config",
    "config_path",
    type=existing_path,
    default=Path("collector.yaml"),
    show_default=True,
    help="Monitors and destinations.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="collector")
def main() -> None:
    """Collect the inferences of live models, evaluate them window by window, forward the snapshots.

    \b
    Examples:
      collector check --config collector.yaml    is it right, and what will be computed?
      collector serve --config collector.yaml    run the service
      collector demo                             watch a model of flight delays being monitored

    Exit codes: 0 done, 1 tests failed or rows were rejected, 2 could not run. Settings are variables COLLECTOR_...;
    docs/configuration.md lists them.
    """


@main.command()
@config_option
@click.option(
    "--role",
    type=click.Choice(["all", "receive", "work"]),
    default="all",
    show_default=True,
    help="receive: take rows only. work: evaluate and forward. Two roles share a Redis buffer.",
)
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen at.")  # noqa: S104 - a service
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="Port to listen at.")
@click.option(
    "--processes", type=click.IntRange(min=1), default=1, show_default=True, help="Receivers that share the port."
)
@said_plainly
def serve(config_path: Path, role: Literal["all", "receive", "work"], host: str, port: int, processes: int) -> int:
    """Run the service until SIGTERM or SIGINT, then drain.

    \b
    Examples:
      collector serve --config collector.yaml
      COLLECTOR_BUFFER_URL=redis://redis:6379/0 collector serve --role receive --processes 4

    Exit codes: 0 stopped as asked, 2 could not start.
    """
    from collector.config import load_settings

    settings = load_settings()
    from collector.serve import serve as run

    try:
        return run(config_path, role=role, host=host, port=port, processes=processes, settings=settings)
    except (socket.gaierror, UnicodeError) as error:
        raise Invalid(f"cannot listen at {host!r}: there is no machine of this name") from error
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
            raise
        raise Invalid(f"cannot listen at {host}, port {port}: {os.strerror(error.errno)}") from error


@main.command()
@config_option
@click.option("--schema", "print_schema", is_flag=True, help="Print the JSON schema of the file, and nothing else.")
@said_plainly
def check(config_path: Path, *, print_schema: bool) -> None:
    """Validate a configuration and print what it resolves to: windows, metrics, tests, destinations.

    \b
    Examples:
      collector check --config collector.yaml
      collector check --schema > collector.schema.json

    Exit codes: 0 valid, 2 not valid.
    """
    if print_schema:
        from collector.config import schema

        print_json(schema())
        return
    from collector.commands.check import check as run

    run(config_path)


@main.command()
@config_option
@click.option("--monitor", required=True, metavar="ID", help="Whose reports to run.")
@click.option("--current", type=existing_path, required=True, help="The rows: .parquet, .csv, .ndjson or .json.")
@click.option(
    "--reference",
    metavar="LOCATION",
    help="The reference rows, a path or URL; otherwise the monitor's own reference.path.",
)
@click.option(
    "--timestamp",
    metavar="TIME",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]),
    help="The day or instant that the rows are of (2013-02-01), by the clock of the windows; otherwise their event times.",
)
@click.option("--out", type=existing_path, help="FILE.json or FILE.html; several snapshots: FILE-REPORT.json.")
@click.option("--send", is_flag=True, help="Deliver the snapshots to the monitor's destinations.")
@said_plainly
def report(
    config_path: Path,
    monitor: str,
    current: Path,
    reference: str | None,
    timestamp: datetime | None,
    out: Path | None,
    *,
    send: bool,
) -> int:
    """Evaluate a file of rows as one batch, without the service: in-pipeline testing.

    The rows are compared as a window's are, by segment and arm too. Sent again, snapshots replace those of the same
    monitor and windows: a file of one day those of that day, when the monitor's windows are days.

    \b
    Examples:
      collector report --monitor flight-delays --current february.parquet --reference january.parquet
      collector report --monitor flight-delays --current 2013-02-01.csv --timestamp 2013-02-01 --send

    Exit codes: 0 all tests passed (or there are none), 1 some failed or gave no verdict, 2 could not run.
    """
    from collector.commands.report import report as run

    return run(
        config_path,
        monitor_id=monitor,
        current=current,
        reference=reference,
        timestamp=timestamp,
        out=out,
        send=send,
    )


@main.command()
@click.option("--config", "config_path", type=existing_path, help="Check first that this file names the monitor.")
@click.option("--monitor", required=True, metavar="ID", help="Whose rows they are.")
@click.argument("files", nargs=-1, required=True, type=existing_path)
@asks_service
def backfill(service: Service, config_path: Path | None, monitor: str, files: tuple[Path, ...]) -> int:
    """Send files of rows with event time to a running service, into the windows that they belong to.

    FILES end in .parquet, .csv, .ndjson or .json, or are what model servers wrote: SageMaker data capture and ground
    truth, Azure ML, BentoML, KServe, Databricks. Repeating is harmless, also after an interruption.

    \b
    Examples:
      collector backfill --monitor flight-delays february.parquet march.csv
      collector backfill --monitor flight-delays capture/2013/02/*/*/*.jsonl

    Exit codes: 0 every row is there, 1 some were rejected or late, 2 could not run.
    """
    from collector.commands.backfill import backfill as run

    if config_path is not None:
        from collector.config import find, load

        find(load(config_path), monitor)
    return run(service, monitor, files)


@main.command()
@click.option("--exit", "exit_when_done", is_flag=True, help="End when everything was found, instead of serving on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the page.")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="Port of the page.")
@click.option("--months", type=click.IntRange(1, 11), default=11, show_default=True, help="Months to replay.")
@click.option(
    "--data-dir", type=existing_path, default=Path("demo-data"), show_default=True, help="Where it keeps its files."
)
@said_plainly
def demo(host: str, port: int, months: int, data_dir: Path, *, exit_when_done: bool) -> int:
    """Watch a model of flight delays being monitored: New York's flights of 2013, through the whole path.

    \b
    Examples:
      collector demo
      collector demo --months 2 --exit

    Exit codes: 0 it found what it should, 1 it did not, 2 could not run.
    """
    try:
        from collector.demo import main as run
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "collector":
            raise
        click.echo(f"the demo needs {error.name}: pip install 'inference-collector[demo]'", err=True)
        return COULD_NOT_RUN
    return run(host=host, port=port, data_dir=data_dir, exit_when_done=exit_when_done, months=months)


for group in GROUPS:
    main.add_command(group)
