"""Durations as people write them in a configuration, and as they are computed with."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic.json_schema import GenerateJsonSchema

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)")
_UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_MICROSECOND = timedelta(microseconds=1)


def parse_duration(value: object) -> timedelta:
    """A duration such as `30s`, `5m`, `1h30m`, `1d`; a bare number is seconds.

    >>> parse_duration("1h30m")
    datetime.timedelta(seconds=5400)
    """
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return _seconds(value)
    if isinstance(value, str):
        text = value.strip().lower()
        if text.replace(".", "", 1).isdecimal():
            return _seconds(float(text))
        if text and not _DURATION.sub("", text).strip():
            return _seconds(sum(float(n) * _UNIT_SECONDS[unit] for n, unit in _DURATION.findall(text)))
    raise ValueError(f"{value!r} is not a duration: expected a number with a unit, such as 30s, 5m, 1h30m or 1d")


def format_duration(duration: timedelta) -> str:
    """The inverse of `parse_duration`, in the largest unit that is exact.

    >>> format_duration(timedelta(hours=36)), format_duration(timedelta(seconds=1.5))
    ('36h', '1500ms')
    """
    thousandths = duration // timedelta(milliseconds=1)
    for unit, seconds in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        if thousandths % (seconds * 1000) == 0:
            return f"{thousandths // (seconds * 1000)}{unit}"
    return f"{thousandths}ms"


def _seconds(value: float) -> timedelta:
    try:
        return timedelta(seconds=value)
    except OverflowError as error:
        raise ValueError("too long for a duration: expected less than a million days") from error


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "description": "a number with a unit, such as 30s, 5m, 1h30m or 1d; a bare number is seconds",
            "anyOf": [
                {"type": "string", "pattern": r"^\s*(\d+(\.\d+)?\s*(ms|s|m|h|d|w)?\s*)+$"},
                {"type": "number", "minimum": 0},
            ],
        }
    ),
]


class SchemaWithDurations(GenerateJsonSchema):
    """JSON schemas in which the default of a duration is one: as it is written here, not as ISO 8601 has it."""

    def encode_default(self, dft: Any) -> Any:
        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def microseconds(duration: timedelta) -> int:
    """Exact: a timedelta counts whole microseconds."""
    return duration // _MICROSECOND
