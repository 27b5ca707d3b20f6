"""Takes one batch to the service, once, and says what that meant: settled, again later, or never.

The only place that knows which status means what. Counts nothing and waits for nothing.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from collector_sdk.batch import Batch
from collector_sdk.columns import ColumnNames, WantedNames
from collector_sdk.transport import Answer, Transport, Unreachable, retry_after_seconds
from collector_sdk.values import loads

_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_PATHS = {"rows": "inferences", "labels": "labels"}


@dataclass(frozen=True, slots=True)
class Settled:
    """The service answered for every row: accepted + rejected + duplicates + late is the batch's count."""

    accepted: int
    rejected: int = 0
    duplicates: int = 0
    late: int = 0
    first_error: str | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """It may work later. `server_error`: the service itself failed over this batch (500)."""

    error: str
    wait_seconds: float | None = None
    server_error: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The service will never take this batch."""

    error: str


def deliver(transport: Transport, batch: Batch, *, within_seconds: float | None = None) -> Settled | Again | Refused:
    """One attempt. The batch has its body."""
    if batch.body is None:
        raise ValueError("the batch has no body yet")
    try:
        answer = transport.post(_PATHS[batch.kind], batch.body, key=batch.key, within_seconds=within_seconds)
    except Unreachable as error:
        return Again(str(error))
    if 200 <= answer.status < 300:
        return _settled(batch.count, answer.body)
    if answer.status in _AGAIN:
        return _again(answer)
    return Refused(_sentence(answer))


def ask_names(
    transport: Transport, wanted: WantedNames, *, within_seconds: float | None = None
) -> ColumnNames | Again | Refused:
    """What the monitor calls its columns. Refused: the service knows no such monitor, or will not say."""
    try:
        answer = transport.monitor(within_seconds=within_seconds)
    except Unreachable as error:
        return Again(str(error))
    if answer.status in _AGAIN:
        return _again(answer)
    document = _json(answer.body)
    if answer.status == 200 and isinstance(document, dict):
        return wanted.resolve(document)
    return Refused(_sentence(answer))


def _settled(count: int, body: bytes) -> Settled:
    """A 2xx is the promise; its body is the detail. An answer without detail means that all was taken."""
    document = _json(body)
    if not isinstance(document, Mapping):
        return Settled(accepted=count)
    rejected, duplicates, late = (_count(document, name, count) for name in ("rejected", "duplicates", "late"))
    accepted = max(count - rejected - duplicates - late, 0)
    errors = document.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    return Settled(accepted, rejected, duplicates, count - accepted - rejected - duplicates, _row_error(first))


def _count(document: Mapping[str, Any], name: str, limit: int) -> int:
    value = document.get(name, 0)
    return min(max(value, 0), limit) if isinstance(value, int) else 0


def _row_error(error: object) -> str | None:
    if not isinstance(error, Mapping):
        return None
    column = error.get("column")
    place = f"row {error.get('row')}" + (f", column {column!r}" if column else "")
    return f"{place}: {error.get('reason')}"


def _again(answer: Answer) -> Again:
    wait = retry_after_seconds(answer.retry_after, now=time.time())
    return Again(_sentence(answer), wait, server_error=answer.status == 500)


def _sentence(answer: Answer) -> str:
    """What a problem+json answer says, else the beginning of the body."""
    document = _json(answer.body)
    if isinstance(document, Mapping):
        said = document.get("detail") or document.get("title")
        if isinstance(said, str):
            return f"{answer.status}: {said}"
    text = answer.body[:200].decode("utf-8", "replace").strip()
    return f"{answer.status}: {text}" if text else f"{answer.status}"


def _json(body: bytes) -> object:
    try:
        found: object = loads(body)
    except ValueError:
        return None
    return found
