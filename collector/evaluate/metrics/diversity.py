"""How unlike each other the recommended items are, by their features."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.recommendations import directions, items_of, lists
from collector.evaluate.metrics.top_k import check_k
from collector.evaluate.profile import FrameProfile


@dataclass(frozen=True)
class DiversityMetric(Metric):
    """The cosine distances of all pairs among the first k items, summed, by their number of items; mean over users.

    0: every list holds items that are alike. Raises Invalid where a feature is missing, or no number, for an item.

    Source: Ziegler et al., Proceedings of the 14th World Wide Web conference (2005); by items instead of pairs.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> seen = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [7, 8, 7, 9], "prediction": [1, 2, 1, 2],
    ...                      "sweet": [1.0, 0.0, 1.0, 2.0], "salty": [0.0, 3.0, 0.0, 0.0]})
    >>> report = Report(metrics=[DiversityMetric(k=2, item_features=["sweet", "salty"])])
    >>> report.run(current_data=seen)
    >>> report.as_dict()["metrics"][0]["result"]["current_value"]
    0.25
    """

    k: int
    item_features: Sequence[str]

    def __post_init__(self) -> None:
        check_k(self.k)

    def calculate(self, context: Context) -> Result:
        values = context.both(lambda frame: self._value(context, frame))
        return {"k": self.k, **{f"{side}_value": value for side, value in values.items()}}

    def _value(self, context: Context, frame: FrameProfile) -> float:
        top = lists(context, frame).top(self.k)
        items = directions(context, self.item_features)
        vectors = items.of(items_of(context, frame, top.rows))
        people = int(top.users.max()) + 1 if top.users.size else 0
        sizes = np.bincount(top.users, minlength=people)
        sums = items.sums(top.users, vectors, people)
        # the cosines of all pairs: the square of the sum, less what each item has with itself
        cosines = ((sums**2).sum(axis=1) - np.bincount(top.users, (vectors**2).sum(axis=1), minlength=people)) / 2
        some = sizes > 0
        distances = (sizes * (sizes - 1) / 2 - cosines)[some] / sizes[some]
        return float(distances.mean()) if distances.size else np.nan
