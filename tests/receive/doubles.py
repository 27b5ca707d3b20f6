"""Stand-ins for what lies behind the door: they keep what they were given and fail when they are told to."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from collector import ports
from collector.clock import ManualClock
from collector.errors import UnknownMonitor
from collector.model import (
    DeadLetter,
    Document,
    Half,
    Judged,
    Label,
    Meeting,
    Met,
    Receipt,
    RowError,
    SnapshotId,
    SnapshotPage,
    SnapshotQuery,
)
from collector.monitor import Monitor
from collector.receive import http
from collector.receive.admission.keys import Keys
from collector.settings import Settings
from collector.strict import near_miss
from collector.telemetry import Telemetry

NOW_US = 1_700_000_000_000_000

Client = TestClient[web.Request, web.Application]


class FakeMonitors:
    def __init__(self, *monitors: Monitor) -> None:
        self.known = {monitor.id: monitor for monitor in monitors}
        self.fails: Exception | None = None

    def get(self, monitor: str) -> Monitor:
        if monitor not in self.known:
            nearest = near_miss(monitor, list(self.known))
            raise UnknownMonitor(f"there is no monitor {monitor!r}{nearest}", monitor=monitor)
        return self.known[monitor]

    def all(self) -> Sequence[Monitor]:
        return list(self.known.values())

    async def put(self, monitor: Monitor) -> bool:
        if self.fails:
            raise self.fails
        new = monitor.id not in self.known
        self.known[monitor.id] = monitor
        return new

    async def delete(self, monitor: str) -> int:
        self.get(monitor)
        del self.known[monitor]
        return 7

    async def describe(self, monitor: Monitor) -> Mapping[str, object]:
        return {"buffered_rows": 0}


@dataclass
class FakeIntake:
    """Takes everything, unless `fails` is set."""

    fails: Exception | None = None
    taken: list[Judged] = field(default_factory=list)
    request_keys: list[str | None] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    references: list[bytes] = field(default_factory=list)

    async def take(self, monitor: Monitor, judged: Judged, *, request_key: str | None = None) -> Receipt:
        self._maybe_fail()
        self.taken.append(judged)
        self.request_keys.append(request_key)
        return Receipt(accepted=judged.table.rows, rejected=judged.rejected, errors=judged.errors)

    def gather(
        self,
        monitor: Monitor,
        body: ports.Unjudged,
        judge: ports.Judge,
        told: ports.Told,
        *,
        request_key: str | None = None,
    ) -> None:
        self._maybe_fail()
        judged = judge(monitor, body)
        if judged.table.rows:
            self.taken.append(judged)
            self.request_keys.append(request_key)
        told(Receipt(accepted=judged.table.rows, rejected=judged.rejected, errors=judged.errors))

    async def label(self, monitor: Monitor, labels: Sequence[Label], errors: Sequence[RowError] = ()) -> Receipt:
        self._maybe_fail()
        self.labels.extend(labels)
        return Receipt(accepted=len(labels), rejected=len(errors), errors=errors)

    async def flush(self, monitor: Monitor) -> Sequence[str]:
        self._maybe_fail()
        return ["0-60000000#0"]

    async def set_reference(self, monitor: Monitor, parquet: bytes) -> int:
        self._maybe_fail()
        self.references.append(parquet)
        return len(self.references)

    def _maybe_fail(self) -> None:
        if self.fails is not None:
            raise self.fails


@dataclass
class FakeSnapshots:
    bodies: dict[str, bytes] = field(default_factory=dict)
    rows: dict[str, bytes] = field(default_factory=dict)
    page: SnapshotPage = field(default_factory=lambda: SnapshotPage((), None))
    asked: list[SnapshotQuery] = field(default_factory=list)

    async def list(self, query: SnapshotQuery) -> SnapshotPage:
        self.asked.append(query)
        return self.page

    async def get(self, snapshot: SnapshotId) -> bytes | None:
        return self.bodies.get(snapshot)

    async def delete(self, snapshot: SnapshotId) -> bool:
        return self.bodies.pop(snapshot, None) is not None

    async def data(self, snapshot: str) -> bytes | None:
        return self.rows.get(snapshot)

    async def trim(self, monitor: str, *, keep: int, newer_than_us: int, keep_data_bytes: int) -> int:
        raise AssertionError("the door never trims")


@dataclass
class FakeDeadLetters:
    letters: dict[str, DeadLetter] = field(default_factory=dict)
    replayed: dict[str, int] = field(default_factory=dict)

    async def list(self, monitor: str | None = None) -> Sequence[DeadLetter]:
        return [letter for letter in self.letters.values() if monitor in (None, letter.monitor)]

    async def get(self, letter: str) -> DeadLetter | None:
        return self.letters.get(letter)

    async def replay(self, letter: str, *, now_us: int) -> bool:
        self.replayed[letter] = now_us
        return self.letters.pop(letter, None) is not None

    async def delete(self, letter: str) -> bool:
        return self.letters.pop(letter, None) is not None


@dataclass
class FakeHalves:
    """Keeps halves in memory; `fails` is raised instead of keeping one."""

    kept: dict[tuple[str, bytes], Half | None] = field(default_factory=dict)
    fails: Exception | None = None

    async def offer(self, monitor: str, halves: Sequence[Half]) -> Sequence[Met]:
        if self.fails is not None:
            raise self.fails
        return [self._offer(monitor, half) for half in halves]

    def _offer(self, monitor: str, half: Half) -> Met:
        before = self.kept.setdefault((monitor, half.key), half)
        if before is half:
            return Met(Meeting.WAITING)
        if before is None or before.side is half.side:
            return Met(Meeting.KNOWN)
        return Met(Meeting.MET, before.body)

    async def finish(self, monitor: str, keys: Collection[bytes], *, until_us: int) -> None:
        self.kept |= {(monitor, key): None for key in keys}

    @property
    def waiting(self) -> list[Half]:
        return [half for half in self.kept.values() if half is not None]


@dataclass
class FakeDocuments:
    bodies: dict[tuple[str, str], bytes] = field(default_factory=dict)

    async def put(self, kind: str, key: str, body: bytes) -> int:
        self.bodies[kind, key] = body
        return 1

    async def get(self, kind: str, key: str) -> Document | None:
        body = self.bodies.get((kind, key))
        return None if body is None else Document(kind, key, 1, body)


@dataclass
class FakeBuffer:
    """Only what the door uses of a buffer."""

    snapshots: FakeSnapshots = field(default_factory=FakeSnapshots)
    dead_letters: FakeDeadLetters = field(default_factory=FakeDeadLetters)
    halves: FakeHalves = field(default_factory=FakeHalves)
    documents: FakeDocuments = field(default_factory=FakeDocuments)


@dataclass
class House:
    """A served application and everything behind it."""

    client: Client
    monitors: FakeMonitors
    intake: FakeIntake
    buffer: FakeBuffer
    telemetry: Telemetry
    ready: list[Exception]

    async def post(self, path: str, body: Any = b"", **headers: str) -> tuple[int, Any]:
        """Post bytes; the status and the JSON of the answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.post(path, data=body, headers=named) as answer:
            return answer.status, await answer.json(content_type=None)


