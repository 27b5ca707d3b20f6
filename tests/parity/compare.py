"""Field by field: what the peer says and what this engine says."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

TOLERANCE = 1e-9
"""Relative, and absolute around zero: the order of a sum may differ, the definition may not."""
NOT_FINITE_VALUES = ("nan", "inf", "-inf")
ABSENT = "(absent)"


@dataclass(frozen=True)
class Found:
    """One field in which the two differ."""

    frame: str
    case: str
    field: str
    ours: Any
    theirs: Any

    def __str__(self) -> str:
        return f"{self.frame}: {self.case} {self.field}: ours {self.ours!r}, theirs {self.theirs!r}"


def compare(frame: str, case: str, ours: Any, theirs: Any) -> list[Found]:
    """Every field of theirs that is not the same in ours. Ours may have more fields."""
    return [Found(frame, case, field, mine, yours) for field, mine, yours in _fields("", ours, theirs)]


def _fields(path: str, ours: Any, theirs: Any) -> Iterator[tuple[str, Any, Any]]:
    if failed(ours) or failed(theirs):
        if not (failed(ours) and failed(theirs)):
            yield path, _short(ours), _short(theirs)
        return
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key, value in theirs.items():
            inner = f"{path}.{key}" if path else key
            mine = ours.get(key, ABSENT)
            if value is None and mine is ABSENT:
                continue
            if mine is None and value in NOT_FINITE_VALUES and key in ours.get("reasons", {}):
                continue  # a number that is not finite is None with a reason, on purpose
            yield from _fields(inner, mine, value)
        return
    if isinstance(theirs, list) and isinstance(ours, list):
        if len(ours) != len(theirs):
            yield f"{path}.length", len(ours), len(theirs)
            return
        for index, (mine, value) in enumerate(zip(ours, theirs, strict=True)):
            yield from _fields(f"{path}[{index}]", mine, value)
        return
    if isinstance(theirs, str) and isinstance(ours, str):
        ours, theirs = ours.strip(), theirs.strip()
    if not same(ours, theirs):
        yield path, ours, theirs


def failed(value: Any) -> bool:
    """An error, as a metric's result or as a test's status."""
    return isinstance(value, dict) and ("error" in value or value.get("status") == "ERROR")


def _short(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "error" in value:
        return {"error": value["error"]}
    return {"status": value["status"]} if "status" in value else "a result"


def same(ours: Any, theirs: Any) -> bool:
    """Equal, numbers to TOLERANCE."""
    if isinstance(ours, bool) or isinstance(theirs, bool) or not _number(ours) or not _number(theirs):
        return bool(ours == theirs) and isinstance(ours, bool) == isinstance(theirs, bool)
    return math.isclose(ours, theirs, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float))
