"""The conditions that a tested value must meet: eq, not_eq, gt, gte, lt, lte, is_in, not_in, and approx."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from collector.errors import Invalid

DEFAULT_RELATIVE = 1e-6
DEFAULT_ABSOLUTE = 1e-12


@dataclass(frozen=True)
class Approx:
    """A number with a tolerance: the larger of the absolute one and the relative one times the number."""

    value: float
    relative: float = DEFAULT_RELATIVE
    absolute: float = DEFAULT_ABSOLUTE

    @property
    def tolerance(self) -> float:
        return max(abs(self.value) * self.relative, self.absolute)

    def __str__(self) -> str:
        return f"{number_text(self.value)} ± {number_text(self.tolerance)}"


def approx(value: float, relative: float | None = None, absolute: float | None = None) -> Approx:
    """A number with a tolerance, for conditions.

    >>> str(approx(100, relative=0.1))
    '100 ± 10'
    """
    if relative is not None and relative <= 0:
        raise Invalid(f"relative is {relative}: expected a number above 0")
    if absolute is not None and absolute < 0:
        raise Invalid(f"absolute is {absolute}: expected 0 or more")
    return Approx(
        value,
        DEFAULT_RELATIVE if relative is None else relative,
        DEFAULT_ABSOLUTE if absolute is None else absolute,
    )


Limit = float | Approx


@dataclass(frozen=True)
class Conditions:
    """All that are given must hold."""

    eq: Limit | None = None
    not_eq: float | None = None
    gt: Limit | None = None
    gte: Limit | None = None
    lt: Limit | None = None
    lte: Limit | None = None
    is_in: Collection[float] | None = None
    not_in: Collection[float] | None = None

    @property
    def given(self) -> bool:
        return any(getattr(self, name) is not None for name in NAMES)

    def holds(self, value: float) -> bool:
        """Whether the value meets every condition. A tolerance widens eq, gte and lte, and narrows gt and lt.

        >>> Conditions(gte=10, lte=20).holds(15), Conditions(lt=approx(80, 0.125)).holds(75)
        (True, False)
        """
        checks = (
            self.eq is None or _low(self.eq) <= value <= _high(self.eq),
            self.not_eq is None or value != self.not_eq,
            self.gt is None or value > _high(self.gt),
            self.gte is None or value >= _low(self.gte),
            self.lt is None or value < _low(self.lt),
            self.lte is None or value <= _high(self.lte),
            self.is_in is None or value in self.is_in,
            self.not_in is None or value not in self.not_in,
        )
        return all(checks)

    def as_dict(self) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for name in NAMES:
            limit = getattr(self, name)
            if isinstance(limit, Approx):
                limit = {"value": limit.value, "relative": limit.relative, "absolute": limit.absolute}
            if limit is not None:
                result[name] = limit
        return result

    def __str__(self) -> str:
        given = ((name, getattr(self, name)) for name in NAMES)
        return " and ".join(f"{name}={_text(limit)}" for name, limit in given if limit is not None)


NAMES = ("eq", "not_eq", "gt", "gte", "lt", "lte", "is_in", "not_in")
_TOLERANT = ("eq", "gt", "gte", "lt", "lte")


def _low(limit: Limit) -> float:
    return limit.value - limit.tolerance if isinstance(limit, Approx) else limit


def _high(limit: Limit) -> float:
    return limit.value + limit.tolerance if isinstance(limit, Approx) else limit


def _text(limit: object) -> str:
    if isinstance(limit, Approx):
        return str(limit)
    return number_text(limit) if isinstance(limit, int | float) else str(limit)


def number_text(value: object) -> str:
    """A number as people read it: three significant digits.

    >>> number_text(0.0027777), number_text(120.0), number_text(86400)
    ('0.00278', '120', '86400')
    """
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.3g}"
    if isinstance(value, float) and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def parse_limit(name: str, value: object) -> object:
    """A limit as configuration states it: a number, or `{value: 100, relative: 0.1}` for approx. Raises Invalid."""
    if name in _TOLERANT and isinstance(value, Mapping):
        unknown = set(value) - {"value", "approx", "relative", "absolute"}
        number = value.get("value", value.get("approx"))
        if unknown or not _is_number(number):
            raise Invalid(
                f"{name}: expected {{value: number, relative: number, absolute: number}}, got {dict(value)!r}"
            )
        return approx(number, value.get("relative"), value.get("absolute"))
    if name in {"is_in", "not_in"}:
        if isinstance(value, str) or not isinstance(value, Collection):
            raise Invalid(f"{name}: expected a list, got {value!r}")
        return tuple(value)
    if isinstance(value, Approx) and name in _TOLERANT:
        return value
    if not _is_number(value):
        raise Invalid(f"{name}: expected a number, got {value!r}")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
