"""How different the recommendations of different users are."""

from dataclasses import dataclass

import numpy as np

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.recommendations import items_of, lists
from collector.evaluate.metrics.top_k import check_k
from collector.evaluate.profile import FrameProfile, order_key

TOP_ITEMS = 10


@dataclass(frozen=True)
class PersonalizationMetric(Metric):
    """One minus the mean share of items that two users have in common among their first k: 1, all lists differ.

    Not a number with a single user. The tables count the most frequent items over whole lists.

    Source: Zhou et al., Proceedings of the National Academy of Sciences 107 (2010).

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> seen = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [7, 8, 7, 9], "prediction": [1, 2, 1, 2]})
    >>> report = Report(metrics=[PersonalizationMetric(k=2)])
    >>> report.run(current_data=seen)
    >>> report.as_dict()["metrics"][0]["result"]["current_value"]
    0.5
    """

    k: int

    def __post_init__(self) -> None:
        check_k(self.k)

    def calculate(self, context: Context) -> Result:
        result: dict[str, object] = {"k": self.k}
        for side, frame in context.sides:
            result[f"{side}_value"] = None if frame is None else self._value(context, frame)
            result[f"{side}_table"] = None if frame is None else _frequent(context, frame)
        return result

    def _value(self, context: Context, frame: FrameProfile) -> float:
        top = lists(context, frame).top(self.k)
        codes = items_of(context, frame, top.rows).codes
        counts = np.bincount(codes[codes >= 0])
        users = np.unique(top.users).size
        pairs = users**2 - users
        common = (int((counts**2).sum()) - users * self.k) / self.k
        return 1 - common / pairs if pairs else np.nan


def _frequent(context: Context, frame: FrameProfile) -> dict[object, int]:
    values, counts = frame[str(context.definition.item_id)].counted
    table = zip(values.tolist(), counts.tolist(), strict=True)
    return dict(sorted(table, key=lambda each: (-each[1], order_key(each[0])))[:TOP_ITEMS])
