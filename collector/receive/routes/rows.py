"""Inferences and labels in: decode, judge, hand over, and answer only when they are durable."""

import asyncio
from functools import lru_cache

import orjson
from aiohttp import hdrs, web

from collector.model import Label, Receipt, RowError
from collector.monitor import Monitor
from collector.ports import Judge, Unjudged, rows_in, told_to
from collector.receive.decoders import json_rows
from collector.receive.decoders.table import Decoded
from collector.receive.door import Door, body_of, charge, decoded, door_of, idempotency_key, monitor_of
from collector.receive.problems import NoValidRows, row_errors
from collector.receive.rows.faults import MOST_LISTED

INFERENCES = "/v1/monitors/{monitor}/inferences"


async def inferences(request: web.Request) -> web.Response:
    """Rows of features and predictions. Good rows are taken whatever the others are."""
    door, monitor = door_of(request), monitor_of(request)
    request_key = idempotency_key(request)
    body = await body_of(request)
    if body.is_small and body.is_plain_json:
        parsed = json_rows.parse(body.data)
        charge(request, rows_in(parsed))
        return _answer(await _gathered(door, monitor, parsed, door.judging(len(body.data)), request_key))
    now_us = door.clock.now_us()
    judged = await decoded(
        door,
        body,
        lambda rows: door.judge.judge(rows, monitor, now_us=now_us),
        as_text=door.judge.roles(monitor).as_text,
    )
    charge(request, judged.table.rows + judged.rejected)
    return _answer(await door.intake.take(monitor, judged, request_key=request_key))


def receipt_body(receipt: Receipt) -> bytes:
    """The answer to rows that are durable. Raises NoValidRows when none are."""
    if receipt.errors:
        return _receipt_body(receipt)
    return _usual_body(receipt.accepted, receipt.rejected, receipt.duplicates, receipt.late)


@lru_cache(maxsize=1024)
def _usual_body(accepted: int, rejected: int, duplicates: int, late: int) -> bytes:
    return _receipt_body(Receipt(accepted, rejected, duplicates, late))


def _receipt_body(receipt: Receipt) -> bytes:
    if receipt.rejected and receipt.accepted + receipt.duplicates + receipt.late == 0:
        raise NoValidRows(
            f"none of the {receipt.rejected} rows can be taken", rejected=receipt.rejected, errors=receipt.errors
        )
    return orjson.dumps(
        {
            "accepted": receipt.accepted,
            "rejected": receipt.rejected,
            "duplicates": receipt.duplicates,
            "late": receipt.late,
            "errors": row_errors(receipt.errors[:MOST_LISTED]),
        }
    )


async def _gathered(door: Door, monitor: Monitor, parsed: Unjudged, judge: Judge, request_key: str | None) -> Receipt:
    answer: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
    door.intake.gather(monitor, parsed, judge, told_to(answer), request_key=request_key)
    return await answer


async def labels(request: web.Request) -> web.Response:
    """Targets of earlier, or later, inferences. The last one of an id wins, so that a resend changes nothing."""
    door, monitor = door_of(request), monitor_of(request)

    def judge(rows: Decoded) -> tuple[list[Label], list[RowError]]:
        return door.judge.labels(rows, monitor)

    good, errors = await decoded(door, await body_of(request), judge, as_text=_id_names(monitor.columns.id))
    charge(request, len(good) + len(errors))
    if not good:
        door.telemetry.count("collector_receive_labels_total", len(errors), monitor=monitor.id, outcome="rejected")
        raise NoValidRows(
            f"none of the {len(errors)} labels can be taken", rejected=len(errors), errors=errors[:MOST_LISTED]
        )
    return _answer(await door.intake.label(monitor, good, errors))


def _id_names(own: str | None) -> frozenset[str]:
    return frozenset({"id"} if own is None else {"id", own})


def _answer(receipt: Receipt) -> web.Response:
    return web.Response(status=202, body=receipt_body(receipt), headers={hdrs.CONTENT_TYPE: "application/json"})
