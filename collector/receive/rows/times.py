"""Instants as senders write them, to microseconds since the epoch, UTC. No I/O; every refusal says what was expected.

Text is ISO 8601: with an offset or Z, without one it is UTC, a date alone is its midnight. A number is an epoch time
whose unit follows from its size: below 1e11 seconds, below 1e14 milliseconds, below 1e17 microseconds, else
nanoseconds (a number of seconds stays one until the year 5138).
"""

import math
from datetime import UTC, datetime

EXPECTED = "expected ISO 8601, such as 2013-02-01T10:00:00Z, or an epoch number"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = _EPOCH.replace(tzinfo=None)
_FIRST_US, _LIMIT_US = -62_135_596_800_000_000, 253_402_300_800_000_000
"""The begin of the year 1 and the end of the year 9999: as far as ISO 8601 text goes."""
_UNITS = ((1e11, 1_000_000, 1), (1e14, 1_000, 1), (1e17, 1, 1), (math.inf, 1, 1_000))
_EPOCH_DIGITS = 9
"""Text of so many digits or more is an epoch number (JSON writers put 64-bit integers in quotes); fewer are a date."""


class NotAnInstant(ValueError):
    """The sentence says what was expected."""


def instant_us(value: object) -> int:
    """Raises NotAnInstant.

    >>> instant_us("1970-01-01T01:00:00+01:00"), instant_us("1970-01-02"), instant_us(1), instant_us(1_700_000_000_000)
    (0, 86400000000, 1000000, 1700000000000000)
    """
    if type(value) is str:
        return _from_text(value)
    if type(value) is int or type(value) is float:
        return _from_number(value)
    raise NotAnInstant(EXPECTED)


def _from_text(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _from_odd_text(text)
    if text.isdigit() and len(text) >= _EPOCH_DIGITS:
        return _from_number(int(text))
    since = moment - _NAIVE_EPOCH if moment.tzinfo is None else moment - _EPOCH
    return _in_reach((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def _from_odd_text(text: str) -> int:
    """Blanks around it, a small z or t, or an epoch number in quotes."""
    stripped = text.strip().upper()
    if stripped.isdecimal() and stripped.isascii() and _EPOCH_DIGITS <= len(stripped) <= 20:
        return _from_number(int(stripped))
    if stripped != text:
        return _from_text(stripped)
    raise NotAnInstant(EXPECTED)


def _from_number(number: float) -> int:
    if not math.isfinite(number):
        raise NotAnInstant(EXPECTED)
    size = abs(number)
    factor, divisor = next((times, by) for below, times, by in _UNITS if size < below)
    # Whole numbers stay exact; a float has microseconds only as far as its digits reach.
    instant = round(number * factor) if divisor == 1 else int(number) // divisor
    return _in_reach(instant)


def _in_reach(instant_us: int) -> int:
    """Offsets and numbers lead further than a calendar does."""
    if is_in_reach(instant_us):
        return instant_us
    raise NotAnInstant("beyond the year 9999" if instant_us > 0 else "before the year 1")


def is_in_reach(instant_us: int) -> bool:
    """Whether it can be written as ISO 8601."""
    return _FIRST_US <= instant_us < _LIMIT_US


def iso(instant_us: int) -> str:
    """ISO 8601 in UTC, for instants that `instant_us` gave.

    >>> iso(1_359_712_800_500_000)
    '2013-02-01T10:00:00.500000Z'
    """
    seconds, microseconds = divmod(instant_us, 1_000_000)
    days, seconds = divmod(seconds, 86_400)
    return (
        datetime.fromordinal(_NAIVE_EPOCH.toordinal() + days)
        .replace(hour=seconds // 3600, minute=seconds // 60 % 60, second=seconds % 60, microsecond=microseconds)
        .isoformat()
        + "Z"
    )
