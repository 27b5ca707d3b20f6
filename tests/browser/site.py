"""The pages on a port of this machine, over snapshots made in memory."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import orjson
from aiohttp import web

from collector.render.series import series
from collector.snapshot import Snapshot
from collector.workspace import pages


def summary(snapshot: Snapshot) -> bytes:
    """What `SnapshotRecord.summary` holds."""
    return orjson.dumps(snapshot.summary() | {"values": [asdict(point) for point in series(snapshot)]})


class Source:
    """A `PageSource` over a list of snapshots, newest first."""

    def __init__(self, snapshots: Sequence[Snapshot], monitors: Sequence[pages.MonitorView]) -> None:
        self._snapshots = sorted(snapshots, key=lambda each: each.timestamp, reverse=True)
        self._summaries = [(each.monitor, summary(each)) for each in self._snapshots]
        self._monitors = monitors

    async def monitors(self) -> Sequence[pages.MonitorView]:
        return self._monitors

    async def monitor(self, monitor: str) -> pages.MonitorView | None:
        return next((each for each in self._monitors if each.id == monitor), None)

    async def summaries(self, monitor: str, *, limit: int) -> Sequence[bytes]:
        return [body for name, body in self._summaries if name == monitor][:limit]

    async def snapshot(self, snapshot: str) -> bytes | None:
        return next((each.json() for each in self._snapshots if each.id == snapshot), None)


@contextmanager
def serving(source: pages.PageSource) -> Iterator[str]:
    """The address of the pages, served from a thread until the block ends."""
    loop = asyncio.new_event_loop()
    app = web.Application()
    app.add_routes(pages.routes(source))
    runner = web.AppRunner(app)

    async def start() -> str:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        return f"http://{host}:{port}"

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
