"""TestSuite: tests over one pair of frames, and whether they passed."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import pandas as pd

from collector.evaluate.evaluation import Evaluation
from collector.evaluate.run import check_all
from collector.evaluate.tests.base import Test


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
        return bool(self.summary()["all_passed"])

    def as_dict(self) -> dict[str, Any]:
        """`{"tests": [...], "summary": {"all_passed", "total_tests", "success_tests", "failed_tests", "by_status"}}`."""
        return {"tests": self.results.tests, "summary": self.summary()}

    def as_dataframe(self) -> pd.DataFrame:
        """A row per test."""
        columns = ["name", "test", "status", "group", "description"]
        return pd.DataFrame([{key: test[key] for key in columns} for test in self.results.tests], columns=columns)
