"""Whether recommendations keep to what is popular."""

from dataclasses import dataclass

import numpy as np

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.recommendations import Train, items_of, lists, mean_by_user, train
from collector.evaluate.metrics.top_k import check_k
from collector.evaluate.profile import FrameProfile


@dataclass(frozen=True)
class PopularityBias(Metric):
    """Of the first k: average popularity, coverage and Gini index. Needs training data (`additional_data`).

    `apr`: the number of training users who had to do with an item, its mean over each list, then over users; with
    `normalize_arp`, by that of the most popular item. `coverage`: the share of training items that anybody is
    recommended. `gini`: 0, all recommended items are recommended equally often; 1, one of them always.

    Source: Abdollahpouri et al., Proceedings of the 13th ACM conference on Recommender Systems (2019).

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> known = pd.DataFrame({"user_id": [1, 2, 1, 2], "item_id": [7, 7, 8, 9]})
    >>> seen = pd.DataFrame({"user_id": [1, 1], "item_id": [7, 8], "prediction": [2, 1]})
    >>> report = Report(metrics=[PopularityBias(k=2)])
    >>> report.run(current_data=seen, additional_data={"current_train_data": known})
    >>> result = report.as_dict()["metrics"][0]["result"]
    >>> result["current_apr"], result["current_coverage"], result["current_gini"]
    (1.5, 0.6667, 0.0)
    """

    k: int
    normalize_arp: bool = False

    def __post_init__(self) -> None:
        check_k(self.k)

    def calculate(self, context: Context) -> Result:
        result: dict[str, object] = {"k": self.k, "normalize_arp": self.normalize_arp}
        for side, frame in context.sides:
            known = train(context, side)
            values = (None, None, None) if frame is None else self._values(context, frame, known)
            names = (f"{side}_apr", f"{side}_coverage", f"{side}_gini")
            result |= dict(zip(names, values, strict=True))
        return result

    def _values(self, context: Context, frame: FrameProfile, known: Train) -> tuple[float, float, float]:
        top = lists(context, frame).top(self.k)
        items = items_of(context, frame, top.rows)
        popularity = known.of(items)
        seen = ~np.isnan(popularity)
        scale = float(known.popularity.max()) if self.normalize_arp else 1.0
        means = mean_by_user(top.users[seen], popularity[seen] / scale)
        coverage = np.unique(items.codes[seen]).size / len(known.items)
        counts = np.bincount(items.codes[items.codes >= 0])
        return float(means.mean()) if means.size else np.nan, coverage, _gini(counts[counts > 0])


def _gini(counts: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> float:
    """Half the mean difference of two items' counts, by their mean. NaN for a single item."""
    ordered, n = np.sort(counts), counts.size
    if n < 2:
        return np.nan
    return float(((2 * np.arange(1, n + 1) - n - 1) * ordered).sum() / ((n - 1) * ordered.sum()))
