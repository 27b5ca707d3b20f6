"""What model servers write to disk, as what the service takes: SageMaker, Azure ML, BentoML, KServe, Databricks.

A format is told by the keys of a file's first record. Requests and responses become events, which the service joins; ground
truth becomes labels; BentoML's lines are rows already.
"""

import base64
import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from collector.commands.batches import ROWS, Batch, joined
from collector.commands.records import Record, records
from collector.receive.decoders import bodies, ndjson
from collector.receive.servers.pairs import ids_of

_UNLIKE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, csv.Error)
"""What reading a record raises that is not as its format has it: values of other types, missing, nested, out of range."""


@dataclass(frozen=True, slots=True)
class About:
    """What a conversion may need: the file's own time, and the names of the monitor's id and timestamp columns."""

    modified: datetime
    id: str | None
    timestamp: str | None


@dataclass(frozen=True, slots=True)
class Capture:
    """A format: how its records are known, where they go, and what becomes of those that stand together, because they follow
    one another with one value of `together`.
    """

    name: str
    keys: frozenset[str]
    address: str
    convert: Callable[[Sequence[Record], About], Iterable[Record]]
    together: str | None = None


def recognised(path: Path, *, timestamp: str | None) -> Capture | None:
    """The format of the file, or None when its records are plain rows. Raises Invalid when it cannot be read."""
    first = next((record for record, _ in records(path) if record is not None), None)
    if first is None or (timestamp is not None and timestamp != "timestamp" and timestamp in first):
        return None
    return next((each for each in CAPTURES if each.keys <= first.keys()), None)


def batches(
    path: Path, capture: Capture, *, id_name: str | None, timestamp: str | None, refuse: Callable[[str], None]
) -> Iterator[Batch]:
    """What the service is sent, in order. A record that is not as the format has it is told to `refuse`, and passed over.

    Raises Invalid that begins with the path.
    """
    about = About(datetime.fromtimestamp(path.stat().st_mtime, UTC), id_name, timestamp)
    waiting: list[bytes] = []
    offset = 0
    read = 0.0
    for number, read, some in _together(records(path), capture.together):
        try:
            if None in some:
                raise ValueError("no JSON object")
            waiting += [json.dumps(each).encode() for each in capture.convert([each for each in some if each], about)]
        except _UNLIKE as error:
            refuse(f"{path}: record {number} is not as {capture.name} writes it: {type(error).__name__}: {error}")
        while len(waiting) >= ROWS:
            yield Batch(offset, waiting[:ROWS], "application/x-ndjson", joined, read, capture.address)
            offset, waiting = offset + ROWS, waiting[ROWS:]
    if waiting:
        yield Batch(offset, waiting, "application/x-ndjson", joined, read, capture.address)


def _together(
    found: Iterable[tuple[Record | None, float]], name: str | None
) -> Iterator[tuple[int, float, list[Record | None]]]:
    """Records that follow one another with one value of a key: the first one's number, the share of the file that is read by
    then, and the records.
    """
    numbered = enumerate(found, start=1)
    for _, group in groupby(
        numbered, key=lambda each: each[0] if name is None or each[1][0] is None else each[1][0].get(name)
    ):
        (number, first), *others = group
        some = [first, *(each for _, each in others)]
        yield number, some[-1][1], [record for record, _ in some]


# ---------------------------------------------------------------- formats


def _event(side: str, inference: str, time: str | None, data: Record | bytes, **more: str | None) -> Record:
    """One half, in the dialect that the service reads from anybody."""
    head = {"specversion": "1.0", "id": inference, "source": "backfill", "type": f"collector.inference.{side}"}
    body = {"data_base64": base64.b64encode(data).decode()} if isinstance(data, bytes) else {"data": data}
    extensions = {name: value for name, value in {"time": time, **more}.items() if value}
    return {**head, **extensions, **body}


def _sagemaker(found: Sequence[Record], about: About) -> Iterator[Record]:  # noqa: ARG001 - one signature for all
    """One line holds both sides. Shadow variants are left out, as SageMaker's own monitor does."""
    for record in found:
        about_it = record["eventMetadata"]
        if about_it.get("invocationSource") == "ShadowExperiment":
            continue
        inference = about_it.get("inferenceId") or about_it["eventId"]
        time = about_it.get("inferenceTime")
        asked = _captured(record["captureData"].get("endpointInput"))
        answered = _captured(record["captureData"].get("endpointOutput"))
        if isinstance(asked, list) and isinstance(answered, list):
            answered = _turned(answered, len(asked))
        for side, data in (("request", asked), ("response", answered)):
            if data is not None:
                yield _event(side, inference, time, {"instances": data} if isinstance(data, list) else data)


