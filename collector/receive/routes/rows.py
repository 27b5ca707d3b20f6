"""Inferences and labels in: decode, judge, hand over, and answer only when they are durable."""

from aiohttp import web

from collector.model import Label, Receipt, RowError
from collector.receive.decoders.table import Decoded
from collector.receive.door import decoded, door_of, idempotency_key, json_answer, monitor_of
from collector.receive.faults import MOST_LISTED
from collector.receive.labels import judge_labels
from collector.receive.problems import NoValidRows, row_errors


async def inferences(request: web.Request) -> web.Response:
    """Rows of features and predictions. Good rows are taken whatever the others are."""
    door, monitor = door_of(request), monitor_of(request)
    request_key = idempotency_key(request)
    now_us = door.clock.now_us()
    judged = await decoded(
        request,
        lambda rows: door.judge.judge(rows, monitor, now_us=now_us),
        as_text=door.judge.roles(monitor).as_text,
    )
    if judged.table.rows == 0:
        door.telemetry.count("collector_receive_rows_total", judged.rejected, monitor=monitor.id, outcome="rejected")
        raise NoValidRows(
            f"none of the {judged.rejected} rows can be taken", rejected=judged.rejected, errors=judged.errors
        )
    return _answer(await door.intake.take(monitor, judged, request_key=request_key))


async def labels(request: web.Request) -> web.Response:
    """Targets of earlier, or later, inferences. The last one of an id wins, so that a resend changes nothing."""
    door, monitor = door_of(request), monitor_of(request)

    def judge(rows: Decoded) -> tuple[list[Label], list[RowError]]:
        return judge_labels(rows, monitor)

    good, errors = await decoded(request, judge, as_text=_id_names(monitor.columns.id))
    if not good:
        door.telemetry.count("collector_receive_labels_total", len(errors), monitor=monitor.id, outcome="rejected")
        raise NoValidRows(
            f"none of the {len(errors)} labels can be taken", rejected=len(errors), errors=errors[:MOST_LISTED]
        )
    return _answer(await door.intake.label(monitor, good, errors))


def _id_names(own: str | None) -> frozenset[str]:
    return frozenset({"id"} if own is None else {"id", own})


def _answer(receipt: Receipt) -> web.Response:
    return json_answer(
        {
            "accepted": receipt.accepted,
            "rejected": receipt.rejected,
            "duplicates": receipt.duplicates,
            "late": receipt.late,
            "errors": row_errors(receipt.errors[:MOST_LISTED]),
        },
        status=202,
    )
