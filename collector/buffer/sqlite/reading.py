"""What the file says of a monitor's windows, and their rows."""

# ruff: noqa: S608 - only names of columns are pasted into statements; values are bound

import sqlite3
from collections.abc import Mapping

from collector.buffer.policy import indexes_from_bytes, take
from collector.buffer.sqlite import labels as label_deeds
from collector.buffer.sqlite.books import PANE, PaneRow, find_monitor
from collector.model import (
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
    pane = _find_pane(connection, name, window.pane)
    if pane is None:
        return None
    settled = connection.execute(
        "SELECT phase, outcome, rows, labelled, revision, at_us, seen FROM settled WHERE pane = ? AND part = ?",
        (pane.id, window.part),
    )
    return _pane_state(
        pane,
        {(window.part, Phase(phase)): Settled(Outcome(outcome), *numbers) for phase, outcome, *numbers in settled},
    )


def _find_pane(connection: sqlite3.Connection, name: MonitorId, pane: Pane) -> PaneRow | None:
    monitor = find_monitor(connection, name)
    if monitor is None:
        return None
    found = connection.execute(f"SELECT {PANE} FROM panes WHERE monitor = ? AND key = ?", (monitor.id, pane.key))
    row = found.fetchone()
    return None if row is None else PaneRow(*row)


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


def read(connection: sqlite3.Connection, name: MonitorId, window: Window) -> WindowRows:
    pane = _find_pane(connection, name, window.pane)
    if pane is None:
        return WindowRows((), 0, {})
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


def _large(connection: sqlite3.Connection, row: int) -> bytes:
    """The bytes of a large chunk. As a value of a row they would be read with the interpreter's lock held."""
    with connection.blobopen("chunks", "data", row, readonly=True) as blob:
        return blob.read()
