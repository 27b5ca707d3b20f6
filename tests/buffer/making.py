"""Small things to put into a buffer, said in few words."""

import asyncio
from collections.abc import Sequence

from collector.errors import Unavailable
from collector.model import (
    WORK_QUEUE,
    Account,
    Append,
    Item,
    Label,
    Lease,
    MonitorId,
    Outcome,
    Pane,
    Phase,
    RequestPart,
    Settlement,
    SnapshotId,
    SnapshotRecord,
    Window,
    WindowRows,
    digest,
)
from collector.ports import Buffer

M = MonitorId("flights")
OTHER = MonitorId("taxis")
PANE = Pane(0, 60_000_000)
NEXT_PANE = Pane(60_000_000, 120_000_000)
ENDLESS = Pane(None, None)
WHOLE = Window(PANE)


def rows(
    *ids: str,
    pane: Pane = PANE,
    monitor: MonitorId = M,
    key: str | None = None,
    data: bytes | None = None,
    max_event_us: int | None = None,
) -> Append:
    """A chunk of one request whose rows have these inference ids; its bytes name them."""
    body = ",".join(ids).encode() if data is None else data
    return Append(monitor, pane, body, (RequestPart(len(ids), key),), b"".join(map(digest, ids)), max_event_us)


def nameless(count: int, *, pane: Pane = PANE, monitor: MonitorId = M, key: str | None = None) -> Append:
    """A chunk of a monitor without an id column."""
    return Append(monitor, pane, b"x" * count, (RequestPart(count, key),))


def label(name: str, target: object = 1, at_us: int | None = None) -> Label:
    return Label(digest(name), str(target).encode(), at_us)


def names(read: WindowRows) -> list[str]:
    """The ids of a window's rows, in order, as `rows` wrote them into the chunks."""
    found: list[str] = []
    for chunk in read.chunks:
        ids = chunk.data.decode().split(",")
        found += ids if chunk.take is None else [ids[index] for index in chunk.take]
    assert len(found) == read.rows
    return found


def targets(read: WindowRows, *ids: str) -> dict[str, str]:
    known = {digest(each): each for each in ids}
    return {known[name]: target.decode() for name, target in read.labels.items()}


def item(
    key: str = "k", payload: bytes = b"do", *, queue: str = WORK_QUEUE, monitor: MonitorId = M, at: int = 0
) -> Item:
    return Item(queue, monitor, key, payload, at)


async def take(
    buffer: Buffer,
    *,
    queue: str = WORK_QUEUE,
    monitors: Sequence[MonitorId] = (M,),
    owner: str = "w",
    seconds: float = 30,
) -> Lease | None:
    return await buffer.queue.lease(queue, monitors, owner=owner, seconds=seconds)


async def taken(buffer: Buffer, **wishes: object) -> Lease:
    lease = await take(buffer, **wishes)  # type: ignore[arg-type]
    assert lease is not None
    return lease


def settlement(
    rows: int,
    outcome: Outcome = Outcome.EVALUATED,
    *,
    window: Window = WHOLE,
    phase: Phase = Phase.ROWS,
    labelled: int = 0,
    revision: int = 1,
    counts_rows: bool = True,
    reason: str = "dropped",
    seen: int = 0,
) -> Settlement:
    return Settlement(window, phase, outcome, rows, labelled, revision, counts_rows, 7, reason, seen)


async def settle(buffer: Buffer, told: Settlement, *, monitor: MonitorId = M) -> None:
    """Put, lease and ack an item that settles a window so; a dead one is set aside."""
    key = f"{told.window.key}/{told.phase}"
    await buffer.queue.put([item(key, b"rev %d" % told.revision, monitor=monitor)])
    lease = await taken(buffer, monitors=(monitor,))
    assert lease.key == key
    if told.outcome is Outcome.DEAD:
        await buffer.queue.nack(lease, reason="it failed", retry_us=None, settlement=told)
    else:
        await buffer.queue.ack(lease, settlement=told)


def snapshot(
    name: str,
    at_us: int = 0,
    *,
    revision: int = 1,
    monitor: MonitorId = M,
    segment: str = "null",
    tags: Sequence[str] = (),
    body: bytes = b"{}",
    data: bytes = b"",
) -> SnapshotRecord:
    summary = f'{{"id": "{name}", "revision": {revision}}}'.encode()
    return SnapshotRecord(SnapshotId(name), monitor, revision, at_us, segment, tags, summary, body, data)


async def store_snapshots(buffer: Buffer, *records: SnapshotRecord) -> None:
    """Snapshots come in with an ack, one monitor at a time."""
    for monitor in sorted({record.monitor for record in records}):
        await buffer.queue.put([item("snapshots", monitor=monitor)])
        lease = await taken(buffer, monitors=(monitor,))
        await buffer.queue.ack(lease, snapshots=[record for record in records if record.monitor == monitor])


async def is_back(buffer: Buffer) -> None:
    """Returns once a store that was away is noticed again: it is tried with growing pauses."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await buffer.ping()
            except Unavailable:
                await asyncio.sleep(0.02)


async def account(buffer: Buffer, monitor: MonitorId = M) -> Account:
    """The account, which balances whenever it is looked at."""
    found = await buffer.account(monitor)
    assert found.balanced, found
    assert found.waiting >= 0
    assert found.waiting_bytes >= 0
    return found
