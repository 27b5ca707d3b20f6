"""Recommendation lists: a row is an item that a user was recommended, with its score or rank and its relevance.

Everything is computed for all users at once. Rows without user or prediction are left out. The order of the rows
does not matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from collector.errors import Invalid
from collector.evaluate.base import Context
from collector.evaluate.lazy import lazy
from collector.evaluate.profile import FrameProfile
from collector.evaluate.unanswered import NotKept

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
TRAIN = {"current": "current_train_data", "reference": "reference_train_data"}


@dataclass(frozen=True)
class Lists:
    """The recommendations of one frame. The arrays run over the rows that have a user and a prediction."""

    rows: Codes
    """Which rows of the frame these are."""
    users: Codes
    """A code per row: 0, 1, 2 ..."""
    scores: Floats
    ranks: Floats
    """1 is best. Equal scores share the mean of their ranks."""

    @lazy
    def sizes(self) -> Codes:
        """How long each user's list is."""
        return np.bincount(self.users)

    def top(self, k: int) -> "Lists":
        """The first k of each list. Users keep their codes."""
        inside = self.ranks <= k
        return Lists(self.rows[inside], self.users[inside], self.scores[inside], self.ranks[inside])


def lists(context: Context, frame: FrameProfile) -> Lists:
    """Raises Invalid where the user or the prediction is not there, or no row has both."""
    user, prediction = column_of(context, "user_id"), column_of(context, "prediction")
    kind = context.mapping.recommendations_type or "score"
    if kind not in ("score", "rank"):
        raise Invalid(f"recommendations_type is {kind!r}: expected 'score' or 'rank'")
    by_score = kind == "score"
    return frame.memo(("lists", user, prediction, kind), lambda: _lists(frame, user, prediction, by_score=by_score))


def column_of(context: Context, role: str) -> str:
    """The name of the column that plays a role. Raises Invalid when a side lacks it."""
    definition = context.definition
    found = definition.predictions[0] if role == "prediction" and definition.predictions else None
    if role != "prediction":
        found = getattr(definition, role)
    if found is None:
        raise context.lacks(role)
    return str(found)


def _lists(frame: FrameProfile, user: str, prediction: str, *, by_score: bool) -> Lists:
    scores = frame[prediction].as_numbers.array.astype(np.float64, copy=False)
    codes = frame[user].codes
    rows = np.flatnonzero((codes >= 0) & ~np.isnan(scores))
    if not rows.size:
        raise Invalid("no row has both a user and a prediction")
    users, scores = _dense(codes[rows]), scores[rows]
    if not by_score and not (scores >= 1).all():
        raise Invalid(f"column {prediction!r} holds ranks: 1 is the best; found {scores.min():g}", column=prediction)
    return Lists(rows, users, scores, _ranks(users, scores) if by_score else scores)


def _dense(codes: NDArray[Any]) -> Codes:
    """The codes without gaps."""
    places = np.cumsum(np.bincount(codes) > 0) - 1
    return np.asarray(places[codes], dtype=np.int64)


def _ranks(users: Codes, scores: Floats) -> Floats:
    """The rank of each score within its user, highest first, equal scores at the mean of their ranks."""
    order = np.lexsort((-scores, users))
    users, scores = users[order], scores[order]
    at = np.arange(users.size)
    new_user = np.append(True, users[1:] != users[:-1])
    new_score = new_user | np.append(True, scores[1:] != scores[:-1])
    first = at - np.maximum.accumulate(np.where(new_user, at, 0)) + 1  # the place within the user
    starts = np.flatnonzero(new_score)
    mean = first[starts] + (np.diff(starts, append=users.size) - 1) / 2
    ranks = np.empty(users.size)
    ranks[order] = mean[np.cumsum(new_score) - 1]
    return ranks


def relevance(context: Context, frame: FrameProfile, found: Lists, min_rel_score: float | None) -> Floats:
    """The target of each row, a missing one as 0; with `min_rel_score`, 1 where it is reached and 0 elsewhere."""
    target = frame[column_of(context, "target")].as_numbers.array.astype(np.float64, copy=False)[found.rows]
    values: Floats = np.where(np.isnan(target), 0.0, target)
    return (values >= min_rel_score).astype(np.float64) if min_rel_score else values


def mean_by_user(users: Codes, values: Floats) -> Floats:
    """The mean of each user that has a row."""
    counts = np.bincount(users)
    return np.asarray((np.bincount(users, values)[counts > 0]) / counts[counts > 0])


