"""Snapshots as the API and the pages read them."""

# ruff: noqa: S608 - only names of columns and placeholders are pasted into statements; values are bound

import sqlite3

import orjson

from collector.buffer.policy import from_cursor, to_cursor, unpack
from collector.buffer.sqlite.engine import Engine
from collector.model import MonitorId, SnapshotId, SnapshotPage, SnapshotQuery, SnapshotRecord


class SqliteSnapshots:
    """`ports.Snapshots` on one file."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def list(self, query: SnapshotQuery) -> SnapshotPage:
        condition, values = _condition(query)
        return await self._engine.read(lambda connection: _page(connection, condition, values, query.limit))

    async def get(self, snapshot: SnapshotId) -> bytes | None:
        found: tuple[bytes] | None = await self._engine.read(
            lambda connection: connection.execute("SELECT body FROM snapshots WHERE id = ?", (snapshot,)).fetchone()
        )
        return None if found is None else unpack(found[0])

    async def data(self, snapshot: SnapshotId) -> bytes | None:
        found: tuple[bytes | None] | None = await self._engine.read(
            lambda connection: connection.execute("SELECT data FROM snapshots WHERE id = ?", (snapshot,)).fetchone()
        )
        return None if found is None else found[0]

    async def delete(self, snapshot: SnapshotId) -> bool:
        return await self._engine.write(
            lambda connection: connection.execute("DELETE FROM snapshots WHERE id = ?", (snapshot,)).rowcount > 0
        )

    async def trim(self, monitor: MonitorId, *, keep: int, newer_than_us: int, keep_data_bytes: int) -> int:
        def deed(connection: sqlite3.Connection) -> int:
            gone = connection.execute(
                "DELETE FROM snapshots WHERE monitor = ?1 AND (timestamp_us < ?2 OR id IN (SELECT id FROM snapshots "
                "WHERE monitor = ?1 ORDER BY timestamp_us DESC, id DESC LIMIT -1 OFFSET ?3))",
                (monitor, newer_than_us, keep),
            ).rowcount
            connection.execute(
                "UPDATE snapshots SET data = NULL WHERE id IN (SELECT id FROM (SELECT id, sum(length(data)) OVER "
                "(ORDER BY timestamp_us DESC, id DESC) AS bytes FROM snapshots WHERE monitor = ?1 AND data IS NOT NULL) "
                "WHERE bytes > ?2)",
                (monitor, keep_data_bytes),
            )
            return gone

        return await self._engine.write(deed)


def store(connection: sqlite3.Connection, record: SnapshotRecord, packed_body: bytes) -> None:
    """Add it, or replace the one of its id, unless that has a higher revision."""
    connection.execute(
        "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
        "monitor = excluded.monitor, revision = excluded.revision, timestamp_us = excluded.timestamp_us, "
        "segment = excluded.segment, tags = excluded.tags, summary = excluded.summary, body = excluded.body, "
        "data = excluded.data "
        "WHERE excluded.revision >= snapshots.revision",
        (
            *(record.id, record.monitor, record.revision, record.timestamp_us, record.segment),
            *(orjson.dumps(list(record.tags)).decode(), record.summary, packed_body, record.data or None),
        ),
    )


def _condition(query: SnapshotQuery) -> tuple[str, list[object]]:
    conditions = ["1"]
    values: list[object] = []
    for condition, value in (
        ("monitor = ?", query.monitor),
        ("segment = ?", query.segment),
        ("timestamp_us >= ?", query.from_us),
        ("timestamp_us < ?", query.to_us),
        ("EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)", query.tag),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    if query.after is not None:
        conditions.append("(timestamp_us, id) < (?, ?)")
        values += from_cursor(query.after)
    return " AND ".join(conditions), values


def _page(connection: sqlite3.Connection, condition: str, values: list[object], limit: int) -> SnapshotPage:
    found = connection.execute(
        f"SELECT timestamp_us, id, summary FROM snapshots WHERE {condition} "
        "ORDER BY timestamp_us DESC, id DESC LIMIT ?",
        (*values, limit + 1),
    ).fetchall()
    more = len(found) > limit
    page = found[:limit]
    return SnapshotPage([summary for _, _, summary in page], to_cursor(*page[-1][:2]) if more and page else None)
