"""What every workspace knows of a project, and what it asks of a report."""

import uuid
from collections.abc import Callable
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


class Evaluated(Protocol):
    """A Report or a Test Suite that has run."""

    def to_snapshot(self) -> Snapshot: ...


def snapshot_of(report: object, *, what: str) -> Snapshot:
    """The snapshot of a report or test suite that has run. Raises Invalid for anything else."""
    make: Any = getattr(report, "to_snapshot", None)
    if not callable(make):
        raise Invalid(f"expected a {what} that has run, got {type(report).__name__}")
    made = make()
    if not isinstance(made, Snapshot):
        raise Invalid(f"expected a snapshot from {type(report).__name__}.to_snapshot(), got {type(made).__name__}")
    return made
