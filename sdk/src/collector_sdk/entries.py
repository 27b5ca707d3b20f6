"""What waits in the queue: one inference, a block of columns, one label. Named by role, not by column.

The names of the monitor's columns are put in when a request is made, because the service knows them and the caller
of `log()` need not.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Inference(NamedTuple):
    """One answered request of a model. `logged_at` is seconds since the epoch, taken in `log()`."""

    features: Mapping[str, object]
    prediction: object
    id: object
    timestamp: object
    target: object
    logged_at: float


class Block(NamedTuple):
    """Rows that came as columns of equal length, under the monitor's own names."""

    columns: Mapping[str, Sequence[object]]
    rows: int
    logged_at: float

    def split(self, at_row: int) -> "tuple[Block, Block]":
        """The rows before `at_row`, and the others."""
        head = {name: values[:at_row] for name, values in self.columns.items()}
        tail = {name: values[at_row:] for name, values in self.columns.items()}
        return Block(head, at_row, self.logged_at), Block(tail, self.rows - at_row, self.logged_at)


class Label(NamedTuple):
    """The true outcome of an inference that was, or will be, logged."""

    id: object
    target: object
    timestamp: object


Entry = Inference | Block | Label


def size(entry: Entry) -> int:
    """How many rows (or labels) an entry is."""
    return entry.rows if isinstance(entry, Block) else 1
