"""From the names and parameters of a monitor's configuration to metrics and tests. Needs no data."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.errors import Invalid
from collector.evaluate.base import parameters_of
from collector.evaluate.registry import metrics_by_name, tests_by_name
from collector.monitor import Monitor, ReportSettings, Spec
from collector.strict import near_miss


def resolve(report: ReportSettings) -> tuple[list[object], list[object]]:
    """The report's metrics and tests, presets still whole.

    Raises Invalid, with the near miss and what is known, for an unknown name or parameter; `place["path"]` is the
    place inside of the report, such as `("metrics", 0)`.
    """
    metrics, tests = metrics_by_name(), tests_by_name()
    return (
        [_build(spec, metrics, ("metrics", index), tests) for index, spec in enumerate(report.metrics)],
        [_build(spec, tests, ("tests", index), metrics) for index, spec in enumerate(report.tests)],
    )


def _build(
    spec: Spec, known: Mapping[str, type[Any]], path: tuple[str, int], others: Mapping[str, type[Any]]
) -> object:
    what = path[0].removesuffix("s")
    cls = known.get(spec.name)
    if cls is None:
        if spec.name in others:
            other = "tests" if path[0] == "metrics" else "metrics"
            raise Invalid(f"{spec.name} is no {what}: list it under {other}", path=path)
        names = ", ".join(known)
        raise Invalid(f"unknown {what} {spec.name!r}{near_miss(spec.name, list(known))}; known: {names}", path=path)
    allowed = parameters_by_name(cls)
    for name in spec.parameters:
        if name not in allowed:
            listed = ", ".join(allowed) or "none"
            raise Invalid(
                f"{spec.name} has no parameter {name!r}{near_miss(name, list(allowed))}; it takes: {listed}", path=path
            )
    missing = [name for name, required in allowed.items() if required and name not in spec.parameters]
    if missing:
        raise Invalid(f"{spec.name} needs {' and '.join(missing)}", path=path)
    try:
        return cls(**dict(spec.parameters))
    except Invalid as error:
        raise Invalid(f"{spec.name}: {error}", path=path) from error
    except (TypeError, ValueError) as error:
        raise Invalid(f"{spec.name} does not take these parameters: {error}", path=path) from error


def parameters_by_name(cls: type[Any]) -> dict[str, bool]:
    """The parameters of a metric or test by name, and whether they must be given."""
    if cls.__init__ is object.__init__:
        return {}
    signature = inspect.signature(cls)
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {
        name: parameter.default is inspect.Parameter.empty
        for name, parameter in signature.parameters.items()
        if parameter.kind in named
    }


def check(monitor: Monitor) -> None:
    """Raises Invalid when a report of the monitor names what is not there; `place["path"]` says where."""
    for index, report in enumerate(monitor.reports):
        try:
            resolve(report)
        except Invalid as error:
            inside = error.place.get("path", ())
            path = ("reports", index, *(inside if isinstance(inside, tuple) else ()))
            raise Invalid(str(error), path=path) from error


@dataclass(frozen=True)
class Described:
    """A metric or test as it resolves: its name, its parameters, and what it is."""

    name: str
    parameters: Mapping[str, Any]
    summary: str


@dataclass(frozen=True)
class DescribedReport:
    name: str
    phase: str
    metrics: Sequence[Described]
    tests: Sequence[Described]


def describe(monitor: Monitor) -> list[DescribedReport]:
    """The monitor's reports as they resolve, for people to read. Raises Invalid as `check` does."""
    check(monitor)
    described = []
    for report in monitor.reports:
        metrics, tests = resolve(report)
        described.append(
            DescribedReport(
                report.name, str(report.phase), [_describe(m) for m in metrics], [_describe(t) for t in tests]
            )
        )
    return described


def _describe(item: object) -> Described:
    lines = (inspect.getdoc(type(item)) or "").strip().splitlines()
    return Described(type(item).__name__, parameters_of(item), lines[0] if lines else "")
