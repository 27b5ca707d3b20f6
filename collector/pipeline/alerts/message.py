"""What a webhook is told of an alert: the JSON, and a sentence for people. `docs/destinations.md` describes it."""

from collections.abc import Mapping
from typing import Any

from collector.durations import format_duration
from collector.monitor import AlertSettings, Monitor
from collector.pipeline.alerts.state import Subject
from collector.snapshot import iso

SCHEMA = 1


def message_body(
    monitor: Monitor, alert: AlertSettings, report: str, subject: Subject, now_us: int, *, firing: bool
) -> dict[str, Any]:
    """The message; without secrets and without rows."""
    return {
        "schema": SCHEMA,
        "kind": "alert",
        "alert": alert.when,
        "state": "firing" if firing else "resolved",
        "monitor": monitor.id,
        "project": monitor.project_name,
        "report": report or None,
        "text": _text(monitor, alert, report, subject.about, firing=firing),
        "since": iso(now_us if subject.since_us is None else subject.since_us),
        "at": iso(now_us),
        "times": subject.times,
        "window": subject.about.get("window"),
        "snapshots": subject.about.get("snapshots", []),
        "last_row": subject.about.get("last_row"),
        "tags": list(monitor.tags),
    }


def _text(monitor: Monitor, alert: AlertSettings, report: str, about: Mapping[str, Any], *, firing: bool) -> str:
    if alert.after is not None:
        last = about["last_row"]
        if not firing:
            return f"{monitor.id}: rows come again"
        return f"{monitor.id}: no row for {format_duration(alert.after)}; the last came {f'at {last}' if last else 'never'}"
    window = about.get("window")
    where = f" in the window that began at {window['start']}" if window else ""
    if not firing:
        return f"{monitor.id}: all tests of {report} pass again{where}"
    number = about["failed"]
    return f"{monitor.id}: {number} {'test' if number == 1 else 'tests'} of {report} did not pass{where}"
