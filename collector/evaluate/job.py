"""One window of one monitor to snapshots: rows, labels and reference in, one record per report out. Pure."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pandas as pd

from collector.evaluate import catalogue
from collector.evaluate.base import Context, reason
from collector.evaluate.comparisons import Comparison, comparisons
from collector.evaluate.data import ColumnMapping
from collector.evaluate.frame import frame_of, join_labels
from collector.evaluate.profile import FrameProfile
from collector.evaluate.references import References
from collector.evaluate.report import Evaluation
from collector.evaluate.tables import parquet
from collector.model import MonitorId, Phase, SnapshotRecord, WindowRows
from collector.monitor import Columns, Monitor, ReportSettings, Spec
from collector.ports import EarlierRows, Job, ReferenceFile
from collector.render.series import series
from collector.snapshot import Snapshot, iso, snapshot_id

log = logging.getLogger(__name__)


def run(job: Job, references: References | None = None) -> list[SnapshotRecord]:
    """A record for each report of the job's phase and each comparison: all rows, segments, arms. A report that fails
    is a snapshot full of reasons.

    No record in the second phase where not one row has a target: there is no quality to speak of yet.

    Raises Invalid when the rows or the reference cannot be read at all.
    """
    frame = _frame(job.monitor, job.phase, job.rows)
    reference = _reference(job, references or References())
    frame = _with_listed_columns(frame, job.monitor.columns, reference)
    window = _Window(job, frame)
    return [
        record
        for comparison in comparisons(frame, job.monitor, reference)
        if window.has_targets(comparison)
        for record in _records(window, comparison)
    ]


def _records(window: "_Window", comparison: Comparison) -> list[SnapshotRecord]:
    context: Context | Exception
    try:
        context = _context(comparison, window.job.monitor)
    except Exception as error:  # noqa: BLE001 - then every metric says why, and the window is not lost
        log.warning("the columns of monitor %s cannot be told apart: %s", window.job.monitor.id, error)
        context = error
    reports = map(comparison.report, window.job.monitor.reports_of(window.job.phase))
    data = parquet(comparison.current.frame) if window.job.monitor.include_data else b""
    return [_record(window.evaluate(report, comparison, context), data) for report in reports if report is not None]


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


def table(monitor: Monitor, phase: Phase, rows: WindowRows) -> bytes:
    """The rows as Parquet: a reference in the making. Ids stay behind."""
    frame = _frame(monitor, phase, rows)
    return parquet(frame.drop(columns=[name for name in (monitor.columns.id,) if name in frame]))


def _reference(job: Job, references: References) -> FrameProfile | None:
    """What the window is compared with: a file of this machine, or the rows of an earlier window."""
    columns = job.monitor.columns
    if job.reference is None:
        return None
    if isinstance(job.reference, ReferenceFile):
        return references.get(job.reference, timestamp=columns.timestamp)
    frame = _frame(job.monitor, job.phase, job.reference.rows)
    return FrameProfile(_with_listed_columns(frame, columns, None))


def _frame(monitor: Monitor, phase: Phase, rows: WindowRows) -> pd.DataFrame:
    """A window's rows. In the second phase with their labels; in the first with targets only if the rows had them."""
    frame = frame_of(rows.chunks)
    target = monitor.columns.target
    if target is None:
        return frame
    if phase is Phase.LABELS:
        return join_labels(frame, rows.chunks, rows.labels, target)
    if target in frame and frame[target].isna().all():
        return frame.drop(columns=target)
    return frame


