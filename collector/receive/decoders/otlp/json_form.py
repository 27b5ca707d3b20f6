"""OTLP logs as JSON: names in lowerCamelCase, 64-bit integers as text or numbers, unknown fields ignored."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from collector.receive.decoders.json_text import loads
from collector.receive.decoders.otlp import LogRecord
from collector.receive.decoders.table import Limits
from collector.receive.problems import Malformed
from collector.receive.words import BrokenText, kind

_DEEPEST = 64
_INTEGER_DIGITS = 20


def decode(body: bytes, limits: Limits) -> Sequence[LogRecord]:
    """Raises Malformed, with the place; TooLarge.

    >>> record = {"timeUnixNano": "7", "body": {"kvlistValue": {"values": [{"key": "x", "value": {"intValue": "1"}}]}}}
    >>> decode(orjson.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}), Limits(9, 9, 99))[0].body
    {'x': 1}
    """
    records: list[LogRecord] = []
    groups = _list(_object(loads(body), "the body"), "resourceLogs")
    limits.check(rows=len(groups), columns=1)
    scopes = 0
    for resource_logs in groups:
        resource = _attributes(_object(_object(resource_logs, "resourceLogs").get("resource") or {}, "resource"))
        listed_scopes = _list(resource_logs, "scopeLogs")
        scopes += len(listed_scopes)
        limits.check(rows=scopes, columns=1)
        for scope_logs in listed_scopes:
            scope = _object(_object(scope_logs, "scopeLogs").get("scope") or {}, "scope")
            name, listed = _text(scope.get("name")), _list(scope_logs, "logRecords")
            limits.check(rows=len(records) + len(listed), columns=1)
            records += [_record(_object(each, "logRecords"), resource, name) for each in listed]
    return records


def answer(rejected: int, message: str) -> bytes:
    partial = {"partialSuccess": {"rejectedLogRecords": str(rejected), "errorMessage": message}}
    return orjson.dumps(partial if rejected else {})


def _record(record: Mapping[str, Any], resource: Mapping[str, object], scope: str) -> LogRecord:
    return LogRecord(
        resource=resource,
        scope=scope,
        event=_text(record.get("eventName")),
        time_ns=_integer(record.get("timeUnixNano") or 0) or _integer(record.get("observedTimeUnixNano") or 0),
        body=_value(record.get("body"), 0),
        attributes=_attributes(record),
    )


def _attributes(owner: Mapping[str, Any]) -> dict[str, object]:
    return _pairs(_list(owner, "attributes"), 0)


def _pairs(pairs: Sequence[Any], depth: int) -> dict[str, object]:
    objects = [_object(pair, "an attribute") for pair in pairs]
    return {_text(pair.get("key")): _value(pair.get("value"), depth) for pair in objects}


def _value(value: Any, depth: int) -> object:
    if value is None:
        return None
    if depth > _DEEPEST:
        raise Malformed(f"a value is nested more than {_DEEPEST} levels deep")
    value = _object(value, "a value")
    for form, inside in value.items():
        if form == "kvlistValue":
            return _pairs(_list(_object(inside, form), "values"), depth + 1)
        if form == "arrayValue":
            return [_value(each, depth + 1) for each in _list(_object(inside, form), "values")]
        if form == "intValue":
            return _integer(inside)
        if form == "doubleValue":
            return _number(inside)
        if form == "bytesValue":
            return _bytes(inside)
        if form in ("stringValue", "boolValue"):
            return inside
    return None


def _integer(value: Any) -> int:
    if type(value) is int:
        return value
    if isinstance(value, str) and len(value) <= _INTEGER_DIGITS and value.lstrip("-").isdecimal() and value.isascii():
        return int(value)
    raise Malformed(f"expected a whole number, not {kind(value)}")


def _number(value: Any) -> object:
    """Also NaN and Infinity, which JSON writes as text."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError as error:
            raise Malformed(f"expected a number, not {kind(value)}") from error
    return value


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise Malformed("a bytesValue is not base64") from error


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Malformed(f"{what}: expected an object, not {kind(value)}")
    return value


def _list(owner: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = owner.get(name)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise Malformed(f"{name}: expected a list, not {kind(found)}")
    return found


def _text(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        what = "text that is not Unicode" if isinstance(value, BrokenText) else kind(value)
        raise Malformed(f"expected text, not {what}")
    return value or ""
