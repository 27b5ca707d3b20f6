"""The bad rows of a request: each counted once, the first of them named."""

from collections.abc import Callable, Sequence

from collector.model import RowError
from collector.receive.words import kind, shown

MOST_LISTED = 100
"""An answer lists at most so many errors; all are counted."""
MOST_SUGGESTIONS = 5


class Faults:
    """Collects what is wrong while columns are judged one after another; it has state because a row may be wrong in
    several columns and is still one rejected row. `numbers` are the rows' numbers in the request; of a column that
    `hides` names no value is told.
    """

    def __init__(
        self,
        numbers: Sequence[int] | None,
        errors: Sequence[RowError] = (),
        hides: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.rows: set[int] = set()
        self._hides = hides
        self._numbers = numbers
        self._listed = list(errors[:MOST_LISTED])
        self._before = len(errors)

    def add(self, row: int, column: str | None, reason: str) -> None:
        """`row` is an index into the table."""
        self.rows.add(row)
        if len(self._listed) < MOST_LISTED:
            self._listed.append(RowError(self._numbers[row] if self._numbers else row, column, reason))

    def shown(self, column: str, value: object) -> str:
        """The value in a few words, or what it is."""
        return kind(value) if self._hides(column) else shown(value)

    @property
    def may_suggest(self) -> bool:
        """Whether a near miss is still looked for: it is compared with every known column."""
        return len(self._listed) < MOST_SUGGESTIONS

    @property
    def rejected(self) -> int:
        return len(self.rows) + self._before

    @property
    def listed(self) -> Sequence[RowError]:
        return sorted(self._listed, key=lambda each: each.row)
