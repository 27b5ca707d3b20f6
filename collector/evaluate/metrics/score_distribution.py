"""How the scores of recommendations are distributed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import entr, softmax

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.distributions import distribution_of
from collector.evaluate.measures.recommendations import Floats, lists
from collector.evaluate.metrics.top_k import check_k
from collector.evaluate.profile import ColumnProfile, FrameProfile


@dataclass(frozen=True)
class ScoreDistribution(Metric):
    """The entropy, in nats, of the softmax of all scores of the first k, and their distribution beside the others'.

    High: the scores are alike; low: a few stand out. Raises Invalid for ranks.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> seen = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [7, 8, 7, 9], "prediction": [0.5, 0.4, 0.5, 0.1]})
    >>> report = Report(metrics=[ScoreDistribution(k=1)])
    >>> report.run(current_data=seen)
    >>> report.as_dict()["metrics"][0]["result"]["current_entropy"]
    0.693147
    """

    k: int

    def __post_init__(self) -> None:
        check_k(self.k)

    def calculate(self, context: Context) -> Result:
        if (context.mapping.recommendations_type or "score") != "score":
            raise Invalid("recommendations are ranks: their scores are not known")
        result: dict[str, Any] = {"k": self.k}
        for side, frame in context.sides:
            if frame is None:
                result |= {f"{side}_entropy": None, f"{side}_top_k_distr": None, f"{side}_other_distr": None}
            else:
                result |= self._side(context, side, frame)
        return result

    def _side(self, context: Context, side: str, frame: FrameProfile) -> dict[str, Any]:
        found = lists(context, frame)
        top, others = found.scores[found.ranks <= self.k], found.scores[found.ranks > self.k]
        both = distribution_of("num", _profile(top), _profile(others))
        return {
            f"{side}_entropy": float(entr(softmax(top)).sum()) if top.size and np.isfinite(top).all() else np.nan,
            f"{side}_top_k_distr": both["current"],
            f"{side}_other_distr": both["reference"],
        }


def _profile(scores: Floats) -> ColumnProfile:
    return ColumnProfile("score", pd.Series(scores))
