"""When is everything found? The service is asked until each day has its snapshots and all are delivered."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from collector.demo.configuration import MONITOR, REPORTS
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
    snapshots: Mapping[str, int] = field(default_factory=dict)
    labelled: int = 0
    """rows whose label went into the quality report"""
    delivered: int = 0

    def complete(self, *, days: int, rows: int, labels: int) -> bool:
        return (
            self.waiting == 0
            and self.evaluated == rows
            and all(self.snapshots.get(report, 0) == days for report in REPORTS)
            and self.labelled == labels
            and self.delivered == days * len(REPORTS)
        )


def evaluated_rows(service: Service) -> int:
    """A quick question for the progress bar."""
    return int(service.get(f"/v1/monitors/{MONITOR}")["state"]["rows"]["evaluated"])


def standing(service: Service, workspace: Path) -> Standing:
    rows = service.get(f"/v1/monitors/{MONITOR}")["state"]["rows"]
    counts: Counter[str] = Counter()
    labelled = 0
    for snapshot in service.snapshots(MONITOR):
        counts[snapshot["report"]] += 1
        if snapshot["report"] == "quality":
            labelled += round((snapshot["label_coverage"] or 0) * snapshot["rows"])
    return Standing(
        accepted=rows["accepted"],
        evaluated=rows["evaluated"],
        waiting=rows["waiting"],
        dead_lettered=rows["dead_lettered"],
        snapshots=counts,
        labelled=labelled,
        delivered=sum(1 for _ in workspace.glob("*/snapshots/*.json")),
    )


def settle(
    service: Service, workspace: Path, *, days: int, rows: int, labels: int, seen: Callable[[Standing], None]
) -> Standing:
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
        if now.complete(days=days, rows=rows, labels=labels):
            return now
        if now != last:
            last, changed_at = now, time.monotonic()
        time.sleep(_ASK_EVERY_SECONDS)
    return last


def _flush(service: Service) -> None:
    try:
        service.post(f"/v1/monitors/{MONITOR}/flush")
    except Unavailable:
        service.revive()
