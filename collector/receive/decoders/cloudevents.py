"""CloudEvents 1.0 over HTTP: binary (headers and body), structured (one JSON object), batch (an array), JSON lines."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from collector.errors import Invalid, UnknownEncoding
from collector.receive.decoders import ndjson
from collector.receive.decoders.json_text import loads
from collector.receive.decoders.table import Limits
from collector.receive.rows.times import NotAnInstant, instant_us
from collector.receive.words import BrokenText, kind, shown

LINES = ndjson.MEDIA
BATCH, STRUCTURED = "application/cloudevents-batch", "application/cloudevents"
_PREFIX = "ce-"
_NEEDED = ("id", "source", "specversion", "type")
_VERSIONS = ("1.0", "0.3")
_LONGEST = 1024
"""Characters of an attribute; more is no name of anything."""


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """One event. `attributes` are its extensions, and `subject`; `body` is its data as bytes, JSON unless said."""

    id: str
    source: str
    type: str
    time_us: int | None
    attributes: Mapping[str, str]
    body: bytes


def decode(headers: Mapping[str, str], body: bytes, limits: Limits) -> Sequence[CloudEvent | Invalid]:
    """The events of a request in order; in a batch, what is wrong with one of them stands in its place.

    Raises Malformed, Invalid, TooLarge, UnknownEncoding when the request as a whole cannot be understood.
    """
    content_type = _header(headers, "content-type").lower()
    media = content_type.partition(";")[0].strip()
    if content_type.startswith(BATCH):
        return _each(_items(loads(_only_json(body, media)), limits))
    if content_type.startswith(STRUCTURED):
        value = loads(_only_json(body, media))
        return _each(_items(value, limits)) if isinstance(value, list) else [_structured(value)]
    attributes = {
        name[len(_PREFIX) :].lower(): value for name, value in headers.items() if name.lower().startswith(_PREFIX)
    }
    if attributes:
        return [_event({name: unquote(value) for name, value in attributes.items()}, body)]
    if media in LINES:
        lines = [line for line in body.split(b"\n") if line.strip()]
        limits.check(rows=len(lines), columns=0)
        return [_line(line, number) for number, line in enumerate(lines, start=1)]
    raise UnknownEncoding(
        f"no CloudEvent: expected the headers ce-id, ce-source, ce-specversion and ce-type, or the content type "
        f"{STRUCTURED}+json or {BATCH}+json, not {media or 'none'!r}"
    )


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _only_json(body: bytes, media: str) -> bytes:
    if not media.endswith("+json") and media not in (BATCH, STRUCTURED):
        raise UnknownEncoding(f"content type {media!r} is not known: CloudEvents are read as JSON")
    return body


def _items(value: Any, limits: Limits) -> list[Any]:
    if not isinstance(value, list):
        raise Invalid(f"expected a batch, an array of events, not {kind(value)}")
    limits.check(rows=len(value), columns=0)
    return value


def _each(items: Sequence[Any]) -> Sequence[CloudEvent | Invalid]:
    return [_or_error(item) for item in items]


def _line(line: bytes, number: int) -> CloudEvent | Invalid:
    try:
        return _or_error(loads(line, what=f"line {number}", first_line=number))
    except Invalid as error:
        return error


def _or_error(item: Any) -> CloudEvent | Invalid:
    try:
        return _structured(item)
    except Invalid as error:
        return error


def _structured(value: Any) -> CloudEvent:
    if not isinstance(value, dict):
        raise Invalid(f"expected an event, a JSON object, not {kind(value)}")
    attributes = {}
    for name, each in value.items():
        if name in ("data", "data_base64") or each is None:
            continue
        if not isinstance(each, str | int | float):
            raise Invalid(f"the attribute {name!r} is {shown(each)}: expected text", attribute=name)
        attributes[name.lower()] = each if isinstance(each, str) else json.dumps(each)
    return _event(attributes, _data(value))


def _data(value: Mapping[str, Any]) -> bytes:
    encoded = value.get("data_base64")
    if encoded is not None and value.get("data") is not None:
        raise Invalid("the event has both data and data_base64: expected one of them", attribute="data_base64")
    if encoded is not None:
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise Invalid("data_base64 is not base64", attribute="data_base64") from error
    data = value.get("data")
    if isinstance(data, str):  # also JSON that the sender put into text
        return data.encode()
    if isinstance(data, BrokenText):
        raise _not_unicode("data")
    try:
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, UnicodeEncodeError) as error:
        raise _not_unicode("data") from error
    except RecursionError as error:
        raise Invalid("data is nested too deeply", attribute="data") from error


def _event(attributes: dict[str, str], body: bytes) -> CloudEvent:
    for name in _NEEDED:
        if not attributes.get(name):
            raise Invalid(f"the attribute {name!r} is missing: every CloudEvent has {', '.join(_NEEDED)}")
    for name, value in attributes.items():
        if len(value) > _LONGEST and name in _NEEDED:
            raise Invalid(f"the attribute {name!r} has {len(value)} characters: at most {_LONGEST} are taken")
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise _not_unicode(name) from error
    if attributes["specversion"] not in _VERSIONS:
        raise Invalid(f"specversion is {attributes['specversion'][:20]!r}: expected 1.0", attribute="specversion")
    return CloudEvent(
        id=attributes["id"],
        source=attributes["source"],
        type=attributes["type"],
        time_us=_time(attributes.get("time")),
        attributes={name: value for name, value in attributes.items() if name not in (*_NEEDED, "time")},
        body=body,
    )


def _time(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return instant_us(text)
    except NotAnInstant as error:
        raise Invalid(f"the attribute 'time' is {shown(text)}: {error}", attribute="time") from error


def _not_unicode(name: str) -> Invalid:
    return Invalid(f"{name!r} has text that is not Unicode", attribute=name)
