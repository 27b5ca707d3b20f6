"""What the built-in pages read, from the registry and the buffer's store."""

from collections.abc import Sequence

from collector.errors import UnknownMonitor
from collector.model import MonitorId, SnapshotId, SnapshotQuery
from collector.monitor import Monitor
from collector.ports import Buffer, Monitors
from collector.workspace.pages import MonitorView

_PAGE = 500


class StoredPages:
    """`workspace.pages.PageSource`."""

    def __init__(self, monitors: Monitors, buffer: Buffer) -> None:
        self._monitors = monitors
        self._buffer = buffer

    async def monitors(self) -> Sequence[MonitorView]:
        return [await self._view(monitor) for monitor in self._monitors.all()]

    async def monitor(self, monitor: str) -> MonitorView | None:
        try:
            return await self._view(self._monitors.get(monitor))
        except UnknownMonitor:
            return None

    async def summaries(self, monitor: str, *, limit: int) -> Sequence[bytes]:
        found: list[bytes] = []
        after = None
        while len(found) < limit:
            size = min(_PAGE, limit - len(found))
            query = SnapshotQuery(monitor=MonitorId(monitor), after=after, limit=size)
            page = await self._buffer.snapshots.list(query)
            found += page.summaries
            after = page.next
            if after is None:
                break
        return found

    async def snapshot(self, snapshot: str) -> bytes | None:
        return await self._buffer.snapshots.get(SnapshotId(snapshot))

    async def _view(self, monitor: Monitor) -> MonitorView:
        state = await self._monitors.describe(monitor)
        return MonitorView(id=monitor.id, project=monitor.project_name, state=state)
