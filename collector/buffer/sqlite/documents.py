"""Small named things with versions."""

import sqlite3
from collections.abc import Callable

from collector.buffer.sqlite.engine import Engine
from collector.model import Document

_SLICE_BYTES = 256 * 1024


class SqliteDocuments:
    """`ports.Documents` on one file."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def put(self, kind: str, key: str, body: bytes) -> int:
        def deed(connection: sqlite3.Connection) -> int:
            found = connection.execute(
                "SELECT version, body FROM documents WHERE kind = ? AND key = ?", (kind, key)
            ).fetchone()
            if found is not None and found[1] == body:
                return int(found[0])
            version = 1 if found is None else found[0] + 1
            connection.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?)", (kind, key, version, body))
            return int(version)

        return await self._engine.write(deed)

    async def get(self, kind: str, key: str) -> Document | None:
        def question(connection: sqlite3.Connection) -> Document | None:
            found = connection.execute(
                "SELECT kind, key, version, body FROM documents WHERE kind = ? AND key = ? AND body IS NOT NULL",
                (kind, key),
            ).fetchone()
            return None if found is None else Document(*found)

        return await self._engine.read(question)

    async def pour(self, kind: str, key: str, take: Callable[[bytes], object]) -> int | None:
        def question(connection: sqlite3.Connection) -> int | None:
            found = connection.execute(
                "SELECT version, rowid FROM documents WHERE kind = ? AND key = ? AND body IS NOT NULL", (kind, key)
            ).fetchone()
            if found is None:
                return None
            with connection.blobopen("documents", "body", found[1], readonly=True) as blob:
                while piece := blob.read(_SLICE_BYTES):
                    take(piece)
            return int(found[0])

        return await self._engine.read(question)

    async def versions(self, kind: str) -> dict[str, int]:
        return await self._engine.read(
            lambda connection: dict(
                connection.execute(
                    "SELECT key, version FROM documents WHERE kind = ? AND body IS NOT NULL ORDER BY key", (kind,)
                )
            )
        )

    async def delete(self, kind: str, key: str) -> bool:
        def deed(connection: sqlite3.Connection) -> bool:
            changed = connection.execute(
                "UPDATE documents SET body = NULL WHERE kind = ? AND key = ? AND body IS NOT NULL", (kind, key)
            )
            return changed.rowcount > 0

        return await self._engine.write(deed)
