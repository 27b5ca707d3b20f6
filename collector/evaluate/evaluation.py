"""What Report and TestSuite have in common: wishes, one run over a pair of frames, and what came of it."""

import html
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import orjson
import pandas as pd

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric
from collector.evaluate.data import ColumnMapping
from collector.evaluate.measures.distributions import columns_of
from collector.evaluate.profile import FrameProfile
from collector.evaluate.run import expand, metric_entry, test_entry
from collector.evaluate.tables import parquet
from collector.evaluate.tests.base import Test
from collector.model import SnapshotId
from collector.snapshot import Snapshot

Frame = pd.DataFrame | FrameProfile
PASSED = frozenset({"SUCCESS", "WARNING"})


class Evaluation:
    """Metrics and tests over one pair of frames; Report and TestSuite are its two public forms.

    `tags` and `metadata` may be changed until the snapshot is taken.
    """

    def __init__(
        self,
        *,
        metrics: Sequence[object] = (),
        tests: Sequence[object] = (),
        timestamp: datetime | None = None,
        id: str | uuid.UUID | None = None,  # noqa: A002 - the name that users know
        metadata: Mapping[str, object] | None = None,
        tags: Sequence[str] | None = None,
        name: str | None = None,
    ) -> None:
        self._metrics = tuple(metrics)
        self._tests = tuple(tests)
        self.id = SnapshotId(str(id or uuid.uuid4()))
        self.timestamp = _instant(timestamp)
        self.metadata: dict[str, object] = dict(metadata or {})
        self.tags: list[str] = list(_texts(tags))
        self.name = name
        self._results: _Results | None = None
        self._frames: dict[str, pd.DataFrame] = {}

    def run(
        self,
        *,
        reference_data: Frame | None = None,
        current_data: Frame,
        column_mapping: ColumnMapping | None = None,
        additional_data: Mapping[str, Frame] | None = None,
        timestamp: datetime | None = None,
    ) -> None:
        """Compute everything. Frames are read, never changed; a FrameProfile may be given to reuse what it holds.

        `additional_data`: frames by name that some metrics need, such as `current_train_data` and
        `reference_train_data`, the interactions that a recommender learned from.

        Raises Invalid when there is nothing to compute from. A metric that fails is a result with its reason.
        """
        if current_data is None:
            raise Invalid("current_data is needed")
        current = _profile(current_data, "current_data")
        reference = None if reference_data is None else _profile(reference_data, "reference_data")
        if timestamp is not None:
            self.timestamp = _instant(timestamp)
        elif self.timestamp is None:
            self.timestamp = datetime.now(UTC)
        additional = {
            name: _profile(data, f"additional_data {name!r}") for name, data in (additional_data or {}).items()
        }
        mapping = ColumnMapping() if column_mapping is None else column_mapping
        if not isinstance(mapping, ColumnMapping):
            raise Invalid(f"column_mapping is {type(mapping).__name__}: expected a ColumnMapping")
        self.compute(Context(current, reference, mapping, additional))

    def compute(self, context: Context) -> None:
        """The same over a context that others share: what they asked for is not computed again."""
        sides = {side: profile.frame for side, profile in context.sides if profile is not None and profile.joint}
        self._frames = sides  # as they were given: not a copy
        metrics = expand(self._metrics, context, Metric)
        tests = expand(self._tests, context, Test)
        self._results = _Results(
            rows=context.current.rows,
            reference_rows=None if context.reference is None else context.reference.rows,
            metrics=[metric_entry(metric, context) for metric in metrics],
            tests=[test_entry(test, context) for test in tests],
            columns=columns_of(context, _looked_at(metrics, tests, context)),
        )

    @property
    def results(self) -> "_Results":
        """Raises Invalid before `run`."""
        if self._results is None:
            raise Invalid("there are no results yet: call run(current_data=...) first")
        return self._results

    # ------------------------------------------------------------ results

    def summary(self) -> dict[str, Any]:
        """The tests by status. One without a verdict (ERROR) is neither a success nor failed. Raises before `run`."""
        by_status: dict[str, int] = {}
        for test in self.results.tests:
            by_status[test["status"]] = by_status.get(test["status"], 0) + 1
        passed = sum(by_status.get(status, 0) for status in PASSED)
        return {
            "all_passed": passed == len(self.results.tests),
            "total_tests": len(self.results.tests),
            "success_tests": passed,
            "failed_tests": by_status.get("FAIL", 0),
            "by_status": by_status,
        }

    def as_dict(self) -> dict[str, Any]:
        """The results as plain Python values."""
        raise NotImplementedError

    def json(self) -> str:
        """The results as JSON text, with the version and the instant they belong to."""
        assert self.timestamp is not None or self._results is None  # noqa: S101 - run sets both
        document = {"version": 1, "timestamp": _iso(self.timestamp), **self.as_dict()}
        return orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS).decode()

    def save_json(self, filename: str | Path) -> None:
        Path(filename).write_text(self.json(), encoding="utf-8")

    def to_snapshot(self) -> Snapshot:
        """The results with everything that is known of them. Raises Invalid before `run`."""
        results = self.results
        return Snapshot(
            id=self.id,
            report=self.name or type(self).__name__,
            timestamp=self.timestamp or datetime.now(UTC),
            rows=results.rows,
            reference=None if results.reference_rows is None else {"version": None, "rows": results.reference_rows},
            tags=tuple(_texts(self.tags)),
            metadata=dict(self.metadata),
            metrics=results.metrics,
            tests=results.tests,
            columns=results.columns,
        )

    def datasets(self) -> dict[str, bytes]:
        """The frames of the last `run` by name (current, reference) as Parquet; none after `load`."""
        return {name: parquet(frame) for name, frame in self._frames.items()}

    def save(self, filename: str | Path) -> None:
        """Write the snapshot's JSON; `Snapshot.load` and `load` read it."""
        self.to_snapshot().save(filename)

    @classmethod
    def load(cls, filename: str | Path) -> Self:
        """The results that `save` wrote. Raises Invalid when the file is something else."""
        snapshot = Snapshot.load(filename)
        self = cls.__new__(cls)
        Evaluation.__init__(
            self,
            timestamp=snapshot.timestamp,
            id=snapshot.id,
            metadata=snapshot.metadata,
            tags=snapshot.tags,
            name=snapshot.report,
        )
        rows = (snapshot.reference or {}).get("rows")
        self._results = _Results(
            rows=snapshot.rows,
            reference_rows=rows if isinstance(rows, int) else None,
            metrics=[dict(each) for each in snapshot.metrics],
            tests=[dict(each) for each in snapshot.tests],
            columns={name: dict(each) for name, each in snapshot.columns.items()},
        )
        return self

    def get_html(self) -> str:
        """The results as one HTML page that needs nothing else."""
        from collector.render.html import page  # noqa: PLC0415 - drawn only when somebody looks

        return page(self.to_snapshot())

    def save_html(self, filename: str | Path) -> None:
        Path(filename).write_text(self.get_html(), encoding="utf-8")

    def _repr_html_(self) -> str:
        """For notebooks: the page in a frame of its own."""
        if self._results is None:
            return f"<i>{html.escape(repr(self))}: call run(current_data=...) to compute it</i>"
        page = html.escape(self.get_html(), quote=True)
        return f'<iframe srcdoc="{page}" width="100%" height="800" style="border:0"></iframe>'

    def __repr__(self) -> str:
        wishes = len(self._metrics) + len(self._tests)
        state = "not run" if self._results is None else f"{self._results.rows} rows"
        return f"<{type(self).__name__} of {wishes}, {state}>"


