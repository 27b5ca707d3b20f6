"""What a preset is: metrics, or tests, that are wished for together."""

from collections.abc import Sequence
from typing import ClassVar

from collector.evaluate.base import Context, Group, Metric
from collector.evaluate.tests.base import Test


class MetricPreset(Group):
    """Metrics that are wished for together."""

    holds = Metric

    def expand(self, context: Context) -> Sequence[Metric | Group]:
        raise NotImplementedError


class TestPreset(Group):
    """Tests that are wished for together."""

    __test__: ClassVar[bool] = False
    holds = Test

    def expand(self, context: Context) -> Sequence[Test | Group]:
        raise NotImplementedError
