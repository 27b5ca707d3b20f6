"""`collector check`: what a configuration resolves to, for people to read."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import click

from collector.batch.panes import DEFAULT_EVERY
from collector.config import load, load_settings
from collector.durations import format_duration
from collector.evaluate import catalogue
from collector.locations import shown
from collector.monitor import (
    Configuration,
    DestinationSettings,
    EvidentlyDestination,
    LocalDestination,
    Monitor,
    Privacy,
    ReferenceSettings,
)
from collector.receive.rows.privacy import Protector


def check(config_path: Path) -> None:
    """Print what the file resolves to. Raises Invalid with every mistake in it, or in the settings."""
    protector = Protector.of(load_settings())

    def look(monitor: Monitor) -> None:
        protector.check(monitor)
        catalogue.check(monitor)

    configuration = load(config_path, check=look)
    click.echo("\n".join(_lines(config_path, configuration)))


def _lines(path: Path, configuration: Configuration) -> Iterator[str]:
    yield f"{path}: valid"
    for name, destination in configuration.destinations.items():
        yield f"destination {name}: {_destination(destination)}"
    if not configuration.destinations:
        yield "no destinations: snapshots stay in the service"
    for monitor in configuration.monitors:
        yield ""
        yield f"monitor {monitor.id} (project {monitor.project_name!r})"
        yield from (f"  {line}" for line in _monitor(monitor))
    if not configuration.monitors:
        yield "no monitors: the API may add some"


def _destination(destination: DestinationSettings) -> str:
    if isinstance(destination, LocalDestination):
        return f"a workspace in {destination.path}"
    secrets = [name for name in ("secret", "token") if getattr(destination, name, None) is not None]
    kind = "an Evidently workspace" if isinstance(destination, EvidentlyDestination) else "a webhook"
    return f"{kind} at {destination.url}, " + (f"with a {secrets[0]}" if secrets else "without a secret")


def _monitor(monitor: Monitor) -> Iterator[str]:
    yield f"windows: {_windows(monitor)}"
    yield f"columns: {_columns(monitor)}"
    if monitor.privacy:
        yield f"privacy: {_privacy(monitor.privacy)}"
    if monitor.reference is None:
        yield "reference: none"
    else:
        kept = ", of which only the profile is kept" if monitor.reference.keep == "profile" else ""
        yield f"reference: {_reference(monitor.reference)}{kept}"
    for report in catalogue.describe(monitor):
        after = ""
        if report.phase == "labels":
            after = f", when {monitor.labels.coverage:.0%} of the labels are in, or {_duration(monitor.labels.wait)} after the window"
        yield f"report {report.name}{after}"
        for kind, items in (("metric", report.metrics), ("test", report.tests)):
            for item in items:
                given = ", ".join(f"{key}={value!r}" for key, value in item.parameters.items() if value is not None)
                yield f"  {kind} {item.name}({given})"
    if monitor.segments:
        yield f"segments: by {', '.join(monitor.segments)}, at most {monitor.max_segments} of each and the rest as one"
    if monitor.compare is not None:
        column, baseline = monitor.compare.column, monitor.compare.baseline
        yield f"arms: by {column}, each with the reference, and each other with {baseline}"
    if monitor.include_data:
        yield "rows: stored and forwarded with each snapshot"
    yield f"forwards to: {', '.join(monitor.forward) or 'nothing'}"


def _privacy(wish: Privacy) -> str:
    masked = [
        each.column + (f" but for the last {each.keep_last} characters" if each.keep_last else "") for each in wish.mask
    ]
    done = (("drops", wish.drop), ("hashes", wish.hash), ("masks", masked))
    return "; ".join(f"{verb} {', '.join(names)}" for verb, names in done if names)


def _reference(wish: ReferenceSettings) -> str:
    if wish.path is not None:
        again = "" if wish.refresh is None else f", read again every {_duration(wish.refresh)}"
        return f"{shown(wish.path)}{again}"
    if wish.first_windows is not None:
        return f"the first {wish.first_windows} windows"
    if wish.window_ago is not None:
        return f"the window {_duration(wish.window_ago)} before"
    return "the previous window" if wish.previous_window else "uploaded through the API"


def _windows(monitor: Monitor) -> str:
    window = monitor.window
    ends = []
    if window.every is not None:
        ends.append(f"every {_duration(window.every)}")
    if window.cron is not None:
        ends.append(f"at {window.cron!r} ({window.timezone})")
    if window.rows is not None:
        ends.append(f"after {window.rows} rows")
    if not ends:
        ends.append(f"every {_duration(DEFAULT_EVERY)} (the default)")
    told = ", or ".join(ends)
    if monitor.event_time:
        return f"{told}; by event time ({monitor.columns.timestamp}), {_duration(window.lateness)} of lateness allowed"
    return f"{told}; by time of arrival"


def _columns(monitor: Monitor) -> str:
    columns = monitor.columns
    roles = {
        "id": columns.id,
        "target": columns.target,
        "prediction": ", ".join(columns.predictions),
        "numerical": ", ".join(columns.numerical_features or ()),
        "categorical": ", ".join(columns.categorical_features or ()),
    }
    named = "; ".join(f"{role} {name}" for role, name in roles.items() if name)
    rest = "no others are taken" if columns.closed else "others by their type"
    return f"{named}; {rest}" if named else "by their type"


def _duration(duration: timedelta) -> str:
    return format_duration(duration) if duration else "no time"
