"""Presets for recommendations."""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.evaluate.base import Context, Group, Metric
from collector.evaluate.measures.recommendations import TRAIN
from collector.evaluate.metrics.diversity import DiversityMetric
from collector.evaluate.metrics.novelty import NoveltyMetric
from collector.evaluate.metrics.personalization import PersonalizationMetric
from collector.evaluate.metrics.popularity_bias import PopularityBias
from collector.evaluate.metrics.rec_cases import RecCasesTable
from collector.evaluate.metrics.recsys_bias import ItemBiasMetric, UserBiasMetric
from collector.evaluate.metrics.score_distribution import ScoreDistribution
from collector.evaluate.metrics.serendipity import SerendipityMetric
from collector.evaluate.metrics.top_k import (
    FBetaTopKMetric,
    HitRateKMetric,
    MAPKMetric,
    MRRKMetric,
    NDCGKMetric,
    PrecisionTopKMetric,
    RecallTopKMetric,
)
from collector.evaluate.presets.base import MetricPreset, TestPreset
from collector.evaluate.tests.base import Test
from collector.evaluate.tests.recsys import TestHitRateK, TestMAPK, TestNDCGK, TestPrecisionTopK, TestRecallTopK


@dataclass(frozen=True)
class RecsysPreset(MetricPreset):
    """How good recommendations are, and what they are like: more with item features, and with training data.

    The lists of single users (RecCasesTable) are shown for `user_ids` only, when those are given: rows of people belong
    into no snapshot that did not ask for them.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> seen = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [7, 8, 7, 9],
    ...                      "prediction": [0.9, 0.2, 0.8, 0.7], "target": [1, 0, 1, 1]})
    >>> report = Report(metrics=[RecsysPreset(k=2)])
    >>> report.run(current_data=seen)
    >>> report.as_dict()["metrics"][0]["result"]["current_value"]
    0.75
    """

    k: int
    min_rel_score: float | None = None
    no_feedback_users: bool = False
    normalize_arp: bool = False
    user_ids: Sequence[str | int] | None = None
    display_features: Sequence[str] | None = None
    item_features: Sequence[str] | None = None
    user_bias_columns: Sequence[str] | None = None
    item_bias_columns: Sequence[str] | None = None

    def expand(self, context: Context) -> Sequence[Metric | Group]:
        asked = (self.min_rel_score, self.no_feedback_users)
        trained = TRAIN["current"] in context.additional
        scored = (context.mapping.recommendations_type or "score") == "score"
        features = self.item_features
        return [
            PrecisionTopKMetric(self.k, *asked),
            RecallTopKMetric(self.k, *asked),
            FBetaTopKMetric(self.k, 1.0, *asked),
            MAPKMetric(self.k, *asked),
            NDCGKMetric(self.k, *asked),
            MRRKMetric(self.k, *asked),
            HitRateKMetric(self.k, *asked),
            *([PopularityBias(self.k, normalize_arp=self.normalize_arp)] if trained else []),
            *([RecCasesTable(self.user_ids, self.display_features)] if self.user_ids else []),
            *([ScoreDistribution(self.k)] if scored else []),
            PersonalizationMetric(self.k),
            *([DiversityMetric(self.k, features)] if features else []),
            *([SerendipityMetric(self.k, features)] if features and trained else []),
            *([NoveltyMetric(self.k)] if trained else []),
            *([ItemBiasMetric(self.k, column) for column in self.item_bias_columns or ()] if trained else []),
            *([UserBiasMetric(column) for column in self.user_bias_columns or ()] if trained else []),
        ]


@dataclass(frozen=True)
class RecsysTestPreset(TestPreset):
    """Precision, recall, MAP, NDCG and hit rate of the first k."""

    k: int
    min_rel_score: float | None = None
    no_feedback_users: bool = False

    def expand(self, context: Context) -> Sequence[Test | Group]:  # noqa: ARG002
        asked = {"min_rel_score": self.min_rel_score, "no_feedback_users": self.no_feedback_users}
        return [
            TestPrecisionTopK(self.k, **asked),  # type: ignore[arg-type]  # two parameters by their names
            TestRecallTopK(self.k, **asked),  # type: ignore[arg-type]
            TestMAPK(self.k, **asked),  # type: ignore[arg-type]
            TestNDCGK(self.k, **asked),  # type: ignore[arg-type]
            TestHitRateK(self.k, **asked),  # type: ignore[arg-type]
        ]
