"""Windows too large for memory: a uniform sample of their rows, read block by block, with the exact counts kept.

Each row has the same chance, `most / rows`, also those of the steps before that a sliding window reads. Which rows are
taken depends on the monitor, the windows and their blocks alone: whoever evaluates the window again, sees the same rows.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector import chunks
from collector.model import DIGEST_BYTES, MonitorId, PaneState, StoredChunk, Window, WindowRows
from collector.ports import Rows

BLOCK_ROWS = 100_000
"""Rows that are in memory at once beside the sample."""


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of one window: how many rows it has, and of those the labelled ones; and how often labels had
    changed, not later than they were read.
    """

    rows: int
    labelled: int
    label_changes: int


@dataclass(frozen=True, slots=True)
class Sampled:
    """A sample of the rows of some windows, of how many rows it is one, and what each of the windows holds."""

    rows: WindowRows
    of: int
    each: Sequence[Read]


async def sample(rows: Rows, monitor: MonitorId, windows: Sequence[Window], most: int) -> Sampled:
    """At most so many rows of the windows, taken together; all, when they have no more."""
    spans = await _spans(rows, monitor, windows)
    of = sum(stop - first for first, stop in spans)
    found: list[StoredChunk] = []
    labels: dict[bytes, bytes] = {}
    each: list[Read] = []
    taken = before = 0
    for window, (first, stop) in zip(windows, spans, strict=True):
        labelled = 0
        changes: list[int] = []
        for begin in range(first, stop, BLOCK_ROWS):
            end = min(begin + BLOCK_ROWS, stop)
            block = await rows.read(monitor, Window(window.pane, window.part, begin, end))
            place = before + begin - first
            wanted = _share(place + end - begin, most, of) - _share(place, most, of)
            chosen = _choose(f"{monitor}/{window.key}/{begin}", wanted, block.rows)
            picked, kept = await asyncio.to_thread(_pick, block, chosen)
            found += picked
            labels |= kept
            labelled += len(block.labels)
            changes.append(block.label_changes)
            taken += len(chosen)
        before += stop - first
        each.append(Read(stop - first, labelled, min(changes, default=0)))
    return Sampled(WindowRows(found, taken, labels), of, each)


async def _spans(rows: Rows, monitor: MonitorId, windows: Sequence[Window]) -> Sequence[tuple[int, int]]:
    """The rows of each window that are there now, by number."""
    panes = {pane.pane: pane for pane in (await rows.state(monitor)).panes}
    return [(0, 0) if window.pane not in panes else _span(window, panes[window.pane]) for window in windows]


def _span(window: Window, pane: PaneState) -> tuple[int, int]:
    first = max(window.first_row, pane.trimmed)
    return first, max(first, pane.rows if window.stop_row is None else min(window.stop_row, pane.rows))


def _share(position: int, most: int, of: int) -> int:
    """How many of the first `position` rows are taken, so that the blocks' shares add up."""
    return position if most >= of else most * position // of


def _choose(seed: str, wanted: int, there: int) -> Sequence[int]:
    if wanted >= there:
        return range(there)
    return sorted(random.Random(seed).sample(range(there), wanted))  # noqa: S311 - a sample, no secret


def _pick(block: WindowRows, chosen: Sequence[int]) -> tuple[Sequence[StoredChunk], Mapping[bytes, bytes]]:
    """The chosen rows of a block as chunks of their own, so that the others need not be kept, and their labels."""
    if len(chosen) == block.rows:
        return block.chunks, block.labels
    picked = []
    position = offset = 0
    for chunk in block.chunks:
        there = chunk.take if chunk.take is not None else range(chunks.decode(chunk.data).rows)
        indexes = []
        while position < len(chosen) and chosen[position] < offset + len(there):
            indexes.append(there[chosen[position] - offset])
            position += 1
        offset += len(there)
        if indexes:
            known = _ids(chunk.ids)
            ids = b"".join([known[index] for index in indexes]) if known else b""
            picked.append(StoredChunk(chunks.picked(chunk.data, indexes), ids))
    named = {each for chunk in picked for each in _ids(chunk.ids)}
    return picked, {name: label for name, label in block.labels.items() if name in named}


def _ids(ids: bytes) -> list[bytes]:
    return [ids[start : start + DIGEST_BYTES] for start in range(0, len(ids), DIGEST_BYTES)]
