"""What is not stored as it came: the `privacy` of a monitor, and whether it fits what the columns are for."""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_serializer, model_validator

from collector.monitor.columns import Columns, names_of
from collector.monitor.compare import CompareSettings
from collector.strict import Model, inconsistent

_Place = tuple[str | int, ...]


class Rule(StrEnum):
    """What is done to the values of a column before they are kept."""

    DROP = "drop"
    HASH = "hash"
    MASK = "mask"


_DONE = {Rule.DROP: "dropped", Rule.HASH: "hashed", Rule.MASK: "masked"}

ColumnName = Annotated[str, Field(min_length=1)]
"""Of a column, or of several: `*` stands for any text, `?` for any character."""


class Mask(Model):
    """A column whose values are hidden, but for so many of their last characters."""

    column: ColumnName
    keep_last: Annotated[int, Field(ge=0, le=100)] = 0

    @model_serializer
    def _as_written(self) -> str | dict[str, dict[str, int]]:
        return {self.column: {"keep_last": self.keep_last}} if self.keep_last else self.column


def _mask(value: object) -> object:
    """`name` or `{name: {keep_last: 4}}` -> {"column", "keep_last"}."""
    if isinstance(value, str):
        return {"column": value}
    if isinstance(value, Mapping) and len(value) == 1:
        ((name, parameters),) = value.items()
        if parameters is None or (isinstance(parameters, Mapping) and "column" not in parameters):
            return {"column": name, **(parameters or {})}
    raise ValueError("expected a name, or one name with what stays to be seen: {name: {keep_last: 4}}")


MaskItem = Annotated[
    Mask,
    BeforeValidator(_mask),
    WithJsonSchema(
        {
            "description": "Name, or {Name: {keep_last: characters}}",
            "anyOf": [
                {"type": "string", "minLength": 1},
                {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": 1,
                    "additionalProperties": {
                        "type": ["object", "null"],
                        "properties": {"keep_last": {"type": "integer", "minimum": 0, "maximum": 100}},
                        "additionalProperties": False,
                    },
                },
            ],
        }
    ),
]


class Privacy(Model):
    """Columns by what is done to them before anything is kept. `drop`: they are not taken. `hash`: a keyed hash stands
    for each value, so that equal values stay equal. `mask`: three stars stand for each value. Missing stays missing.
    """

    drop: tuple[ColumnName, ...] = ()
    hash: tuple[ColumnName, ...] = ()
    mask: tuple[MaskItem, ...] = ()

    @model_validator(mode="after")
    def _one_rule_each(self) -> Self:
        """Two patterns may meet in a column that nobody thought of; whoever names one says what is to happen to it."""
        entries = list(self._entries())
        for rule, index, name in entries:
            for other_rule, other_index, other in entries:
                if (rule, index) == (other_rule, other_index) or (_is_pattern(name) and name != other):
                    continue
                if name == other and (other_rule, other_index) > (rule, index):  # told once, at the latter
                    continue
                if _matches(other, name):
                    by = "" if other == name else f" by {other!r}"
                    sentence = f"column {name!r} is {_DONE[other_rule]}{by} already: expected one rule for each column"
                    raise inconsistent(sentence, rule.value, index)
        return self

    def __bool__(self) -> bool:
        return bool(self.drop or self.hash or self.mask)

    def rule_of(self, column: str) -> Rule | None:
        """What is done to this column. Where two patterns meet, the one that leaves less of the values.

        >>> Privacy(drop=("raw_*",), hash=("*_id",)).rule_of("raw_id")
        <Rule.DROP: 'drop'>
        """
        for rule in (Rule.DROP, Rule.MASK, Rule.HASH):
            if any(_matches(name, column) for each, _, name in self._entries() if each is rule):
                return rule
        return None

    def keep_last(self, column: str) -> int:
        """How many of the last characters of a masked column's values stay; the fewest that any rule says."""
        return min((each.keep_last for each in self.mask if _matches(each.column, column)), default=0)

    def places(self, rule: Rule, column: str) -> Iterator[int]:
        """Which entries of a rule mean the column."""
        return (index for each, index, name in self._entries() if each is rule and _matches(name, column))

    def _entries(self) -> Iterator[tuple[Rule, int, str]]:
        for rule, names in ((Rule.DROP, self.drop), (Rule.HASH, self.hash)):
            yield from ((rule, index, name) for index, name in enumerate(names))
        yield from ((Rule.MASK, index, each.column) for index, each in enumerate(self.mask))


