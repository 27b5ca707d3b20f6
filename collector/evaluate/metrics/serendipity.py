"""How far relevant recommendations are from what the users already knew."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.recommendations import (
    column_of,
    directions,
    items_of,
    lists,
    relevance,
    train_frame,
)
from collector.evaluate.metrics.top_k import check_k
from collector.evaluate.profile import FrameProfile


@dataclass(frozen=True)
class SerendipityMetric(Metric):
    """One minus the cosines between each relevant item of the first k and each item of the user's training data,
    summed, by the number of the latter; mean over the users who have both. Below zero when they are alike.

    Needs training data (`additional_data`), with the item features in them.

    Source: Vargas and Castells, Proceedings of the 5th ACM conference on Recommender Systems (2011), unexpectedness.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> known = pd.DataFrame({"user_id": [1, 1], "item_id": [5, 6], "sweet": [1.0, 0.0], "salty": [0.0, 1.0]})
    >>> seen = pd.DataFrame({"user_id": [1, 1], "item_id": [7, 8], "prediction": [2, 1], "target": [1, 0],
    ...                      "sweet": [2.0, 0.0], "salty": [0.0, 3.0]})
    >>> report = Report(metrics=[SerendipityMetric(k=2, item_features=["sweet", "salty"])])
    >>> report.run(current_data=seen, additional_data={"current_train_data": known})
    >>> report.as_dict()["metrics"][0]["result"]["current_value"]
    0.5
    """

    k: int
    item_features: Sequence[str]
    min_rel_score: float | None = None

    def __post_init__(self) -> None:
        check_k(self.k)

    def calculate(self, context: Context) -> Result:
        result: dict[str, object] = {"k": self.k}
        for side, frame in context.sides:
            known = train_frame(context, side)
            result[f"{side}_value"] = None if frame is None else self._value(context, frame, known)
        return result

    def _value(self, context: Context, frame: FrameProfile, known: FrameProfile) -> float:
        user, item = column_of(context, "user_id"), column_of(context, "item_id")
        top = lists(context, frame).top(self.k)
        liked = relevance(context, frame, top, self.min_rel_score) > 0
        places = {value: code for code, value in enumerate(known[user].code_values)}
        names, row_codes = frame[user].code_values, frame[user].codes[top.rows][liked]
        train_code = np.array([places.get(name, -1) for name in names], dtype=np.int64)[row_codes]
        both = train_code >= 0
        items = directions(context, self.item_features)
        people = len(places)
        recommended = items.of(items_of(context, frame, top.rows)[liked][both])
        there = (known[user].codes >= 0) & (known[item].codes >= 0)
        train_users = known[user].codes[there].astype(np.int64)
        train_vectors = items.of(items_of(context, known, np.flatnonzero(there)))
        sums = items.sums(train_code[both], recommended, people)
        train_sums = items.sums(train_users, train_vectors, people)
        counts = np.bincount(train_users, minlength=people)
        who = (np.bincount(train_code[both], minlength=people) > 0) & (counts > 0)
        values = 1 - (sums * train_sums).sum(axis=1)[who] / counts[who]
        return float(values.mean()) if values.size else np.nan
