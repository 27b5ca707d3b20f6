"""Tests of a data set's integrity: its size, its types, what is missing, constant or there twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric
from collector.evaluate.conditions import Conditions
from collector.evaluate.metrics.column_regexp import ColumnRegExpMetric
from collector.evaluate.metrics.dataset_summary import DatasetSummaryMetric
from collector.evaluate.metrics.missing_values import ColumnMissingValuesMetric, DatasetMissingValuesMetric
from collector.evaluate.profile import ColumnProfile
from collector.evaluate.tests.base import (
    EQ,
    EQ_NEAR,
    LTE,
    LTE_NEAR,
    ColumnTest,
    ComparedTest,
    Rule,
    Test,
    Verdict,
    need_conditions,
)
from collector.evaluate.unanswered import NotKept

NONE = Conditions(eq=0)


class _SummaryTest(ComparedTest):
    """One number of the data set's summary."""

    group = "data_integrity"

    def halves(self, context: Context) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
        both = context.both(lambda frame: {self.field: DatasetSummaryMetric().field(context, frame, self.field)})
        return both["current"] or {}, both["reference"]


class TestNumberOfRows(_SummaryTest):
    """Rows; by default the reference's give or take a tenth, or more than 30."""

    title, field, rule, alone = "Number of Rows", "number_of_rows", EQ_NEAR, Conditions(gt=30)


class TestNumberOfColumns(_SummaryTest):
    """Columns; by default as many as in the reference, or at least one."""

    title, field, rule, alone = "Number of Columns", "number_of_columns", EQ, Conditions(gt=0)


class TestNumberOfConstantColumns(_SummaryTest):
    """Columns with at most one value; by default no more than in the reference, or none."""

    title, field, rule, alone = "Number of Constant Columns", "number_of_constant_columns", LTE, NONE


class TestNumberOfEmptyRows(_SummaryTest):
    """Rows without any value; by default the reference's share give or take a tenth, or none."""

    title, field, rule, alone, scaled = "Number of Empty Rows", "number_of_empty_rows", EQ_NEAR, NONE, True


class TestNumberOfEmptyColumns(_SummaryTest):
    """Columns without any value; by default no more than in the reference, or none."""

    title, field, rule, alone = "Number of Empty Columns", "number_of_empty_columns", LTE, NONE


class TestNumberOfDuplicatedRows(_SummaryTest):
    """Rows beyond the first of their kind; by default the reference's share give or take a tenth, or none."""

    title, field, rule, alone, scaled = "Number of Duplicate Rows", "number_of_duplicated_rows", EQ_NEAR, NONE, True


class TestNumberOfDuplicatedColumns(_SummaryTest):
    """Pairs of equal columns; by default no more than in the reference, or none."""

    title, field, rule, alone = "Number of Duplicate Columns", "number_of_duplicated_columns", LTE, NONE


@dataclass(frozen=True)
class _MissingTest(ComparedTest):
    group: ClassVar[str] = "data_integrity"
    alone: ClassVar[Conditions | None] = NONE

    missing_values: Sequence[object] | None = None
    replace: bool = True

    def metric(self) -> Metric:
        return DatasetMissingValuesMetric(self.missing_values, self.replace)


class TestNumberOfMissingValues(_MissingTest):
    """Missing cells; by default at most a tenth above the reference's share, or none."""

    title, field, rule, scaled = "The Number of Missing Values", "number_of_missing_values", LTE_NEAR, True


class TestShareOfMissingValues(_MissingTest):
    """The share of missing cells; by default at most a tenth above the reference's, or none."""

    title, field, rule = "Share of Missing Values", "share_of_missing_values", LTE_NEAR


class TestNumberOfDifferentMissingValues(_MissingTest):
    """Kinds of missing values; by default as many as in the reference, or none."""

    title, field, rule = "Different Types of Missing Values", "number_of_different_missing_values", EQ


class TestNumberOfColumnsWithMissingValues(_MissingTest):
    """Columns with missing cells; by default no more than in the reference, or none."""

    title, field, rule = "The Number of Columns With Missing Values", "number_of_columns_with_missing_values", LTE


class TestShareOfColumnsWithMissingValues(_MissingTest):
    """The share of columns with missing cells; by default no more than in the reference, or none."""

    title, field, rule = "The Share of Columns With Missing Values", "share_of_columns_with_missing_values", LTE


class TestNumberOfRowsWithMissingValues(_MissingTest):
    """Rows with missing cells; by default at most a tenth above the reference's share, or none."""

    title, field = "The Number Of Rows With Missing Values", "number_of_rows_with_missing_values"
    rule, scaled = LTE_NEAR, True


class TestShareOfRowsWithMissingValues(_MissingTest):
    """The share of rows with missing cells; by default at most a tenth above the reference's, or none."""

    title, field, rule = "The Share of Rows With Missing Values", "share_of_rows_with_missing_values", LTE_NEAR


@dataclass(frozen=True)
class _ColumnMissingTest(ColumnTest):
    group: ClassVar[str] = "data_integrity"
    alone: ClassVar[Conditions | None] = NONE

    missing_values: Sequence[object] | None = None
    replace: bool = True

    def metric(self) -> Metric:
        return ColumnMissingValuesMetric(self.column_name, self.missing_values, self.replace)

    def subject(self, context: Context) -> str:  # noqa: ARG002
        return f"{self.title.removesuffix(' in a Column')} in column {self.column_name!r}"