def default_monitor(**changes: Any) -> Monitor:
    columns = {"id": "id", "timestamp": "time", "target": "late", "prediction": "score",
               "numerical_features": ["distance"], "text_features": ["note"]}  # fmt: skip
    return Monitor.model_validate({"id": "flights", "columns": columns} | changes)


@asynccontextmanager
async def opened(
    *monitors: Monitor, keys: Keys | None = None, routes: Sequence[web.RouteDef] = (), **settings: Any
) -> AsyncIterator[House]:
    """Serve the application on a real socket, as the service does."""
    known = FakeMonitors(*(monitors or (default_monitor(),)))
    intake, buffer, telemetry = FakeIntake(), FakeBuffer(), Telemetry()
    failures: list[Exception] = []

    async def ready() -> None:
        if failures:
            raise failures[0]

    application = http.build(
        monitors=known,
        intake=intake,
        buffer=cast("ports.Buffer", buffer),
        settings=Settings(**settings),
        ready=ready,
        telemetry=telemetry,
        keys=keys,
        extra_routes=routes,
        clock=ManualClock(NOW_US),
    )
    server = TestServer(application)
    await server.start_server(None, **http.RUNNER_OPTIONS)
    async with TestClient(server) as client:
        yield House(client, known, intake, buffer, telemetry, failures)
