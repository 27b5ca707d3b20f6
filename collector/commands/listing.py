"""What a running service holds, listed, shown and deleted: monitors, snapshots, dead letters."""

from collections.abc import Iterable, Mapping
from typing import Any

import click

from collector.commands.output import print_json, print_table
from collector.commands.remote import Service, quoted


def monitors(service: Service, *, as_json: bool) -> None:
    answer = service.get("/v1/monitors")
    if as_json:
        print_json(answer)
        return
    rows = [_monitor_row(each) for each in answer["monitors"]]
    headings = {
        "id": "MONITOR",
        "project": "PROJECT",
        "waiting": "WAITING ROWS",
        "windows": "OPEN WINDOWS",
        "last": "LAST SNAPSHOT",
        "error": "LAST ERROR",
    }
    print_table(headings, rows, empty="no monitors")


def monitor(service: Service, monitor_id: str) -> None:
    print_json(service.get(f"/v1/monitors/{quoted(monitor_id)}"))


def snapshots(service: Service, query: Mapping[str, str | None], *, limit: int, as_json: bool) -> None:
    found = list(service.pages("/v1/snapshots", "snapshots", limit=limit, query=query))
    if as_json:
        print_json({"snapshots": found})
        return
    headings = {
        "timestamp": "TIME",
        "monitor": "MONITOR",
        "report": "REPORT",
        "rows": "ROWS",
        "tests": "TESTS",
        "id": "ID",
    }
    print_table(headings, found, empty="no snapshots")


def snapshot(service: Service, snapshot_id: str) -> None:
    print_json(service.get(f"/v1/snapshots/{quoted(snapshot_id)}"))


def delete_snapshots(service: Service, ids: Iterable[str]) -> None:
    for each in ids:
        service.delete(f"/v1/snapshots/{quoted(each)}")
        click.echo(f"deleted {each}")


def dead_letters(service: Service, monitor_id: str | None, *, as_json: bool) -> None:
    found = _letters(service, monitor_id)
    if as_json:
        print_json({"dead_letters": found})
        return
    headings = {
        "id": "ID",
        "monitor": "MONITOR",
        "queue": "QUEUE",
        "rows": "ROWS",
        "attempts": "ATTEMPTS",
        "died": "DIED",
        "reason": "REASON",
    }
    print_table(headings, found, empty="no dead letters")


def dead_letter(service: Service, letter: str) -> None:
    print_json(service.get(f"/v1/dead-letters/{quoted(letter)}"))


def replay(service: Service, letters: Iterable[str]) -> None:
    for each in letters:
        service.post(f"/v1/dead-letters/{quoted(each)}/replay")
        click.echo(f"put back {each}")


def delete_dead_letters(service: Service, letters: Iterable[str]) -> None:
    for each in letters:
        service.delete(f"/v1/dead-letters/{quoted(each)}")
        click.echo(f"deleted {each}")


def _letters(service: Service, monitor_id: str | None) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = service.get("/v1/dead-letters", {"monitor": monitor_id})["dead_letters"]
    return found


def _monitor_row(document: Mapping[str, Any]) -> Mapping[str, object]:
    state = document["state"]
    last, error = state["last_snapshot"], state["last_error"]
    return {
        "id": document["id"],
        "project": document.get("project") or document["id"],
        "waiting": state["buffered_rows"],
        "windows": len(state["open_windows"]),
        "last": last and last["timestamp"],
        "error": error and f"{error['at']} {error['stage']}: {error['reason']}",
    }