def _captured(side: Record | None) -> Any:
    """CSV as rows of values, JSON as it is, JSON lines and plain objects as rows, base64 as what is in it."""
    if side is None or side.get("data") is None:
        return None
    text, encoding, media = side["data"], side.get("encoding", "BASE64"), str(side.get("observedContentType", ""))
    if encoding == "BASE64":
        raw = base64.b64decode(text)
        encoding = "CSV" if "csv" in media else "JSON"
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return raw
    if encoding != "JSON":
        return csv_rows(text)
    if media.partition(";")[0].strip() in ndjson.MEDIA:
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
        found = lines[0] if len(lines) == 1 else lines
    else:
        found = json.loads(text)
    return [found] if isinstance(found, dict) and found.keys().isdisjoint(bodies.KEYS) else found


def _turned(answered: list[Any], rows: int) -> list[Any]:
    """Some containers answer several rows in one line: a value for each of them."""
    one_line = rows > 1 and len(answered) == 1 and isinstance(answered[0], list) and len(answered[0]) == rows
    return [[value] for value in answered[0]] if one_line else answered


def csv_rows(text: str) -> list[list[object]]:
    r"""Rows without a header, numbers as numbers, nothing as missing.

    >>> csv_rows("69,0.5,\nx,1e3,2\n")
    [[69, 0.5, None], ['x', 1000.0, 2]]
    """
    return [[_number(cell.strip()) for cell in row] for row in csv.reader(io.StringIO(text)) if row]


def _number(cell: str) -> object:
    if not cell:
        return None
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell


def _ground_truth(found: Sequence[Record], about: About) -> Iterator[Record]:  # noqa: ARG001 - one signature for all
    for record in found:
        about_it = record["eventMetadata"]
        truth = _captured(record["groundTruthData"])
        rows = truth if isinstance(truth, list) else [truth]
        targets = [row[0] if isinstance(row, list) else row for row in rows]
        inference = about_it.get("inferenceId") or about_it["eventId"]
        for name, target in zip(ids_of(inference, len(targets)), targets, strict=True):
            yield {"id": name, "target": target}


def _azure(found: Sequence[Record], about: About) -> Iterator[Record]:  # noqa: ARG001 - one signature for all
    """The lines are events already."""
    yield from found


def _bentoml(found: Sequence[Record], about: About) -> Iterator[Record]:
    """The lines of one request. Times have no zone: they are this machine's local time."""
    for record, inference in zip(found, ids_of(str(found[0]["request_id"]), len(found)), strict=True):
        row = {name: value for name, value in record.items() if name not in _BENTOML}
        if about.id is not None:
            row.setdefault(about.id, inference)
        if about.timestamp is not None:
            row.setdefault(about.timestamp, datetime.fromisoformat(record["timestamp"]).astimezone(UTC).isoformat())
        yield row


def _kserve(found: Sequence[Record], about: About) -> Iterator[Record]:
    """Objects of KServe's blob logger. CSV and Parquet carry no time: the file's own stands for it."""
    for record in found:
        side = str(record["reqType"]).rpartition(".")[2].lower()
        yield _event(
            side, record["id"], record.get("occurrenceTime") or about.modified.isoformat(),
            base64.b64decode(record["bytes"]), inferenceservicename=record.get("inferenceService"),
            namespace=record.get("namespace"), component=record.get("component"), endpoint=record.get("endpoint"),
        )  # fmt: skip


def _databricks(found: Sequence[Record], about: About) -> Iterator[Record]:  # noqa: ARG001 - one signature for all
    """An inference table's rows. Requests that failed have no prediction."""
    for record in found:
        if str(record.get("status_code", 200)) != "200":
            continue
        inference = record.get("client_request_id") or record["databricks_request_id"]
        time = _databricks_time(record)
        for side in ("request", "response"):
            if record[side] is not None:
                yield _event(side, inference, time, json.loads(record[side]))


def _databricks_time(record: Record) -> str | None:
    at = record.get("timestamp_ms", record.get("request_time"))
    if isinstance(at, datetime):
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()
    return None if at is None else str(at)


_BENTOML = frozenset({"timestamp", "request_id", "trace_id"})
EVENTS, LABELS, INFERENCES = (
    "/cloudevents/{monitor}",
    "/v1/monitors/{monitor}/labels",
    "/v1/monitors/{monitor}/inferences",
)
CAPTURES: Sequence[Capture] = (
    Capture("SageMaker data capture", frozenset({"captureData", "eventMetadata"}), EVENTS, _sagemaker),
    Capture("SageMaker ground truth", frozenset({"groundTruthData", "eventMetadata"}), LABELS, _ground_truth),
    Capture("Azure ML's data collector", frozenset({"specversion", "id", "source", "type"}), EVENTS, _azure),
    Capture("KServe's blob logger", frozenset({"reqType", "bytes", "id"}), EVENTS, _kserve),
    Capture("a Databricks inference table", frozenset({"databricks_request_id", "request", "response"}), EVENTS, _databricks),
    Capture("BentoML's monitor", _BENTOML, INFERENCES, _bentoml, together="request_id"),
)  # fmt: skip
