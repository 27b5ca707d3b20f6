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
STILL = frozenset({type(None), bool, int, float, str, bytes, datetime, date, time, timedelta, Decimal, UUID})
"""Types whose values cannot be changed in place."""
_DEEPEST = 200
"""Lists in lists: a value that holds itself has no end."""
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


def still(value: Any, levels: int = _DEEPEST) -> object:
    """The same value, which later changes of the original do not reach. Raises ValueError for one without an end.

    >>> tokens = [1, 2]
    >>> copied = still({"tokens": tokens, "at": 3})
    >>> tokens.append(3)
    >>> copied
    {'tokens': [1, 2], 'at': 3}
    """
    if type(value) in STILL:
        return value
    if levels == 0:
        raise ValueError(f"its values are nested more than {_DEEPEST} deep")
    if isinstance(value, Mapping):
        return {name: still(each, levels - 1) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [still(each, levels - 1) for each in value]
    for method in ("copy", "tolist"):  # arrays and series, of whatever library
        if hasattr(value, "tolist") and callable(getattr(value, method, None)):
            return getattr(value, method)()
    return value


def plain(value: object, levels: int = _DEEPEST) -> object:
    """The same value from None, bool, int, float, str, list and dict only. Raises TypeError or ValueError.

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
    if levels == 0:
        raise ValueError(f"its values are nested more than {_DEEPEST} deep")
    if isinstance(value, Mapping):
        return {str(key): plain(each, levels - 1) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each, levels - 1) for each in value]
    return plain(_other(value), levels - 1)


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
    for method in ("tolist", "to_list", "item"):  # arrays and series, then scalars, of whatever library
        if callable(getattr(value, method, None)):
            found = getattr(in_microseconds(value), method)()
            if type(found) is not type(value):  # a longdouble of numpy stays one
                return found
    if hasattr(value, "__float__"):
        return float(value)
    raise TypeError(f"a value of type {type(value).__name__} cannot be sent")


def in_microseconds(values: Any) -> Any:
    """Times of numpy in a unit that Python has: those in nanoseconds would become bare integers. Others as they are."""
    kind = getattr(getattr(values, "dtype", None), "kind", "")
    if kind in ("M", "m") and type(values).__module__ == "numpy":
        return values.astype(f"{kind}8[us]")
    return values


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
