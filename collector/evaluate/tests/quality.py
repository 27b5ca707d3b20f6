"""Tests of a data set's quality: the values of single columns against limits or against the reference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric
from collector.evaluate.conditions import Conditions, approx, number_text
from collector.evaluate.metrics.column_category import ColumnCategoryMetric
from collector.evaluate.metrics.column_quantile import ColumnQuantileMetric
from collector.evaluate.metrics.column_summary import ColumnSummaryMetric
from collector.evaluate.metrics.column_value_list import ColumnValueListMetric
from collector.evaluate.metrics.column_value_range import ColumnValueRangeMetric
from collector.evaluate.tests.base import (
    EQ_NEAR,
    GTE,
    LTE,
    ColumnTest,
    Rule,
    Test,
    Verdict,
    need_conditions,
)


class _SummaryTest(ColumnTest):
    """A number of the column's summary."""

    group = "data_quality"
    rule = EQ_NEAR

    def metric(self) -> Metric:
        return ColumnSummaryMetric(self.column_name)

    def halves(self, context: Context) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
        result = context.result(self.metric())
        return result["current_characteristics"], result["reference_characteristics"]

    def read(self, half: Mapping[str, Any]) -> float | None:
        if self.field not in half:
            raise Invalid(f"column {self.column_name!r} is not of a type that has this value")
        return super().read(half)


class TestColumnValueMin(_SummaryTest):
    """The smallest value; by default not below the reference's."""

    title, field, rule = "Min Value", "min", GTE


class TestColumnValueMax(_SummaryTest):
    """The largest value; by default not above the reference's."""

    title, field, rule = "Max Value", "max", LTE


class TestColumnValueMean(_SummaryTest):
    """The mean; by default the reference's give or take a tenth."""

    title, field = "Mean Value", "mean"


class TestColumnValueMedian(_SummaryTest):
    """The median; by default the reference's give or take a tenth."""

    title, field = "Median Value", "p50"


class TestColumnValueStd(_SummaryTest):
    """The standard deviation; by default the reference's give or take a tenth."""

    title, field = "Standard Deviation (SD)", "std"


class TestNumberOfUniqueValues(_SummaryTest):
    """Distinct values; by default the reference's give or take a tenth, or at least two."""

    title, field, alone = "Number of Unique Values", "unique", Conditions(gt=1)


class TestUniqueValuesShare(_SummaryTest):
    """Distinct values as a share of the rows; by default the reference's give or take a tenth."""

    title = "Share of Unique Values"

    def read(self, half: Mapping[str, Any]) -> float | None:
        return float(half["unique_percentage"]) / 100


class TestMostCommonValueShare(_SummaryTest):
    """The share of the most common value, null counting as one; by default the reference's, or below 0.8."""

    title, alone = "Share of the Most Common Value", Conditions(lt=0.8)

    def read(self, half: Mapping[str, Any]) -> float | None:
        return float(half["most_common_percentage"]) / 100


@dataclass(frozen=True)
class TestMeanInNSigmas(Test):
    """The mean lies strictly within n standard deviations of the reference's mean."""

    title: ClassVar[str] = "Mean Value Stability"
    group: ClassVar[str] = "data_quality"

    column_name: str
    n_sigmas: float = 2

    def evaluate(self, context: Context) -> Verdict:
        context.check_numeric(self.column_name)
        reference = context.needed_reference()[self.column_name].as_numbers
        current = context.current[self.column_name].as_numbers
        for side, profile in (("current", current), ("reference", reference)):
            if not np.isfinite(profile.mean):
                raise Invalid(f"column {self.column_name!r} has no mean in the {side} data")
        if not np.isfinite(reference.std):
            raise Invalid(f"column {self.column_name!r} has no standard deviation in the reference data")
        low = reference.mean - self.n_sigmas * reference.std
        high = reference.mean + self.n_sigmas * reference.std
        constant = reference.std == 0 and current.mean == reference.mean
        text = (
            f"The mean of column {self.column_name!r} is {number_text(current.mean)}; "
            f"expected between {number_text(low)} and {number_text(high)}."
        )
        return Verdict(
            low < current.mean < high or constant,
            text,
            {
                "column_name": self.column_name,
                "n_sigmas": self.n_sigmas,
                "current_mean": current.mean,
                "reference_mean": reference.mean,
                "reference_std": reference.std,
                "condition": {"gt": low, "lt": high},
                "value": current.mean,
            },
        )


@dataclass(frozen=True)
class _RangeTest(ColumnTest):
    group: ClassVar[str] = "data_quality"

    left: float | None = None
    right: float | None = None

    def metric(self) -> Metric:
        return ColumnValueRangeMetric(self.column_name, self.left, self.right)

    def default(self, context: Context) -> Conditions:
        if context.reference is None and (self.left is None or self.right is None):
            raise need_conditions()
        return Conditions(eq=approx(0))

    def details(self, context: Context) -> Mapping[str, Any]:
        metric = context.result(self.metric())
        return {"column_name": self.column_name, "left": metric["left"], "right": metric["right"]}

    def subject(self, context: Context) -> str:  # noqa: ARG002
        return f"{self.title} of column {self.column_name!r}"


