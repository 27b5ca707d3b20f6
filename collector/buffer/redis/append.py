"""Appending rows to Redis: which chunks share a script, and what its answer means."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from collector.buffer.policy import ORPHAN_US, REQUEST_KEY_US, Limits, check_append, indexes_from_bytes
from collector.buffer.redis.keys import MonitorKeys
from collector.buffer.redis.link import Argument
from collector.buffer.redis.store import Call, Store
from collector.errors import Backpressure, Unavailable
from collector.model import Append, Appended, MonitorId

IDS_TOGETHER = 10_000
"""Ids in one script and round trip, unless a single chunk has more: some 20 milliseconds in which nobody else is served."""


async def append_all(store: Store, appends: Sequence[Append], *, now_us: int, limits: Limits) -> Sequence[Appended]:
    """`ports.Rows.append`. Chunks of one monitor stand or fall together, as far as they share a script."""
    for append in appends:
        check_append(append)
    groups = _together(appends)
    answers: list[Any] = []
    for few in _rounds(appends, groups):
        answers += await store.run_each([_call([appends[at] for at in group], now_us, limits) for group in few])
    if answers and all(isinstance(answer, Unavailable) for answer in answers):
        raise answers[0]
    found: dict[int, Appended] = {}
    for group, answer in zip(groups, answers, strict=True):
        found |= zip(group, _appended([appends[at] for at in group], answer, limits), strict=True)
    return [found[at] for at in range(len(appends))]


def _together(appends: Sequence[Append]) -> list[list[int]]:
    """Which appends share a script, by their places: those of one monitor, up to so many ids.

    Rows without ids always do: whoever repeats them could not be told from who sends new ones.
    """
    groups: list[list[int]] = []
    last: dict[MonitorId, tuple[list[int], int]] = {}
    for at, append in enumerate(appends):
        new_ids = _ids(append)
        group, ids = last.get(append.monitor, ([], 0))
        if not group or (new_ids and ids + new_ids > IDS_TOGETHER):
            group, ids = [], 0
            groups.append(group)
        group.append(at)
        last[append.monitor] = group, ids + new_ids
    return groups


def _rounds(appends: Sequence[Append], groups: Sequence[list[int]]) -> list[list[list[int]]]:
    """Which groups share a round trip: Redis runs everything that came in one piece before it turns to somebody else."""
    rounds: list[list[list[int]]] = []
    ids = 0
    for group in groups:
        new_ids = sum(_ids(appends[at]) for at in group)
        if not rounds or (new_ids and ids + new_ids > IDS_TOGETHER):
            rounds.append([])
            ids = 0
        rounds[-1].append(group)
        ids += new_ids
    return rounds


def _ids(append: Append) -> int:
    return append.rows if append.ids else 0


def _call(appends: Sequence[Append], now_us: int, limits: Limits) -> Call:
    keys = MonitorKeys(appends[0].monitor)
    names = [keys.account, keys.panes, keys.pane_names, keys.tombstones, keys.requests, keys.ids]
    arguments: list[Argument] = [
        *(now_us, limits.max_rows, limits.max_bytes, now_us - REQUEST_KEY_US, now_us - ORPHAN_US, keys.orphans)
    ]
    for append in appends:
        names.append(keys.rows(append.pane.key))
        arguments += (append.pane.key, append.data, append.ids)
        parts = _parts(append)
        arguments += ("" if append.max_event_us is None else append.max_event_us, append.rows, len(parts) // 2, *parts)
    return Call("append", names, arguments)


def _parts(append: Append) -> Sequence[Argument]:
    """Rows and key, by turns. Requests without a key, which nobody can repeat, are told apart by nobody."""
    parts: list[Argument] = []
    for key, alike in groupby(append.parts, key=attrgetter("key")):
        rows = [part.rows for part in alike]
        if key is None:
            parts += (sum(rows), "-")
        else:
            for each in rows:
                parts += (each, f":{key}")
    return parts


def _appended(appends: Sequence[Append], answer: Unavailable | list[Any], limits: Limits) -> Sequence[Appended]:
    if isinstance(answer, Unavailable):
        return [Appended(0, refused=answer)] * len(appends)
    waiting_rows, waiting_bytes, *decided = answer
    full = [each for each in zip(appends, decided, strict=True) if each[1][0] == b"full"]
    refused = limits.refusal(
        waiting_rows=waiting_rows,
        waiting_bytes=waiting_bytes,
        rows=sum(rows for _, (_, rows, _) in full),
        size=sum(len(append.data) for append, _ in full),
    )
    return [_said(append, each, refused) for append, each in zip(appends, decided, strict=True)]


def _said(append: Append, decided: tuple[bytes, int, bytes], refused: str | None) -> Appended:
    status, accepted, skipped = decided
    if status == b"late":
        return Appended(0, late=append.rows)
    if status == b"full":
        return Appended(0, refused=Backpressure(refused or ""))
    return Appended(accepted, indexes_from_bytes(skipped))
