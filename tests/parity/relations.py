"""Relations of the two values that a difference on purpose must have."""

import math
import re
from collections.abc import Callable
from typing import Any

import pandas as pd

from tests.parity.compare import Found, failed, same
from tests.parity.frames import Frames

Relation = Callable[[Found, Frames], bool]


def rounded(digits: int) -> Relation:
    """Theirs is ours, rounded."""

    def relation(found: Found, _: Frames) -> bool:
        if not isinstance(found.ours, float | int) or not isinstance(found.theirs, float | int):
            return False
        return bool(abs(found.ours - found.theirs) <= 0.5 * 10**-digits * (1 + 1e-9) + 1e-12 * abs(found.ours))

    return relation


def equally_common(found: Found, frames: Frames) -> bool:
    """Both name a value that no other value outnumbers; theirs rounded to five digits."""
    column = re.search(r"column_name='(.*)'", found.case)
    assert column is not None
    frame = frames.current if found.field.startswith("current") else frames.reference
    counts = frame[column[1]].value_counts(dropna=False)
    top = [None if pd.isna(value) else value for value in counts.index[counts == counts.max()].tolist()]
    theirs = None if found.theirs in {"nan", "NaT"} else found.theirs
    mine = any(_is(found.ours, None if value in {math.inf, -math.inf} else value) for value in top)
    return mine and any(_is(theirs, round(value, 5) if isinstance(value, float) else value) for value in top)


def _is(said: Any, value: Any) -> bool:
    return same(said, value) or bool(str(said) == str(value))


def answers(found: Found, _: Frames) -> bool:
    """The peer raises; this engine says something."""
    return failed(found.theirs) and not failed(found.ours)


def no_verdict(found: Found, _: Frames) -> bool:
    """Both refuse to call it a success."""
    return bool(found.theirs == {"status": "FAIL"} and found.ours == {"status": "ERROR"})


def table_rounded(found: Found, _: Frames) -> bool:
    """Theirs is rounded, or computed from what is: how far it may lie away, by column of the table."""
    column = int(found.field.rpartition("[")[2].rstrip("]"))
    away = (0.5, 0, 0.005, 0, 0, 0.05, 0.05, 0.15, 0.06, 0.02, 0.03, 0.05)[column]
    return bool(abs(found.ours - found.theirs) <= away * (1 + 1e-9))
