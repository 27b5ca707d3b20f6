"""Items that wait to be done: put, lease, renew, ack, nack. A lease's token decides whether its holder may do anything."""

# ruff: noqa: S608 - only names of columns and placeholders are pasted into statements; values are bound

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from collector.buffer.policy import check_ack, check_nack, letter_id, pack
from collector.buffer.sqlite.books import Books
from collector.buffer.sqlite.engine import Engine
from collector.buffer.sqlite.snapshots import store
from collector.clock import Clock
from collector.errors import LeaseLost
from collector.model import SECOND_US, Depth, Item, Lease, MonitorId, Settlement, SnapshotRecord


class SqliteQueue:
    """`ports.Queue` on one file."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def put(self, items: Sequence[Item]) -> None:
        def deed(connection: sqlite3.Connection) -> None:
            for item in items:
                put(connection, item)

        await self._engine.write(deed)

    async def lease(self, queue: str, monitors: Sequence[MonitorId], *, owner: str, seconds: float) -> Lease | None:
        return await self._engine.write(
            lambda connection: lease(
                connection, queue, monitors, owner=owner, seconds=seconds, now_us=self._clock.now_us()
            )
        )

    async def renew(self, lease: Lease, *, seconds: float) -> Lease:
        def deed(connection: sqlite3.Connection) -> Lease:
            _own(connection, lease)
            until_us = self._clock.now_us() + round(seconds * SECOND_US)
            _change(connection, lease, "available_us = ?", until_us)
            return replace(lease, until_us=until_us)

        return await self._engine.write(deed)

    async def ack(
        self,
        lease: Lease,
        *,
        settlement: Settlement | None = None,
        snapshots: Sequence[SnapshotRecord] = (),
        then: Sequence[Item] = (),
    ) -> None:
        check_ack(lease, snapshots, then)
        bodies = [pack(record.body) for record in snapshots]

        def deed(connection: sqlite3.Connection) -> None:
            _own(connection, lease)
            _finish(connection, lease)
            if settlement is not None:
                _settle(connection, lease.monitor, settlement)
            for record, body in zip(snapshots, bodies, strict=True):
                store(connection, record, body)
            for item in then:
                put(connection, item)
            connection.execute("DELETE FROM letters WHERE id = ?", (letter_id(lease.queue, lease.monitor, lease.key),))

        await self._engine.write(deed)

    async def nack(
        self, lease: Lease, *, reason: str, retry_us: int | None, settlement: Settlement | None = None
    ) -> None:
        check_nack(retry_us, settlement)

        def deed(connection: sqlite3.Connection) -> None:
            _own(connection, lease)
            if retry_us is not None:
                _change(connection, lease, "leased = 0, owner = NULL, available_us = ?", retry_us)
                return
            _finish(connection, lease)
            if settlement is not None:
                _settle(connection, lease.monitor, settlement)
            _bury(connection, lease, reason, settlement, self._clock.now_us())

        await self._engine.write(deed)

    async def restore(self, queue: str, monitor: MonitorId) -> None:
        def deed(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE items SET available_us = min(available_us, wanted_us) "
                "WHERE queue = ? AND monitor = ? AND NOT leased",
                (queue, monitor),
            )

        await self._engine.write(deed)

    async def depths(self, queue: str, monitors: Sequence[MonitorId]) -> Sequence[Depth]:
        return await self._engine.read(lambda connection: [_depth(connection, queue, each) for each in monitors])


def put(connection: sqlite3.Connection, item: Item) -> None:
    found = connection.execute(
        "SELECT payload, leased, attempt, available_us FROM items WHERE queue = ? AND monitor = ? AND key = ?",
        (item.queue, item.monitor, item.key),
    ).fetchone()
    if found is None:
        connection.execute(
            "INSERT INTO items (queue, monitor, key, payload, available_us, wanted_us) VALUES (?, ?, ?, ?, ?, ?)",
            (item.queue, item.monitor, item.key, item.payload, item.ready_us, item.ready_us),
        )
        return
    payload, leased, attempt, available_us = found
    if not leased and attempt == 0 and item.ready_us < available_us:
        _change(connection, item, "available_us = ?", item.ready_us)
    if payload == item.payload:
        return
    connection.execute(
        "UPDATE items SET payload = ?, generation = generation + 1, wanted_us = ? "
        "WHERE queue = ? AND monitor = ? AND key = ?",
        (item.payload, item.ready_us, item.queue, item.monitor, item.key),
    )


def lease(
    connection: sqlite3.Connection,
    queue: str,
    monitors: Sequence[MonitorId],
    *,
    owner: str,
    seconds: float,
    now_us: int,
) -> Lease | None:
    for monitor in monitors:
        found = connection.execute(
            "SELECT key, payload, attempt, wanted_us FROM items WHERE queue = ? AND monitor = ? AND available_us <= ? "
            "ORDER BY available_us, key LIMIT 1",
            (queue, monitor, now_us),
        ).fetchone()
        if found is None:
            continue
        key, payload, attempt, wanted_us = found
        (token,) = connection.execute(
            # Never below the clock: a monitor that was forgotten and begins anew does not repeat a token.
            "INSERT INTO monitors (name, token) VALUES (?, ?) "
            "ON CONFLICT DO UPDATE SET token = max(token + 1, excluded.token) RETURNING token",
            (monitor, now_us),
        ).fetchone()
        taken = Lease(
            queue=queue,
            monitor=monitor,
            key=key,
            payload=payload,
            token=token,
            attempt=attempt + 1,
            owner=owner,
            until_us=now_us + round(seconds * SECOND_US),
            wanted_us=wanted_us,
        )
        _change(
            connection,
            taken,
            "leased = 1, leased_generation = generation, available_us = ?, token = ?, attempt = ?, owner = ?",
            *(taken.until_us, token, taken.attempt, owner),
        )
        return taken
    return None


def _depth(connection: sqlite3.Connection, queue: str, monitor: MonitorId) -> Depth:
    where = "FROM items WHERE queue = ? AND monitor = ?"
    (items,) = connection.execute(f"SELECT COUNT(*) {where}", (queue, monitor)).fetchone()
    first = connection.execute(
        f"SELECT wanted_us {where} ORDER BY available_us, key LIMIT 1", (queue, monitor)
    ).fetchone()
    return Depth(items, None if first is None else first[0])


def _own(connection: sqlite3.Connection, lease: Lease) -> None:
    """Raises LeaseLost before anything was changed."""
    found = connection.execute(
        "SELECT 1 FROM items WHERE queue = ? AND monitor = ? AND key = ? AND leased AND token = ?",
        (lease.queue, lease.monitor, lease.key, lease.token),
    ).fetchone()
    if found is None:
        raise LeaseLost(f"{lease.owner} holds {lease.queue} {lease.monitor} {lease.key} no longer")


def _change(connection: sqlite3.Connection, of: Item | Lease, change: str, *values: object) -> None:
    connection.execute(
        f"UPDATE items SET {change} WHERE queue = ? AND monitor = ? AND key = ?",
        (*values, of.queue, of.monitor, of.key),
    )


def _finish(connection: sqlite3.Connection, lease: Lease) -> None:
    """The item is gone, or, when it was put again meanwhile, ready with a fresh start."""
    gone = connection.execute(
        "DELETE FROM items WHERE queue = ? AND monitor = ? AND key = ? AND generation = leased_generation",
        (lease.queue, lease.monitor, lease.key),
    ).rowcount
    if not gone:
        _change(connection, lease, "leased = 0, owner = NULL, attempt = 0, available_us = wanted_us")


def _settle(connection: sqlite3.Connection, monitor: MonitorId, settlement: Settlement) -> None:
    books = Books(connection, monitor)
    books.settle(settlement)
    books.save()


def _bury(
    connection: sqlite3.Connection, lease: Lease, reason: str, settlement: Settlement | None, now_us: int
) -> None:
    window = (
        (None, None, None)
        if settlement is None
        else (settlement.window.pane.key, settlement.window.part, settlement.phase)
    )
    connection.execute(
        "INSERT OR REPLACE INTO letters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(letter_id(lease.queue, lease.monitor, lease.key), lease.queue, lease.monitor, lease.key, lease.payload),
            *(reason, lease.attempt, now_us, 0 if settlement is None else settlement.rows),
            *window,
        ),
    )
