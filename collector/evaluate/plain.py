"""Results as JSON holds them: plain Python values, every number finite, or None with the reason beside it."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

REASONS = "reasons"
"""Beside values that are None because they are not finite: `{"reasons": {name: why}}`."""


def plain(value: object) -> Any:
    """The value in plain Python.

    >>> plain({"mean": np.float64("nan"), "rows": np.int64(3)})
    {'mean': None, 'rows': 3, 'reasons': {'mean': 'not a number: the data gives no value'}}
    """
    kind = type(value)
    if value is None or kind is bool:
        return value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else _huge(value)
    if kind is dict or isinstance(value, Mapping):
        return _plain_mapping(value)  # type: ignore[arg-type]  # a mapping, as the line above says
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return [plain(each) for each in value.tolist()]
    if isinstance(value, np.floating):
        return plain(float(value))
    if isinstance(value, np.generic):
        if isinstance(value, np.datetime64):
            return None if np.isnat(value) else str(pd.Timestamp(value))
        return str(value) if isinstance(value, np.timedelta64) else plain(value.item())
    if value is pd.NaT or value is pd.NA:
        return None
    return text(str(value))


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


def _huge(value: int) -> float | str:
    """An integer that JSON readers would not keep."""
    return float(value) if abs(value) < 10**300 else str(value)


def _plain_mapping(value: Mapping[Any, object]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for key, each in value.items():
        name = text(key) if isinstance(key, str) else key_text(key)
        result[name] = simple = plain(each)
        if simple is None and each is not None and (why := not_finite(each)) is not None:
            reasons[name] = why
    if reasons:
        known = result.get(REASONS)
        result[REASONS] = reasons | (known if isinstance(known, dict) else {})
    return result


def not_finite(value: object) -> str | None:
    """Why a number cannot stand in a snapshot; None when it can, or is no number."""
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
