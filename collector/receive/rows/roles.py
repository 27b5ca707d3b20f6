"""What a monitor expects of each column, compiled once per monitor from its declared roles. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.monitor import Columns, Monitor
from collector.receive.rows.kinds import NUMBERS, SCALARS, TEXTS, Types
from collector.receive.rows.privacy import Protection


@dataclass(frozen=True, slots=True)
class Role:
    """The value types a column takes as they are, and how a sentence names them."""

    clean: Types
    expected: str


NUMBER = Role(NUMBERS, "expected a number")
TEXT = Role(TEXTS, "expected text")
SCALAR = Role(SCALARS, "expected a number, text, true or false")
EMBEDDING = Role(NUMBERS, "expected a number: send each element of an embedding in a column of its own")


@dataclass(frozen=True, slots=True)
class Roles:
    """How the columns of a monitor's rows are judged.

    `values` holds the columns that are neither id nor time; `any_other` is None when no other column is taken.
    `event_time` is the column that every row must have because the windows follow it. `protection` is None when nothing is
    to be hidden.
    """

    id: str | None
    event_time: str | None
    times: frozenset[str]
    values: Mapping[str, Role]
    any_other: Role | None
    known: Sequence[str]
    protection: Protection | None = None

    @property
    def as_text(self) -> frozenset[str]:
        """Columns whose cells stay text when the encoding has no types."""
        texts = {name for name, role in self.values.items() if role is TEXT}
        return frozenset(texts | {self.id} if self.id is not None else texts)


def roles_of(monitor: Monitor, protection: Protection | None = None) -> Roles:
    """The roles that follow from `columns`; names without a declared kind take every scalar."""
    columns = monitor.columns
    values: dict[str, Role] = {}
    for names, role in _declared(columns):
        values |= dict.fromkeys(names, role)
    for name in monitor.told_apart_by:
        values.setdefault(name, SCALAR)
    times = {*(columns.datetime_features or ()), *_some(columns.timestamp)}
    return Roles(
        id=columns.id,
        event_time=columns.timestamp if monitor.event_time else None,
        times=frozenset(times),
        values=values,
        any_other=None if columns.closed else SCALAR,
        known=tuple(dict.fromkeys([*_some(columns.id), *_some(columns.timestamp), *values, *sorted(times)])),
        protection=protection,
    )


def _declared(columns: Columns) -> list[tuple[Sequence[str], Role]]:
    """Later entries win, though a column rarely has two roles."""
    numeric_task = columns.task in ("regression", "recsys")
    probabilities = len(columns.predictions) > 1
    return [
        ([*_some(columns.user_id), *_some(columns.item_id)], SCALAR),
        (columns.categorical_features or (), SCALAR),
        (columns.text_features or (), TEXT),
        (columns.numerical_features or (), NUMBER),
        *((members, EMBEDDING) for members in (columns.embeddings or {}).values()),
        (columns.predictions, NUMBER if numeric_task or probabilities else SCALAR),
        (_some(columns.target), NUMBER if columns.task == "regression" else SCALAR),
    ]


def _some(name: str | None) -> tuple[str, ...]:
    return () if name is None else (name,)
