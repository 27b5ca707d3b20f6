"""What is compared with what in one window: all rows, each segment, each arm with the reference and with the baseline."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from collector.evaluate.plain import key_text
from collector.evaluate.profile import FrameProfile
from collector.evaluate.unanswered import NotKept
from collector.evaluate.windows.segments import Part, Segment, parts_of, same
from collector.monitor import CompareSettings, Monitor, ReportSettings, Spec


@dataclass(frozen=True)
class Comparison:
    """Rows of a window that get snapshots of their own, and the rows that they are compared with."""

    current: FrameProfile
    reference: FrameProfile | None
    segment: Segment | None = None
    """The value that these rows share; None: all rows."""
    arm: bool = False
    baseline: Segment | None = None
    """The arm whose rows of this window are the reference."""
    why_no_reference: str | None = None
    """There is a reference, and these rows cannot be compared with it for this reason."""
    without: str | None = None
    """A column that takes no part: one side was chosen by it and the other was not, so it would always differ."""

    @property
    def tags(self) -> tuple[str, ...]:
        """An arm's own name and what it is compared with; of a segment `column=value`."""
        if self.segment is None:
            return ()
        if not self.arm:
            return tuple(f"{name}={value}" for name, value in self.segment.items())
        if self.baseline is not None:
            return _name(self.segment), f"vs {_name(self.baseline)}"
        return (_name(self.segment), "vs reference") if self.reference is not None else (_name(self.segment),)

    @property
    def metadata(self) -> dict[str, str]:
        """Of an arm its column and value, and the baseline that it is compared with."""
        if not self.arm or self.segment is None:
            return {}
        found = {column: _name(self.segment) for column in self.segment}
        if self.baseline is not None:
            found["baseline"] = _name(self.baseline)
        return found

    def report(self, report: ReportSettings) -> ReportSettings | None:
        """The report without what is about the column left out; None when nothing else is in it."""
        if self.without is None:
            return report
        metrics = tuple(_not_about(self.without, report.metrics))
        tests = tuple(_not_about(self.without, report.tests))
        return report.model_copy(update={"metrics": metrics, "tests": tests}) if metrics or tests else None


def comparisons(frame: pd.DataFrame, monitor: Monitor, reference: FrameProfile | None) -> Iterator[Comparison]:
    """All rows first, then the segments of each column, then the arms."""
    yield Comparison(FrameProfile(frame), reference)
    for name in monitor.segments:
        for part in parts_of(frame, name, most=monitor.max_segments):
            yield _segment(part, name, reference)
    if monitor.compare is not None:
        yield from _arms(frame, monitor.compare, reference, most=monitor.max_segments)


def _segment(part: Part, name: str, reference: FrameProfile | None) -> Comparison:
    """A segment is compared with the same segment of the reference, or with all of it when that has none."""
    try:
        alike = part.of_reference(reference)
    except NotKept as error:
        return Comparison(part.rows, None, part.segment, why_no_reference=str(error))
    if alike is not None or reference is None:
        return Comparison(part.rows, alike, part.segment)
    return Comparison(part.rows, reference, part.segment, without=name)


def _arms(
    frame: pd.DataFrame, compare: CompareSettings, reference: FrameProfile | None, *, most: int
) -> Iterator[Comparison]:
    """Every arm with the reference that all have in common, then every other arm with the baseline, if that has rows."""
    column = compare.column
    arms = list(parts_of(frame, column, most=most, first=compare.baseline))
    for arm in arms:
        yield Comparison(arm.rows, reference, arm.segment, arm=True, without=column)
    baseline = next((arm for arm in arms if same(arm.segment[column], compare.baseline)), None)
    if baseline is None:
        return
    for arm in arms:
        if arm is not baseline:
            yield Comparison(arm.rows, baseline.rows, arm.segment, arm=True, baseline=baseline.segment, without=column)


def _not_about(column: str, specs: tuple[Spec, ...]) -> Iterator[Spec]:
    for spec in specs:
        listed = spec.parameters.get("columns")
        if spec.parameters.get("column_name") == column:
            continue
        if isinstance(listed, list | tuple) and column in listed:
            others = [name for name in listed if name != column]
            if others:
                yield spec.model_copy(update={"parameters": {**spec.parameters, "columns": others}})
            continue
        yield spec


def _name(arm: Segment) -> str:
    """The value of the one column by which an arm is told."""
    (value,) = arm.values()
    return key_text(value)
