"""A frame of rows to snapshots: compared with what there is to compare, a snapshot per report, and what each says of itself.

The one way from rows to snapshots: a window of the service goes it, and a file of a batch job.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from collector.evaluate import catalogue
from collector.evaluate.base import Context, reason
from collector.evaluate.data import ColumnMapping
from collector.evaluate.evaluation import Evaluation
from collector.evaluate.profile import FrameProfile
from collector.evaluate.references.rows import instants
from collector.evaluate.tables import parquet
from collector.evaluate.windows.comparisons import Comparison, comparisons
from collector.monitor import Columns, Monitor, ReportSettings, Spec
from collector.snapshot import Snapshot, iso, snapshot_id

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class About:
    """What the snapshots of some rows have in common.

    `key` is the rows' identity, from which the ids are derived; `span_us` their time, `at_us` stands in when they
    have none; `origin` says where the reference comes from; `scale` above 1 says that the rows are a sample, each for
    so many.
    """

    monitor: Monitor
    key: str
    at_us: int
    span_us: tuple[int, int] | None = None
    revision: int = 1
    origin: Mapping[str, object] | None = None
    scale: float = 1.0


def snapshots_of(
    frame: pd.DataFrame,
    reference: FrameProfile | None,
    about: About,
    reports: Sequence[ReportSettings],
    *,
    without_targets: bool = False,
) -> Iterator[tuple[Comparison, Snapshot]]:
    """For each comparison (all rows, segments, arms) a snapshot of each report. One that fails is full of reasons.

    A report that needs the target is left out of a comparison in which no row has one, unless `without_targets`:
    there is no quality to speak of.
    """
    frame = with_listed_columns(frame, about.monitor.columns, reference)
    for comparison in comparisons(frame, about.monitor, reference):
        told = _has_targets(comparison, about.monitor.columns.target, without_targets=without_targets)
        wanted = [comparison.report(report) for report in reports if told or not report.needs_target]
        some = [report for report in wanted if report is not None]
        if some:
            context = _context_or_why_not(comparison, about.monitor)
            for report in some:
                yield comparison, _snapshot(report, comparison, context, about)


def data_of(monitor: Monitor, comparison: Comparison) -> bytes:
    """The rows that go with the snapshots of a comparison, as Parquet; empty unless the monitor includes them."""
    rows = comparison.current
    return rows.memo(("parquet",), lambda: parquet(rows.frame)) if monitor.include_data else b""


def _snapshot(report: ReportSettings, comparison: Comparison, context: Context | Exception, about: About) -> Snapshot:
    monitor, span_us = about.monitor, about.span_us
    results = _results(report, context)
    start_us = about.at_us if span_us is None else span_us[0]
    rows = round(comparison.current.rows * about.scale)  # exact for all rows, an estimate for a part of a sample
    return Snapshot(
        id=snapshot_id(monitor.id, report.name, about.key, comparison.segment, comparison.baseline),
        report=report.name,
        timestamp=datetime.fromtimestamp(start_us / 1e6, tz=UTC),
        rows=rows,
        sampled={"rows": comparison.current.rows, "of": rows} if about.scale > 1 else None,
        project=monitor.project_name,
        monitor=monitor.id,
        revision=about.revision,
        segment=comparison.segment,
        window=None if span_us is None else {"start": iso(span_us[0]), "end": iso(span_us[1])},
        label_coverage=_coverage(comparison, monitor.columns.target) if report.needs_target else None,
        reference=_reference(comparison, about),
        tags=tuple(dict.fromkeys((*monitor.tags, *comparison.tags))),
        metadata={**monitor.metadata, **comparison.metadata},
        metrics=results.metrics,
        tests=results.tests,
        columns=results.columns,
    )


def _has_targets(comparison: Comparison, target: str | None, *, without_targets: bool) -> bool:
    """Whether there is a quality to speak of. A baseline without targets has none to compare with."""
    if target is None:
        return True
    if comparison.baseline is not None and not _present(comparison.reference, target):
        return False
    return without_targets or _present(comparison.current, target) > 0


def _coverage(comparison: Comparison, target: str | None) -> float | None:
    if target is None:
        return None
    rows = comparison.current.rows
    return _present(comparison.current, target) / rows if rows else 0.0


def _reference(comparison: Comparison, about: About) -> dict[str, object] | None:
    if comparison.reference is None:
        return None
    if comparison.baseline is not None:
        return {"version": None, "rows": comparison.reference.rows, "arm": dict(comparison.baseline)}
    return None if about.origin is None else {**about.origin, "rows": comparison.reference.rows}


def _present(frame: FrameProfile | None, name: str) -> int:
    """How many rows have a value in a column."""
    return frame[name].present if frame is not None and name in frame else 0


def _context_or_why_not(comparison: Comparison, monitor: Monitor) -> Context | Exception:
    try:
        return _context(comparison, monitor)
    except Exception as error:  # noqa: BLE001 - then every metric says why, and the window is not lost
        log.warning("the columns of monitor %s cannot be told apart: %s", monitor.id, error)
        return error


def _context(comparison: Comparison, monitor: Monitor) -> Context:
    """The evaluation of some rows. Ids, times, arms and targets that only one side has are left out of both.

    A reference rarely has those, and the first phase has no targets yet: that is no difference in the data.
    """
    current, reference = comparison.current, comparison.reference
    columns = monitor.columns
    left_out = [comparison.without]
    if reference is not None:
        utility = [columns.id, columns.timestamp, monitor.compare.column if monitor.compare else None]
        only_here = [name for name in utility if name not in reference]
        only_there = [name for name in (*utility, columns.target) if name not in current]
        reference = _without([comparison.without, *only_there], reference)
        left_out += only_here
    return Context(
        _without(left_out, current), reference, mapping_of(columns), why_no_reference=comparison.why_no_reference
    )


def _without(names: Sequence[str | None], frame: FrameProfile) -> FrameProfile:
    known = [name for name in names if name in frame]
    return frame.without(known) if known else frame


def mapping_of(columns: Columns) -> ColumnMapping:
    """The monitor's columns as a ColumnMapping."""
    several = isinstance(columns.prediction, tuple)
    return ColumnMapping(
        target=columns.target,
        prediction=list(columns.predictions) if several else columns.prediction,
        datetime=columns.timestamp,
        id=columns.id,
        numerical_features=columns.numerical_features,
        categorical_features=columns.categorical_features,
        datetime_features=columns.datetime_features,
        text_features=columns.text_features,
        target_names=columns.target_names,
        task=columns.task,
        pos_label=columns.pos_label,
        embeddings=columns.embeddings,
        user_id=columns.user_id,
        item_id=columns.item_id,
        recommendations_type=columns.recommendations_type,
    )


