"""OTLP logs, as protobuf and as JSON: the records that may be rows. One module reads each; this is what both yield."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.errors import UnknownEncoding
from collector.receive.decoders.table import Limits

PROTOBUF, JSON = "application/x-protobuf", "application/json"


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One record with what its resource and scope say. Values are plain Python; `time_ns` 0 is an unknown instant."""

    resource: Mapping[str, object]
    scope: str
    event: str
    time_ns: int
    body: object
    attributes: Mapping[str, object]


def media_of(content_type: str) -> str:
    """Raises UnknownEncoding."""
    media = content_type.partition(";")[0].strip().lower()
    if media not in (PROTOBUF, JSON):
        raise UnknownEncoding(f"content type {media!r} is not known: OTLP is {PROTOBUF} or {JSON}")
    return media


def decode(media: str, body: bytes, limits: Limits) -> Sequence[LogRecord]:
    """The records of an ExportLogsServiceRequest in order. Raises Malformed; TooLarge, for more records than rows may be."""
    if media == PROTOBUF:
        from collector.receive.decoders.otlp import protobuf  # noqa: PLC0415 - a receiver that reads none stays small

        return protobuf.decode(body, limits)
    from collector.receive.decoders.otlp import json_form  # noqa: PLC0415 - beside its sibling

    return json_form.decode(body, limits)
