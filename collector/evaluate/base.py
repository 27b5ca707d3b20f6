"""What a metric is, what a preset is, and what both may ask: the context of one evaluation."""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar, TypeVar, cast

from collector.errors import Invalid
from collector.evaluate.data import ColumnMapping, Definition, define
from collector.evaluate.lazy import lazy
from collector.evaluate.pair import Pair
from collector.evaluate.profile import ColumnProfile, FrameProfile
from collector.evaluate.unanswered import NotKept, Unanswered

T = TypeVar("T")
Result = Mapping[str, Any]


class Metric:
    """Something computed from the data: a class with one method. Its fields are its parameters.

    `calculate` returns a mapping of plain values; what is not finite becomes null with a reason. It raises Invalid
    (or ValueError) where there is no result; that never stops other metrics.
    """

    name: ClassVar[str | None] = None
    """The name in reports; the class's own unless set."""
    of_the_model: ClassVar[bool] = False
    """Whether it reads target and prediction only: then a snapshot shows the distributions of no other column."""

    def calculate(self, context: "Context") -> Result:
        raise NotImplementedError


class Group:
    """Metrics or tests that are wished for together: a preset, a generator. Expanded once the columns are known."""

    holds: ClassVar[type[object] | None] = None
    """Metric or Test; None: either, which is seen once it is expanded."""

    def expand(self, context: "Context") -> Sequence[object]:
        raise NotImplementedError


@dataclass(frozen=True)
class Outcome:
    """A metric's result, or why there is none."""

    result: Result | None
    error: BaseException | None = None


_OF_THE_REFERENCE = re.compile(r"(^|_)ref(erence)?(_|$)")


