"""Where this engine differs from the peer on purpose, and why. What is not allowed here is a bug on our side.

A rule says where it holds (a pattern over "frame: case field") and, where the two values have a relation, checks it.
A rule without a relation allows exactly the pairs of values that `pinned.json` lists.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tests.parity.compare import Found, same
from tests.parity.frames import Frames


@dataclass(frozen=True)
class Difference:
    """One reason to differ."""

    id: str
    title: str
    reason: str
    where: str
    relation: Callable[[Found, Frames], bool] | None = None

    def allows(self, found: Found, frames: Frames) -> bool:
        """Whether the rule speaks of this field, and its relation holds. Pinned values are the caller's to check."""
        if re.search(self.where, f"{found.frame}: {found.case} {found.field}") is None:
            return False
        return self.relation is None or self.relation(found, frames)


def rounded(digits: int) -> Callable[[Found, Frames], bool]:
    """Theirs is ours, rounded."""

    def relation(found: Found, _: Frames) -> bool:
        if not isinstance(found.ours, float | int) or not isinstance(found.theirs, float | int):
            return False
        return abs(found.ours - found.theirs) <= 0.5 * 10**-digits * (1 + 1e-9) + 1e-12 * abs(found.ours)

    return relation


def equally_common(found: Found, frames: Frames) -> bool:
    """Both name a value that no other value outnumbers; theirs rounded to five digits."""
    column = re.search(r'column_name="(.*)"', found.case)
    assert column is not None
    frame = frames.current if found.field.startswith("current") else frames.reference
    counts = frame[column[1]].value_counts(dropna=False)
    top = [None if pd.isna(value) else value for value in counts.index[counts == counts.max()].tolist()]
    mine = any(_is(found.ours, value) for value in top)
    return mine and any(_is(found.theirs, round(value, 5) if isinstance(value, float) else value) for value in top)


def _is(said: Any, value: Any) -> bool:
    return same(said, value) or str(said) == str(value)


def answers(found: Found, _: Frames) -> bool:
    """The peer raises; this engine says something."""
    return _failed(found.theirs) and not _failed(found.ours)


def no_verdict(found: Found, _: Frames) -> bool:
    """Both refuse to call it a success."""
    return found.theirs == {"status": "FAIL"} and found.ours == {"status": "ERROR"}


def _failed(value: Any) -> bool:
    return isinstance(value, dict) and ("error" in value or value.get("status") == "ERROR")


def close(tolerance: float) -> Callable[[Found, Frames], bool]:
    """Equal, but for the last digits."""

    def relation(found: Found, _: Frames) -> bool:
        return math.isclose(found.ours, found.theirs, rel_tol=tolerance)

    return relation


SUMMARY_TESTS = "TestColumnValue(Min|Max|Mean|Median|Std)|TestMeanInNSigmas"
SHARE_TESTS = "TestUniqueValuesShare|TestMostCommonValueShare"

DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "summary-rounded",
        "Summaries are not rounded",
        "The peer rounds mean, deviation, extremes, quartiles and percentages of a column's summary to two digits; "
        "we give them in full.",
        r"ColumnSummaryMetric\(.*_characteristics\.(mean|std|min|max|p25|p50|p75|\w+_percentage)$",
        rounded(2),
    ),
    Difference(
        "most-common-tie",
        "Of equally frequent values, the smallest",
        "The peer names the one that came first, which depends on the order of the rows, and rounds it to five digits.",
        r"ColumnSummaryMetric\(.*_characteristics\.most_common$",
        equally_common,
    ),
    Difference(
        "tests-rounded",
        "Tests judge the numbers themselves",
        "The peer's tests on a column's summary read its rounded numbers.",
        rf"({SUMMARY_TESTS})\b.*parameters\.(value|condition\.(eq\.value|lte|gte)|current_mean|reference_mean|reference_std)$",
        rounded(2),
    ),
    Difference(
        "shares-rounded",
        "Tests judge the shares themselves",
        "The peer's tests read percentages that were rounded to two digits.",
        rf"({SHARE_TESTS})\b.*parameters\.(value|condition\.eq\.value)$",
        rounded(4),
    ),
    Difference(
        "verdict-of-rounded",
        "A verdict on numbers that were not rounded",
        "Rounding turned the peer's verdict: the number itself lies on the other side of the limit.",
        rf"({SUMMARY_TESTS}|{SHARE_TESTS})\b.*status$",
    ),
    Difference(
        "scores-rounded",
        "Drift scores of tests are not rounded",
        "The peer's drift tests tell their scores with three digits.",
        r"(Test\w*Drift\w*|TestPreset).*\bparameters\.(features\..*\.)?score$",
        rounded(3),
    ),
    Difference(
        "no-value-no-verdict",
        "A number that does not exist has no verdict",
        "The peer compares NaN with a limit, and the test fails; ours ends in ERROR with the reason. No suite passes "
        "with either.",
        r"Test",
        no_verdict,
    ),
)
