"""Tests of recommendations. By default the reference's value give or take a tenth; without one, above zero.

>>> import pandas as pd
>>> from collector.evaluate import TestSuite
>>> seen = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [7, 8, 7, 9],
...                      "prediction": [0.9, 0.2, 0.8, 0.7], "target": [1, 0, 1, 1]})
>>> suite = TestSuite(tests=[TestPrecisionTopK(k=2, gte=0.7), TestHitRateK(k=1)])
>>> suite.run(current_data=seen)
>>> bool(suite)
True
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from collector.evaluate.base import Context, Metric
from collector.evaluate.conditions import Conditions
from collector.evaluate.metrics.diversity import DiversityMetric
from collector.evaluate.metrics.novelty import NoveltyMetric
from collector.evaluate.metrics.personalization import PersonalizationMetric
from collector.evaluate.metrics.popularity_bias import PopularityBias
from collector.evaluate.metrics.score_distribution import ScoreDistribution
from collector.evaluate.metrics.serendipity import SerendipityMetric
from collector.evaluate.metrics.top_k import (
    FBetaTopKMetric,
    HitRateKMetric,
    MAPKMetric,
    MARKMetric,
    MRRKMetric,
    NDCGKMetric,
    PrecisionTopKMetric,
    RecallTopKMetric,
    check_k,
)
from collector.evaluate.tests.base import EQ_NEAR, ComparedTest


@dataclass(frozen=True)
class _RecsysTest(ComparedTest):
    """A test of `current_value` (or another field) of a metric of recommendations."""

    group: ClassVar[str] = "recsys"
    rule = EQ_NEAR
    alone: ClassVar[Conditions | None] = Conditions(gt=0)
    field: ClassVar[str] = "value"

    k: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_k(self.k)

    def halves(self, context: Context) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
        result = context.result(self.metric())
        current, reference = ({self.field: result[f"{side}_{self.field}"]} for side in ("current", "reference"))
        return current, None if context.reference is None else reference

    def subject(self, context: Context) -> str:  # noqa: ARG002
        return f"{self.title.removesuffix(' (top-k)')}@{self.k}"


@dataclass(frozen=True)
class _TopKTest(_RecsysTest):
    made: ClassVar[type[Any]]

    min_rel_score: float | None = None
    no_feedback_users: bool = False

    def metric(self) -> Metric:
        found: Metric = self.made(self.k, min_rel_score=self.min_rel_score, no_feedback_users=self.no_feedback_users)
        return found


class TestPrecisionTopK(_TopKTest):
    """PrecisionTopKMetric at k."""

    title, made = "Precision (top-k)", PrecisionTopKMetric


class TestRecallTopK(_TopKTest):
    """RecallTopKMetric at k."""

    title, made = "Recall (top-k)", RecallTopKMetric


class TestFBetaTopK(_TopKTest):
    """FBetaTopKMetric at k, with a beta of 1."""

    title, made = "F_beta (top-k)", FBetaTopKMetric


class TestMAPK(_TopKTest):
    """MAPKMetric at k."""

    title, made = "MAP (top-k)", MAPKMetric


class TestMARK(_TopKTest):
    """MARKMetric at k."""

    title, made = "MAR (top-k)", MARKMetric


class TestNDCGK(_TopKTest):
    """NDCGKMetric at k."""

    title, made = "NDCG (top-k)", NDCGKMetric


class TestHitRateK(_TopKTest):
    """HitRateKMetric at k."""

    title, made = "Hit Rate (top-k)", HitRateKMetric


class TestMRRK(_TopKTest):
    """MRRKMetric at k."""

    title, made = "MRR (top-k)", MRRKMetric


@dataclass(frozen=True)
class _ItemsTest(_RecsysTest):
    min_rel_score: float | None = None
    item_features: Sequence[str] | None = None


class TestNovelty(_ItemsTest):
    """NoveltyMetric at k. Needs training data."""

    title = "Novelty (top-k)"

    def metric(self) -> Metric:
        return NoveltyMetric(self.k)


class TestDiversity(_ItemsTest):
    """DiversityMetric at k. Needs `item_features`."""

    title = "Diversity (top-k)"

    def metric(self) -> Metric:
        return DiversityMetric(self.k, self.item_features or ())


class TestSerendipity(_ItemsTest):
    """SerendipityMetric at k. Needs `item_features` and training data."""

    title = "Serendipity (top-k)"

    def metric(self) -> Metric:
        return SerendipityMetric(self.k, self.item_features or (), self.min_rel_score)


class TestPersonalization(_ItemsTest):
    """PersonalizationMetric at k."""

    title = "Personalization (top-k)"

    def metric(self) -> Metric:
        return PersonalizationMetric(self.k)


@dataclass(frozen=True)
class TestARP(_RecsysTest):
    """The average popularity of PopularityBias at k. Needs training data."""

    title: ClassVar[str] = "ARP (top-k)"
    field: ClassVar[str] = "apr"

    normalize_arp: bool = False

    def metric(self) -> Metric:
        return PopularityBias(self.k, normalize_arp=self.normalize_arp)


class TestGiniIndex(_RecsysTest):
    """The Gini index of PopularityBias at k; without a reference, below 1. Needs training data."""

    title, field, alone = "Gini Index (top-k)", "gini", Conditions(lt=1)

    def metric(self) -> Metric:
        return PopularityBias(self.k)


class TestCoverage(_RecsysTest):
    """The coverage of PopularityBias at k. Needs training data."""

    title, field = "Coverage (top-k)", "coverage"

    def metric(self) -> Metric:
        return PopularityBias(self.k)


class TestScoreEntropy(_RecsysTest):
    """The entropy of ScoreDistribution at k."""

    title, field = "Score Entropy (top-k)", "entropy"

    def metric(self) -> Metric:
        return ScoreDistribution(self.k)
