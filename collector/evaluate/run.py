"""One evaluation from wishes to results: expands presets, computes metrics, judges tests. Nothing here stops another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from collector.errors import Invalid
from collector.evaluate.base import Context, Group, Metric, name_of, parameters_of, reason
from collector.evaluate.conditions import NAMES
from collector.evaluate.plain import plain
from collector.evaluate.tests.base import Status, Test

MAX_DEPTH = 8
"""Presets may hold presets; deeper than this, one holds itself."""


@dataclass(frozen=True)
class Failed:
    """A preset that could not say what it holds."""

    group: Group
    error: Exception


def expand(
    wishes: Iterable[object], context: Context, wanted: type[Metric] | type[Test], depth: int = 0
) -> list[object]:
    """Metrics or tests in order, presets and generators replaced by what they hold, or by Failed."""
    found: list[object] = []
    for wish in wishes:
        if not isinstance(wish, Group):
            found.append(wish)
            continue
        try:
            if depth >= MAX_DEPTH:
                raise Invalid(f"{type(wish).__name__} is nested more than {MAX_DEPTH} deep")
            held = check_all(wish.expand(context), wanted, type(wish).__name__)
        except Exception as error:  # noqa: BLE001 - one preset must not stop the others; it says why
            found.append(Failed(wish, error))
            continue
        found += expand(held, context, wanted, depth + 1)
    return found


def metric_entry(wish: object, context: Context) -> dict[str, Any]:
    """`{"metric", "parameters", "result"}`, or "error" in place of the result."""
    if isinstance(wish, Failed):
        name, parameters, error = type(wish.group).__name__, parameters_of(wish.group), wish.error
        return {"metric": name, "parameters": plain(_shown(parameters)), "error": _error(error)}
    assert isinstance(wish, Metric)  # noqa: S101 - checked when the report was made
    entry = {"metric": name_of(wish), "parameters": plain(_shown(parameters_of(wish)))}
    outcome = context.outcome(wish)
    if outcome.result is None:
        return entry | {"error": _error(outcome.error)}
    try:
        return entry | {"result": plain(outcome.result)}
    except Exception as error:  # noqa: BLE001 - a custom metric may return what is no result
        return entry | {"error": _error(error)}


def test_entry(wish: object, context: Context) -> dict[str, Any]:
    """`{"name", "test", "description", "status", "group", "parameters"}`; an ERROR's description says why."""
    if isinstance(wish, Failed):
        name = type(wish.group).__name__
        given = plain(_shown(parameters_of(wish.group)))
        return _entry(name, name, reason(wish.error), "ERROR", "", given)
    assert isinstance(wish, Test)  # noqa: S101 - checked when the suite was made
    name, title = type(wish).__name__, wish.title or type(wish).__name__
    try:
        verdict = wish.evaluate(context)
        parameters = plain(_shown(dict(verdict.parameters)))
    except Exception as error:  # noqa: BLE001 - one failing test must not stop the others; it says why
        given = {key: value for key, value in parameters_of(wish).items() if key not in {"is_critical", *NAMES}}
        return _entry(name, title, f"No verdict: {reason(error)}", "ERROR", wish.group, plain(_shown(given)))
    status: Status = "SUCCESS" if verdict.passed else "FAIL" if wish.is_critical else "WARNING"
    return _entry(name, title, verdict.description, status, wish.group, parameters)


def _entry(
    test: str, title: str, description: str, status: Status, group: str, parameters: dict[str, Any]
) -> dict[str, Any]:
    return {
        "name": title,
        "test": test,
        "description": description,
        "status": status,
        "group": group,
        "parameters": parameters,
    }


def _shown(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters as a snapshot shows them: functions and drift methods by their names."""
    return {name: _named(value) for name, value in parameters.items()}


def _named(value: object) -> object:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, dict):
        return {key: _named(each) for key, each in value.items()}
    identity = getattr(value, "id", None)
    if isinstance(identity, str):
        return identity
    return getattr(value, "__name__", value) if callable(value) else value


def _error(error: BaseException | None) -> dict[str, str]:
    return {"type": type(error).__name__, "message": reason(error)}


def check_all(wishes: Sequence[object], wanted: type[Metric] | type[Test], what: str) -> tuple[object, ...]:
    """The wishes, or Invalid when one of them is no metric (or test), no preset of such, and no generator."""
    for wish in wishes:
        if isinstance(wish, type):
            raise Invalid(f"{what} holds the class {wish.__name__}: call it, {wish.__name__}(...)")
        fits = wish.holds in (None, wanted) if isinstance(wish, Group) else isinstance(wish, wanted)
        if not fits:
            raise Invalid(f"{what} holds {wish!r}, which is no {wanted.__name__.lower()}, preset or generator")
    return tuple(wishes)
