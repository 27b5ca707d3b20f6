"""Tests of drift. All need a reference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from collector.errors import Invalid
from collector.evaluate.base import Context
from collector.evaluate.conditions import Conditions, number_text
from collector.evaluate.measures.drift import (
    ColumnDrift,
    DatasetDrift,
    DriftOptions,
    Method,
    column_drift,
    dataset_drift,
    drift_columns,
    find_stattest,
)
from collector.evaluate.tests.base import Test, ValueTest, Verdict


def _details(drift: ColumnDrift) -> dict[str, Any]:
    return {
        "stattest": drift.stattest_name,
        "score": drift.drift_score,
        "threshold": drift.stattest_threshold,
        "detected": drift.drift_detected,
    }


@dataclass(frozen=True)
class _DatasetDriftTest(DriftOptions, ValueTest):
    group: ClassVar[str] = "data_drift"

    columns: Sequence[str] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check()

    def drift(self, context: Context) -> DatasetDrift:
        return dataset_drift(context, self.columns, self)

    def details(self, context: Context) -> Mapping[str, Any]:
        drift = self.drift(context)
        found: dict[str, Any] = {"features": {name: _details(each) for name, each in drift.columns.items()}}
        return found | ({"columns_without_score": dict(drift.failed)} if drift.failed else {})


class TestShareOfDriftedColumns(_DatasetDriftTest):
    """The share of columns that drifted; by default below 0.3."""

    title = "Share of Drifted Columns"

    def value(self, context: Context) -> float:
        return self.drift(context).share

    def default(self, context: Context) -> Conditions:  # noqa: ARG002
        return Conditions(lt=0.3)


class TestNumberOfDriftedColumns(_DatasetDriftTest):
    """The number of columns that drifted; by default less than a third of them, and always allowing none."""

    title = "Number of Drifted Features"

    def value(self, context: Context) -> float:
        return self.drift(context).drifted

    def default(self, context: Context) -> Conditions:
        return Conditions(lt=max(1, len(self.drift(context).columns) // 3))


@dataclass(frozen=True)
class TestColumnDrift(Test):
    """Fails when the column drifted."""

    title: ClassVar[str] = "Drift per Column"
    group: ClassVar[str] = "data_drift"

    column_name: str
    stattest: Method | None = None
    stattest_threshold: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.stattest, str):
            find_stattest(self.stattest)

    def evaluate(self, context: Context) -> Verdict:
        options = DriftOptions(stattest=self.stattest, stattest_threshold=self.stattest_threshold)
        drift = column_drift(context, self.column_name, options)
        if drift.drift_score is None:
            raise Invalid(f"column {self.column_name!r}: {drift.why_not}", column=self.column_name)
        text = (
            f"Column {self.column_name!r} {'drifted' if drift.drift_detected else 'did not drift'}: "
            f"{drift.stattest_name} is {number_text(drift.drift_score)}, threshold {number_text(drift.stattest_threshold)}."
        )
        return Verdict(not drift.drift_detected, text, {**_details(drift), "column_name": self.column_name})


def feature_drift_tests(context: Context, columns: Sequence[str], options: DriftOptions) -> list[TestColumnDrift]:
    """One test per column, with the method and threshold that the options give it."""
    tests = []
    for column in columns:
        kind = context.definition.types.get(column, "num")
        method, threshold = options.method(column, kind), options.threshold(column, kind)
        tests.append(TestColumnDrift(column, stattest=method, stattest_threshold=threshold))
    return tests


def drift_features(context: Context, columns: Sequence[str] | None) -> tuple[str, ...]:
    """Categorical, numerical and text features, or those of them that are asked for."""
    definition = context.definition
    features = (*definition.features("cat"), *definition.features("num"), *definition.features("text"))
    return features if columns is None else tuple(name for name in features if name in set(columns))


def role_columns(context: Context) -> tuple[str, ...]:
    """Target and prediction, where they are there and can drift."""
    return tuple(name for name in drift_columns(context, None) if name in context.definition.utility)
