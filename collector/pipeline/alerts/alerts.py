"""Who is to be told what: `alerts` of monitors, judged by one worker at a time, told through the outbox of a webhook.

An evaluated window puts an item with its verdict into the alert queue, together with its ack; the clock puts one per
tick. What was told is kept in the buffer, so that replicas and restarts agree. An item whose ack was lost says again
what it said: the messages stand in the state beside it, and their keys are derived, so that a repeat replaces.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from collector.clock import Clock
from collector.durations import microseconds
from collector.errors import UnknownMonitor
from collector.model import (
    DestinationName,
    Item,
    Lease,
    MonitorId,
    Settlement,
    SnapshotRecord,
    Window,
    entry_of,
    outbox,
)
from collector.monitor import AlertSettings, Monitor
from collector.pipeline.alerts.message import message_body
from collector.pipeline.alerts.state import AlertState
from collector.pipeline.errors import LastErrors
from collector.pipeline.leasing.loop import Effects
from collector.ports import Buffer
from collector.snapshot import iso
from collector.telemetry import Telemetry

ALERT_QUEUE = "alerts"
_CLOCK = "clock"
_NOT_PASSED = ("FAIL", "ERROR")
_MOST_TESTS = 20
"""Tests and segments that a message names, of each; their number is told in full."""


def verdicts(monitor: Monitor, window: Window, records: Sequence[SnapshotRecord], now_us: int) -> Sequence[Item]:
    """An item per report with tests: what the window's snapshots say, for those who want to know."""
    if not any(alert.when == "test_failed" for alert in monitor.alerts):
        return ()
    reports: dict[str, dict[str, Any]] = {}
    for record in records:
        summary = orjson.loads(entry_of(record.summary))
        if not sum(summary["tests"].values()):
            continue
        about = reports.setdefault(
            summary["report"],
            {"window": summary.get("window"), "timestamp_us": record.timestamp_us, "revision": record.revision,
             "failed": 0, "snapshots": []},
        )  # fmt: skip
        about["failed"] += sum(summary["tests"][status] for status in _NOT_PASSED)
        if any(summary["tests"][status] for status in _NOT_PASSED) and len(about["snapshots"]) < _MOST_TESTS:
            about["snapshots"].append(
                {"id": record.id, "segment": summary.get("segment"), "tests": _not_passed(record.body)}
            )
    return [
        Item(ALERT_QUEUE, MonitorId(monitor.id), f"{report}/{window.key}", orjson.dumps(about), now_us)
        for report, about in reports.items()
    ]


def tick(monitor: Monitor, now_us: int, seconds: float) -> Sequence[Item]:
    """The item that looks at the clock: one per tick, whoever puts it."""
    if not any(alert.when == "no_data" or alert.repeat is not None for alert in monitor.alerts):
        return ()
    number = now_us // round(seconds * 1e6)
    return (Item(ALERT_QUEUE, MonitorId(monitor.id), _CLOCK, orjson.dumps(number), now_us),)


def _not_passed(body: bytes) -> list[dict[str, object]]:
    tests = [test for test in orjson.loads(body)["tests"] if test["status"] in _NOT_PASSED]
    return [{name: test[name] for name in ("name", "description", "status")} for test in tests[:_MOST_TESTS]]


