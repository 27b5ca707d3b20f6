"""The recommendations of a few users, to look at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.recommendations import TRAIN, column_of, lists
from collector.evaluate.plain import key_text
from collector.evaluate.profile import FrameProfile, order_key

MAX_USERS = 5
"""So many users are shown when none are named."""


@dataclass(frozen=True)
class RecCasesTable(Metric):
    """What some users were recommended, best first, and what they had to do with before.

    It shows rows: the items, predictions and `display_features` of the users in `user_ids`, or of the first five that
    every side has. `item_num` and `train_item_num` bound the lists.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> seen = pd.DataFrame({"user_id": [1, 1], "item_id": [7, 8], "prediction": [0.2, 0.9]})
    >>> report = Report(metrics=[RecCasesTable()])
    >>> report.run(current_data=seen)
    >>> report.as_dict()["metrics"][0]["result"]["current"]["1"]
    [{'prediction': 0.9, 'item_id': 8}, {'prediction': 0.2, 'item_id': 7}]
    """

    user_ids: Sequence[str | int] | None = None
    display_features: Sequence[str] | None = None
    train_item_num: int = 10
    item_num: int | None = None

    def calculate(self, context: Context) -> Result:
        users = list(self.user_ids) if self.user_ids is not None else self._first(context)
        trained = {side: context.additional.get(name) for side, name in TRAIN.items()}
        result: dict[str, object] = {"user_ids": [key_text(user) for user in users]}
        for side, frame in context.sides:
            known = trained[side]
            result[side] = {key_text(user): self._recommended(context, frame, user) for user in users} if frame else {}
            result[f"{side}_train"] = (
                {key_text(user): self._known(context, known, user) for user in users} if frame and known else {}
            )
        return result

    def _first(self, context: Context) -> list[str | int]:
        user = column_of(context, "user_id")
        everywhere = [frame for frame in (context.current, context.reference) if frame is not None]
        everywhere += [context.additional[TRAIN["current"]]] if TRAIN["current"] in context.additional else []
        shared = set.intersection(*({*frame[user].code_values.tolist()} for frame in everywhere))
        return sorted(shared or {*context.current[user].code_values.tolist()}, key=order_key)[:MAX_USERS]

    def _recommended(self, context: Context, frame: FrameProfile, user: object) -> list[dict[str, object]]:
        found = lists(context, frame)
        columns = [column_of(context, "prediction"), column_of(context, "item_id"), *(self.display_features or ())]
        for column in columns:
            if column not in frame:
                raise Invalid(f"column {column!r} is not in the data", column=column)
        theirs = np.flatnonzero(_is(frame, column_of(context, "user_id"), user)[found.rows])
        rows = frame.frame[columns].iloc[found.rows[theirs]].to_dict("records")
        ranks = found.ranks[theirs].tolist()
        order = sorted(range(len(rows)), key=lambda index: (ranks[index], order_key(rows[index][columns[1]])))
        return [{str(name): value for name, value in rows[index].items()} for index in order[: self.item_num]]

    def _known(self, context: Context, frame: FrameProfile, user: object) -> list[object]:
        rows = frame.frame[_is(frame, column_of(context, "user_id"), user)]
        instant = context.definition.datetime
        if instant is not None and instant in rows:
            rows = rows.sort_values(instant, kind="stable")
        items: list[object] = rows[column_of(context, "item_id")].tolist()[-self.train_item_num :]
        return items


def _is(frame: FrameProfile, column: str, value: object) -> NDArray[np.bool_]:
    """Which rows hold the value."""
    profile = frame[column]
    same = [code for code, known in enumerate(profile.code_values.tolist()) if known == value]
    return np.isin(profile.codes, same)
