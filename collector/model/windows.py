"""Spans of a monitor's time: panes, and the windows in them that are evaluated."""

from dataclasses import dataclass
from enum import StrEnum

SECOND_US = 1_000_000


class Phase(StrEnum):
    """What a window is evaluated for: its rows alone, or its rows joined with the labels."""

    ROWS = "rows"
    LABELS = "labels"


@dataclass(frozen=True, slots=True, order=True)
class Pane:
    """A half-open span of a monitor's time. Rows are appended to it in order of arrival.

    An endless pane (both ends None) serves monitors whose windows are formed by row count alone. `rows`: its windows have
    so many rows each; 0: it is one window. So what was cut one way stays so, and rows that come once the monitor
    wishes for another way go to another pane.

    >>> Pane(0, 60_000_000).key, Pane(None, None, 100).key
    ('0-60000000', 'all.100')
    >>> Pane.parse("all"), Pane.parse("0-60000000.5")
    (Pane(start_us=None, end_us=None, rows=0), Pane(start_us=0, end_us=60000000, rows=5))
    """

    start_us: int | None
    end_us: int | None
    rows: int = 0

    @property
    def key(self) -> str:
        span = "all" if self.start_us is None else f"{self.start_us}-{self.end_us}"
        return f"{span}.{self.rows}" if self.rows else span

    @staticmethod
    def parse(key: str) -> "Pane":
        span, _, rows = key.partition(".")
        start, _, end = span.rpartition("-")
        return Pane(int(start), int(end), int(rows or 0)) if start else Pane(None, None, int(rows or 0))


@dataclass(frozen=True, slots=True)
class Window:
    """A slice of a pane: its rows from `first_row` up to, not including, `stop_row` (None: to the end).

    A pane without a row limit has one window, part 0. With a limit of n rows, part k holds rows [k*n, (k+1)*n).
    The key is derived from the data's identity, so that every repeat of any step meets the same window.
    """

    pane: Pane
    part: int = 0
    first_row: int = 0
    stop_row: int | None = None

    @property
    def key(self) -> str:
        return f"{self.pane.key}#{self.part}"
