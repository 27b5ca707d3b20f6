"""Appending rows and reading them back. Purging stands in `purge.py`, labels in `labels.py`."""

# ruff: noqa: S608 - only names of columns and placeholders are pasted into statements; values are bound

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from collector.buffer.policy import (
    PURGE_ROWS,
    PURGED,
    Limits,
    check_append,
    digests,
    indexes_from_bytes,
    indexes_to_bytes,
    take,
)
from collector.buffer.sqlite import labels as label_deeds, purge as purge_deeds, requests as request_deeds
from collector.buffer.sqlite.books import PANE, Books, PaneRow, find_monitor, in_batches
from collector.buffer.sqlite.engine import Engine
from collector.clock import Clock
from collector.errors import Backpressure
from collector.model import (
    Append,
    Appended,
    Label,
    Labelled,
    MonitorId,
    MonitorState,
    Outcome,
    Pane,
    PaneState,
    Phase,
    Settled,
    StoredChunk,
    Window,
    WindowRows,
)

_LARGE_BYTES = 16 * 1024
"""A chunk of less is read sooner with its row than by itself."""


class SqliteRows:
    """`ports.Rows` on one file."""

    def __init__(self, engine: Engine, clock: Clock, limits: Limits) -> None:
        self._engine = engine
        self._clock = clock
        self._limits = limits

    async def append(self, appends: Sequence[Append]) -> Sequence[Appended]:
        for append in appends:
            check_append(append)
        return await self._engine.write(lambda connection: self._append(connection, appends))

    def _append(self, connection: sqlite3.Connection, appends: Sequence[Append]) -> Sequence[Appended]:
        now_us = self._clock.now_us()
        answers: dict[int, Appended] = {}
        for monitor in dict.fromkeys(append.monitor for append in appends):
            places = [at for at, append in enumerate(appends) if append.monitor == monitor]
            answers |= zip(
                places,
                append_to(connection, monitor, [appends[at] for at in places], now_us=now_us, limits=self._limits),
                strict=True,
            )
        return [answers[at] for at in range(len(appends))]

    async def add_labels(self, monitor: MonitorId, labels: Sequence[Label]) -> Labelled:
        return await self._engine.write(
            lambda connection: label_deeds.add(
                connection, monitor, labels, now_us=self._clock.now_us(), limits=self._limits
            )
        )

    async def state(self, monitor: MonitorId) -> MonitorState:
        return await self._engine.read(lambda connection: state(connection, monitor))

    async def pane(self, monitor: MonitorId, window: Window) -> PaneState | None:
        return await self._engine.read(lambda connection: pane_of(connection, monitor, window))

    async def read(self, monitor: MonitorId, window: Window) -> WindowRows:
        return await self._engine.read(lambda connection: read(connection, monitor, window))

    async def purge(
        self,
        monitor: MonitorId,
        pane: Pane,
        *,
        before_row: int | None,
        seen_rows: int | None = None,
        reason: str = PURGED,
    ) -> bool:
        now_us = self._clock.now_us()
        target = await self._engine.write(
            lambda connection: purge_deeds.begin(
                connection, monitor, pane, before_row=before_row, seen_rows=seen_rows, now_us=now_us, reason=reason
            )
        )
        if target is None:
            return False
        whole = before_row is None and pane.start_us is not None
        while not await self._engine.write(
            lambda connection: purge_deeds.step(
                connection, monitor, pane, before_row=target, whole=whole, reason=reason
            )
        ):
            pass
        await purge_deeds.shrink(self._engine)
        return True

    async def forget_requests(self, monitor: MonitorId, *, seen_until_us: int, most: int) -> None:
        left = await self._engine.read(
            lambda connection: request_deeds.too_many(connection, monitor, seen_until_us, most)
        )
        while left > 0:
            await self._engine.write(partial(request_deeds.forget_oldest, monitor=monitor, some=min(left, PURGE_ROWS)))
            left -= PURGE_ROWS


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


# ---------------------------------------------------------------- questions