@dataclass(frozen=True)
class Items:
    """The items of some rows: a code per row (-1: missing), and what the codes stand for."""

    codes: Codes
    distinct: NDArray[Any]

    def __getitem__(self, rows: NDArray[Any]) -> "Items":
        return Items(self.codes[rows], self.distinct)


def items_of(context: Context, frame: FrameProfile, rows: Codes) -> Items:
    """Raises Invalid when the item is not there."""
    profile = frame[column_of(context, "item_id")]
    return Items(profile.codes[rows].astype(np.int64), profile.code_values)


@dataclass(frozen=True)
class Train:
    """What a recommender learned from: each item, and how many users had to do with it."""

    items: pd.Index
    popularity: Codes
    users: int

    def of(self, items: Items) -> Floats:
        """The popularity of each row's item; NaN where the recommender never saw it."""
        places = self.items.get_indexer(pd.Index(items.distinct, dtype=object))
        values: Floats = np.append(np.where(places < 0, np.nan, self.popularity[places]), np.nan)
        return values[items.codes]


def train_frame(context: Context, side: str) -> FrameProfile:
    """The side's training data; the reference's are those of the current data unless there are its own."""
    for name in (TRAIN[side], TRAIN["current"]):
        if name in context.additional:
            return context.additional[name]
    raise Invalid(f"this needs training data: run(..., additional_data={{{TRAIN['current']!r}: frame}})")


def train(context: Context, side: str) -> Train:
    """Raises Invalid without training data, or when they lack the user or the item."""
    user, item = column_of(context, "user_id"), column_of(context, "item_id")
    frame = train_frame(context, side)
    return frame.memo(("train", user, item), lambda: _train(frame, user, item))


def _train(frame: FrameProfile, user: str, item: str) -> Train:
    users, items = frame[user].codes.astype(np.int64), frame[item].codes.astype(np.int64)
    known = (users >= 0) & (items >= 0)
    if not known.any():
        raise Invalid("no row of the training data has both a user and an item")
    pairs = np.unique(users[known] * (items.max() + 1) + items[known])
    counts = np.bincount(pairs % (items.max() + 1), minlength=len(frame[item].code_values))
    seen = counts > 0
    return Train(
        pd.Index(frame[item].code_values[seen], dtype=object),
        counts[seen].astype(np.int64),
        int(np.unique(users[users >= 0]).size),
    )


class Directions:
    """Items as unit vectors of their features, so that a product of two is the cosine of their angle.

    An item's features are those of its first row: current data, reference, training data.
    """

    def __init__(self, context: Context, features: Sequence[str]) -> None:
        item = column_of(context, "item_id")
        frames = [frame for _, frame in context.sides if frame is not None]
        frames += [context.additional[name] for name in TRAIN.values() if name in context.additional]
        parts = [frame.frame[[item, *features]] for frame in frames if _has(frame, features)]
        table = pd.concat(parts, ignore_index=True).dropna(subset=[item]).drop_duplicates(subset=[item])
        vectors = table[list(features)].to_numpy(dtype=np.float64)
        if not np.isfinite(vectors).all():
            raise Invalid(f"item features {', '.join(features)} must be numbers for every item; some are missing")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        self.items = pd.Index(table[item], dtype=object)
        self.vectors: Floats = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)

    def of(self, items: Items) -> Floats:
        """The vector of each row's item; a missing item has none: zeros."""
        places = self.items.get_indexer(pd.Index(items.distinct, dtype=object))
        known: Floats = np.append(self.vectors[places], np.zeros((1, self.vectors.shape[1])), axis=0)
        return known[items.codes]

    @staticmethod
    def sums(users: Codes, vectors: Floats, count: int) -> Floats:
        """The sum of each user's vectors."""
        return np.stack([np.bincount(users, column, minlength=count) for column in vectors.T], axis=1)


def _has(frame: FrameProfile, features: Sequence[str]) -> bool:
    missing = [name for name in features if name not in frame]
    if missing:
        raise Invalid(f"item feature {missing[0]!r} is not in the data on every side", column=missing[0])
    for name in features:
        try:
            _ = frame[name].as_numbers
        except NotKept:
            raise
        except Invalid as error:
            raise Invalid(f"an item feature is a number: {error}", column=name) from error
    return True


def directions(context: Context, features: Sequence[str]) -> Directions:
    """Computed once per evaluation and set of features. Raises Invalid when a frame lacks one."""
    if not features:
        raise Invalid("item_features is needed: the columns that say how alike two items are")
    return context.memo(("directions", tuple(features)), lambda: Directions(context, features))