class _Results:
    """What one run gave."""

    def __init__(
        self,
        *,
        rows: int,
        reference_rows: int | None,
        metrics: list[dict[str, Any]],
        tests: list[dict[str, Any]],
        columns: dict[str, dict[str, Any]],
    ) -> None:
        self.rows = rows
        self.reference_rows = reference_rows
        self.metrics = metrics
        self.tests = tests
        self.columns = columns


def _profile(data: Frame, what: str) -> FrameProfile:
    if isinstance(data, FrameProfile):
        return data
    if not isinstance(data, pd.DataFrame):
        raise Invalid(f"{what} is {type(data).__name__}: expected a pandas DataFrame")
    return FrameProfile(data)


def _instant(timestamp: datetime | None) -> datetime | None:
    if timestamp is not None and not isinstance(timestamp, datetime):
        raise Invalid(f"timestamp is {timestamp!r}: expected a datetime")
    return timestamp


def _texts(tags: Sequence[str] | None) -> Sequence[str]:
    """A single text is a sequence of texts too, but never meant so."""
    if isinstance(tags, str):
        raise Invalid(f"tags is the text {tags!r}: expected a list of texts")
    return tags or ()


def _looked_at(metrics: Sequence[object], tests: Sequence[object], context: Context) -> list[str]:
    """The columns that the metrics and tests are about, in the order of the data: all, unless each names its own."""
    named: set[str] = set()
    for wish in (*metrics, *tests):
        column = getattr(wish, "column_name", None)
        columns = getattr(wish, "columns", None)
        if column is not None:
            named.add(column)
        elif columns is not None:
            named.update(columns)
        elif getattr(wish, "of_the_model", False):
            named.update(name for name in (context.definition.target, *context.definition.predictions) if name)
        else:
            named.update(context.definition.columns())
    return [name for name in context.definition.columns() if name in named]


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
