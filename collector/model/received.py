"""What a request brought, what was wrong with it, and what became of it."""

from collections.abc import Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row was not taken. `row` counts from 0 in the request."""

    row: int
    column: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one request as plain columns of equal length, not yet judged. None is a missing value."""

    columns: Mapping[str, Sequence[object]]
    rows: int


@dataclass(frozen=True, slots=True)
class Judged:
    """The good rows of a request, and what was wrong with the others.

    `event_us` and `ids` are aligned with the rows of `table`; `ids` is None when the monitor has no id column. `types`
    are those of the values of a column, neither more nor fewer; of a column that it does not name they are not known.
    """

    table: Table
    event_us: Sequence[int] | None
    ids: Sequence[bytes] | None
    errors: Sequence[RowError]
    rejected: int
    types: Mapping[str, AbstractSet[type]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Label:
    """A target for an inference, by the digest of its id. `target` is a JSON scalar, encoded."""

    id: bytes
    target: bytes
    at_us: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a request's rows. accepted + rejected + duplicates + late = rows sent."""

    accepted: int = 0
    rejected: int = 0
    duplicates: int = 0
    late: int = 0
    errors: Sequence[RowError] = ()
