"""What a test of a Test Suite is: a verdict on a value, by conditions that are given or follow from the data.

These are no tests of pytest: `__test__` says so to its collector.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.conditions import NAMES, Conditions, Limit, approx, number_text, parse_limit
from collector.evaluate.unanswered import missing_reason

Status = Literal["SUCCESS", "FAIL", "WARNING", "ERROR"]
TENTH = 0.1
"""The default tolerance around a value of the reference."""


@dataclass(frozen=True)
class Verdict:
    """Whether a test passed, in a sentence, with the numbers behind it."""

    passed: bool
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Test:
    """A test: a class with one method. A test that fails and is not critical ends in WARNING instead of FAIL."""

    __test__: ClassVar[bool] = False
    title: ClassVar[str] = ""
    group: ClassVar[str] = "custom"
    of_the_model: ClassVar[bool] = False
    """Whether it reads target and prediction only."""

    is_critical: bool = True

    def evaluate(self, context: Context) -> Verdict:
        """Raises Invalid (or ValueError) when there is no verdict: the test's status is ERROR then."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class ValueTest(Test):
    """A test of one number. The conditions that are given must all hold; without any, the defaults do."""

    eq: Limit | None = None
    not_eq: float | None = None
    gt: Limit | None = None
    gte: Limit | None = None
    lt: Limit | None = None
    lte: Limit | None = None
    is_in: Collection[float] | None = None
    not_in: Collection[float] | None = None

    def __post_init__(self) -> None:
        for name in NAMES:
            limit = getattr(self, name)
            if limit is not None:
                object.__setattr__(self, name, parse_limit(name, limit))

    def value(self, context: Context) -> float | None:
        """The number that is tested; None, with a reason from `why_none`, when there is none."""
        raise NotImplementedError

    def default(self, context: Context) -> Conditions:
        """The conditions when none are given. Raises Invalid when the data allows none."""
        raise NotImplementedError

    def subject(self, context: Context) -> str:  # noqa: ARG002 - most need no data to name it
        """What is tested, to begin a sentence with."""
        return self.title

    def details(self, context: Context) -> Result:  # noqa: ARG002
        """More to say beside condition and value."""
        return {}

    def evaluate(self, context: Context) -> Verdict:
        value = self.value(context)
        if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
            raise Invalid(f"{self.subject(context)} has no value for this data")
        conditions = self.given()
        if not conditions.given:
            context.check_reference()
            conditions = self.default(context)
        return Verdict(
            conditions.holds(value),
            f"{self.subject(context)} is {number_text(_plain(value))}; expected {conditions}.",
            {"condition": conditions.as_dict(), "value": value, **self.details(context)},
        )

    def given(self) -> Conditions:
        return Conditions(**{name: getattr(self, name) for name in NAMES})


@dataclass(frozen=True)
class Rule:
    """The default condition that a value of the reference gives: a comparison, with a tolerance or exact."""

    comparison: Literal["eq", "lt", "lte", "gt", "gte"]
    relative: float | None = None
    absolute: float | None = None

    def conditions(self, value: float) -> Conditions:
        exact = self.relative is None and self.absolute is None
        limit: Limit = value if exact else approx(value, self.relative, self.absolute)
        return Conditions(**{self.comparison: limit})  # type: ignore[arg-type]  # one limit by its name


LTE_NEAR = Rule("lte", TENTH)
EQ_NEAR = Rule("eq", TENTH)
LTE = Rule("lte")
GTE = Rule("gte")
EQ = Rule("eq")


class ComparedTest(ValueTest):
    """A test of a number that a metric gives for either side. By default it is compared with the reference's.

    `field`: where the number stands in the metric's halves. `rule`: the default condition with a reference.
    `alone`: the one without; None: there has to be one. `scaled`: a count, brought to the size of the current data.
    """

    field: ClassVar[str] = ""
    rule: ClassVar[Rule] = EQ
    alone: ClassVar[Conditions | None] = None
    scaled: ClassVar[bool] = False

    def metric(self) -> Metric:
        raise NotImplementedError

    def read(self, half: Mapping[str, Any]) -> float | None:
        """The number, from one half of the metric's result."""
        number: float | None = half[self.field]
        return number

    def halves(self, context: Context) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
        result = context.result(self.metric())
        return result["current"], result["reference"]

    def value(self, context: Context) -> float | None:
        return self.read(self.halves(context)[0])

    def default(self, context: Context) -> Conditions:
        half = self.halves(context)[1]
        if context.reference is None or half is None:
            if self.alone is None:
                raise need_conditions()
            return self.alone
        number = self.read(half)
        why = missing_reason(number)
        if why is not None or number is None or np.isnan(number):
            raise Invalid(f"{why or 'the reference data gives no value to compare with'}, and no condition is given")
        if self.scaled:
            number = number * context.current.rows / context.reference.rows if context.reference.rows else 0.0
        return self.rule.conditions(_plain(number))


@dataclass(frozen=True)
class ColumnTest(ComparedTest):
    """A test of one number of one column."""

    column_name: str

    def subject(self, context: Context) -> str:  # noqa: ARG002
        return f"{self.title} of column {self.column_name!r}"

    def details(self, context: Context) -> Result:  # noqa: ARG002
        return {"column_name": self.column_name}


def need_conditions() -> Invalid:
    return Invalid("no condition is given, and there is no reference to take one from")


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