class AlertHandler:
    """`work.Handler` of the alert queue."""

    def __init__(
        self,
        *,
        buffer: Buffer,
        monitor_of: Callable[[str], Monitor],
        errors: LastErrors,
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        self._buffer = buffer
        self._monitor_of = monitor_of
        self._errors = errors
        self._telemetry = telemetry
        self._clock = clock

    async def handle(self, lease: Lease) -> Effects:
        try:
            monitor = self._monitor_of(lease.monitor)
        except UnknownMonitor:  # deleted meanwhile
            return Effects()
        state = await AlertState.load(self._buffer, monitor)
        cause = hashlib.blake2b(lease.payload, key=lease.key.encode()[-64:], digest_size=12).hexdigest()
        if state.cause == cause:
            if lease.attempt == 1:  # done before, and put once more by a replica whose tick came later
                return Effects()
        else:
            await self._step(monitor, state, lease, cause)
        return Effects(then=[_item(lease.monitor, message, self._clock.now_us()) for message in state.messages])

    async def _step(self, monitor: Monitor, state: AlertState, lease: Lease, cause: str) -> None:
        before = state.dump() | {"cause": cause, "messages": []}
        state.cause, state.messages = cause, []
        if lease.key == _CLOCK:
            await self._look_at_the_clock(monitor, state)
        else:
            self._judge(monitor, state, lease.key.partition("/")[0], orjson.loads(lease.payload))
        if state.dump() == before:
            return
        await state.save(self._buffer)
        for message in state.messages:
            about = message["body"]
            self._telemetry.count(
                "collector_alert_messages_total", monitor=monitor.id, alert=about["alert"], state=about["state"]
            )

    def buried(self, lease: Lease) -> Settlement | None:  # noqa: ARG002 - an alert settles no rows
        return None

    async def ended(self, lease: Lease, outcome: str, reason: str | None) -> None:  # noqa: ARG002
        if reason is not None:
            await self._errors.put(lease.monitor, stage="alert", reason=reason)

    def _judge(self, monitor: Monitor, state: AlertState, report: str, about: dict[str, Any]) -> None:
        for alert in monitor.alerts:
            if alert.when != "test_failed":
                continue
            subject = state.subject(alert, report)
            if subject.judged_us is not None and about["timestamp_us"] < subject.judged_us:
                continue  # an old window came late, or again: it says nothing of now
            subject.judged_us = about["timestamp_us"]
            self._tell(monitor, state, alert, report, about, firing=about["failed"] > 0)

    async def _look_at_the_clock(self, monitor: Monitor, state: AlertState) -> None:
        now_us = self._clock.now_us()
        last_us = (await self._buffer.rows.state(MonitorId(monitor.id))).last_append_us
        for alert in monitor.alerts:
            if alert.after is not None:
                subject = state.subject(alert, "")
                if subject.judged_us is None:
                    subject.judged_us = now_us  # watched since now
                silent_us = now_us - max(subject.judged_us, last_us or 0)
                firing = silent_us >= microseconds(alert.after)
                about = {"last_row": None if last_us is None else iso(last_us)}
                self._tell(monitor, state, alert, "", about, firing=firing)
                continue
            for report in monitor.reports:
                subject = state.subject(alert, report.name)
                if subject.since_us is not None:
                    self._tell(monitor, state, alert, report.name, subject.about, firing=True)

    def _tell(
        self,
        monitor: Monitor,
        state: AlertState,
        alert: AlertSettings,
        report: str,
        about: dict[str, Any],
        *,
        firing: bool,
    ) -> None:
        """Change the subject, and add a message when something began, ended, or is to be repeated."""
        subject, now_us = state.subject(alert, report), self._clock.now_us()
        if firing and subject.since_us is None:
            subject.episode, subject.since_us, subject.times = subject.episode + 1, now_us, 0
        elif firing:
            subject.about = about
            if alert.repeat is None or now_us - subject.told_us < microseconds(alert.repeat):
                return
        elif subject.since_us is None:
            return
        subject.about, subject.told_us, subject.times = about, now_us, subject.times + 1
        body = message_body(monitor, alert, report, subject, now_us, firing=firing)
        key = f"alert/{alert.name}/{report}/{subject.episode}/{subject.times}"
        state.messages.append({"to": alert.to, "key": key, "body": body})
        if not firing:
            subject.since_us, subject.about = None, {}


def _item(monitor: MonitorId, message: Mapping[str, Any], now_us: int) -> Item:
    payload = orjson.dumps({"alert": message["body"]})
    return Item(outbox(DestinationName(message["to"])), monitor, message["key"], payload, now_us)
