"""One window of one monitor to snapshots: rows, labels and reference in, one record per report out. Pure."""

import logging
from datetime import UTC, datetime
from typing import Any

import orjson
import pandas as pd

from collector.evaluate import catalogue
from collector.evaluate.base import Context, reason
from collector.evaluate.data import ColumnMapping
from collector.evaluate.frame import frame_of, join_labels
from collector.evaluate.profile import FrameProfile
from collector.evaluate.references import References
from collector.evaluate.report import Evaluation
from collector.evaluate.segments import Part, Segment, parts_of
from collector.model import MonitorId, Phase, SnapshotRecord
from collector.monitor import Columns, ReportSettings, Spec
from collector.ports import Job
from collector.render.series import series
from collector.snapshot import Snapshot, iso, snapshot_id

log = logging.getLogger(__name__)


def run(job: Job, references: References | None = None) -> list[SnapshotRecord]:
    """A record for each report of the job's phase and each segment. A report that fails is a snapshot full of reasons.

    No record in the second phase as long as not one row has a target: there is no quality to speak of yet.

    Raises Invalid when the rows or the reference cannot be read at all.
    """
    frame = _frame(job)
    target = job.monitor.columns.target
    second = job.phase is Phase.LABELS and job.phase is not job.monitor.phases[0]
    if second and target is not None and not frame[target].notna().any():
        return []
    reference = None
    if job.reference is not None:
        reference = (references or References()).get(job.reference, timestamp=job.monitor.columns.timestamp)
    frame = _with_listed_columns(frame, job.monitor.columns, reference)
    return [
        record
        for part in parts_of(frame, job.monitor.segments, most=job.monitor.max_segments)
        for record in _records(job, part, part.of_reference(reference))
    ]


def _records(job: Job, part: Part, reference: FrameProfile | None) -> list[SnapshotRecord]:
    context: Context | Exception
    try:
        context = _context(part.frame, reference, job.monitor.columns)
    except Exception as error:  # noqa: BLE001 - then every metric says why, and the window is not lost
        log.warning("the columns of monitor %s cannot be told apart: %s", job.monitor.id, error)
        context = error
    about = _About(job, part.frame, reference, part.segment)
    return [_record(about.evaluate(report, context)) for report in job.monitor.reports_of(job.phase)]


def _context(frame: pd.DataFrame, reference: FrameProfile | None, columns: Columns) -> Context:
    """The evaluation of the window. Ids, times and targets that only one side has are left out of both.

    A reference rarely has ids and times, and the first phase has no targets yet: that is no difference in the data.
    """
    if reference is not None:
        utility = [name for name in (columns.id, columns.timestamp) if name is not None]
        frame = frame.drop(columns=[name for name in utility if name in frame and name not in reference])
        only_there = [name for name in (*utility, columns.target) if name in reference and name not in frame]
        if only_there:
            reference = reference.without(only_there)
    return Context(FrameProfile(frame), reference, mapping_of(columns))


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


def _frame(job: Job) -> pd.DataFrame:
    """The window's rows. In the second phase with their labels; in the first with targets only if the rows had them."""
    frame = frame_of(job.rows.chunks)
    target = job.monitor.columns.target
    if target is None:
        return frame
    if job.phase is Phase.LABELS:
        return join_labels(frame, job.rows.chunks, job.rows.labels, target)
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
            known: Any = reference[name].series.dtype if reference is not None and name in reference else None
            if known is not None and pd.api.types.is_integer_dtype(known):
                known = "float64"
            if known is None and name in numbers:
                known = "float64"
            if known is not None and not pd.api.types.is_bool_dtype(known):
                changed[name] = frame[name].astype(known)
    return frame.assign(**changed) if changed else frame


class _About:
    """What every snapshot of this window says beside its results."""

    def __init__(self, job: Job, frame: pd.DataFrame, reference: FrameProfile | None, segment: Segment | None) -> None:
        self.job = job
        self.rows = len(frame)
        self.segment = segment
        self.coverage = None
        target = job.monitor.columns.target
        if job.phase is Phase.LABELS and target is not None:
            self.coverage = float(frame[target].notna().sum() / len(frame)) if len(frame) else 0.0
        self.reference = None
        if reference is not None and job.reference is not None:
            self.reference = {"version": job.reference.version, "rows": reference.rows}
        self.span_us = _span_us(job, frame)

    def evaluate(self, report: ReportSettings, context: Context | Exception) -> Snapshot:
        job, monitor = self.job, self.job.monitor
        results = _results(report, context)
        start_us = job.now_us if self.span_us is None else self.span_us[0]
        return Snapshot(
            id=snapshot_id(monitor.id, report.name, job.window.key, self.segment),
            report=report.name,
            timestamp=datetime.fromtimestamp(start_us / 1e6, tz=UTC),
            rows=self.rows,
            project=monitor.project_name,
            monitor=monitor.id,
            revision=job.revision,
            segment=self.segment,
            window=None if self.span_us is None else {"start": iso(self.span_us[0]), "end": iso(self.span_us[1])},
            label_coverage=self.coverage,
            reference=self.reference,
            tags=(*monitor.tags, *(f"{name}={value}" for name, value in (self.segment or {}).items())),
            metadata=dict(monitor.metadata),
            metrics=results.metrics,
            tests=results.tests,
            columns=results.columns,
        )


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


def _span_us(job: Job, frame: pd.DataFrame) -> tuple[int, int] | None:
    """The window's span: its pane's, or that of its event times when the pane is endless."""
    pane = job.window.pane
    if pane.start_us is not None and pane.end_us is not None:
        return pane.start_us, pane.end_us
    name = job.monitor.columns.timestamp
    if name is None or name not in frame or frame[name].dtype.kind != "M":
        return None
    times = frame[name].dropna().astype("datetime64[us]").astype("int64")
    return (int(times.min()), int(times.max())) if len(times) else None


def _record(snapshot: Snapshot) -> SnapshotRecord:
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
    )
