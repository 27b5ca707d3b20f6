"""Labels: joined to their inference, or waiting for it."""

# ruff: noqa: S608 - only names of columns and placeholders are pasted into statements; values are bound

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence

from collector.buffer.policy import ORPHAN_US, Limits, digests
from collector.buffer.sqlite.books import Books, PaneRow, in_batches
from collector.errors import Backpressure
from collector.model import Label, Labelled, MonitorId, Pane, StoredChunk


def add(
    connection: sqlite3.Connection, monitor: MonitorId, labels: Sequence[Label], *, now_us: int, limits: Limits
) -> Labelled:
    """Raises Backpressure when too many would wait; then none of these was taken."""
    books = Books(connection, monitor)
    expire_orphans(books, now_us)
    joined = waiting = unchanged = 0
    first: Counter[Pane] = Counter()
    for label in labels:
        found = connection.execute(
            "SELECT pane FROM ids WHERE monitor = ? AND digest = ?", (books.monitor.id, label.id)
        ).fetchone()
        pane = None if found is None else books.pane_of_id(found[0])
        if pane is not None:
            labelled_before = pane.labelled
            if _join(connection, pane, label, now_us):
                joined += 1
                if pane.labelled > labelled_before:
                    first[Pane.parse(pane.key)] += 1
            else:
                unchanged += 1
        elif _keep(books, label, now_us):
            waiting += 1
        else:
            unchanged += 1
    if books.monitor.orphans > limits.max_rows:
        raise Backpressure(
            f"{limits.max_rows} labels wait for their inference, and no more may", retry_after_seconds=60
        )
    books.save()
    return Labelled(joined, waiting, unchanged, dict(first))


def _join(connection: sqlite3.Connection, pane: PaneRow, label: Label, now_us: int) -> bool:
    before = connection.execute(
        "SELECT target, at_us FROM labels WHERE pane = ? AND digest = ?", (pane.id, label.id)
    ).fetchone()
    if before is not None and not _replaces(label, *before):
        return False
    connection.execute(
        "INSERT OR REPLACE INTO labels VALUES (?, ?, ?, ?)", (pane.id, label.id, label.target, label.at_us)
    )
    pane.labelled += before is None
    pane.label_changes += 1
    pane.last_label_us = now_us
    return True


def _keep(books: Books, label: Label, now_us: int) -> bool:
    before = books.connection.execute(
        "SELECT target, at_us FROM orphans WHERE monitor = ? AND digest = ?", (books.monitor.id, label.id)
    ).fetchone()
    if before is not None and not _replaces(label, *before):
        return False
    books.connection.execute(
        "INSERT OR REPLACE INTO orphans VALUES (?, ?, ?, ?, ?)",
        (books.monitor.id, label.id, label.target, label.at_us, now_us),
    )
    books.monitor.orphans += before is None
    return True


def _replaces(label: Label, target: bytes, at_us: int | None) -> bool:
    if label.at_us is not None and at_us is not None and label.at_us < at_us:
        return False
    return label.target != target


def join_orphans(books: Books, pane: PaneRow, ids: Sequence[bytes], now_us: int) -> None:
    """Labels that waited for these inferences join them."""
    monitor = books.monitor
    for marks, some in in_batches(ids):
        found = books.connection.execute(
            f"DELETE FROM orphans WHERE monitor = ? AND digest IN ({marks}) RETURNING digest, target, at_us",
            (monitor.id, *some),
        ).fetchall()
        books.connection.executemany("INSERT INTO labels VALUES (?, ?, ?, ?)", [(pane.id, *label) for label in found])
        if found:
            monitor.orphans -= len(found)
            pane.labelled += len(found)
            pane.label_changes += len(found)
            pane.last_label_us = now_us


def expire_orphans(books: Books, now_us: int) -> None:
    if books.monitor.orphans:
        books.monitor.orphans -= books.connection.execute(
            "DELETE FROM orphans WHERE monitor = ? AND arrived_us <= ?", (books.monitor.id, now_us - ORPHAN_US)
        ).rowcount


def of_rows(
    connection: sqlite3.Connection, pane: PaneRow, chunks: Sequence[StoredChunk], *, whole_pane: bool
) -> Mapping[bytes, bytes]:
    """The labels of a window's rows: of the whole pane at once, of a slice id by id."""
    if pane.labelled == 0:
        return {}
    if whole_pane:
        return dict(connection.execute("SELECT digest, target FROM labels WHERE pane = ?", (pane.id,)))
    labels: dict[bytes, bytes] = {}
    for chunk in chunks:
        ids = digests(chunk.ids)
        wanted = ids if chunk.take is None or not ids else [ids[index] for index in chunk.take]
        for marks, some in in_batches(wanted):
            labels.update(
                connection.execute(
                    f"SELECT digest, target FROM labels WHERE pane = ? AND digest IN ({marks})", (pane.id, *some)
                )
            )
    return labels
