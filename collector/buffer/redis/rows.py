"""Rows and labels in Redis: which keys and arguments each script gets, and what its answer means."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from collector.buffer.policy import (
    ORPHAN_US,
    PURGE_ROWS,
    PURGED,
    TOMBSTONES,
    Limits,
    digests,
    indexes_from_bytes,
    take,
)
from collector.buffer.redis.append import append_all
from collector.buffer.redis.keys import MonitorKeys
from collector.buffer.redis.link import Argument
from collector.buffer.redis.store import Call, Store
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

CHUNKS_AT_ONCE = 200
"""Chunks in one answer when a window is read: the event loop has its turn in between."""
BYTES_AT_ONCE = 8 * 1024 * 1024
"""About so many bytes in one answer, by the average chunk of the pane: fewer chunks when they are large."""
IDS_AT_ONCE = 5_000
LABELS_AT_ONCE = 2_500
"""Labels in one script: some 20 milliseconds in which nobody else is served."""
PARSED_ON_LOOP = 1_000
"""Names and records of panes; of more the loop has its turns in between."""
EXPIRE_STEPS = 8
"""Scripts that look through all labels that wait, each through as many shelves as it says itself."""


class RedisRows:
    """`ports.Rows` on Redis."""

    def __init__(self, store: Store, clock: Clock, limits: Limits) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits

    async def append(self, appends: Sequence[Append]) -> Sequence[Appended]:
        return await append_all(self._store, appends, now_us=self._clock.now_us(), limits=self._limits)

    async def add_labels(self, monitor: MonitorId, labels: Sequence[Label]) -> Labelled:
        keys = MonitorKeys(monitor)
        joined = waiting = unchanged = 0
        first: Counter[Pane] = Counter()
        remaining = iter(labels)
        while some := list(islice(remaining, LABELS_AT_ONCE)):
            now_us = self._clock.now_us()
            arguments: list[Argument] = [now_us, now_us - ORPHAN_US, keys.orphans, self._limits.max_rows]
            for label in some:
                arguments += (label.id, "" if label.at_us is None else label.at_us, label.target)
            call = Call("add_labels", (keys.account, keys.panes, keys.pane_names, keys.ids), arguments)
            (answer,) = await self._store.run_all([call])
            if answer is None:
                await self._expire_labels(keys, now_us)
                (answer,) = await self._store.run_all([call])
            if answer is None:
                raise Backpressure(
                    f"{self._limits.max_rows} labels wait for their inference, and no more may", retry_after_seconds=60
                )
            joined, waiting, unchanged = joined + answer[0], waiting + answer[1], unchanged + answer[2]
            for name, labelled in _pairs(answer[3:]):
                first[Pane.parse(name.decode())] += int(labelled)
        return Labelled(joined, waiting, unchanged, dict(first))

    async def _expire_labels(self, keys: MonitorKeys, now_us: int) -> None:
        """Forget every label that waited too long, in steps."""
        for _ in range(EXPIRE_STEPS):
            await self._store.run("expire_labels", (keys.account, keys.ids), (now_us - ORPHAN_US, keys.orphans))

    async def purge(
        self,
        monitor: MonitorId,
        pane: Pane,
        *,
        before_row: int | None,
        seen_rows: int | None = None,
        reason: str = PURGED,
    ) -> bool:
        keys = MonitorKeys(monitor)
        now_us = self._clock.now_us()
        whole = int(before_row is None and pane.start_us is not None)
        target = await self._store.run(
            "purge_begin",
            (keys.account, keys.panes, keys.tombstones, keys.ids),
            (
                *(now_us, pane.key, "" if before_row is None else before_row, whole, TOMBSTONES, now_us - ORPHAN_US),
                *(keys.orphans, "" if seen_rows is None else seen_rows, reason),
            ),
        )
        if target < 0:
            return False
        while not await self._store.run(
            "purge_step",
            (keys.account, keys.panes, keys.pane_names, keys.settled, keys.rows(pane.key), keys.ids),
            (pane.key, target, whole, PURGE_ROWS, reason),
        ):
            pass
        return True

    async def forget_requests(self, monitor: MonitorId, *, seen_until_us: int, most: int) -> None:
        known = MonitorKeys(monitor).requests
        old, there = await self._store.commands([("ZCOUNT", known, "-inf", seen_until_us), ("ZCARD", known)])
        left = max(old, there - most)
        while left > 0:
            await self._store.commands([("ZREMRANGEBYRANK", known, 0, min(left, PURGE_ROWS) - 1)])
            left -= PURGE_ROWS

    # ------------------------------------------------------------ questions

    async def state(self, monitor: MonitorId) -> MonitorState:
        keys = MonitorKeys(monitor)
        panes, settled, (max_event_us, last_append_us) = await self._store.run(
            "state", (keys.account, keys.panes, keys.settled), ()
        )
        many = len(panes) > PARSED_ON_LOOP
        states = await asyncio.to_thread(_panes, panes, settled) if many else _panes(panes, settled)
        return MonitorState(states, _integer(max_event_us), _integer(last_append_us))

    async def pane(self, monitor: MonitorId, window: Window) -> PaneState | None:
        keys = MonitorKeys(monitor)
        key = window.pane.key
        fields = [f"{key}#{window.part}/{phase.value}" for phase in Phase]
        record, settled = await self._store.commands([("HGET", keys.panes, key), ("HMGET", keys.settled, *fields)])
        if record is None:
            return None
        found = [(field.encode(), each) for field, each in zip(fields, settled, strict=True) if each is not None]
        return _parse_pane(key, record, _parse_settled(found).get(key, {}))

    async def read(self, monitor: MonitorId, window: Window) -> WindowRows:
        keys = MonitorKeys(monitor)
        stream = keys.rows(window.pane.key)
        record, stored_chunks = await self._store.commands([("HGET", keys.panes, window.pane.key), ("XLEN", stream)])
        if record is None or not stored_chunks:
            return WindowRows((), 0, {})
        pane = _parse_pane(window.pane.key, record, {})
        stop_row = pane.rows if window.stop_row is None else min(window.stop_row, pane.rows)
        there = Window(window.pane, window.part, max(window.first_row, pane.trimmed), stop_row)
        at_once = max(min(BYTES_AT_ONCE * stored_chunks // (pane.bytes + 1), CHUNKS_AT_ONCE), 1)
        chunks = await self._chunks(stream, there, stop_row, at_once)
        rows = sum(count for count, _ in chunks)
        stored = [chunk for _, chunk in chunks]
        labels = await self._labels(keys.ids, stored) if pane.labelled else {}
        return WindowRows(stored, rows, labels, pane.label_changes)

    async def _chunks(self, stream: str, window: Window, stop_row: int, at_once: int) -> list[tuple[int, StoredChunk]]:
        """How many rows of the window each chunk holds, and the chunk. A chunk's id is its first row, plus one."""
        found: list[tuple[int, StoredChunk]] = []
        (before,) = await self._store.commands([("XREVRANGE", stream, window.first_row + 1, "-", "COUNT", 1)])
        next_id = before[0][0] if before else b"-"
        while True:
            (entries,) = await self._store.commands([("XRANGE", stream, next_id, stop_row, "COUNT", at_once)])
            for name, fields in entries:
                count = int(fields[b"n"])
                wanted = take(
                    window,
                    first_row=int(name.partition(b"-")[0]) - 1,
                    rows=count,
                    skipped=indexes_from_bytes(fields[b"k"]),
                )
                count = count if wanted is None else len(wanted)
                if count:
                    found.append((count, StoredChunk(fields[b"d"], fields[b"i"], wanted)))
            if len(entries) < at_once:
                return found
            next_id = b"(" + entries[-1][0]

    async def _labels(self, ids_key: str, chunks: Sequence[StoredChunk]) -> Mapping[bytes, bytes]:
        labels: dict[bytes, bytes] = {}
        ids = _ids_of(chunks)
        while some := list(islice(ids, IDS_AT_ONCE)):
            (values,) = await self._store.commands([("HMGET", ids_key, *some)])
            for digest, value in zip(some, values, strict=True):
                _, labelled, rest = (value or b"").partition(b";")
                if labelled:
                    labels[digest] = rest.partition(b";")[2]
        return labels


