"""How much of what is relevant stands among the first k of each user's recommendations.

All take `k`; `min_rel_score`, the target from which an item is relevant (any above 0 without it); and
`no_feedback_users`, whether users without a relevant item count. Each gives the value at k and, for every k up to
ten or further, the curve. A k beyond the longest list gives the value of the whole lists. All are shares between 0
(nothing that is relevant) and 1, of the lists' own relevant items; equal scores, which share a rank, may exceed it.

All raise Invalid where user, prediction or target are not there, or no user has a relevant item.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.recommendations import Floats
from collector.evaluate.measures.top_k import curves, ndcg
from collector.evaluate.profile import FrameProfile


class CurveMetric(Metric):
    """A curve over k: `current_value` is its value at k, `current` the curve; likewise for the reference."""

    k: int
    min_rel_score: float | None
    no_feedback_users: bool

    def __post_init__(self) -> None:
        check_k(self.k)

    def curve(self, context: Context, frame: FrameProfile) -> Floats:
        """The value at k = 1, 2, 3 ..."""
        raise NotImplementedError

    def calculate(self, context: Context) -> Result:
        found = context.both(lambda frame: self.curve(context, frame))
        result: dict[str, object] = {"k": self.k}
        for side, curve in found.items():
            result[f"{side}_value"] = None if curve is None else curve[min(self.k, curve.size) - 1]
            result[side] = None if curve is None else dict(enumerate(curve.tolist(), start=1))
        return result


def check_k(k: object) -> None:
    """Raises Invalid unless k is a whole number above 0."""
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise Invalid(f"k is {k!r}: expected a whole number above 0")


@dataclass(frozen=True)
class _TopKMetric(CurveMetric):
    k: int
    min_rel_score: float | None = None
    no_feedback_users: bool = False


class _SharedCurve(_TopKMetric):
    shown: ClassVar[str] = ""

    def curve(self, context: Context, frame: FrameProfile) -> Floats:
        found = curves(context, frame, self.k, self.min_rel_score, everybody=self.no_feedback_users)
        values: Floats = getattr(found, self.shown)
        return values


@dataclass(frozen=True)
class PrecisionTopKMetric(_SharedCurve):
    """The share of relevant items among the first k, or among all when the list is shorter; mean over users.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> seen = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [7, 8, 7, 9],
    ...                      "prediction": [0.9, 0.2, 0.8, 0.7], "target": [1, 0, 1, 1]})
    >>> report = Report(metrics=[PrecisionTopKMetric(k=2)])
    >>> report.run(current_data=seen)
    >>> report.as_dict()["metrics"][0]["result"]["current_value"]
    0.75
    """

    shown: ClassVar[str] = "precision"


@dataclass(frozen=True)
class RecallTopKMetric(_SharedCurve):
    """The share of a list's relevant items that stand among its first k; mean over users.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> seen = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [7, 8, 7, 9],
    ...                      "prediction": [0.9, 0.2, 0.8, 0.7], "target": [1, 0, 1, 1]})
    >>> report = Report(metrics=[RecallTopKMetric(k=1)])
    >>> report.run(current_data=seen)
    >>> report.as_dict()["metrics"][0]["result"]["current_value"]
    0.75
    """

    shown: ClassVar[str] = "recall"


@dataclass(frozen=True)
class FBetaTopKMetric(CurveMetric):
    """The weighted harmonic mean of mean precision and mean recall; beta above 1 favours recall.

    Source: van Rijsbergen, Information Retrieval (1979), chapter 7.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> seen = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [7, 8, 7, 9],
    ...                      "prediction": [0.9, 0.2, 0.8, 0.7], "target": [1, 0, 1, 1]})
    >>> report = Report(metrics=[FBetaTopKMetric(k=2)])
    >>> report.run(current_data=seen)
    >>> report.as_dict()["metrics"][0]["result"]["current_value"]
    0.857142857
    """

    k: int
    beta: float = 1.0
    min_rel_score: float | None = None
    no_feedback_users: bool = False

    def curve(self, context: Context, frame: FrameProfile) -> Floats:
        found = curves(context, frame, self.k, self.min_rel_score, everybody=self.no_feedback_users)
        square = self.beta**2
        below = square * found.precision + found.recall
        above = (1 + square) * found.precision * found.recall
        score: Floats = np.divide(above, below, out=np.full(below.size, np.nan), where=below != 0)
        return score


@dataclass(frozen=True)
class MAPKMetric(_SharedCurve):
    """Mean average precision: the precision at the rank of each relevant item, summed up to k, by their number.

    Source: Manning, Raghavan and Schütze, Introduction to Information Retrieval (2008), section 8.4.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> seen = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [7, 8, 7, 9],
    ...                      "prediction": [0.9, 0.2, 0.8, 0.7], "target": [0, 1, 1, 1]})
    >>> report = Report(metrics=[MAPKMetric(k=2)])
    >>> report.run(current_data=seen)
    >>> report.as_dict()["metrics"][0]["result"]["current_value"]
    0.75
    """

    shown: ClassVar[str] = "map"


@dataclass(frozen=True)
class MARKMetric(_SharedCurve):
    """Mean average recall: as MAPKMetric, of the recall at the rank of each relevant item.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> seen = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [7, 8, 7, 9],
    ...                      "prediction": [0.9, 0.2, 0.8, 0.7], "target": [0, 1, 1, 1]})
    >>> report = Report(metrics=[MARKMetric(k=2)])
    >>> report.run(current_data=seen)
    >>> report.as_dict()["metrics"][0]["result"]["current_value"]
    0.875
    """

    shown: ClassVar[str] = "mar"


@dataclass(frozen=True)
class NDCGKMetric(_TopKMetric):
    """The discounted gain of the first k, by that of the list in its best order. Gains are the targets themselves.

    Source: Järvelin and Kekäläinen, ACM Transactions on Information Systems 20 (2002).

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> seen = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [7, 8, 7, 9],
    ...                      "prediction": [0.9, 0.2, 0.8, 0.7], "target": [0, 3, 1, 1]})
    >>> report = Report(metrics=[NDCGKMetric(k=2)])
    >>> report.run(current_data=seen)
    >>> report.as_dict()["metrics"][0]["result"]["current_value"]
    0.815464877
    """

    def curve(self, context: Context, frame: FrameProfile) -> Floats:
        return ndcg(context, frame, self.k, self.min_rel_score, everybody=self.no_feedback_users)


@dataclass(frozen=True)
class MRRKMetric(_SharedCurve):
    """One by the rank of the first relevant item, 0 when there is none among the first k; mean over users.

    Source: Voorhees, Proceedings of TREC-8 (1999).

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> seen = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [7, 8, 7, 9],
    ...                      "prediction": [0.9, 0.2, 0.8, 0.7], "target": [0, 1, 1, 1]})
    >>> report = Report(metrics=[MRRKMetric(k=2)])
    >>> report.run(current_data=seen)
    >>> report.as_dict()["metrics"][0]["result"]["current_value"]
    0.75
    """

    shown: ClassVar[str] = "mrr"


@dataclass(frozen=True)
class HitRateKMetric(_SharedCurve):
    """The share of users with a relevant item among the first k.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> seen = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [7, 8, 7, 9],
    ...                      "prediction": [0.9, 0.2, 0.8, 0.7], "target": [0, 1, 1, 1]})
    >>> report = Report(metrics=[HitRateKMetric(k=1)])
    >>> report.run(current_data=seen)
    >>> report.as_dict()["metrics"][0]["result"]["current_value"]
    0.5
    """

    shown: ClassVar[str] = "hit_rate"
