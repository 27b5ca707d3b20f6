"""How rare the recommended items were in the training data."""

from dataclasses import dataclass

import numpy as np

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.recommendations import Train, items_of, lists, mean_by_user, train
from collector.evaluate.metrics.top_k import check_k
from collector.evaluate.profile import FrameProfile


@dataclass(frozen=True)
class NoveltyMetric(Metric):
    """Minus the binary logarithm of the share of training users who had to do with an item: its mean over the first k,
    then over users. Items that the training data lack are left out.

    In bits; 0: everybody knew every item. Needs training data (`additional_data`).

    Source: Zhou et al., Proceedings of the National Academy of Sciences 107 (2010).

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> known = pd.DataFrame({"user_id": [1, 2, 1, 2], "item_id": [7, 7, 8, 9]})
    >>> seen = pd.DataFrame({"user_id": [1, 1], "item_id": [7, 8], "prediction": [2, 1]})
    >>> report = Report(metrics=[NoveltyMetric(k=2)])
    >>> report.run(current_data=seen, additional_data={"current_train_data": known})
    >>> report.as_dict()["metrics"][0]["result"]["current_value"]
    0.5
    """

    k: int

    def __post_init__(self) -> None:
        check_k(self.k)

    def calculate(self, context: Context) -> Result:
        result: dict[str, object] = {"k": self.k}
        for side, frame in context.sides:
            known = train(context, side)
            result[f"{side}_value"] = None if frame is None else self._value(context, frame, known)
        return result

    def _value(self, context: Context, frame: FrameProfile, known: Train) -> float:
        top = lists(context, frame).top(self.k)
        popularity = known.of(items_of(context, frame, top.rows))
        seen = ~np.isnan(popularity)
        means = mean_by_user(top.users[seen], -np.log2(popularity[seen] / known.users))
        return float(means.mean()) if means.size else np.nan
