"""Items that wait to be done, in Redis: which keys and arguments each script gets, and what its answer means."""

from collections.abc import Sequence
from dataclasses import replace

from collector.buffer.policy import check_ack, check_nack, letter_id, pack
from collector.buffer.redis.keys import MONITORS, MonitorKeys
from collector.buffer.redis.letters import pack_letter
from collector.buffer.redis.link import Argument
from collector.buffer.redis.snapshots import pack_head
from collector.buffer.redis.store import Call, Store
from collector.clock import Clock
from collector.errors import LeaseLost, Unavailable
from collector.model import SECOND_US, DeadLetter, Depth, Item, Lease, MonitorId, Settlement, SnapshotRecord

ITEMS_AT_ONCE = 1_000
"""Items in one script: some milliseconds in which nobody else is served."""


class RedisQueue:
    """`ports.Queue` on Redis."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def put(self, items: Sequence[Item]) -> None:
        for start in range(0, len(items), ITEMS_AT_ONCE):
            grouped: dict[tuple[MonitorId, str], list[Argument]] = {}
            for item in items[start : start + ITEMS_AT_ONCE]:
                grouped.setdefault((item.monitor, item.queue), []).extend((item.key, item.payload, item.ready_us))
            await self._store.run_all(
                [Call("put", MonitorKeys(monitor).queue(queue), values) for (monitor, queue), values in grouped.items()]
            )

    async def lease(self, queue: str, monitors: Sequence[MonitorId], *, owner: str, seconds: float) -> Lease | None:
        # A script stays with one monitor, so that a cluster can run it: first look who has something, in one round trip.
        now_us = self._clock.now_us()
        looks = await self._store.commands_each(
            [("ZCOUNT", MonitorKeys(monitor).queue(queue)[0], "-inf", now_us) for monitor in monitors]
        )
        away = None
        for monitor, ready in zip(monitors, looks, strict=True):
            # The monitors of a node that is away, or of a slot on its way, wait for it; the others do not.
            if isinstance(ready, Unavailable):
                away = ready
            elif ready:
                try:
                    lease = await self._lease(queue, monitor, now_us, owner, seconds)
                except Unavailable as error:
                    away = error
                    continue
                if lease is not None:
                    return lease
        if away is not None:
            raise away
        return None

    async def _lease(self, queue: str, monitor: MonitorId, now_us: int, owner: str, seconds: float) -> Lease | None:
        keys = MonitorKeys(monitor)
        until_us = now_us + round(seconds * SECOND_US)
        answer = await self._store.run("lease", (*keys.queue(queue), keys.account), (now_us, until_us, owner))
        if answer is None:
            return None
        key, payload, token, attempt, wanted_us = answer
        return Lease(queue, monitor, key.decode(), payload, int(token), attempt, owner, until_us, int(wanted_us))

    async def renew(self, lease: Lease, *, seconds: float) -> Lease:
        until_us = self._clock.now_us() + round(seconds * SECOND_US)
        instants, items, _ = MonitorKeys(lease.monitor).queue(lease.queue)
        _check(lease, await self._store.run("renew", (instants, items), (lease.key, lease.token, until_us)))
        return replace(lease, until_us=until_us)

    async def ack(
        self,
        lease: Lease,
        *,
        settlement: Settlement | None = None,
        snapshots: Sequence[SnapshotRecord] = (),
        then: Sequence[Item] = (),
    ) -> None:
        check_ack(lease, snapshots, then)
        keys = MonitorKeys(lease.monitor)
        names = [*keys.queue(lease.queue), keys.letters, keys.account, keys.panes, keys.settled, *keys.snapshots]
        arguments: list[Argument] = [
            *(lease.key, lease.token, letter_id(lease.queue, lease.monitor, lease.key)),
            *(len(snapshots), len(then), *_settlement(settlement)),
        ]
        for record in snapshots:
            arguments += (record.id, record.revision, record.timestamp_us)
            arguments += (pack_head(record), pack(record.body), record.data)
        for item in then:
            names += keys.queue(item.queue)
            arguments += (item.key, item.payload, item.ready_us)
        await self._run_known(Call("ack", names, arguments), lease)

    async def nack(
        self, lease: Lease, *, reason: str, retry_us: int | None, settlement: Settlement | None = None
    ) -> None:
        check_nack(retry_us, settlement)
        keys = MonitorKeys(lease.monitor)
        queue = keys.queue(lease.queue)
        if retry_us is not None:
            _check(lease, await self._store.run("retry", queue[:2], (lease.key, lease.token, retry_us)))
            return
        letter = DeadLetter(
            id=letter_id(lease.queue, lease.monitor, lease.key),
            queue=lease.queue,
            monitor=lease.monitor,
            key=lease.key,
            payload=lease.payload,
            reason=reason,
            attempts=lease.attempt,
            died_us=self._clock.now_us(),
            rows=0 if settlement is None else settlement.rows,
        )
        arguments = (lease.key, lease.token, letter.id, pack_letter(letter, settlement), *_settlement(settlement))
        names = (*queue, keys.letters, keys.account, keys.panes, keys.settled)
        await self._run_known(Call("set_aside", names, arguments), lease)

    async def restore(self, queue: str, monitor: MonitorId) -> None:
        await self._store.run("restore", MonitorKeys(monitor).queue(queue)[:2], ())

    async def depths(self, queue: str, monitors: Sequence[MonitorId]) -> Sequence[Depth]:
        calls = [Call("depth", MonitorKeys(monitor).queue(queue)[:2], ()) for monitor in monitors]
        return [Depth(items, int(oldest[0]) if oldest else None) for items, *oldest in await self._store.run_all(calls)]

    async def _run_known(self, call: Call, lease: Lease) -> None:
        """Run a script whose effect must be found when all monitors are asked. Noting a name too many does no harm."""
        await self._store.run("note_monitor", (MONITORS,), (lease.monitor,))
        (answer,) = await self._store.run_all([call])
        _check(lease, answer)


def _check(lease: Lease, answer: int) -> None:
    if not answer:
        raise LeaseLost(f"{lease.owner} holds {lease.queue} {lease.monitor} {lease.key} no longer")


def _settlement(settlement: Settlement | None) -> Sequence[Argument]:
    """Whether there is one, and its values in the order that `settle` in the library reads."""
    if settlement is None:
        return (0,)
    window = settlement.window
    return (
        *(1, window.pane.key, window.part, settlement.phase.value, window.first_row),
        "-" if window.stop_row is None else window.stop_row,
        *(settlement.outcome.value, settlement.rows, settlement.labelled, settlement.revision, settlement.at_us),
        *(settlement.seen, int(settlement.counts_rows), settlement.reason),
    )