class TestNumberOfOutRangeValues(_RangeTest):
    """Values outside of the range given, or of the reference's; by default none."""

    title, field = "Number of Out-of-Range Values", "number_not_in_range"


class TestShareOfOutRangeValues(_RangeTest):
    """The share of values outside of the range given, or of the reference's; by default none."""

    title, field = "Share of Out-of-Range Values", "share_not_in_range"


@dataclass(frozen=True)
class TestValueRange(Test):
    """Fails when a value lies outside of the range given, or of the reference's."""

    title: ClassVar[str] = "Value Range"
    group: ClassVar[str] = "data_quality"

    column_name: str
    left: float | None = None
    right: float | None = None

    def evaluate(self, context: Context) -> Verdict:
        result = context.result(ColumnValueRangeMetric(self.column_name, self.left, self.right))
        outside = result["current"]["number_not_in_range"]
        limits = f"{number_text(result['left'])} to {number_text(result['right'])}"
        text = f"Column {self.column_name!r} has {outside} values outside of {limits}."
        parameters = {"column_name": self.column_name, "left": result["left"], "right": result["right"]}
        return Verdict(outside == 0, text, {**parameters, "value": outside})


@dataclass(frozen=True)
class _ListTest(ColumnTest):
    group: ClassVar[str] = "data_quality"

    values: Sequence[object] | None = None

    def metric(self) -> Metric:
        return ColumnValueListMetric(self.column_name, self.values)

    def default(self, context: Context) -> Conditions:  # noqa: ARG002 - the metric needs the list or a reference
        return Conditions(eq=approx(0))

    def details(self, context: Context) -> Mapping[str, Any]:
        return {"column_name": self.column_name, "values": context.result(self.metric())["values"]}

    def subject(self, context: Context) -> str:  # noqa: ARG002
        return f"{self.title} of column {self.column_name!r}"


class TestNumberOfOutListValues(_ListTest):
    """Rows without a value of the list given, or of the reference; by default none."""

    title, field = "Number Out-of-List Values", "number_not_in_list"


class TestShareOfOutListValues(_ListTest):
    """The share of rows without a value of the list given, or of the reference; by default none."""

    title, field = "Share of Out-of-List Values", "share_not_in_list"


@dataclass(frozen=True)
class TestValueList(Test):
    """Fails when a row has no value of the list given, or of the reference; a missing cell is not in the list."""

    title: ClassVar[str] = "Out-of-List Values"
    group: ClassVar[str] = "data_quality"

    column_name: str
    values: Sequence[object] | None = None

    def evaluate(self, context: Context) -> Verdict:
        result = context.result(ColumnValueListMetric(self.column_name, self.values))
        outside = result["current"]["number_not_in_list"]
        text = f"Column {self.column_name!r} has {outside} values out of the list."
        return Verdict(
            outside == 0, text, {"column_name": self.column_name, "value": outside, "values": result["values"]}
        )


@dataclass(frozen=True)
class TestColumnQuantile(ColumnTest):
    """One quantile; by default the reference's give or take a tenth."""

    title: ClassVar[str] = "Quantile Value"
    group: ClassVar[str] = "data_quality"
    field: ClassVar[str] = "value"
    rule: ClassVar[Rule] = EQ_NEAR

    quantile: float

    def metric(self) -> Metric:
        return ColumnQuantileMetric(self.column_name, self.quantile)

    def subject(self, context: Context) -> str:  # noqa: ARG002
        return f"The {self.quantile} quantile of column {self.column_name!r}"

    def details(self, context: Context) -> Mapping[str, Any]:  # noqa: ARG002
        return {"column_name": self.column_name, "quantile": self.quantile}


@dataclass(frozen=True)
class _CategoryTest(ColumnTest):
    group: ClassVar[str] = "data_quality"
    rule: ClassVar[Rule] = EQ_NEAR

    category: str | float | bool

    def metric(self) -> Metric:
        return ColumnCategoryMetric(self.column_name, self.category)

    def subject(self, context: Context) -> str:  # noqa: ARG002
        return f"The {self.title.split()[0].lower()} of {self.category!r} in column {self.column_name!r}"

    def details(self, context: Context) -> Mapping[str, Any]:  # noqa: ARG002
        return {"column_name": self.column_name, "category": self.category}


class TestCategoryShare(_CategoryTest):
    """The share of rows with a category; by default the reference's give or take a tenth."""

    title, field = "Share of category", "category_ratio"


class TestCategoryCount(_CategoryTest):
    """Rows with a category; by default the reference's count (not scaled) give or take a tenth."""

    title, field = "Count of category", "category_num"
