"""What happens by the clock: due windows are put to work, old rows and snapshots are forgotten, gauges are set.

Every job is harmless when it runs twice or on several replicas at once: putting a due window again changes nothing,
and purging again finds nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import orjson
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from collector.batch.due import due, forgettable, label_coverage
from collector.batch.first import keeps, may_go
from collector.clock import Clock
from collector.durations import microseconds
from collector.errors import CollectorError
from collector.model import SECOND_US, MonitorId, SnapshotQuery
from collector.monitor import Monitor
from collector.pipeline.alerts.alerts import tick
from collector.pipeline.intake.room import TotalBound
from collector.pipeline.monitors.forgetting import Forgetting
from collector.pipeline.monitors.registry import KIND as MONITOR_KIND, MonitorRegistry
from collector.pipeline.references.first_windows import FirstWindows
from collector.pipeline.states import computed
from collector.pipeline.upkeep.departed import SAY_SECONDS, Departed
from collector.pipeline.upkeep.keep import Keep
from collector.pipeline.upkeep.outboxes import Outboxes
from collector.pipeline.upkeep.pace import Pace
from collector.pipeline.windows import work_items
from collector.ports import Buffer
from collector.telemetry import Telemetry

log = logging.getLogger(__name__)

FORGET_SECONDS = 10.0
TRIM_SECONDS = 300.0
ALERT_SECONDS = 5.0
SWEEP_SECONDS = 60.0
FIRST_SECONDS = 15.0
ACCOUNT_SECONDS = 5.0
DUE_AT_ONCE = 10_000
"""Windows of one monitor that one look puts to work, the oldest first."""
REQUEST_KEYS = 1_000_000
"""Of each monitor, the newest: about 100 MB in Redis."""
_EPOCH = datetime.fromtimestamp(0, tz=UTC)


class Housekeeping:
    """The jobs of one replica."""

    def __init__(
        self,
        *,
        buffer: Buffer,
        registry: MonitorRegistry,
        wake: asyncio.Event,
        telemetry: Telemetry,
        clock: Clock,
        bound: TotalBound,
        forgetting: Forgetting,
        keep: Keep,
    ) -> None:
        self._buffer = buffer
        self._registry = registry
        self._wake = wake
        self._telemetry = telemetry
        self._clock = clock
        self._bound = bound
        self._waiting = (0, 0)
        self._forgetting = forgetting
        self._keep = keep
        self._first_windows = FirstWindows(buffer)
        self._pace = Pace()

    async def refresh(self) -> None:
        """Take over monitors that another replica changed."""
        await self._registry.refresh()

    async def close_due_windows(self) -> None:
        """Put every due window to work."""
        await self._each_monitor(self._close_due_windows_of)

    async def look_after_alerts(self) -> None:
        """Ask for a look at the clock, where alerts depend on it: once per period, however many replicas ask."""
        await self._each_monitor(self._look_after_alerts_of)

    async def forget_old_rows(self) -> None:
        """Purge rows that nothing will ask for again."""
        await self._each_monitor(self._forget_old_rows_of)

    async def forget_requests(self) -> None:
        """Forget the keys of requests that nobody will send again."""
        await self._each_monitor(self._forget_requests_of)

    async def drop_unpaired(self) -> None:
        """Give up requests and responses whose counterpart did not come."""
        await self._each_monitor(self._drop_unpaired_of)

    async def trim_snapshots(self) -> None:
        """Keep the newest snapshots, by count and age."""
        await self._each_monitor(self._trim_snapshots_of)

    async def trim_dead_letters(self) -> None:
        """Keep the newest dead letters, by count and age."""
        await self._each_monitor(self._trim_dead_letters_of)

    async def forget_deleted(self) -> None:
        """Finish what deleted monitors left."""
        await self._forgetting.finish(MONITOR_KIND)

    async def set_gauges(self) -> None:
        """Copy each monitor's account into its series, and their sum into the bound of all."""
        self._waiting = (0, 0)
        await self._each_monitor(self._set_gauges_of)
        self._bound.counted(*self._waiting)

    async def _each_monitor(self, job: Callable[[Monitor], Awaitable[None]]) -> None:
        for monitor in self._registry.all():
            try:
                await job(monitor)
            except CollectorError as error:
                log.warning("%s: %s", monitor.id, error)
            except Exception:  # one monitor must not stop the others
                log.exception("%s: a scheduled job failed", monitor.id)

    async def _close_due_windows_of(self, monitor: Monitor) -> None:
        if not self._pace.is_its_turn("close", monitor.id):
            return
        now_us = self._clock.now_us()
        state = await self._buffer.rows.state(MonitorId(monitor.id))
        self._pace.looked("close", monitor.id, state)
        made = await self._first_windows.made(monitor)
        found = await computed(
            state, lambda: may_go(monitor, state, made, due(monitor, state, now_us, most_rows=self._keep.rows))
        )
        ended = [each.window.pane.end_us for each in found if each.window.pane.end_us is not None]
        lag = max(now_us - min(ended), 0) / SECOND_US if ended and not monitor.event_time else 0.0
        self._telemetry.set("collector_window_lag_seconds", lag, monitor=monitor.id)
        some = found[:DUE_AT_ONCE]  # the others next time: each look puts all that are due, those of the last one too
        items = [*work_items(monitor, state, some, now_us), *self._first_windows.item(monitor, state, made, now_us)]
        if items:
            await self._buffer.queue.put(items)
            self._wake.set()

    async def _look_after_alerts_of(self, monitor: Monitor) -> None:
        await self._buffer.queue.put(tick(monitor, self._clock.now_us(), ALERT_SECONDS))

    async def _forget_old_rows_of(self, monitor: Monitor) -> None:
        if not self._pace.is_its_turn("forget", monitor.id):
            return
        key = MonitorId(monitor.id)
        state = await self._buffer.rows.state(key)
        self._pace.looked("forget", monitor.id, state)
        kept = keeps(monitor, state, await self._first_windows.made(monitor))
        now_us = self._clock.now_us()
        found = await computed(
            state, lambda: list(forgettable(monitor, state, now_us, kept=kept, most_rows=self._keep.rows))
        )
        for each in found:
            seen_rows = each.seen_rows if each.before_row is None else None
            await self._buffer.rows.purge(key, each.pane, before_row=each.before_row, seen_rows=seen_rows)

    async def _forget_requests_of(self, monitor: Monitor) -> None:
        until_us = self._clock.now_us() - monitor.resend_us
        await self._buffer.rows.forget_requests(MonitorId(monitor.id), seen_until_us=until_us, most=REQUEST_KEYS)

    async def _drop_unpaired_of(self, monitor: Monitor) -> None:
        lost = await self._buffer.halves.expire(MonitorId(monitor.id), now_us=self._clock.now_us())
        for side, count in lost.items():
            self._telemetry.count(
                "collector_receive_dropped_halves_total", count, monitor=monitor.id, side=side, reason="unpaired"
            )

    async def _trim_snapshots_of(self, monitor: Monitor) -> None:
        key = MonitorId(monitor.id)
        page = await self._buffer.snapshots.list(SnapshotQuery(monitor=key, limit=1))
        if not page.summaries:
            return
        # Age is counted from the newest window, not from now: history that is sent today is as old as it says.
        newest = datetime.fromisoformat(orjson.loads(page.summaries[0])["timestamp"])
        newer_than_us = microseconds(newest - _EPOCH) - microseconds(self._keep.snapshots_age)
        await self._buffer.snapshots.trim(
            key, keep=self._keep.snapshots, newer_than_us=newer_than_us, keep_data_bytes=self._keep.data_bytes
        )

    async def _trim_dead_letters_of(self, monitor: Monitor) -> None:
        older_us = self._clock.now_us() - microseconds(self._keep.letters_age)
        gone = await self._buffer.dead_letters.trim(
            MonitorId(monitor.id), keep=self._keep.letters, newer_than_us=older_us
        )
        if gone:
            log.warning("%s: %d dead letters were too old, or too many, and are dropped", monitor.id, gone)

    async def _set_gauges_of(self, monitor: Monitor) -> None:
        account = await self._buffer.account(MonitorId(monitor.id))
        waiting = await self._buffer.halves.waiting(MonitorId(monitor.id))
        telemetry, label = self._telemetry, monitor.id
        await self._set_label_coverage_of(monitor)
        self._waiting = (self._waiting[0] + account.waiting, self._waiting[1] + account.waiting_bytes)
        telemetry.set("collector_receive_waiting_halves", waiting, monitor=label)
        telemetry.set("collector_buffer_accepted_rows", account.accepted, monitor=label)
        telemetry.set("collector_buffer_waiting_rows", account.waiting, monitor=label)
        telemetry.set("collector_buffer_waiting_bytes", account.waiting_bytes, monitor=label)
        telemetry.set("collector_evaluate_rows", account.evaluated, monitor=label)
        telemetry.set("collector_dead_rows", account.dead, monitor=label)
        for reason, rows in account.dropped.items():
            telemetry.set("collector_dropped_rows", rows, monitor=label, reason=reason)
        settled = account.evaluated + account.dead + sum(account.dropped.values())
        telemetry.set("collector_account_imbalance_rows", account.accepted - settled - account.waiting, monitor=label)
        oldest_us = account.oldest_append_us
        age = 0.0 if oldest_us is None else max(self._clock.now_us() - oldest_us, 0) / SECOND_US
        telemetry.set("collector_buffer_oldest_wait_seconds", age, monitor=label)

    async def _set_label_coverage_of(self, monitor: Monitor) -> None:
        if not self._pace.is_its_turn("coverage", monitor.id):
            return
        state = await self._buffer.rows.state(MonitorId(monitor.id))
        self._pace.looked("coverage", monitor.id, state)
        now_us = self._clock.now_us()
        coverage = await computed(state, lambda: label_coverage(monitor, state, now_us))
        if coverage is not None:
            self._telemetry.set("collector_label_coverage_ratio", coverage, monitor=monitor.id)


