"""Tests of how columns go together, and of rows that contradict each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric
from collector.evaluate.conditions import Conditions
from collector.evaluate.measures.correlations import Kind, correlations, target_kind
from collector.evaluate.metrics.conflicts import ConflictPredictionMetric, ConflictTargetMetric
from collector.evaluate.metrics.correlations import stats
from collector.evaluate.tests.base import EQ_NEAR, ComparedTest, Rule, Test, ValueTest, Verdict

Method = Literal["pearson", "spearman", "kendall", "cramer_v"]


@dataclass(frozen=True)
class _CorrelationTest(ComparedTest):
    group: ClassVar[str] = "data_quality"
    rule: ClassVar[Rule] = EQ_NEAR
    alone: ClassVar[Conditions | None] = Conditions(lt=0.9)

    method: Method | None = None

    def kind(self, context: Context) -> Kind:  # noqa: ARG002
        return self.method or "pearson"

    def halves(self, context: Context) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
        both = context.both(lambda frame: stats(context, frame, self.kind(context)))
        return both["current"] or {}, both["reference"]

    def default(self, context: Context) -> Conditions:
        half = self.halves(context)[1]
        if self.alone is not None and (half is None or half[self.field] is None):
            return self.alone  # the reference has no such correlation: as if it were not there
        return super().default(context)


@dataclass(frozen=True)
class _TargetTest(_CorrelationTest):
    """Without a method, that of the target's type: pearson for numbers, cramer_v for categories."""

    def kind(self, context: Context) -> Kind:
        return self.method or target_kind(context)


class TestTargetPredictionCorrelation(_TargetTest):
    """Target with prediction; by default the reference's give or take 0.25, or above 0."""

    title, field = "Correlation between Target and Prediction", "target_prediction_correlation"
    rule, alone = Rule("eq", absolute=0.25), Conditions(gt=0)


class TestHighlyCorrelatedColumns(_CorrelationTest):
    """The strongest correlation of two features; by default the reference's give or take a tenth, or below 0.9."""

    title, field = "Highly Correlated Columns", "abs_max_features_correlation"


class TestTargetFeaturesCorrelations(_TargetTest):
    """The strongest correlation in the rows of target and features; by default the reference's, or below 0.9."""

    title, field = "Correlation between Target and Features", "abs_max_target_features_correlation"


class TestPredictionFeaturesCorrelations(_TargetTest):
    """The strongest correlation in the rows of prediction and features; by default the reference's, or below 0.9."""

    title, field = "Correlation between Prediction and Features", "abs_max_prediction_features_correlation"


@dataclass(frozen=True)
class TestCorrelationChanges(ValueTest):
    """Pairs of columns whose correlation differs from the reference's by more than `corr_diff`; by default none."""

    title: ClassVar[str] = "Change in Correlation"
    group: ClassVar[str] = "data_quality"

    corr_diff: float = 0.25
    method: Method = "pearson"
    column_name: str | None = None

    def value(self, context: Context) -> int:
        now = correlations(context, context.current, self.method)
        before = correlations(context, context.needed_reference(), self.method)
        both = [name for name in now.columns if name in before.columns]
        here = [now.columns.index(name) for name in both]
        there = [before.columns.index(name) for name in both]
        with np.errstate(invalid="ignore"):
            differs = np.abs(now.values[np.ix_(here, here)] - before.values[np.ix_(there, there)]) > self.corr_diff
        if self.column_name is None:
            return int(np.count_nonzero(differs)) // 2
        if self.column_name not in both:
            raise Invalid(f"column {self.column_name!r} has no {self.method} correlation", column=self.column_name)
        return int(np.count_nonzero(differs[both.index(self.column_name)]))

    def default(self, context: Context) -> Conditions:  # noqa: ARG002
        return Conditions(eq=0)


class _ConflictTest(Test):
    group = "data_quality"
    what: ClassVar[str]

    def metric(self) -> Metric:
        raise NotImplementedError

    def count(self, result: Mapping[str, Any]) -> int:
        raise NotImplementedError

    def evaluate(self, context: Context) -> Verdict:
        count = self.count(context.result(self.metric()))
        text = f"{count} rows have the features of others, and a {self.what} that none of those has."
        return Verdict(count == 0, text, {"value": count})


class TestConflictTarget(_ConflictTest):
    """Fails when rows with equal features have targets that have no equal among them."""

    title, what = "Test number of conflicts in target", "target"

    def metric(self) -> Metric:
        return ConflictTargetMetric()

    def count(self, result: Mapping[str, Any]) -> int:
        return int(result["number_not_stable_target"])


class TestConflictPrediction(_ConflictTest):
    """Fails when rows with equal features have predictions that have no equal among them."""

    title, what = "Test number of conflicts in prediction", "prediction"

    def metric(self) -> Metric:
        return ConflictPredictionMetric()

    def count(self, result: Mapping[str, Any]) -> int:
        return int(result["current"]["number_not_stable_prediction"])