def _panes(panes: Sequence[bytes], settled: Sequence[bytes]) -> list[PaneState]:
    by_pane = _parse_settled(_pairs(settled))
    states = [_parse_pane(name.decode(), record, by_pane.get(name.decode(), {})) for name, record in _pairs(panes)]
    states.sort(key=lambda state: (state.pane.start_us is not None, state.pane.start_us, state.pane.end_us))
    return states


def _pairs(flat: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return zip(flat[::2], flat[1::2], strict=True)


def _ids_of(chunks: Sequence[StoredChunk]) -> Iterator[bytes]:
    for chunk in chunks:
        ids = digests(chunk.ids)
        yield from ids if chunk.take is None or not ids else (ids[index] for index in chunk.take)


def _parse_pane(name: str, record: bytes, settled: Mapping[tuple[int, Phase], Settled]) -> PaneState:
    _, rows, trimmed, labelled, size, first_append_us, last_append_us, last_label_us, _, _, label_changes = (
        record.split()
    )
    return PaneState(
        pane=Pane.parse(name),
        rows=int(rows),
        labelled=int(labelled),
        bytes=int(size),
        first_append_us=int(first_append_us),
        last_append_us=int(last_append_us),
        last_label_us=None if last_label_us == b"-" else int(last_label_us),
        settled=settled,
        trimmed=int(trimmed),
        label_changes=int(label_changes),
    )


def _parse_settled(records: Iterable[tuple[bytes, bytes]]) -> dict[str, dict[tuple[int, Phase], Settled]]:
    settled: dict[str, dict[tuple[int, Phase], Settled]] = {}
    for field, record in records:
        pane, _, window = field.decode().rpartition("#")
        part, _, phase = window.partition("/")
        outcome, rows, labelled, revision, at_us, seen, _ = record.split(b" ", 6)
        settled.setdefault(pane, {})[int(part), Phase(phase)] = Settled(
            Outcome(outcome.decode()), int(rows), int(labelled), int(revision), int(at_us), int(seen)
        )
    return settled


def _integer(value: bytes | None) -> int | None:
    return None if value is None else int(value)
