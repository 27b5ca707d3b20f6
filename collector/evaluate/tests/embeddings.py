"""The test of embeddings' drift. It needs a reference."""

from dataclasses import dataclass
from typing import ClassVar

from collector.evaluate.base import Context
from collector.evaluate.conditions import number_text
from collector.evaluate.metrics.embeddings_drift import EmbeddingsDriftMetric
from collector.evaluate.tests.base import Test, Verdict


@dataclass(frozen=True)
class TestEmbeddingsDrift(Test):
    """Fails when the embeddings drifted. Parameters as those of EmbeddingsDriftMetric.

    >>> import pandas as pd
    >>> from collector.evaluate import ColumnMapping, TestSuite
    >>> before = pd.DataFrame({"e0": [0.0, 1.0], "e1": [1.0, 0.0]})
    >>> suite = TestSuite(tests=[TestEmbeddingsDrift("words", drift_method="distance")])
    >>> suite.run(reference_data=before, current_data=before + [3.0, 4.0],
    ...           column_mapping=ColumnMapping(embeddings={"words": ["e0", "e1"]}))
    >>> bool(suite)
    False
    """

    title: ClassVar[str] = "Drift for embeddings"
    group: ClassVar[str] = "data_drift"

    embeddings_name: str
    drift_method: object = None

    def __post_init__(self) -> None:
        self._metric()

    def _metric(self) -> EmbeddingsDriftMetric:
        return EmbeddingsDriftMetric(self.embeddings_name, self.drift_method)

    def evaluate(self, context: Context) -> Verdict:
        drift = context.result(self._metric())
        score, detected = drift["drift_score"], bool(drift["drift_detected"])
        text = (
            f"Embeddings {self.embeddings_name!r} {'drifted' if detected else 'did not drift'}: "
            f"the score of {drift['method_name']} is {number_text(score)}."
        )
        named = {"embeddings_name": self.embeddings_name, "method_name": drift["method_name"]}
        return Verdict(not detected, text, {**named, "score": score, "detected": detected})
