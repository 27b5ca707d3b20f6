"""When is everything found? The service is asked until each day has its snapshots and all are delivered."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from collector.demo.configuration import MONITOR
from collector.demo.expected import Expected, Key, key_of, start_of
from collector.demo.service import Service
from collector.errors import Unavailable

_STANDSTILL_SECONDS = 90.0
"""So long without any change, and it will not come any more."""
_ASK_EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the service is."""

    accepted: int = 0
    evaluated: int = 0
    waiting: int = 0
    dead_lettered: int = 0
    snapshots: AbstractSet[Key] = frozenset()
    """Those that the service has; it is not asked before no row waits."""
    rows: Mapping[str, int] = field(default_factory=dict)
    """By report: how many rows its snapshots of all flights have seen."""
    labelled: int = 0
    """rows whose label went into the quality report"""
    delivered: int = 0
    """Snapshots in the workspace."""
    outdated: int = 0
    """Those of them that the service has of a higher revision."""

    def complete(self, wanted: Expected) -> bool:
        return (
            self.waiting == 0
            and self.evaluated == wanted.rows
            and self.snapshots == wanted.keys
            and all(rows == wanted.rows for rows in self.rows.values())
            and self.labelled == wanted.labels
            and self.delivered == len(wanted.keys)
            and self.outdated == 0
        )

    def __str__(self) -> str:
        return (
            f"{self.accepted:,} rows accepted, {self.evaluated:,} evaluated, {self.waiting:,} waiting, "
            f"{self.dead_lettered:,} dead-lettered; {len(self.snapshots):,} snapshots, {self.delivered:,} delivered, "
            f"{self.outdated:,} of them outdated; rows by report {dict(self.rows)}, {self.labelled:,} labelled"
        )


def evaluated_rows(service: Service) -> int:
    """A quick question for the progress bar."""
    return int(service.get(f"/v1/monitors/{MONITOR}")["state"]["rows"]["evaluated"])


def delivered(workspace: Path) -> Iterator[Mapping[str, Any]]:
    """The snapshots in the workspace, one after another: a year of them does not fit into little memory."""
    for path in _files(workspace):
        yield orjson.loads(path.read_bytes())


def standing(service: Service, workspace: Path) -> Standing:
    rows = service.get(f"/v1/monitors/{MONITOR}")["state"]["rows"]
    there = sum(1 for _ in _files(workspace))
    counts = {name: rows[name] for name in ("accepted", "evaluated", "waiting", "dead_lettered")}
    if rows["waiting"]:
        return Standing(**counts, delivered=there)
    listed = list(service.snapshots(MONITOR))
    seen: Counter[str] = Counter()
    labelled = 0
    for snapshot in listed:
        if snapshot["segment"] is None:
            seen[snapshot["report"]] += snapshot["rows"]
            labelled += round((snapshot["label_coverage"] or 0) * snapshot["rows"])
    outdated = 0
    if there >= len(listed):  # not before: it reads every file
        revisions = {each["id"]: each["revision"] for each in delivered(workspace)}
        outdated = sum(revisions.get(each["id"]) != each["revision"] for each in listed)
    keys = frozenset(map(key_of, listed))
    return Standing(**counts, snapshots=keys, rows=seen, labelled=labelled, delivered=there, outdated=outdated)


def settle(service: Service, workspace: Path, wanted: Expected, *, seen: Callable[[Standing], None]) -> Standing:
    """Close the windows that are still open, and wait until all is there, or until nothing changes any more."""
    _flush(service)
    last, changed_at = Standing(), time.monotonic()
    while time.monotonic() - changed_at < _STANDSTILL_SECONDS:
        try:
            now = standing(service, workspace)
        except Unavailable:
            if service.revive():
                _flush(service)
            changed_at = time.monotonic()
            continue
        seen(now)
        if now.complete(wanted):
            return now
        if now != last:
            last, changed_at = now, time.monotonic()
        time.sleep(_ASK_EVERY_SECONDS)
    return last


def wait_for_days(service: Service, dates: Iterable[str]) -> bool:
    """Wait until each of these days has been evaluated once; False when that takes too long."""
    wanted = {start_of(date) for date in dates}
    until = time.monotonic() + _STANDSTILL_SECONDS
    while time.monotonic() < until:
        try:
            listed = service.snapshots(MONITOR, **{"from": min(wanted), "to": _after(max(wanted))})
            if wanted <= {each["window"]["start"] for each in listed}:
                return True
        except Unavailable:
            service.revive()
        time.sleep(_ASK_EVERY_SECONDS)
    return False


def _after(instant: str) -> str:
    """A second later: the end of a list is not within it."""
    return instant.replace(":00Z", ":01Z")


def _files(workspace: Path) -> Iterator[Path]:
    return workspace.glob("*/snapshots/*.json")


def _flush(service: Service) -> None:
    try:
        service.post(f"/v1/monitors/{MONITOR}/flush")
    except Unavailable:
        service.revive()
