"""What every workspace knows of a project, and what it asks of a report."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from collector.errors import Invalid
from collector.snapshot import Snapshot

_NAMESPACE = uuid.UUID("5f2f9be0-4d3e-5a53-9a62-7bb1d9e2f1c4")


def project_id(name: str) -> str:
    """The id of a project of this name, whoever creates it: creating one again finds it.

    >>> project_id("Flight delays") == project_id("Flight delays")
    True
    """
    if not name.strip():
        raise Invalid("a project's name is empty: expected some text")
    return str(uuid.uuid5(_NAMESPACE, name))


@dataclass(slots=True)
class Project:
    """A project. `description` may be changed; `save` writes it to the workspace it came from."""

    id: str
    name: str
    description: str = ""
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _save: Callable[["Project"], None] | None = field(default=None, repr=False, compare=False)

    def save(self) -> None:
        if self._save is None:
            raise Invalid(f"project {self.name!r} belongs to no workspace: make it with create_project")
        self._save(self)


CURRENT = "current"
"""The name of the rows that a snapshot is of, among those that may be stored with it."""


class Evaluated(Protocol):
    """A Report or a Test Suite that has run."""

    def to_snapshot(self) -> Snapshot: ...

    def datasets(self) -> Mapping[str, bytes]:
        """The frames that it was computed from, by name (current, reference), as Parquet."""
        ...


def data_of(report: object, *, what: str) -> dict[str, bytes]:
    """The frames of a report that has run, by name (current, reference), as Parquet. Raises Invalid without any."""
    make: Any = getattr(report, "datasets", None)
    frames = make() if callable(make) else None
    if not frames:
        raise Invalid(f"include_data: this {what} does not keep its data; add it without include_data")
    return {str(name): bytes(frame) for name, frame in frames.items()}


def snapshot_of(report: object, *, what: str) -> Snapshot:
    """The snapshot of a report or test suite that has run. Raises Invalid for anything else."""
    make: Any = getattr(report, "to_snapshot", None)
    if not callable(make):
        raise Invalid(f"expected a {what} that has run, got {type(report).__name__}")
    made = make()
    if not isinstance(made, Snapshot):
        raise Invalid(f"expected a snapshot from {type(report).__name__}.to_snapshot(), got {type(made).__name__}")
    return made