class TestColumnNumberOfMissingValues(_ColumnMissingTest):
    """Missing cells of a column; by default at most a tenth above the reference's share, or none."""

    title, field = "The Number of Missing Values in a Column", "number_of_missing_values"
    rule, scaled = LTE_NEAR, True


class TestColumnShareOfMissingValues(_ColumnMissingTest):
    """The share of missing cells of a column; by default at most a tenth above the reference's, or none."""

    title, field, rule = "The Share of Missing Values in a Column", "share_of_missing_values", LTE_NEAR


class TestColumnNumberOfDifferentMissingValues(_ColumnMissingTest):
    """Kinds of missing values of a column; by default no more than in the reference, or none."""

    title, field, rule = "Different Types of Missing Values in a Column", "number_of_different_missing_values", LTE


@dataclass(frozen=True)
class TestColumnsType(Test):
    """Every column has the type that is expected of it: the one given, or the reference's."""

    title: ClassVar[str] = "Column Types"
    group: ClassVar[str] = "data_integrity"

    columns_type: Mapping[str, object] | None = None

    def evaluate(self, context: Context) -> Verdict:
        actual = {name: context.current[name].dtype for name in context.current.names}
        expected: dict[str, object] = dict(self.columns_type or {})
        if self.columns_type is None:
            if context.reference is None:
                raise need_conditions()
            expected = {name: _whole_type(context.reference[name]) for name in context.reference.names}
        missing = [str(name) for name in expected if name not in actual]
        if missing:
            raise Invalid(f"columns are missing from the current data: {', '.join(missing)}")
        table = [
            {"column_name": name, "actual_type": str(actual[name]), "expected_type": _type_text(wanted)}
            for name, wanted in expected.items()
        ]
        wrong = [name for name, wanted in expected.items() if not _is_type(actual[name], wanted)]
        text = f"{len(wrong)} of {len(expected)} columns have another type than expected"
        listed = f": {', '.join(map(str, wrong[:10]))}." if wrong else "."
        return Verdict(not wrong, text + listed, {"columns": table})


def _whole_type(profile: ColumnProfile) -> object:
    """Raises NotKept for categories that a reference does not keep: all of them are the type."""
    if isinstance(profile.dtype, pd.CategoricalDtype) and profile.dtype.categories is None:
        raise NotKept(f"the reference keeps its profile only: not the categories of column {profile.name!r}")
    return profile.dtype


def _type_text(wanted: object) -> str:
    return wanted.__name__ if isinstance(wanted, type) else str(wanted)


def _is_type(actual: Any, wanted: object) -> bool:
    if isinstance(wanted, str) or not isinstance(wanted, type):
        try:
            wanted = pd.api.types.pandas_dtype(wanted)
        except TypeError:
            return str(actual) == str(wanted)
        if actual == wanted:
            return True
        return isinstance(actual, np.dtype) and isinstance(wanted, np.dtype) and np.issubdtype(actual, wanted)
    kind = actual.type if hasattr(actual, "type") else type(actual)
    return issubclass(kind, wanted) or (isinstance(actual, np.dtype) and np.issubdtype(actual, wanted))


@dataclass(frozen=True)
class TestColumnAllConstantValues(Test):
    """Fails when the column has at most one value."""

    title: ClassVar[str] = "All Constant Values in a Column"
    group: ClassVar[str] = "data_integrity"

    column_name: str

    def evaluate(self, context: Context) -> Verdict:
        distinct = context.current[self.column_name].distinct
        text = f"Column {self.column_name!r} has {distinct} distinct value{'' if distinct == 1 else 's'}."
        return Verdict(distinct > 1, text, {"column_name": self.column_name, "value": distinct})


@dataclass(frozen=True)
class TestColumnAllUniqueValues(Test):
    """Fails when two rows share a value; missing cells do not count."""

    title: ClassVar[str] = "All Unique Values in a Column"
    group: ClassVar[str] = "data_integrity"

    column_name: str

    def evaluate(self, context: Context) -> Verdict:
        profile = context.current[self.column_name]
        text = f"Column {self.column_name!r} has {profile.distinct} distinct values in {profile.present} cells."
        return Verdict(
            profile.distinct == profile.present, text, {"column_name": self.column_name, "value": profile.distinct}
        )


@dataclass(frozen=True)
class TestColumnRegExp(ColumnTest):
    """Cells whose text does not begin with the pattern; by default the reference's share give or take a tenth."""

    title: ClassVar[str] = "RegExp Match"
    group: ClassVar[str] = "data_integrity"
    field: ClassVar[str] = "number_of_not_matched"

    rule: ClassVar[Rule] = EQ_NEAR
    alone: ClassVar[Conditions | None] = NONE
    scaled: ClassVar[bool] = True

    reg_exp: str

    def metric(self) -> Metric:
        return ColumnRegExpMetric(self.column_name, self.reg_exp)

    def subject(self, context: Context) -> str:  # noqa: ARG002
        return f"The number of values of column {self.column_name!r} that do not match {self.reg_exp!r}"
