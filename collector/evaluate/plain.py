"""Results as JSON holds them: plain Python values, every number finite, or None with the reason beside it."""

import math
from collections.abc import Callable, Iterable, Mapping
from types import NoneType, UnionType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from collector.evaluate.unanswered import Unanswered, missing_reason

MOST_SHOWN = 200
"""Characters of a text of the data that a result shows."""
REASONS = "reasons"
"""Beside values that are None because they are not finite: `{"reasons": {name: why}}`."""


def plain(value: object) -> Any:
    """The value in plain Python.

    >>> plain({"mean": np.float64("nan"), "rows": np.int64(3)})
    {'mean': None, 'rows': 3, 'reasons': {'mean': 'not a number: the data gives no value'}}
    """
    known = _BY_TYPE.get(type(value))
    if known is not None:
        return known(value)
    for family, simple in _BY_FAMILY:
        if isinstance(value, family):
            return simple(value)
    return None if value is pd.NaT or value is pd.NA else text(str(value))


def text(value: str) -> str:
    """Text that UTF-8 can hold: halves of characters are written out.

    >>> text("half: " + chr(0xD83D)) == "half: " + chr(92) + "ud83d"
    True
    """
    if value.isascii():
        return value if type(value) is str else str(value)
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "backslashreplace").decode()
    return str(value)


def _as_is(value: Any) -> Any:
    return value


def _nothing(value: object) -> None:  # noqa: ARG001 - its reason is told by the mapping that it stands in
    return None


def _float(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _integer(value: int) -> float | str:
    """An integer; one that JSON readers would not keep, as the nearest thing that they do."""
    if -(2**63) <= value < 2**64:
        return value
    return float(value) if abs(value) < 10**300 else str(value)


def _items(values: Iterable[object]) -> list[Any]:
    return [plain(each) for each in values]


def _array(values: NDArray[Any]) -> list[Any]:
    return _items(values.tolist())


def _scalar(value: "np.generic[Any]") -> Any:
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(pd.Timestamp(value))
    return str(value) if isinstance(value, np.timedelta64) else plain(value.item())


def _plain_mapping(value: Mapping[Any, object]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for key, each in value.items():
        name = key if type(key) is str and key.isascii() else key_text(key)
        if type(each) is float and math.isfinite(each):  # most of them: no call, no doubt
            result[name] = each
            continue
        result[name] = simple = plain(each)
        if simple is None and each is not None and (why := not_finite(each)) is not None:
            reasons[name] = why
    if reasons:
        known = result.get(REASONS)
        result[REASONS] = reasons | (known if isinstance(known, dict) else {})
    return result


def not_finite(value: object) -> str | None:
    """Why a number cannot stand in a snapshot; None when it can, or is no number."""
    if (why := missing_reason(value)) is not None:
        return why
    if not isinstance(value, (float, np.floating)) or math.isfinite(value):
        return None
    if math.isnan(value):
        return "not a number: the data gives no value"
    return "infinite: " + ("above" if value > 0 else "below") + " every finite number"


def key_text(key: object) -> str:
    """A mapping's key as text; a number that is whole is written without a fraction.

    >>> key_text(np.int64(1)), key_text(1.0), key_text(None)
    ('1', '1', 'None')
    """
    if isinstance(key, str):
        return text(key)
    if isinstance(key, np.generic):
        key = key.item()
    if isinstance(key, float) and key.is_integer():
        return str(int(key))
    return text(str(key))


def beginning(value: object) -> object:
    """A value of the data as a result may show it: of a long text only its beginning, for a snapshot holds no rows.

    >>> beginning(7), beginning("AA"), len(beginning("word " * 1000))
    (7, 'AA', 200)
    """
    return value[:MOST_SHOWN] if isinstance(value, str) else value


_BY_TYPE: Mapping[type, Callable[[Any], Any]] = {
    NoneType: _as_is,
    Unanswered: _nothing,
    bool: _as_is,
    str: text,
    float: _float,
    int: _integer,
    dict: _plain_mapping,
    list: _items,
    tuple: _items,
}
"""What most values are, found in one look."""
_BY_FAMILY: tuple[tuple[type | UnionType, Callable[[Any], Any]], ...] = (
    (str, text),
    (float | np.floating, _float),
    (int, _integer),
    (Mapping, _plain_mapping),
    (list | tuple | set | frozenset, _items),
    (np.ndarray, _array),
    (np.generic, _scalar),
)
"""The others, in this order."""
