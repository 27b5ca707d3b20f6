"""Tests of a regression's quality."""

from collections.abc import Mapping
from typing import Any, ClassVar

from collector.evaluate.base import Context, Metric
from collector.evaluate.conditions import Conditions, approx
from collector.evaluate.metrics.regression_dummy import RegressionDummyMetric
from collector.evaluate.metrics.regression_quality import RegressionQualityMetric
from collector.evaluate.tests.base import EQ_NEAR, LTE_NEAR, TENTH, ComparedTest, Rule


class _QualityTest(ComparedTest):
    """Without a reference, better than the best constant."""

    group = "regression"
    of_the_model = True
    rule = EQ_NEAR
    dummy: ClassVar[str | None] = None
    dummy_rule: ClassVar[Rule] = Rule("lt")

    def metric(self) -> Metric:
        return RegressionQualityMetric()

    def default(self, context: Context) -> Conditions:
        if context.reference is not None or self.dummy is None:
            return super().default(context)
        return self.dummy_rule.conditions(context.result(RegressionDummyMetric())[self.dummy])


class TestValueMAE(_QualityTest):
    """Mean absolute error; by default the reference's give or take a tenth, or below that of the median."""

    title, field, dummy = "Mean Absolute Error (MAE)", "mean_abs_error", "mean_abs_error_default"


class TestValueRMSE(_QualityTest):
    """Root mean square error; by default the reference's give or take a tenth, or below that of the mean."""

    title, field, dummy = "Root Mean Square Error (RMSE)", "rmse", "rmse_default"


class TestValueMAPE(_QualityTest):
    """Mean absolute percentage error; by default the reference's give or take a tenth, or below the best constant's."""

    title, field, dummy = "Mean Absolute Percentage Error (MAPE)", "mean_abs_perc_error", "mean_abs_perc_error_default"


class TestValueMeanError(_QualityTest):
    """Mean error; by default zero, give or take a tenth of the errors' standard deviation."""

    title, field = "Mean Error (ME)", "mean_error"

    def default(self, context: Context) -> Conditions:
        half: Mapping[str, Any] = self.halves(context)[0]
        return Conditions(eq=approx(0, absolute=TENTH * half["error_std"]))


class TestValueAbsMaxError(_QualityTest):
    """The largest absolute error; by default a tenth above the reference's at most, or no more than the median's."""

    title, field, rule = "Max Absolute Error", "abs_error_max", LTE_NEAR
    dummy, dummy_rule = "abs_error_max_default", Rule("lte")


class TestValueR2Score(_QualityTest):
    """R2; by default the reference's give or take a tenth, or above zero."""

    title, field, alone = "R2 Score", "r2_score", Conditions(gt=0)
