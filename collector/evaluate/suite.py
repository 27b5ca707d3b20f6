"""TestSuite: tests over one pair of frames, and whether they passed."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import pandas as pd

from collector.evaluate.report import Evaluation
from collector.evaluate.run import check_all
from collector.evaluate.tests.base import Test

PASSED = frozenset({"SUCCESS", "WARNING"})


class TestSuite(Evaluation):
    """Tests of the current data. True when every test passed, those that only warn included.

    >>> from collector.evaluate.tests.integrity import TestNumberOfRows
    >>> suite = TestSuite(tests=[TestNumberOfRows(gte=3)])
    >>> suite.run(current_data=pd.DataFrame({"x": [1, 2, 3]}))
    >>> bool(suite)
    True
    """

    __test__: ClassVar[bool] = False

    def __init__(
        self,
        tests: Sequence[object],
        options: object = None,  # noqa: ARG002 - accepted for callers that set options for drawing
        timestamp: datetime | None = None,
        id: str | uuid.UUID | None = None,  # noqa: A002 - the name that users know
        metadata: Mapping[str, object] | None = None,
        tags: Sequence[str] | None = None,
        name: str | None = None,
    ) -> None:
        checked = check_all(tests, Test, "tests")
        super().__init__(tests=checked, timestamp=timestamp, id=id, metadata=metadata, tags=tags, name=name)

    def __bool__(self) -> bool:
        """Raises Invalid before `run`."""
        return all(test["status"] in PASSED for test in self.results.tests)

    def as_dict(self) -> dict[str, Any]:
        """`{"tests": [...], "summary": {"all_passed", "total_tests", "success_tests", "failed_tests", "by_status"}}`."""
        return {"tests": self.results.tests, "summary": self.summary()}

    def summary(self) -> dict[str, Any]:
        """Counts by status. A test without a verdict (ERROR) is neither a success nor failed."""
        by_status: dict[str, int] = {}
        for test in self.results.tests:
            by_status[test["status"]] = by_status.get(test["status"], 0) + 1
        return {
            "all_passed": bool(self),
            "total_tests": len(self.results.tests),
            "success_tests": sum(by_status.get(status, 0) for status in PASSED),
            "failed_tests": by_status.get("FAIL", 0),
            "by_status": by_status,
        }

    def as_dataframe(self) -> pd.DataFrame:
        """A row per test."""
        columns = ["name", "test", "status", "group", "description"]
        return pd.DataFrame([{key: test[key] for key in columns} for test in self.results.tests], columns=columns)
