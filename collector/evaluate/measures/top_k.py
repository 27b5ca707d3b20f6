"""Curves over the first k of each recommendation list, for every k up to a limit, in one pass over the positives."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.errors import Invalid
from collector.evaluate.base import Context
from collector.evaluate.measures.recommendations import Codes, Floats, Lists, lists, relevance
from collector.evaluate.profile import FrameProfile

LEAST_CURVE = 10
"""A curve runs at least so far, where the lists do."""


@dataclass(frozen=True)
class Curves:
    """The value at k = 1, 2, 3 ... of each."""

    precision: Floats
    recall: Floats
    map: Floats
    mar: Floats
    hit_rate: Floats
    mrr: Floats


def curves(context: Context, frame: FrameProfile, k: int, min_rel_score: float | None, *, everybody: bool) -> Curves:
    """Means over the users who have a relevant item in their list, or over everybody.

    With scores, ranks are whole numbers: equal scores share the mean of their ranks, rounded down.
    Raises Invalid when there are no such users, or columns are missing.
    """
    found = lists(context, frame)
    target = relevance(context, frame, found, min_rel_score)
    limit = _limit(k, float(found.sizes.max()))
    key = ("curves", *_key(context), limit, min_rel_score, everybody)
    return frame.memo(key, lambda: _curves(found, target > 0, _whole(context, found), limit, everybody=everybody))


def ndcg(context: Context, frame: FrameProfile, k: int, min_rel_score: float | None, *, everybody: bool) -> Floats:
    """The discounted gain of each list by that of its best order, for k = 1, 2, 3 ...; gains are the targets."""
    found = lists(context, frame)
    target = relevance(context, frame, found, min_rel_score)
    ranks = _whole(context, found)
    limit = _limit(k, float(ranks.max()))
    key = ("ndcg", *_key(context), limit, min_rel_score, everybody)
    return frame.memo(key, lambda: _ndcg(found.users, target, ranks, limit, everybody=everybody))


def _key(context: Context) -> tuple[object, ...]:
    definition, mapping = context.definition, context.mapping
    return definition.user_id, definition.target, definition.predictions, mapping.recommendations_type


def _limit(k: int, longest: float) -> int:
    return int(min(longest, max(k, LEAST_CURVE)))


def _whole(context: Context, found: Lists) -> Floats:
    return np.floor(found.ranks) if (context.mapping.recommendations_type or "score") == "score" else found.ranks


def _counted(users: Codes, positive: NDArray[np.bool_], *, everybody: bool) -> tuple[Codes, NDArray[np.bool_]]:
    """How many relevant items each user's list holds, and which users count."""
    relevant = np.bincount(users[positive], minlength=int(users.max()) + 1)
    who = np.ones(relevant.size, dtype=np.bool_) if everybody else relevant > 0
    if not who.any():
        raise Invalid("no user has a relevant item: there is nothing to average")
    return relevant, who


def _curves(found: Lists, positive: NDArray[np.bool_], ranks: Floats, limit: int, *, everybody: bool) -> Curves:
    relevant, who = _counted(found.users, positive, everybody=everybody)
    count, people = int(np.count_nonzero(who)), relevant.size
    some = np.maximum(relevant, 1)
    hits, best = np.zeros(people), np.full(people, np.inf)
    average_precision, average_recall = np.zeros(people), np.zeros(people)
    found_users, found_ranks = found.users[positive], ranks[positive]
    table = np.zeros((6, limit))
    for k in range(1, limit + 1):
        now = (found_ranks <= k) & (found_ranks > k - 1) if k > 1 else found_ranks <= 1
        new = np.bincount(found_users[now], minlength=people)
        np.minimum.at(best, found_users[now], found_ranks[now])
        hits += new
        precision, recall = hits / np.minimum(found.sizes, k), hits / some
        average_precision += new * precision / some
        average_recall += new * recall / some
        values = (precision, recall, average_precision, average_recall, hits > 0, 1 / best)
        table[:, k - 1] = [each[who].sum() / count for each in values]
    return Curves(*table)


def _ndcg(users: Codes, target: Floats, ranks: Floats, limit: int, *, everybody: bool) -> Floats:
    _, who = _counted(users, target > 0, everybody=everybody)
    people = who.size
    order = np.lexsort((-target, users))
    starts = np.searchsorted(users[order], np.arange(people))
    place = np.arange(users.size) - starts[users[order]] + 1
    best_users, best_gain = users[order], target[order] / np.log2(place + 1)
    gain = target / np.log2(ranks + 1)
    reached, possible, curve = np.zeros(people), np.zeros(people), np.zeros(limit)
    for k in range(1, limit + 1):
        now = (ranks <= k) & (ranks > k - 1) if k > 1 else ranks <= 1
        reached += np.bincount(users[now], gain[now], minlength=people)
        possible += np.bincount(best_users[place == k], best_gain[place == k], minlength=people)
        ratio = np.divide(reached, possible, out=np.zeros(people), where=possible != 0)
        curve[k - 1] = ratio[who].sum() / np.count_nonzero(who)
    return curve
