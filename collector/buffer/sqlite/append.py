"""Chunks into the file: what of them is new, whether it fits, and what is to be known of it later."""

# ruff: noqa: S608 - only placeholders are pasted into statements; values are bound

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from collector.buffer.policy import Limits, digests, indexes_to_bytes
from collector.buffer.sqlite import labels as label_deeds, requests as request_deeds
from collector.buffer.sqlite.books import Books, PaneRow, in_batches
from collector.errors import Backpressure
from collector.model import Append, Appended, MonitorId


def append_to(
    connection: sqlite3.Connection, monitor: MonitorId, appends: Sequence[Append], *, now_us: int, limits: Limits
) -> Sequence[Appended]:
    """Store chunks of one monitor: all of them or, when they do not fit, none."""
    books = Books(connection, monitor)
    label_deeds.expire_orphans(books, now_us)
    seen = _Seen()
    answers = [_decide(books, append, seen, now_us) for append in appends]
    new = [(append, answer) for append, answer in zip(appends, answers, strict=True) if answer.accepted]
    refused = limits.refusal(
        waiting_rows=books.monitor.waiting,
        waiting_bytes=books.waiting_bytes,
        rows=sum(answer.accepted for _, answer in new),
        size=sum(len(append.data) for append, _ in new),
    )
    if new and refused is not None:
        books.save()
        full = Appended(0, refused=Backpressure(refused))
        return [full if answer.accepted else answer for answer in answers]
    for append, answer in new:
        _store(books, append, answer, now_us)
    books.save()
    return answers


@dataclass(slots=True)
class _Seen:
    """What earlier chunks of the same call will bring."""

    ids: set[bytes] = field(default_factory=set)
    requests: set[str] = field(default_factory=set)


def _decide(books: Books, append: Append, seen: _Seen, now_us: int) -> Appended:
    if books.is_purged(append.pane.key):
        return Appended(0, late=append.rows)
    known = _known_rows(books, append, seen, now_us)
    accepted = append.rows - len(known)
    if accepted:
        seen.requests |= {part.key for part in append.parts if part.key is not None}
    return Appended(accepted, known)


def _store(books: Books, append: Append, answer: Appended, now_us: int) -> None:
    pane = books.pane(append.pane.key) or books.begin_pane(append.pane, now_us)
    books.connection.execute(
        "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?)",
        (pane.id, pane.rows, answer.accepted, now_us, indexes_to_bytes(answer.duplicates), append.ids, append.data),
    )
    request_deeds.remember(books, append, now_us)
    _remember_ids(books, pane, append, answer.duplicates, now_us)
    pane.rows += answer.accepted
    pane.bytes += len(append.data)
    pane.last_append_us = now_us
    monitor = books.monitor
    monitor.accepted += answer.accepted
    monitor.last_append_us = now_us
    if append.max_event_us is not None:
        monitor.max_event_us = max(append.max_event_us, monitor.max_event_us or append.max_event_us)


def _known_rows(books: Books, append: Append, seen: _Seen, now_us: int) -> list[int]:
    """Indexes of rows that a resent request or an earlier row of the same id brought already."""
    resent: set[int] = set()
    keys = set(seen.requests)
    begin = 0
    for part in append.parts:
        if part.key is not None:
            if part.key in keys or request_deeds.seen(books, part.key, now_us):
                resent.update(range(begin, begin + part.rows))
            keys.add(part.key)
        begin += part.rows
    if not append.ids:
        return sorted(resent)
    ids = digests(append.ids)
    known_ids = {digest for digest, _ in panes_of_ids(books.connection, books.monitor.id, ids)}
    known = []
    for index, digest in enumerate(ids):
        if index in resent or digest in known_ids or digest in seen.ids:
            known.append(index)
        else:
            seen.ids.add(digest)
    return known


def _remember_ids(books: Books, pane: PaneRow, append: Append, known: Sequence[int], now_us: int) -> None:
    if not append.ids:
        return
    skipped = set(known)
    new = [digest for index, digest in enumerate(digests(append.ids)) if index not in skipped]
    books.connection.executemany(
        "INSERT INTO ids VALUES (?, ?, ?)", [(books.monitor.id, digest, pane.id) for digest in new]
    )
    if books.monitor.orphans:
        label_deeds.join_orphans(books, pane, new, now_us)


def panes_of_ids(connection: sqlite3.Connection, monitor: int, ids: Sequence[bytes]) -> Iterator[tuple[bytes, int]]:
    """Those of the ids that are known, each with the number of its pane."""
    for marks, some in in_batches(ids):
        yield from connection.execute(
            f"SELECT digest, pane FROM ids WHERE monitor = ? AND digest IN ({marks})", (monitor, *some)
        )
