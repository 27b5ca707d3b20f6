"""One metric or test for each of many columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from collector.evaluate.base import Context, Group, Metric
from collector.evaluate.measures.drift import DriftOptions
from collector.evaluate.tests.base import Test
from collector.evaluate.tests.drift import drift_features, feature_drift_tests
from collector.evaluate.tests.integrity import TestColumnShareOfMissingValues
from collector.evaluate.tests.quality import (
    TestMeanInNSigmas,
    TestMostCommonValueShare,
    TestShareOfOutListValues,
    TestShareOfOutRangeValues,
)

Choice = Literal["all", "num", "cat", "text", "features"] | Sequence[str]


def chosen_columns(context: Context, columns: Choice, *, skip_id_column: bool) -> tuple[str, ...]:
    """The columns that a choice names."""
    definition = context.definition
    if columns == "all":
        return tuple(name for name in definition.types if not (skip_id_column and name == definition.id))
    if columns == "features":
        return definition.features()
    if columns in ("num", "cat", "text"):
        return definition.features(columns)  # type: ignore[arg-type]  # one of the three
    return (columns,) if isinstance(columns, str) else tuple(columns)


@dataclass(frozen=True)
class ColumnsOf(Group):
    """What `make` says of each chosen column, with parameters."""

    make: Callable[..., Metric | Test]
    columns: Choice = "all"
    parameters: Mapping[str, Any] | None = None
    skip_id_column: bool = False

    def expand(self, context: Context) -> Sequence[Metric | Test]:
        names = chosen_columns(context, self.columns, skip_id_column=self.skip_id_column)
        return [self.make(column_name=name, **(self.parameters or {})) for name in names]


def generate_column_metrics(
    metric_class: type[Metric],
    columns: Choice = "all",
    parameters: Mapping[str, Any] | None = None,
    *,
    skip_id_column: bool = False,
) -> ColumnsOf:
    """The metric for every column, or for those of a kind."""
    return ColumnsOf(metric_class, columns, parameters, skip_id_column)


def generate_column_tests(
    test_class: type[Test], columns: Choice = "all", parameters: Mapping[str, Any] | None = None
) -> ColumnsOf:
    """The test for every column, or for those of a kind."""
    return ColumnsOf(test_class, columns, parameters)


@dataclass(frozen=True)
class _TestGenerator(Group):
    __test__: ClassVar[bool] = False

    columns: Sequence[str] | None = None

    def wanted(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if self.columns is None or name in self.columns]


class TestAllColumnsShareOfMissingValues(_TestGenerator):
    """TestColumnShareOfMissingValues for every column."""

    def expand(self, context: Context) -> Sequence[Test]:
        return [TestColumnShareOfMissingValues(name) for name in self.wanted(list(context.definition.types))]


class TestAllColumnsMostCommonValueShare(_TestGenerator):
    """TestMostCommonValueShare for every column that is no text."""

    def expand(self, context: Context) -> Sequence[Test]:
        names = [name for name, kind in context.definition.types.items() if kind != "text"]
        return [TestMostCommonValueShare(name) for name in self.wanted(names)]


class TestNumColumnsOutOfRangeValues(_TestGenerator):
    """TestShareOfOutRangeValues for every numerical feature."""

    def expand(self, context: Context) -> Sequence[Test]:
        return [TestShareOfOutRangeValues(name) for name in self.wanted(context.definition.features("num"))]


class TestCatColumnsOutOfListValues(_TestGenerator):
    """TestShareOfOutListValues for every categorical feature."""

    def expand(self, context: Context) -> Sequence[Test]:
        return [TestShareOfOutListValues(name) for name in self.wanted(context.definition.features("cat"))]


class TestNumColumnsMeanInNSigmas(_TestGenerator):
    """TestMeanInNSigmas (two standard deviations) for every numerical feature."""

    def expand(self, context: Context) -> Sequence[Test]:
        return [TestMeanInNSigmas(name) for name in self.wanted(context.definition.features("num"))]


@dataclass(frozen=True)
class TestAllFeaturesValueDrift(DriftOptions, Group):
    """TestColumnDrift for every feature."""

    __test__: ClassVar[bool] = False

    columns: Sequence[str] | None = None

    def expand(self, context: Context) -> Sequence[Test]:
        return feature_drift_tests(context, drift_features(context, self.columns), self)


@dataclass(frozen=True)
class TestCustomFeaturesValueDrift(DriftOptions, Group):
    """TestColumnDrift for the features that are named."""

    __test__: ClassVar[bool] = False

    features: Sequence[str]

    def expand(self, context: Context) -> Sequence[Test]:
        return feature_drift_tests(context, drift_features(context, self.features), self)


TEST_GENERATORS: tuple[type[Group], ...] = (
    TestAllColumnsShareOfMissingValues,
    TestAllColumnsMostCommonValueShare,
    TestNumColumnsOutOfRangeValues,
    TestCatColumnsOutOfListValues,
    TestNumColumnsMeanInNSigmas,
    TestAllFeaturesValueDrift,
    TestCustomFeaturesValueDrift,
)