class Context:
    """One evaluation: the current data, maybe a reference, and the roles of their columns.

    `why_no_reference`: there is one, but it keeps too little to compare these rows with, and this is why.
    """

    def __init__(
        self,
        current: FrameProfile,
        reference: FrameProfile | None,
        mapping: ColumnMapping,
        additional: Mapping[str, FrameProfile] | None = None,
        *,
        why_no_reference: str | None = None,
    ) -> None:
        self.current = current
        self.reference = reference
        self.mapping = mapping
        self.additional: Mapping[str, FrameProfile] = dict(additional or {})
        """Frames beside the two: what a recommender was trained on."""
        self.definition: Definition = define(current, reference, mapping)
        self._why_no_reference = why_no_reference
        self._outcomes: dict[Hashable, Outcome] = {}
        self._pairs: dict[tuple[str, str], Pair] = {}
        self._memo: dict[Hashable, Any] = {}

    def outcome(self, metric: Metric) -> Outcome:
        """The metric's outcome; equal metrics are computed once."""
        key = fingerprint(metric)
        found = self._outcomes.get(key)
        if found is None:
            try:
                found = Outcome(self._calculated(metric))
            except (Exception, SystemExit) as error:  # noqa: BLE001 - one failing metric must not stop the others
                found = Outcome(None, error)
            self._outcomes[key] = found
        return found

    def _calculated(self, metric: Metric) -> Result:
        """The metric's result. Where it needs more of the reference than is kept, that of the current data alone."""
        try:
            return _a_result(metric, metric.calculate(self))
        except NotKept as error:
            why = error
        try:
            alone = _a_result(metric, metric.calculate(self._alone))
        except Exception:  # noqa: BLE001 - then it is nothing without the reference
            raise why from None
        missing = [name for name, each in alone.items() if each is None and _OF_THE_REFERENCE.search(str(name))]
        return {**alone, **dict.fromkeys(missing or ["reference"], Unanswered(str(why)))}

    @lazy
    def _alone(self) -> "Context":
        """The current data without the reference; its columns play the same roles."""
        alone = Context(self.current, None, self.mapping, self.additional)
        alone.definition = self.definition
        return alone

    def result(self, metric: Metric) -> Result:
        """The metric's result. Raises Invalid with the metric's reason when there is none."""
        outcome = self.outcome(metric)
        if outcome.result is None:
            raise Invalid(f"{name_of(metric)} has no result: {reason(outcome.error)}") from outcome.error
        return outcome.result

    def memo(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What `compute` says, computed once in this evaluation."""
        if key not in self._memo:
            self._memo[key] = compute()
        return cast("T", self._memo[key])

    @property
    def sides(self) -> tuple[tuple[str, FrameProfile | None], ...]:
        return ("current", self.current), ("reference", self.reference)

    def both(self, compute: Callable[[FrameProfile], T]) -> dict[str, T | None]:
        """`{"current": ..., "reference": ...}`, each computed from its frame; the reference's is None without one, and
        Unanswered where it needs more of the reference than is kept.
        """
        found: dict[str, Any] = {"current": compute(self.current), "reference": None}
        if self.reference is not None:
            try:
                found["reference"] = compute(self.reference)
            except NotKept as error:
                found["reference"] = Unanswered(str(error))
        return found

    def needed_reference(self) -> FrameProfile:
        """Raises Invalid when the evaluation has no reference."""
        self.check_reference()
        if self.reference is None:
            raise Invalid("this needs reference data, and there is none")
        return self.reference

    def check_reference(self) -> None:
        """Raises NotKept when there is a reference, but nothing of it to compare these rows with."""
        if self._why_no_reference is not None:
            raise NotKept(self._why_no_reference)

    def lacks(self, role: str) -> Invalid:
        """Why nothing plays a role (target, prediction, ...): nobody named its column, or a side does not have it."""
        wanted = getattr(self.mapping, role)
        names = [wanted] if isinstance(wanted, str) else list(wanted or ())
        if not names:
            return Invalid(f"no {role} column is named: this needs one")
        for side, frame in self.sides:
            missing = [name for name in names if frame is not None and name not in frame]
            if missing:
                return Invalid(f"the {role} column {missing[0]!r} is not in the {side} data", column=missing[0])
        return Invalid(f"no column of the data is the {role}")

    def pair(self, column: str) -> Pair:
        """The column on both sides. Raises Invalid without a reference, the column, or any value."""
        reference = self.needed_reference()
        for side, frame in (("current", self.current), ("reference", reference)):
            if column not in frame:
                raise Invalid(f"column {column!r} is not in the {side} data", column=column)
        kind = self.definition.type_of(column)
        key = (column, kind)
        if key not in self._pairs:
            self._pairs[key] = Pair(kind, reference[column], self.current[column])
        return self._pairs[key]

    def column(self, name: str, *, numeric: bool = False) -> ColumnProfile:
        """A column of the current data. Raises Invalid when it is not there, or not numeric where that is asked."""
        profile = self.current[name]
        if numeric:
            self.check_numeric(name)
        return profile

    def check_numeric(self, name: str) -> None:
        kind = self.definition.types.get(name)
        if kind is not None and kind != "num":
            raise Invalid(f"column {name!r} is {kind}: a numeric column is needed", column=name)


def _a_result(metric: Metric, result: object) -> Result:
    if not isinstance(result, Mapping):
        raise TypeError(f"{name_of(metric)} gave {type(result).__name__}: a result is a mapping")
    return result


def parameters_of(item: object) -> dict[str, Any]:
    """The parameters that a metric or test was given: its fields that are not None.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Quantile(Metric):
    ...     column_name: str
    ...     quantile: float | None = None
    >>> parameters_of(Quantile("x"))
    {'column_name': 'x'}
    """
    if is_dataclass(item):
        values = {each.name: getattr(item, each.name) for each in fields(item)}
    else:
        values = {name: value for name, value in vars(item).items() if not name.startswith("_")}
    return {name: value for name, value in values.items() if value is not None}


def name_of(item: object) -> str:
    """The name that reports and configuration know a metric or test by."""
    return getattr(item, "name", None) or type(item).__name__ if isinstance(item, Metric) else type(item).__name__


def fingerprint(item: object) -> Hashable:
    """Equal for metrics that compute the same."""
    return type(item), frozen(parameters_of(item))


def frozen(value: object) -> Hashable:
    """Something hashable that is equal for equal values, whatever they are made of."""
    if isinstance(value, Mapping):
        return "mapping", tuple((frozen(key), frozen(each)) for key, each in value.items())
    if isinstance(value, list | tuple):
        return "sequence", tuple(frozen(each) for each in value)
    if isinstance(value, set | frozenset):
        return "set", frozenset(frozen(each) for each in value)
    try:
        hash(value)
    except TypeError:
        return "object", id(value)
    return type(value).__name__, value


def reason(error: BaseException | None) -> str:
    """Why there is no result, in a sentence."""
    if error is None:
        return "unknown"
    text = str(error).strip()
    return (
        text
        if isinstance(error, Invalid) and text
        else f"{type(error).__name__}: {text}"
        if text
        else type(error).__name__
    )
