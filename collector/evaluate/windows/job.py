"""One window of one monitor to snapshots: rows, labels and reference in, one record per report out. Pure."""

import orjson
import pandas as pd

from collector.evaluate.profile import FrameProfile
from collector.evaluate.references.loaded import References
from collector.evaluate.tables import exact_parquet
from collector.evaluate.windows.frame import frame_of, join_labels
from collector.evaluate.windows.snapshots import About, data_of, snapshots_of, with_listed_columns
from collector.model import MonitorId, Phase, SnapshotRecord, WindowRows, summary_of
from collector.monitor import Monitor
from collector.ports import EarlierRows, Job, ReferenceFile
from collector.render.series import series
from collector.snapshot import Snapshot, iso


def run(job: Job, references: References | None = None) -> list[SnapshotRecord]:
    """A record for each report of the job's phase and each comparison: all rows, segments, arms. A report that fails
    is a snapshot full of reasons.

    No record in the second phase where not one row has a target: there is no quality to speak of yet.

    Raises Invalid when the rows or the reference cannot be read at all.
    """
    frame = _frame(job.monitor, job.phase, job.rows)
    about = About(
        monitor=job.monitor,
        key=job.window.key,
        at_us=job.now_us,
        span_us=_span_us(job, frame),
        revision=job.revision,
        origin=None if job.reference is None else _origin(job.reference),
        scale=1.0 if job.sampled_of is None or not len(frame) else job.sampled_of / len(frame),
    )
    found = snapshots_of(
        frame,
        _reference(job, references or References()),
        about,
        job.monitor.reports_of(job.phase),
        without_targets=job.phase is job.monitor.phases[0],
    )
    return [_record(snapshot, data_of(job.monitor, comparison)) for comparison, snapshot in found]


def table(monitor: Monitor, phase: Phase, rows: WindowRows) -> bytes:
    """The rows as Parquet: a reference in the making. Ids stay behind."""
    frame = _frame(monitor, phase, rows)
    return exact_parquet(frame.drop(columns=[name for name in (monitor.columns.id,) if name in frame]))


def _reference(job: Job, references: References) -> FrameProfile | None:
    """What the window is compared with: a file of this machine, or the rows of an earlier window."""
    columns = job.monitor.columns
    if job.reference is None:
        return None
    if isinstance(job.reference, ReferenceFile):
        return references.get(job.reference, columns)
    frame = _frame(job.monitor, job.phase, job.reference.rows)
    return FrameProfile(with_listed_columns(frame, columns, None))


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
    entry = orjson.dumps(snapshot.summary(), option=orjson.OPT_NON_STR_KEYS)
    return SnapshotRecord(
        id=snapshot.id,
        monitor=MonitorId(snapshot.monitor or ""),
        revision=snapshot.revision,
        timestamp_us=round(snapshot.timestamp.timestamp() * 1e6),
        segment=orjson.dumps(snapshot.segment, option=orjson.OPT_SORT_KEYS).decode(),
        tags=tuple(snapshot.tags),
        summary=summary_of(entry, orjson.dumps(values, option=orjson.OPT_NON_STR_KEYS)),
        body=snapshot.json(),
        data=data,
    )