def with_listed_columns(frame: pd.DataFrame, columns: Columns, reference: FrameProfile | None) -> pd.DataFrame:
    """Columns that the monitor names and no row had are there, and empty: that they went missing must be seen.

    A column without any value has no type of its own: it takes the reference's. Texts that are instants, all of them, are
    instants where the reference has such: a row of JSON has no type for them.
    """
    listed = [
        *columns.predictions,
        *(columns.numerical_features or ()),
        *(columns.categorical_features or ()),
        *(columns.text_features or ()),
        *(columns.datetime_features or ()),
    ]
    numbers = {*(columns.numerical_features or ()), *columns.predictions}
    absent = {
        name: pd.Series([None] * len(frame), index=frame.index, dtype=object) for name in listed if name not in frame
    }
    frame = frame.assign(**absent) if absent else frame
    changed: dict[str, pd.Series[Any]] = {}
    for name in frame.columns:
        if reference is not None and name in reference and reference[name].kind == "datetime":
            times = _as_instants(frame[name])
            if times is not None:
                changed[name] = times
                continue
        if len(frame) and frame[name].dtype == object and frame[name].isna().all():
            known: Any = reference[name].dtype if reference is not None and name in reference else None
            if known is not None and pd.api.types.is_integer_dtype(known):
                known = "float64"
            if known is None and name in numbers:
                known = "float64"
            if known is not None and not pd.api.types.is_bool_dtype(known):
                changed[name] = frame[name].astype(known)
    return frame.assign(**changed) if changed else frame


def _as_instants(column: "pd.Series[Any]") -> "pd.Series[Any] | None":
    """None where it is no column of text, or one of its texts is no instant."""
    texts = isinstance(column.dtype, pd.StringDtype)
    if not texts and not (column.dtype == object and set(map(type, column.dropna())) == {str}):
        return None
    times = instants(column)
    return times if bool((times.isna() == column.isna()).all()) else None


class _Results:
    """What a report gave, or why it gave nothing."""

    def __init__(self, metrics: list[dict[str, object]], tests: list[dict[str, object]], columns: object) -> None:
        self.metrics = metrics
        self.tests = tests
        self.columns = columns if isinstance(columns, dict) else {}


def _results(report: ReportSettings, context: Context | Exception) -> _Results:
    try:
        if isinstance(context, Exception):
            raise context
        metrics, tests = catalogue.resolve(report)
        evaluation = Evaluation(metrics=metrics, tests=tests)
        evaluation.compute(context)
        return _Results(evaluation.results.metrics, evaluation.results.tests, evaluation.results.columns)
    except Exception as error:  # noqa: BLE001 - one failing report must not stop the others; it says why
        return _Results(
            [_failed_metric(spec, error) for spec in report.metrics],
            [_failed_test(spec, error) for spec in report.tests],
            {},
        )


def _failed_metric(spec: Spec, error: Exception) -> dict[str, object]:
    problem = {"type": type(error).__name__, "message": reason(error)}
    return {"metric": spec.name, "parameters": dict(spec.parameters), "error": problem}


def _failed_test(spec: Spec, error: Exception) -> dict[str, object]:
    return {
        "name": spec.name,
        "test": spec.name,
        "description": f"No verdict: {reason(error)}",
        "status": "ERROR",
        "group": "",
        "parameters": dict(spec.parameters),
    }