def _with_listed_columns(frame: pd.DataFrame, columns: Columns, reference: FrameProfile | None) -> pd.DataFrame:
    """Columns that the monitor names and no row had are there, and empty: that they went missing must be seen.

    A column without any value has no type of its own: it takes the reference's.
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
        if len(frame) and frame[name].dtype == object and frame[name].isna().all():
            known: Any = reference[name].dtype if reference is not None and name in reference else None
            if known is not None and pd.api.types.is_integer_dtype(known):
                known = "float64"
            if known is None and name in numbers:
                known = "float64"
            if known is not None and not pd.api.types.is_bool_dtype(known):
                changed[name] = frame[name].astype(known)
    return frame.assign(**changed) if changed else frame


class _Window:
    """What the snapshots of a window have in common."""

    def __init__(self, job: Job, frame: pd.DataFrame) -> None:
        self.job = job
        self._span_us = _span_us(job, frame)
        self._target = job.monitor.columns.target if job.phase is Phase.LABELS else None

    def has_targets(self, comparison: Comparison) -> bool:
        """Whether there is a quality to speak of, where quality is spoken of. A first phase always speaks."""
        name = self._target
        if name is None:
            return True
        if comparison.baseline is not None and not _present(comparison.reference, name):
            return False
        return self.job.phase is self.job.monitor.phases[0] or _present(comparison.current, name) > 0

    def evaluate(self, report: ReportSettings, comparison: Comparison, context: Context | Exception) -> Snapshot:
        job, monitor = self.job, self.job.monitor
        results = _results(report, context)
        start_us = job.now_us if self._span_us is None else self._span_us[0]
        return Snapshot(
            id=snapshot_id(monitor.id, report.name, job.window.key, comparison.segment, comparison.baseline),
            report=report.name,
            timestamp=datetime.fromtimestamp(start_us / 1e6, tz=UTC),
            rows=comparison.current.rows,
            project=monitor.project_name,
            monitor=monitor.id,
            revision=job.revision,
            segment=comparison.segment,
            window=None if self._span_us is None else {"start": iso(self._span_us[0]), "end": iso(self._span_us[1])},
            label_coverage=self._coverage(comparison),
            reference=self._reference(comparison),
            tags=tuple(dict.fromkeys((*monitor.tags, *comparison.tags))),
            metadata={**monitor.metadata, **comparison.metadata},
            metrics=results.metrics,
            tests=results.tests,
            columns=results.columns,
        )

    def _coverage(self, comparison: Comparison) -> float | None:
        if self._target is None:
            return None
        rows = comparison.current.rows
        return _present(comparison.current, self._target) / rows if rows else 0.0

    def _reference(self, comparison: Comparison) -> dict[str, object] | None:
        if comparison.reference is None:
            return None
        if comparison.baseline is not None:
            return {"version": None, "rows": comparison.reference.rows, "arm": dict(comparison.baseline)}
        return None if self.job.reference is None else _origin(self.job.reference) | {"rows": comparison.reference.rows}


def _present(frame: FrameProfile | None, name: str) -> int:
    """How many rows have a value in a column."""
    return frame[name].present if frame is not None and name in frame else 0


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


def _origin(reference: ReferenceFile | EarlierRows) -> dict[str, object]:
    """What a snapshot says of where its reference comes from."""
    if isinstance(reference, ReferenceFile):
        return {"version": reference.version}
    if reference.start_us is None or reference.end_us is None:
        return {"version": None, "window": None}
    return {"version": None, "window": {"start": iso(reference.start_us), "end": iso(reference.end_us)}}


def _span_us(job: Job, frame: pd.DataFrame) -> tuple[int, int] | None:
    """The window's span: its pane's, or that of its event times when the pane is endless."""
    pane = job.window.pane
    if pane.start_us is not None and pane.end_us is not None:
        return pane.start_us if job.start_us is None else job.start_us, pane.end_us
    name = job.monitor.columns.timestamp
    if name is None or name not in frame or frame[name].dtype.kind != "M":
        return None
    times = frame[name].dropna().astype("datetime64[us]").astype("int64")
    return (int(times.min()), int(times.max())) if len(times) else None


def _record(snapshot: Snapshot, data: bytes) -> SnapshotRecord:
    values = [{"metric": each.metric, "labels": each.labels, "value": each.value} for each in series(snapshot)]
    summary = snapshot.summary() | {"values": values}
    return SnapshotRecord(
        id=snapshot.id,
        monitor=MonitorId(snapshot.monitor or ""),
        revision=snapshot.revision,
        timestamp_us=round(snapshot.timestamp.timestamp() * 1e6),
        segment=orjson.dumps(snapshot.segment, option=orjson.OPT_SORT_KEYS).decode(),
        tags=tuple(snapshot.tags),
        summary=orjson.dumps(summary, option=orjson.OPT_NON_STR_KEYS),
        body=snapshot.json(),
        data=data,
    )
