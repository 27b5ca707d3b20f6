"""Windows too large for memory: a uniform sample of their rows, read block by block, with the exact counts kept.

Each row has the same chance, `most / rows`. Which rows are taken depends on the monitor, the window and the block alone:
whoever evaluates the window again, sees the same rows.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

from collector import chunks
from collector.model import DIGEST_BYTES, MonitorId, StoredChunk, Window, WindowRows
from collector.ports import Rows

BLOCK_ROWS = 100_000
"""Rows that are in memory at once beside the sample."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A window's sample, of how many rows it is one, and how many of all of them have labels."""

    rows: WindowRows
    of: int
    labelled: int


async def sample(rows: Rows, monitor: MonitorId, window: Window, most: int) -> Sampled:
    """At most so many rows of the window; all, when it has no more."""
    first, stop = await _span(rows, monitor, window)
    of = stop - first
    found: list[StoredChunk] = []
    labels: dict[bytes, bytes] = {}
    labelled = changes = taken = 0
    for begin in range(first, stop, BLOCK_ROWS):
        end = min(begin + BLOCK_ROWS, stop)
        block = await rows.read(monitor, Window(window.pane, window.part, begin, end))
        wanted = _share(end - first, most, of) - _share(begin - first, most, of)
        chosen = _choose(f"{monitor}/{window.key}/{begin}", wanted, block.rows)
        picked = await asyncio.to_thread(_pick, block.chunks, chosen)
        ids = {each for chunk in picked for each in _ids(chunk.ids)}
        found += picked
        labels |= {name: label for name, label in block.labels.items() if name in ids}
        labelled += len(block.labels)
        changes = max(changes, block.label_changes)
        taken += len(chosen)
    return Sampled(WindowRows(found, taken, labels, changes), of, labelled)


async def _span(rows: Rows, monitor: MonitorId, window: Window) -> tuple[int, int]:
    """The window's rows that are there now, by number."""
    for pane in (await rows.state(monitor)).panes:
        if pane.pane == window.pane:
            first = max(window.first_row, pane.trimmed)
            return first, max(first, pane.rows if window.stop_row is None else min(window.stop_row, pane.rows))
    return 0, 0


def _share(position: int, most: int, of: int) -> int:
    """How many of the first `position` rows are taken, so that the blocks' shares add up."""
    return position if most >= of else most * position // of


def _choose(seed: str, wanted: int, there: int) -> Sequence[int]:
    if wanted >= there:
        return range(there)
    return sorted(random.Random(seed).sample(range(there), wanted))  # noqa: S311 - a sample, no secret


def _pick(stored: Sequence[StoredChunk], chosen: Sequence[int]) -> list[StoredChunk]:
    """The chosen rows of a block as chunks of their own, so that the others need not be kept."""
    picked = []
    position = offset = 0
    for chunk in stored:
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
    return picked


def _ids(ids: bytes) -> list[bytes]:
    return [ids[start : start + DIGEST_BYTES] for start in range(0, len(ids), DIGEST_BYTES)]
