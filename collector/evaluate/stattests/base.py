"""What a drift method is: a score of two samples of one column, and which scores mean drift."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from collector.evaluate.data import ColumnType
from collector.evaluate.pair import Pair

Direction = Literal["<", "<=", ">", ">="]
_COMPARE: dict[Direction, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class StatTest:
    """A drift method. `score` reads a pair of columns and raises Invalid (or ValueError) when it does not apply.

    `drifts_when`: the comparison of score and threshold that means drift: p-values drift when small, distances when
    large. `types`: the column types it may be asked for by name. `bar`: what the score is compared with, where that
    is not the threshold itself but follows from it and the data.
    """

    id: str
    display_name: str
    types: tuple[ColumnType, ...]
    threshold: float
    drifts_when: Direction
    score: Callable[[Pair], float]
    bar: Callable[[Pair, float], float] | None = None

    def drifted(self, score: float, threshold: float) -> bool:
        return _COMPARE[self.drifts_when](score, threshold)