def unfit(
    privacy: Privacy, columns: Columns, segments: Sequence[str], compare: CompareSettings | None
) -> Iterator[tuple[_Place, str]]:
    """What is to be hidden although it is needed as it is: the key inside of `privacy`, and why."""
    for what, names, forbidden in _needs(columns, segments, compare):
        for name in names:
            rule = privacy.rule_of(name)
            if rule is not None and rule in forbidden:
                index = next(privacy.places(rule, name))
                yield (rule.value, index), f"column {name!r} is {what} and cannot be {_DONE[rule]}: {forbidden[rule]}"
    yield from _unfit_classes(privacy, columns)


_HASH = re.compile("[0-9a-f]{64}")
_NUMBERS = "it would be text, where numbers are computed with"
_TIMES = "it would be text, where instants are needed"
_KNOWN = "rows are known by it"
_ALL_ONE = "all rows would have the same one"
_Needs = tuple[str, Sequence[str], Mapping[Rule, str]]


def _needs(columns: Columns, segments: Sequence[str], compare: CompareSettings | None) -> Iterator[_Needs]:
    """Which columns are what, and what cannot be done to them for which reason."""
    no_text = {Rule.HASH: _NUMBERS, Rule.MASK: _NUMBERS}
    judged = {Rule.DROP: "it is what the model is judged by", Rule.MASK: "all of its values would be the same one"}
    if columns.task in ("regression", "recsys"):
        judged |= no_text
    probabilities = {Rule.HASH: _NUMBERS} if len(columns.predictions) > 1 else {}
    windows = "windows are made by it"
    yield "the id", names_of(columns.id), {Rule.DROP: _KNOWN, Rule.MASK: _ALL_ONE}
    yield "the timestamp", names_of(columns.timestamp), {Rule.DROP: windows, Rule.HASH: _TIMES, Rule.MASK: _TIMES}
    yield "the target", names_of(columns.target), judged
    yield "a prediction", columns.predictions, judged | probabilities
    yield "a segment", segments, {Rule.DROP: "rows are told apart by it"}
    if compare is not None:
        known = "the baseline is known by its value"
        yield "the column of compare", [compare.column], {Rule.DROP: known, Rule.HASH: known, Rule.MASK: known}
    yield "a numerical feature", columns.numerical_features or (), no_text
    yield "a datetime feature", columns.datetime_features or (), {Rule.HASH: _TIMES, Rule.MASK: _TIMES}
    for members in (columns.embeddings or {}).values():
        yield "a part of an embedding", members, {Rule.DROP: "the others mean nothing without it"} | no_text
    for name in (columns.user_id, columns.item_id):
        yield "a user's or an item's id", names_of(name), {Rule.DROP: _KNOWN, Rule.MASK: _ALL_ONE}


def _unfit_classes(privacy: Privacy, columns: Columns) -> Iterator[tuple[_Place, str]]:
    """Classes that are hashed are compared with one another only."""
    pair = [name for name in (columns.target, *columns.predictions[:1]) if name is not None]
    hashed = [name for name in pair if privacy.rule_of(name) is Rule.HASH]
    if not hashed:
        return
    place = (Rule.HASH.value, next(privacy.places(Rule.HASH, hashed[0])))
    if len(hashed) < len(pair):
        other = next(name for name in pair if name not in hashed)
        yield place, f"column {hashed[0]!r} is compared with {other!r}: expected both of them to be hashed, or neither"
    if "pos_label" in columns.model_fields_set and not _HASH.fullmatch(str(columns.pos_label)):
        yield (
            place,
            f"columns.pos_label names a class as it comes: beside {hashed[0]!r}, hashed, expected the class's hash",
        )
    if columns.target_names is not None:
        yield place, f"columns.target_names names the classes as they come: {hashed[0]!r} cannot be hashed beside it"


def _is_pattern(name: str) -> bool:
    return "*" in name or "?" in name


def _matches(name: str, column: str) -> bool:
    return name == column or (_is_pattern(name) and _compiled(name).fullmatch(column) is not None)


@lru_cache(maxsize=1024)
def _compiled(name: str) -> "re.Pattern[str]":
    """Each part between stars is taken where it comes first, for good: no name makes it try long."""
    first, *others = ("".join("." if each == "?" else re.escape(each) for each in part) for part in name.split("*"))
    middle = "".join(f"(?>.*?{part})" for part in others[:-1])
    return re.compile(first + middle + (f".*{others[-1]}" if others else ""), re.DOTALL)
