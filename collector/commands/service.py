"""The commands that ask a running service: monitors, snapshots, dead letters."""
# ruff: noqa: D301 - \b is how click keeps lines as they are

from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import click

from collector.commands import listing
from collector.commands.output import said_plainly
from collector.commands.remote import Service


def asks_service(command: Callable[..., int | None]) -> Callable[..., NoReturn]:
    """Add --url and --api-key, and hand the service that they name to the command."""

    @click.option(
        "--url",
        envvar="COLLECTOR_URL",
        default="http://127.0.0.1:8001",
        show_default=True,
        show_envvar=True,
        help="Where the service runs.",
    )
    @click.option("--api-key", envvar="COLLECTOR_API_KEY", show_envvar=True, help="Key, when the service asks for one.")
    @wraps(command)
    @said_plainly
    def wrapper(*, url: str, api_key: str | None, **given: Any) -> int | None:
        return command(Service(url, api_key), **given)

    return wrapper


@click.group()
def monitors() -> None:
    """What a running service watches."""


@monitors.command("list")
@click.option("--json", "as_json", is_flag=True, help="The service's answer as it is.")
@asks_service
def list_monitors(service: Service, *, as_json: bool) -> None:
    """All monitors.

    \b
    Example:
      collector monitors list --url http://collector:8001

    Exit codes: 0 done, 2 could not run.
    """
    listing.monitors(service, as_json=as_json)


@monitors.command("show")
@click.argument("monitor")
@asks_service
def show_monitor(service: Service, monitor: str) -> None:
    """One monitor as configured, and its state.

    \b
    Example:
      collector monitors show flight-delays

    Exit codes: 0 done, 2 could not run (there is none of this id).
    """
    listing.monitor(service, monitor)


@click.group()
def snapshots() -> None:
    """The snapshots that a running service keeps."""


@snapshots.command("list")
@click.option("--monitor", metavar="ID", help="Of this monitor only.")
@click.option("--segment", help='Of this segment only, as JSON: \'{"origin": "JFK"}\'.')
@click.option("--tag", help="With this tag only.")
@click.option("--from", "from_", metavar="TIME", help="Not before this instant (ISO 8601).")
@click.option("--to", metavar="TIME", help="Before this instant (ISO 8601).")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="The service's answer as it is.")
@asks_service
def list_snapshots(
    service: Service,
    *,
    monitor: str | None,
    segment: str | None,
    tag: str | None,
    from_: str | None,
    to: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Snapshots, newest first.

    \b
    Examples:
      collector snapshots list --monitor flight-delays --limit 5
      collector snapshots list --from 2013-02-01 --to 2013-03-01 --json

    Exit codes: 0 done, 2 could not run.
    """
    query = {"monitor": monitor, "segment": segment, "tag": tag, "from": from_, "to": to}
    listing.snapshots(service, query, limit=limit, as_json=as_json)


@snapshots.command("show")
@click.argument("snapshot")
@asks_service
def show_snapshot(service: Service, snapshot: str) -> None:
    """One snapshot's whole JSON.

    \b
    Example:
      collector snapshots show 0e7c...e1 > snapshot.json

    Exit codes: 0 done, 2 could not run (there is none of this id).
    """
    listing.snapshot(service, snapshot)


@snapshots.command("delete")
@click.argument("snapshot", nargs=-1, required=True)
@asks_service
def delete_snapshots(service: Service, snapshot: tuple[str, ...]) -> None:
    """Delete snapshots from the service. What destinations have is not touched.

    \b
    Example:
      collector snapshots delete 0e7c...e1

    Exit codes: 0 done, 2 could not run (there is none of this id).
    """
    listing.delete_snapshots(service, snapshot)


@click.group("dead-letters")
def dead_letters() -> None:
    """Windows and deliveries that a running service has set aside, with the reason."""


@dead_letters.command("list")
@click.option("--monitor", metavar="ID", help="Of this monitor only.")
@click.option("--json", "as_json", is_flag=True, help="The service's answer as it is.")
@asks_service
def list_dead_letters(service: Service, *, monitor: str | None, as_json: bool) -> None:
    """All dead letters.

    \b
    Example:
      collector dead-letters list --monitor flight-delays

    Exit codes: 0 done, 2 could not run.
    """
    listing.dead_letters(service, monitor, as_json=as_json)


@dead_letters.command("show")
@click.argument("letter")
@asks_service
def show_dead_letter(service: Service, letter: str) -> None:
    """One dead letter, with its reason.

    \b
    Example:
      collector dead-letters show 17

    Exit codes: 0 done, 2 could not run (there is none of this id).
    """
    listing.dead_letter(service, letter)


@dead_letters.command("replay")
@click.argument("letter", nargs=-1, required=True)
@asks_service
def replay_dead_letters(service: Service, letter: tuple[str, ...]) -> None:
    """Put dead letters back, with fresh attempts.

    \b
    Example:
      collector dead-letters replay 17 18

    Exit codes: 0 done, 2 could not run (there is none of this id).
    """
    listing.replay(service, letter)


@dead_letters.command("delete")
@click.argument("letter", nargs=-1, required=True)
@asks_service
def delete_dead_letters(service: Service, letter: tuple[str, ...]) -> None:
    """Drop dead letters on purpose; their rows are counted as dropped.

    \b
    Example:
      collector dead-letters delete 17

    Exit codes: 0 done, 2 could not run (there is none of this id).
    """
    listing.delete_dead_letters(service, letter)


GROUPS = (monitors, snapshots, dead_letters)
