"""Any value a feature may have -> JSON, with orjson where it is installed and the standard library where it is not.

Both write the same: not-a-number, infinities, NaT and NA become null, instants become ISO 8601 in UTC. The objects
of numpy, pandas and others are taken by what they can do; none of these libraries is imported.
"""

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from types import ModuleType
from typing import Any
from uuid import UUID

orjson: ModuleType | None
try:
    import orjson
except ImportError:  # the SDK has no dependency: orjson only makes it lighter
    orjson = None

MISSING = ("NAType", "NaTType")
"""Names of the types with which pandas says that there is no value."""
_SMALLEST_INTEGER, _LARGEST_INTEGER = -(2**63), 2**64 - 1
"""Beyond these, readers of JSON lose digits or refuse."""


def dumps(document: object) -> bytes:
    """JSON of a document whose values may be of any supported type. Raises TypeError or ValueError.

    >>> dumps({"a": float("nan"), "b": datetime(2013, 2, 1, 5, 0), "c": Decimal("0.5")})
    b'{"a":null,"b":"2013-02-01T05:00:00+00:00","c":0.5}'
    """
    if orjson is None:
        return json.dumps(plain(document), separators=(",", ":"), ensure_ascii=False).encode()
    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NAIVE_UTC
    try:
        return bytes(orjson.dumps(document, default=_other, option=options))
    except (TypeError, ValueError):  # an odd value somewhere: make everything plain, value by value
        return bytes(orjson.dumps(plain(document)))


def loads(body: bytes) -> Any:
    """Raises ValueError when the body is not JSON."""
    return json.loads(body) if orjson is None else orjson.loads(body)


def plain(value: object) -> object:
    """The same value from None, bool, int, float, str, list and dict only. Raises TypeError.

    >>> plain({1: float("inf"), "big": 2**70, "s": {"x"}})
    {'1': None, 'big': 1.1805916207174113e+21, 's': ['x']}
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return plain(_other(value))


def _integer(value: int) -> int | float | str:
    if _SMALLEST_INTEGER <= value <= _LARGEST_INTEGER:
        return int(value)
    try:
        return float(value)
    except OverflowError:
        return str(value)


def _other(value: Any) -> object:
    """One step from a value that JSON does not know towards one that it does."""
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return float(value) if value.is_finite() else None
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, set | frozenset):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if type(value).__name__ in MISSING:
        return None
    if hasattr(value, "astype") and type(value).__name__ == "datetime64":
        return value.astype("datetime64[us]").item()  # nanoseconds would become a bare integer
    for method in ("tolist", "to_list", "item"):  # arrays and series, then scalars, of whatever library
        if callable(getattr(value, method, None)):
            return getattr(value, method)()
    if hasattr(value, "__float__"):
        return float(value)
    raise TypeError(f"a value of type {type(value).__name__} cannot be sent")


def instant(value: object) -> str | None:
    """An instant as ISO 8601: naive is UTC; text passes; a number is an epoch, its unit told from its size.

    >>> instant(datetime(2013, 2, 1, 5, 15)), instant(1359695700), instant(1359695700000)
    ('2013-02-01T05:15:00+00:00', '2013-02-01T05:15:00+00:00', '2013-02-01T05:15:00+00:00')
    """
    if value is None or isinstance(value, str) or type(value).__name__ in MISSING:
        return value if isinstance(value, str) else None
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware.isoformat()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).isoformat()
    if isinstance(value, bool):
        raise TypeError("a timestamp is a datetime, an ISO 8601 string or a number, not bool")
    if isinstance(value, int | float):
        seconds = float(value)
        for _ in range(3):  # past the year 5138 in seconds it is milli-, micro- or nanoseconds
            seconds = seconds / 1000 if abs(seconds) >= 1e11 else seconds
        try:
            return datetime.fromtimestamp(seconds, tz=UTC).isoformat()
        except (ValueError, OverflowError, OSError) as error:
            raise ValueError(f"{value!r} is no instant") from error
    found = _other(value)
    if isinstance(found, datetime | int | float):
        return instant(found)
    raise TypeError(f"a timestamp is a datetime, an ISO 8601 string or a number, not {type(value).__name__}")
