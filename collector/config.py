"""`collector.yaml`, a monitor's JSON and the settings, read at the edge: either a valid model or a clear answer.

Every complaint names where (file and line, or the variable), the key, and what was expected; all of them are told at
once. What the keys mean stands in `monitor` and `settings.py`.
"""

import difflib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from collector import document, sentences
from collector.document import Document, KeyPath
from collector.durations import SchemaWithDurations
from collector.errors import Invalid, UnknownMonitor
from collector.locations import absolute
from collector.monitor import Configuration, LocalDestination, Monitor
from collector.settings import Settings
from collector.strict import near_miss

Check = Callable[[Monitor], object]
"""Looks at a monitor and raises Invalid; `place["path"]`, when given, is the key path inside of the monitor."""

OTHER_VARIABLES = ("COLLECTOR_URL", "COLLECTOR_API_KEY")
"""Variables of our prefix that are not settings: the client commands read them."""


def load(
    path: str | Path, *, check: Check | None = None, environment: Mapping[str, str] | None = None
) -> Configuration:
    """Read a `collector.yaml`. `${VAR}` in strings is read from the environment; relative paths are resolved
    against the file's directory. Raises Invalid with one line for each thing that is wrong.

    `check` sees each monitor after the shape of the file is right: metrics and tests are known to the evaluation,
    not here.
    """
    file = Path(path)
    found = document.read(file, os.environ if environment is None else environment)
    configuration = _validated(found)
    if check is not None:
        _run_check(found, configuration, check)
    return _with_absolute_paths(configuration, file.absolute().parent)


def find(configuration: Configuration, monitor_id: str) -> Monitor:
    """The monitor of this id. Raises UnknownMonitor, with the near miss and what is known."""
    known = {monitor.id: monitor for monitor in configuration.monitors}
    if monitor_id not in known:
        listed = ", ".join(known) or "none"
        raise UnknownMonitor(f"there is no monitor {monitor_id!r}{near_miss(monitor_id, list(known))}; known: {listed}")
    return known[monitor_id]


def load_monitor(value: object, origin: str = "monitor") -> Monitor:
    """A monitor from a JSON document, as the API takes it. Raises Invalid with the sentences that `load` has;
    `place["errors"]` holds them one by one, as `{"key", "reason"}`.
    """
    if not isinstance(value, Mapping):
        raise Invalid(f"{origin}: expected an object, not {sentences.shown(value)}")
    try:
        return Monitor.model_validate(value)
    except ValidationError as error:
        complaints = sentences.complaints(error, value)
        places = [{"key": sentences.dotted(each.path), "reason": each.sentence} for each in complaints]
        raise Invalid("\n".join(f"{origin}: {each}" for each in complaints), errors=places) from error


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings from `COLLECTOR_...` variables. Raises Invalid with one line for each variable that is wrong.

    A variable that is nearly a setting's name is an error; others of the prefix may belong to somebody else
    (Kubernetes sets COLLECTOR_SERVICE_HOST for a service named collector).
    """
    environment = os.environ if environment is None else environment
    known = [f"COLLECTOR_{name.upper()}" for name in Settings.model_fields]
    lines = [
        f"{name}: no such setting{near_miss(name, known)}"
        for name in sorted(environment)
        if name.startswith("COLLECTOR_") and name not in known + list(OTHER_VARIABLES) and _nearly(name, known)
    ]
    given = {
        name: environment[f"COLLECTOR_{name.upper()}"]
        for name in Settings.model_fields
        if f"COLLECTOR_{name.upper()}" in environment
    }
    try:
        settings = Settings(_env_file=None, **given)  # type: ignore[arg-type]  # text, as the environment has it
    except ValidationError as error:
        lines += [
            f"COLLECTOR_{str(each.path[0]).upper()}: {each.sentence}" if each.path else each.sentence
            for each in sentences.complaints(error, given)
        ]
    if lines:
        raise Invalid("\n".join(lines))
    return settings


def schema() -> dict[str, Any]:
    """The JSON schema of `collector.yaml`, for editors and for other people's checks."""
    described = Configuration.model_json_schema(schema_generator=SchemaWithDurations)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "collector.yaml",
        "description": "Monitors and destinations of the inference collector.",
    } | {key: value for key, value in described.items() if key not in ("title", "description")}


def _validated(found: Document) -> Configuration:
    lines = list(found.problems)
    if isinstance(found.value, Mapping):
        try:
            configuration = Configuration.model_validate(found.value)
        except ValidationError as error:
            lines += [_with_line(found, each) for each in sentences.complaints(error, found.value)]
        else:
            if not lines:
                return configuration
    else:
        lines.append(
            (1, f"expected a mapping with the keys monitors and destinations, not {sentences.shown(found.value)}")
        )
    raise _invalid(found, lines)


def _with_line(found: Document, complaint: sentences.Complaint) -> tuple[int, str]:
    return found.line(complaint.path, of_key=complaint.of_key), str(complaint)


def _invalid(found: Document, lines: list[tuple[int, str]]) -> Invalid:
    told = sorted(dict.fromkeys((line, found.veil(sentence)) for line, sentence in lines), key=lambda each: each[0])
    return Invalid("\n".join(f"{found.origin}:{line}: {sentence}" for line, sentence in told), lines=told)


def _run_check(found: Document, configuration: Configuration, check: Check) -> None:
    lines = []
    for index, monitor in enumerate(configuration.monitors):
        try:
            check(monitor)
        except Invalid as error:
            inside = error.place.get("path", ())
            path: KeyPath = ("monitors", index, *(inside if isinstance(inside, tuple) else ()))
            lines.append(_with_line(found, sentences.Complaint(path, str(error))))
    if lines:
        raise _invalid(found, lines)


def _with_absolute_paths(configuration: Configuration, folder: Path) -> Configuration:
    destinations = {
        name: each.model_copy(update={"path": str(folder / each.path)}) if isinstance(each, LocalDestination) else each
        for name, each in configuration.destinations.items()
    }
    monitors = tuple(_with_absolute_reference(monitor, folder) for monitor in configuration.monitors)
    return configuration.model_copy(update={"destinations": destinations, "monitors": monitors})


def _with_absolute_reference(monitor: Monitor, folder: Path) -> Monitor:
    if monitor.reference is None or monitor.reference.path is None:
        return monitor
    reference = monitor.reference.model_copy(update={"path": absolute(monitor.reference.path, folder)})
    return monitor.model_copy(update={"reference": reference})


def _nearly(name: str, known: list[str]) -> bool:
    return bool(difflib.get_close_matches(name, known, n=1, cutoff=0.9))
