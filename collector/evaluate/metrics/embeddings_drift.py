"""Drift of embeddings."""

from dataclasses import dataclass

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.embeddings import embeddings_drift, method_of


@dataclass(frozen=True)
class EmbeddingsDriftMetric(Metric):
    """Whether vectors are distributed as in the reference. The mapping's `embeddings` name their columns.

    `drift_method`: what `model`, `distance`, `ratio` or `mmd` of `collector.evaluate.measures.embeddings` give, or one of these
    names; by default a classifier (needs the extra `text`), judged against guessing below 1000 reference rows.

    >>> import pandas as pd
    >>> from collector.evaluate import ColumnMapping, Report
    >>> before = pd.DataFrame({"e0": [0.0, 1.0], "e1": [1.0, 0.0]})
    >>> report = Report(metrics=[EmbeddingsDriftMetric("words", drift_method="distance")])
    >>> report.run(reference_data=before, current_data=before + [3.0, 4.0],
    ...            column_mapping=ColumnMapping(embeddings={"words": ["e0", "e1"]}))
    >>> report.as_dict()["metrics"][0]["result"]["drift_score"]
    5.0
    """

    embeddings_name: str
    drift_method: object = None

    def __post_init__(self) -> None:
        if self.drift_method is not None:
            object.__setattr__(self, "drift_method", method_of(self.drift_method))

    def calculate(self, context: Context) -> Result:
        drift, method = embeddings_drift(context, self.embeddings_name, self.drift_method)
        return {
            "embeddings_name": self.embeddings_name,
            "method_name": method.name,
            "drift_score": drift.score,
            "drift_detected": drift.drifted,
        }
