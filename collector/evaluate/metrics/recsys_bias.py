"""Whether a feature of the items or users is distributed among recommendations as it was in the training data."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.distributions import distribution_of
from collector.evaluate.measures.recommendations import column_of, lists, train_frame
from collector.evaluate.metrics.top_k import check_k
from collector.evaluate.profile import ColumnProfile, FrameProfile


class _Bias(Metric):
    column_name: str
    role: ClassVar[str] = ""
    """Whose last row in the training data counts."""

    def rows(self, context: Context, frame: FrameProfile) -> NDArray[np.int64]:
        """The rows of the recommendations that count."""
        raise NotImplementedError

    def calculate(self, context: Context) -> Result:
        kind = context.definition.type_of(self.column_name)
        if kind not in ("num", "cat"):
            raise Invalid(f"column {self.column_name!r} is {kind}: expected numbers or categories")
        result: dict[str, object] = {"column_name": self.column_name}
        for side, frame in context.sides:
            known = train_frame(context, side)
            if frame is None:
                result |= {f"{side}_distr": None, f"{side}_train_distr": None}
                continue
            recommended = _taken(frame, self.column_name, self.rows(context, frame))
            trained = _taken(known, self.column_name, last_rows(known, column_of(context, self.role)))
            both = distribution_of(kind, recommended, trained)
            result |= {f"{side}_distr": both["current"], f"{side}_train_distr": both["reference"]}
        return result


def _taken(frame: FrameProfile, column: str, rows: NDArray[np.int64]) -> ColumnProfile:
    if column not in frame:
        raise Invalid(f"column {column!r} is not in the training data", column=column)
    return ColumnProfile(column, frame[column].series.iloc[rows])


def last_rows(frame: FrameProfile, column: str) -> NDArray[np.int64]:
    """The last row of each distinct value of a column."""
    codes = frame[column].codes
    last = np.full(len(frame[column].code_values) + 1, -1, dtype=np.int64)
    last[codes] = np.arange(codes.size)  # of rows with the same code, the last one is written last
    return np.sort(last[:-1][last[:-1] >= 0])


@dataclass(frozen=True)
class ItemBiasMetric(_Bias):
    """A column's distribution over the first k recommendations of everybody, beside that of the training items.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> known = pd.DataFrame({"user_id": [1, 2, 1], "item_id": [7, 7, 8], "genre": ["pop", "pop", "folk"]})
    >>> seen = pd.DataFrame({"user_id": [1, 2], "item_id": [7, 7], "prediction": [2, 1], "genre": ["pop", "pop"]})
    >>> report = Report(metrics=[ItemBiasMetric(k=1, column_name="genre")])
    >>> report.run(current_data=seen, additional_data={"current_train_data": known})
    >>> result = report.as_dict()["metrics"][0]["result"]
    >>> result["current_distr"]["counts"], result["current_train_distr"]["counts"]
    ([2, 0], [1, 1])
    """

    k: int
    column_name: str
    role: ClassVar[str] = "item_id"

    def __post_init__(self) -> None:
        check_k(self.k)

    def calculate(self, context: Context) -> Result:
        return {"k": self.k, **super().calculate(context)}

    def rows(self, context: Context, frame: FrameProfile) -> NDArray[np.int64]:
        return lists(context, frame).top(self.k).rows


@dataclass(frozen=True)
class UserBiasMetric(_Bias):
    """A column's distribution over the users who got recommendations, beside that of the training users.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> known = pd.DataFrame({"user_id": [1, 2, 1], "item_id": [7, 7, 8], "city": ["Rome", "Oslo", "Rome"]})
    >>> seen = pd.DataFrame({"user_id": [1, 1], "item_id": [7, 8], "prediction": [2, 1], "city": ["Rome", "Rome"]})
    >>> report = Report(metrics=[UserBiasMetric("city")])
    >>> report.run(current_data=seen, additional_data={"current_train_data": known})
    >>> result = report.as_dict()["metrics"][0]["result"]
    >>> result["current_distr"]["values"], result["current_distr"]["counts"], result["current_train_distr"]["counts"]
    (['Rome', 'Oslo'], [1, 0], [1, 1])
    """

    column_name: str
    role: ClassVar[str] = "user_id"

    def rows(self, context: Context, frame: FrameProfile) -> NDArray[np.int64]:
        return last_rows(frame, column_of(context, "user_id"))
