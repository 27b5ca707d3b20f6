"""Small named things with versions, in Redis."""

import asyncio
from collections.abc import Callable

from collector.buffer.redis import keys
from collector.buffer.redis.store import Store
from collector.model import Document


class RedisDocuments:
    """`ports.Documents` on Redis."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(self, kind: str, key: str, body: bytes) -> int:
        known = await self.get(kind, key)
        if known is not None and known.body == body:  # nothing to write, so that a server that is full takes it too
            return known.version
        return int(await self._store.run("put_document", keys.documents(kind), (key, body)))

    async def get(self, kind: str, key: str) -> Document | None:
        version, body = await self._store.run("get_document", keys.documents(kind), (key,))
        return None if body is None else Document(kind, key, int(version), bytes(body))

    async def pour(self, kind: str, key: str, take: Callable[[bytes], object]) -> int | None:
        document = await self.get(kind, key)
        if document is None:
            return None
        await asyncio.to_thread(take, document.body)
        return document.version

    async def versions(self, kind: str) -> dict[str, int]:
        found = await self._store.run("document_versions", keys.documents(kind), ())
        return {name.decode(): int(version) for name, version in sorted(zip(found[::2], found[1::2], strict=True))}

    async def delete(self, kind: str, key: str) -> bool:
        _, bodies = keys.documents(kind)
        (removed,) = await self._store.commands([("HDEL", bodies, key)])
        return bool(removed)