def scheduler(
    housekeeping: Housekeeping, deliveries: tuple[Outboxes, Departed] | None, *, tick_seconds: float
) -> AsyncIOScheduler:
    """The jobs of this replica, not started. A receiver refreshes and reports; a worker, the one with deliveries, does
    the rest too.

    A job that is still running when its time comes is not started again, and missed runs are joined into one. Rare ones
    run soon after the start too: a replica that never lives for long forgets what is old like any other.
    """
    jobs: list[tuple[Callable[[], Awaitable[None]], float]] = [
        (housekeeping.refresh, tick_seconds),
        (housekeeping.set_gauges, ACCOUNT_SECONDS),
    ]
    if deliveries is not None:
        outboxes, departed = deliveries
        jobs += [
            (housekeeping.close_due_windows, tick_seconds),
            (housekeeping.forget_old_rows, max(FORGET_SECONDS, tick_seconds)),
            (housekeeping.forget_requests, SWEEP_SECONDS),
            (housekeeping.drop_unpaired, max(FORGET_SECONDS, tick_seconds)),
            (housekeeping.trim_snapshots, TRIM_SECONDS),
            (housekeeping.trim_dead_letters, TRIM_SECONDS),
            (housekeeping.forget_deleted, FORGET_SECONDS),
            (housekeeping.look_after_alerts, ALERT_SECONDS),
            (outboxes.set_outbox_gauges, ACCOUNT_SECONDS),
            (outboxes.sweep_outboxes, SWEEP_SECONDS),
            (departed.look_after_departed, SAY_SECONDS),
        ]
    made = AsyncIOScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    now = datetime.now(UTC)
    for job, seconds in jobs:
        first = now + timedelta(seconds=min(seconds, FIRST_SECONDS))
        made.add_job(_logged(job), "interval", seconds=seconds, id=job.__name__, name=job.__name__, next_run_time=first)
    return made


def _logged(job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        try:
            await job()
        except CollectorError as error:  # the buffer may be away for a while; the next run tries again
            log.warning("%s: %s", job.__name__, error)
        except asyncio.CancelledError:  # the service stops; the scheduler would log it as a failure
            return

    return run