def state(connection: sqlite3.Connection, name: MonitorId) -> MonitorState:
    monitor = find_monitor(connection, name)
    if monitor is None:
        return MonitorState((), None, None)
    settled: dict[int, dict[tuple[int, Phase], Settled]] = {}
    for pane, part, phase, outcome, *numbers in connection.execute(
        "SELECT s.pane, part, phase, outcome, s.rows, s.labelled, revision, at_us, seen FROM settled s "
        "JOIN panes p ON p.id = s.pane WHERE p.monitor = ?",
        (monitor.id,),
    ):
        settled.setdefault(pane, {})[part, Phase(phase)] = Settled(Outcome(outcome), *numbers)
    found = connection.execute(f"SELECT {PANE} FROM panes WHERE monitor = ? ORDER BY start_us, key", (monitor.id,))
    panes = tuple(_pane_state(pane, settled.get(pane.id, {})) for pane in (PaneRow(*row) for row in found))
    return MonitorState(panes, monitor.max_event_us, monitor.last_append_us)


def pane_of(connection: sqlite3.Connection, name: MonitorId, window: Window) -> PaneState | None:
    monitor = find_monitor(connection, name)
    if monitor is None:
        return None
    found = connection.execute(
        f"SELECT {PANE} FROM panes WHERE monitor = ? AND key = ?", (monitor.id, window.pane.key)
    ).fetchone()
    if not found:
        return None
    pane = PaneRow(*found)
    settled = connection.execute(
        "SELECT phase, outcome, rows, labelled, revision, at_us, seen FROM settled WHERE pane = ? AND part = ?",
        (pane.id, window.part),
    )
    return _pane_state(
        pane,
        {(window.part, Phase(phase)): Settled(Outcome(outcome), *numbers) for phase, outcome, *numbers in settled},
    )


def _pane_state(pane: PaneRow, settled: Mapping[tuple[int, Phase], Settled]) -> PaneState:
    return PaneState(
        pane=Pane.parse(pane.key),
        rows=pane.rows,
        labelled=pane.labelled,
        bytes=pane.bytes,
        first_append_us=pane.first_append_us,
        last_append_us=pane.last_append_us,
        last_label_us=pane.last_label_us,
        settled=settled,
        trimmed=pane.trimmed,
        label_changes=pane.label_changes,
    )


def _large(connection: sqlite3.Connection, row: int) -> bytes:
    """The bytes of a large chunk. As a value of a row they would be read with the interpreter's lock held."""
    with connection.blobopen("chunks", "data", row, readonly=True) as blob:
        return blob.read()


def read(connection: sqlite3.Connection, name: MonitorId, window: Window) -> WindowRows:
    monitor = find_monitor(connection, name)
    found = (
        monitor
        and connection.execute(
            f"SELECT {PANE} FROM panes WHERE monitor = ? AND key = ?", (monitor.id, window.pane.key)
        ).fetchone()
    )
    if not found:
        return WindowRows((), 0, {})
    pane = PaneRow(*found)
    stop_row = pane.rows if window.stop_row is None else min(window.stop_row, pane.rows)
    there = Window(window.pane, window.part, max(window.first_row, pane.trimmed), stop_row)
    chunks = []
    rows = 0
    for row, first_row, chunk_rows, skipped, ids, data in connection.execute(
        "SELECT rowid, first_row, rows, skipped, ids, CASE WHEN length(data) < ?4 THEN data END FROM chunks "
        "WHERE pane = ?1 AND first_row < ?3 AND first_row >= "
        "(SELECT coalesce(max(first_row), 0) FROM chunks WHERE pane = ?1 AND first_row <= ?2) ORDER BY first_row",
        (pane.id, there.first_row, stop_row, _LARGE_BYTES),
    ):
        wanted = take(there, first_row=first_row, rows=chunk_rows, skipped=indexes_from_bytes(skipped))
        count = chunk_rows if wanted is None else len(wanted)
        if count:
            rows += count
            chunks.append(StoredChunk(_large(connection, row) if data is None else data, ids, wanted))
    whole = there.first_row == pane.trimmed and stop_row == pane.rows
    labels = label_deeds.of_rows(connection, pane, chunks, whole_pane=whole)
    return WindowRows(chunks, rows, labels, pane.label_changes)
