"""The monitors that are watched: from YAML and from the API, kept in the buffer's store so that every replica agrees."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

import orjson
from pydantic import ValidationError

from collector.batch.windows import windows_of
from collector.errors import Invalid, UnknownMonitor
from collector.model import Account, MonitorId, MonitorState, PaneState, SnapshotQuery, entry_of
from collector.monitor import DestinationSettings, Monitor, misdirected
from collector.pipeline.errors import LastErrors
from collector.pipeline.monitors.forgetting import Forgetting
from collector.pipeline.references.references import References
from collector.pipeline.states import computed
from collector.ports import Buffer
from collector.sentences import dotted
from collector.snapshot import iso
from collector.strict import near_miss

log = logging.getLogger(__name__)
KIND = "monitor"
LOADED = "loaded"
"""Kind of one document that says that the configuration was put into this store: where it is missing, so is all else."""


class MonitorRegistry:
    """`ports.Monitors`. State: this replica's copy, refreshed when the store has newer versions."""

    def __init__(
        self,
        *,
        buffer: Buffer,
        references: References,
        errors: LastErrors,
        destinations: Mapping[str, DestinationSettings],
        check: Callable[[Monitor], None],
        forgetting: Forgetting,
        gone: Callable[[MonitorId], None] = lambda _: None,
    ) -> None:
        """`gone` hears of each monitor that this replica no longer has."""
        self._buffer = buffer
        self._references = references
        self._errors = errors
        self._destinations = destinations
        self._check = check
        self._forgetting = forgetting
        self._gone = gone
        self._monitors: dict[str, Monitor] = {}
        self._versions: dict[str, int] = {}
        self._configured: tuple[Monitor, ...] = ()

    async def load(
        self, configured: Iterable[Monitor], destinations: Mapping[str, DestinationSettings] | None = None
    ) -> None:
        """Begin, or begin again: the YAML's monitors replace what the store has of them; those that left the YAML go.
        With `destinations`, those are known from now on.
        """
        if destinations is not None:
            self._destinations = destinations
        self._configured = tuple(configured)
        await self._buffer.documents.put(LOADED, KIND, b"1")
        names = set()
        for monitor in self._configured:
            names.add(monitor.id)
            await self._forgetting.stop(MonitorId(monitor.id))
            await self._buffer.documents.put(KIND, monitor.id, _dump(monitor, origin="yaml"))
        for key in await self._buffer.documents.versions(KIND):
            document = await self._buffer.documents.get(KIND, key)
            if key not in names and document is not None and orjson.loads(document.body)["origin"] == "yaml":
                log.info("monitor %s left the configuration; its rows stay until it comes back or is deleted", key)
                await self._buffer.documents.delete(KIND, key)
        await self.refresh()

    async def refresh(self) -> None:
        """Take over what other replicas changed. A store that lost everything gets the configured monitors again."""
        if self._configured and not await self._buffer.documents.versions(LOADED):
            log.warning("the buffer is empty, as after a restart of its server without its data: monitors begin anew")
            await self.load(self._configured)
            return
        versions = await self._buffer.documents.versions(KIND)
        for key in set(self._monitors) - set(versions):
            del self._monitors[key]
            self._versions.pop(key, None)
            self._gone(MonitorId(key))
        for key, version in versions.items():
            if self._versions.get(key) == version:
                continue
            document = await self._buffer.documents.get(KIND, key)
            if document is not None:
                self._versions[key] = document.version
                self._take_over(key, document.body)

    def _take_over(self, key: str, body: bytes) -> None:
        try:
            self._monitors[key] = Monitor.model_validate(orjson.loads(body)["monitor"])
        except ValidationError as error:  # it stops no other monitor, and no replica from starting
            what = "goes on as it was" if key in self._monitors else "is unknown here"
            log.error("monitor %s was configured by another release in a way that this one does not understand; "  # noqa: TRY400
                      "it %s: %s", key, what, error)  # fmt: skip

    def get(self, monitor: str) -> Monitor:
        try:
            return self._monitors[monitor]
        except KeyError:
            nearest = near_miss(monitor, list(self._monitors))
            raise UnknownMonitor(f"there is no monitor {monitor!r}{nearest}", monitor=monitor) from None

    def all(self) -> Sequence[Monitor]:
        return [self._monitors[key] for key in sorted(self._monitors)]

    def ids(self) -> Sequence[MonitorId]:
        return [MonitorId(key) for key in sorted(self._monitors)]

    async def put(self, monitor: Monitor) -> bool:
        for place, sentence in misdirected(monitor, self._destinations):
            raise Invalid(f"{dotted(place)}: {sentence}", key=dotted(place))
        if monitor.reference is not None and monitor.reference.path is not None:
            raise Invalid(
                "reference.path: a monitor that comes through the API has no files here; "
                "say reference: {upload: true} and PUT the rows to its /reference",
                key="reference.path",
            )
        await asyncio.to_thread(self._check, monitor)
        new = monitor.id not in self._monitors
        await self._forgetting.stop(MonitorId(monitor.id))
        await self._references.settle(monitor)
        await self._buffer.documents.put(KIND, monitor.id, _dump(monitor, origin="api"))
        await self.refresh()
        return new

    async def delete(self, monitor: str) -> int:
        key = MonitorId(self.get(monitor).id)
        await self._forgetting.begin(key)
        await self._buffer.documents.delete(KIND, key)
        await self.refresh()
        return await self._forgetting.forget(key)

    async def describe(self, monitor: Monitor) -> Mapping[str, object]:
        key = MonitorId(monitor.id)
        account = await self._buffer.account(key)
        state = await self._buffer.rows.state(key)
        page = await self._buffer.snapshots.list(SnapshotQuery(monitor=key, limit=1))
        return {
            "rows": _rows(account),
            "buffered_rows": account.waiting,
            "buffered_bytes": account.waiting_bytes,
            "open_windows": await computed(state, lambda: _open_windows(monitor, state)),
            "watermark": None if state.max_event_us is None else iso(state.max_event_us),
            "reference": await self._references.about(key),
            "last_snapshot": orjson.loads(entry_of(page.summaries[0])) if page.summaries else None,
            "last_error": await self._errors.get(monitor.id),
        }


def _dump(monitor: Monitor, *, origin: str) -> bytes:
    return orjson.dumps({"origin": origin, "monitor": monitor.model_dump(mode="json", exclude_defaults=True)})


def _rows(account: Account) -> Mapping[str, object]:
    return {
        "accepted": account.accepted,
        "evaluated": account.evaluated,
        "dead_lettered": account.dead,
        "dropped": dict(account.dropped),
        "waiting": account.waiting,
    }


def _open_windows(monitor: Monitor, state: MonitorState) -> Sequence[Mapping[str, object]]:
    return [
        {
            "window": window.key,
            "start": None if pane.pane.start_us is None else iso(pane.pane.start_us),
            "end": None if pane.pane.end_us is None else iso(pane.pane.end_us),
            "rows": pane.rows,
            "labelled": pane.labelled,
        }
        for pane in state.panes
        for window in windows_of(monitor, pane)
        if not _settled(monitor, pane, window.part)
    ]


def _settled(monitor: Monitor, pane: PaneState, part: int) -> bool:
    return all((part, phase) in pane.settled for phase in monitor.phases)
