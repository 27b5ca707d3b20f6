"""The snapshot: the results of one report or test suite over one window and segment, and its JSON (schema 1)."""

import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from collector.errors import Invalid
from collector.model import SnapshotId

SCHEMA = 1
_LEAVES = frozenset((str, int, bool, type(None)))
TEST_STATUSES = ("SUCCESS", "FAIL", "WARNING", "ERROR", "SKIPPED")
_NAMESPACE = uuid.UUID("6f0d3a52-0d7e-5a7e-9c0b-3f6c1c9b7e11")


def snapshot_id(
    monitor: str,
    report: str,
    window_key: str,
    segment: Mapping[str, object] | None,
    baseline: Mapping[str, object] | None = None,
) -> SnapshotId:
    """The id that every evaluation of this report over this window has, whoever computes it and however often.

    `baseline`: the arm that the segment is compared with, when it is not the reference.

    >>> snapshot_id("m", "drift", "0-60000000#0", None)
    '...-5...'
    """
    parts = [monitor, report, window_key, segment, *([baseline] if baseline is not None else [])]
    name = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
    return SnapshotId(str(uuid.uuid5(_NAMESPACE, name.decode())))


def iso(instant_us: int) -> str:
    """ISO 8601 in UTC, whole seconds where they are whole.

    >>> iso(1_359_676_800_000_000)
    '2013-02-01T00:00:00Z'
    """
    return datetime.fromtimestamp(instant_us / 1e6, tz=UTC).isoformat().replace("+00:00", "Z")


def baseline_of(reference: object) -> Mapping[str, object] | None:
    """The arm that a snapshot's `reference` names.

    >>> baseline_of({"version": None, "rows": 40, "arm": {"model_version": "champion"}})
    {'model_version': 'champion'}
    """
    arm = reference.get("arm") if isinstance(reference, Mapping) else None
    return arm if isinstance(arm, Mapping) else None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Results, never raw rows. The fields are those of the JSON; `docs/snapshot.schema.json` describes them.

    `metrics`: `{"metric", "parameters", "result" | "error"}`; `tests`: `{"name", "description", "status", "group",
    "parameters"}`; `columns`: `{name: {"type", "distribution": {"current", "reference"}}}`.
    """

    id: SnapshotId
    report: str
    timestamp: datetime
    rows: int
    project: str | None = None
    monitor: str | None = None
    revision: int = 1
    segment: Mapping[str, object] | None = None
    window: Mapping[str, str] | None = None
    sampled: Mapping[str, int] | None = None
    label_coverage: float | None = None
    reference: Mapping[str, object] | None = None
    tags: Sequence[str] = ()
    metadata: Mapping[str, object] = field(default_factory=dict)
    metrics: Sequence[Mapping[str, Any]] = ()
    tests: Sequence[Mapping[str, Any]] = ()
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def baseline(self) -> Mapping[str, object] | None:
        """The arm of the same window that these rows are compared with; None when it is the reference, or nothing."""
        return baseline_of(self.reference)

    @property
    def view(self) -> str:
        """Which of a window's snapshots of one report this is, but for the segment's value: what is drawn together.

        >>> about = {"report": "drift", "timestamp": datetime.now(UTC), "rows": 40}
        >>> arm = {"segment": {"version": 2}, "reference": {"rows": 40, "arm": {"version": 1}}}
        >>> Snapshot("id", **about).view, Snapshot("id", **about, **arm).view
        ('all rows', 'by version, vs 1')
        """
        if not self.segment:
            return "all rows"
        against = "".join(f", vs {value}" for value in (self.baseline or {}).values())
        return f"by {', '.join(self.segment)}{against}"

    def test_counts(self) -> dict[str, int]:
        """How many tests ended in each status, all five named."""
        counts = dict.fromkeys(TEST_STATUSES, 0)
        for test in self.tests:
            counts[test["status"]] += 1
        return counts

    def as_dict(self) -> dict[str, Any]:
        """The JSON document as plain Python values."""
        document: dict[str, Any] = {"schema": SCHEMA}
        document |= {each.name: getattr(self, each.name) for each in fields(self)}
        document["timestamp"] = _iso(self.timestamp)
        return document

    def summary(self) -> dict[str, Any]:
        """What a list shows: everything but the metrics, the tests' details and the columns."""
        document = self.as_dict()
        del document["metrics"], document["columns"]
        document["tests"] = self.test_counts()
        return document

    def json(self) -> bytes:
        """Compact JSON. Raises ValueError when a number is not finite: those stop at `evaluate`."""
        document = self.as_dict()
        if not _all_finite(document.values()):  # orjson would write null, and say nothing
            _refuse_non_finite(document, "snapshot")
        return orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS)

    def save(self, path: str | Path) -> None:
        Path(path).write_bytes(self.json())

    @staticmethod
    def load(path: str | Path) -> "Snapshot":
        """Read a file that `save` wrote. Raises Invalid when it is something else."""
        return Snapshot.from_json(Path(path).read_bytes(), origin=str(path))

    @staticmethod
    def from_json(body: bytes, *, origin: str = "snapshot") -> "Snapshot":
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise Invalid(f"{origin} is not JSON: {error}") from error
        return Snapshot.from_dict(document, origin=origin)

    @staticmethod
    def from_dict(document: object, *, origin: str = "snapshot") -> "Snapshot":
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise Invalid(f'{origin} is not a snapshot: expected a JSON object with "schema": {SCHEMA}')
        known = {each.name for each in fields(Snapshot)}
        values = {name: value for name, value in document.items() if name in known}
        try:
            values["timestamp"] = datetime.fromisoformat(values["timestamp"])
            return Snapshot(**values)
        except (KeyError, TypeError, ValueError) as error:
            raise Invalid(f"{origin} is not a whole snapshot: {error}") from error


def _iso(instant: datetime) -> str:
    aware = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    return aware.isoformat().replace("+00:00", "Z")


def _all_finite(values: Iterable[object]) -> bool:
    for value in values:
        kind = type(value)
        if kind is float:
            if not math.isfinite(value):  # type: ignore[arg-type]  # a float, as the line above says
                return False
        elif kind not in _LEAVES:
            inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
            if not _all_finite(inside):
                return False
    return True


def _refuse_non_finite(value: object, place: str) -> None:
    """Raises ValueError with the place of the first number that is not finite."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{place} is {value}: a snapshot holds finite numbers, or null with a reason")
    elif isinstance(value, Mapping):
        for key, each in value.items():
            _refuse_non_finite(each, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            _refuse_non_finite(each, f"{place}[{index}]")
