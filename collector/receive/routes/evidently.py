"""The API of the retired Evidently collector, so that its clients only change their URL. Its collectors are monitors."""

import asyncio
import logging
from collections.abc import Mapping

import orjson
from aiohttp import web

from collector.errors import UnknownMonitor
from collector.model import WORK_QUEUE, DestinationName, MonitorId, Receipt, SnapshotQuery, outbox
from collector.monitor import Monitor
from collector.receive.decoders.json_text import document, loads
from collector.receive.door import charge, door_of, idempotency_key, json_answer, monitor_of
from collector.receive.problems import NotFound, NoValidRows, row_errors
from collector.receive.references.reference import from_decoded
from collector.receive.rows.faults import MOST_LISTED
from collector.receive.servers.evidently import frame, is_empty, wish_of
from collector.receive.servers.unpacked import aside, unpacked

log = logging.getLogger(__name__)

WORKSPACES = web.AppKey("workspaces", Mapping[str, str])
"""The names of the destinations that are Evidently workspaces, by their URL."""
SECRET_HEADER = "evidently-secret"  # noqa: S105 - its name
"""Where its clients put their key."""
_KIND = "evidently_collector"
_OUTBOXES = outbox(DestinationName(""))
_LOGGED = 10
"""It remembered so many events."""


async def create(request: web.Request) -> web.Response:
    """Create or replace a collector. Its reports go to the destination that has its `api_url`, when there is one."""
    door, name = door_of(request), request.match_info["monitor"]
    config = document(await unpacked(request))
    wish = await asyncio.to_thread(wish_of, name, config, destinations=request.app[WORKSPACES])
    await door.monitors.put(wish.monitor)
    told = {**config, "id": name, "api_secret": None}
    await door.buffer.documents.put(_KIND, name, orjson.dumps(told, default=str))
    if not wish.monitor.forward:
        sentence = (
            f"no destination has the URL {wish.api_url}: snapshots stay in this service; to forward them, add "
            f"{{type: evidently, url: {wish.api_url}}} to the destinations of collector.yaml"
        )
        told["warnings"] = [sentence]
        log.warning("collector %s: %s", name, sentence)
    return json_answer(told, status=201)


async def get(request: web.Request) -> web.Response:
    """The collector as it was created, without its secret."""
    name = request.match_info["monitor"]
    document = await door_of(request).buffer.documents.get(_KIND, name)
    if document is None or not _is_known(request, name):
        raise NotFound(f"there is nothing at {request.path}, and no collector {name!r}; /docs lists the addresses")
    return json_answer(orjson.loads(document.body))


async def data(request: web.Request) -> web.Response:
    """Take the rows of a data frame."""
    door, monitor = door_of(request), monitor_of(request)
    request_key = idempotency_key(request)
    body = await unpacked(request)
    value = await aside(door, len(body), lambda: loads(body))
    if is_empty(value):
        return _receipt_answer(Receipt())
    now_us = door.clock.now_us()
    judged = await aside(
        door,
        len(body),
        lambda: door.judge.judge(frame(value, door.limits), monitor, now_us=now_us),
    )
    charge(request, judged.table.rows + judged.rejected)
    if judged.table.rows == 0:
        door.telemetry.count("collector_receive_rows_total", judged.rejected, monitor=monitor.id, outcome="rejected")
        raise NoValidRows(
            f"none of the {judged.rejected} rows can be taken", rejected=judged.rejected, errors=judged.errors
        )
    return _receipt_answer(await door.intake.take(monitor, judged, request_key=request_key))


def _receipt_answer(receipt: Receipt) -> web.Response:
    answer = {"accepted": receipt.accepted, "rejected": receipt.rejected, "duplicates": receipt.duplicates,
              "late": receipt.late, "errors": row_errors(receipt.errors[:MOST_LISTED])}  # fmt: skip
    return json_answer(answer, status=201)


async def reference(request: web.Request) -> web.Response:
    """Replace the rows that windows are compared with."""
    door, monitor = door_of(request), monitor_of(request)
    body = await unpacked(request)
    limits, protection = door.reference_limits, door.judge.protection(monitor)
    found = await aside(door, len(body), lambda: from_decoded(monitor, frame(loads(body), limits), limits, protection))
    version = await door.intake.set_reference(monitor, found.parquet)
    return json_answer({"version": version, "rows": found.rows, "columns": list(found.columns)}, status=201)


async def logs(request: web.Request) -> web.Response:
    """The newest reports, and what went wrong, oldest first."""
    door, monitor = door_of(request), monitor_of(request)
    page = await door.buffer.snapshots.list(SnapshotQuery(monitor=MonitorId(monitor.id), limit=_LOGGED))
    made = [_event("CreateReport", str(orjson.loads(each)["id"])) for each in reversed(page.summaries)]
    failed = [
        _event("CreateReport" if letter.queue == WORK_QUEUE else "UploadReport", letter.key, error=letter.reason)
        for letter in reversed(await door.buffer.dead_letters.list(MonitorId(monitor.id)))
        if letter.queue == WORK_QUEUE or letter.queue.startswith(_OUTBOXES)
    ]
    return json_answer([*made, *failed, *await _last_error(request, monitor, failed)][-_LOGGED:])


async def _last_error(
    request: web.Request, monitor: Monitor, failed: list[Mapping[str, object]]
) -> list[Mapping[str, object]]:
    """What is being tried again is not a dead letter yet."""
    state = await door_of(request).monitors.describe(monitor)
    error = state.get("last_error")
    if not isinstance(error, Mapping) or any(each["error"] == error.get("reason") for each in failed):
        return []
    kind = "UploadReport" if str(error.get("stage")).startswith("forward") else "CreateReport"
    return [_event(kind, str(error.get("snapshot") or error.get("window") or ""), error=str(error.get("reason")))]


def _event(kind: str, report: str, *, error: str = "") -> Mapping[str, object]:
    return {"type": kind, "report_id": report, "ok": not error, "error": error}


def _is_known(request: web.Request, name: str) -> bool:
    try:
        door_of(request).monitors.get(name)
    except UnknownMonitor:
        return False
    return True
