"""What a column is: its type and its role. Read from the mapping where it says so, inferred from the data elsewhere.

One set of rules serves every metric and test (`docs/parity.md` says where the peer uses two).
Nothing here changes the caller's frame.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from collector.errors import Invalid
from collector.evaluate.derived import DerivedName
from collector.evaluate.profile import FrameProfile

ColumnType = Literal["num", "cat", "datetime", "text"]
Task = Literal["regression", "classification", "recsys"]

MAX_CATEGORICAL_INTEGERS = 5
"""An integer column with more distinct values than this is a number; so is a target."""


@dataclass
class ColumnMapping:
    """The roles of columns, as the user knows them. A list of features that is given replaces inference for its kind.

    Text columns are never inferred: they must be listed.
    """

    target: str | None = "target"
    prediction: str | Sequence[str] | None = "prediction"
    datetime: str | None = "datetime"
    id: str | None = None
    numerical_features: Sequence[str] | None = None
    categorical_features: Sequence[str] | None = None
    datetime_features: Sequence[str] | None = None
    target_names: Sequence[object] | Mapping[Any, str] | None = None
    task: Task | None = None
    pos_label: str | int | None = 1
    text_features: Sequence[str] | None = None
    embeddings: Mapping[str, Sequence[str]] | None = None
    user_id: str | None = "user_id"
    item_id: str | None = "item_id"
    recommendations_type: Literal["score", "rank"] | None = "score"

    def __post_init__(self) -> None:
        for kind in ("numerical", "categorical", "datetime", "text"):
            if isinstance(given := getattr(self, f"{kind}_features"), str):
                raise Invalid(f"{kind}_features is the text {given!r}: expected a list of names")

    def listed(self) -> dict[str, ColumnType]:
        """The types that the mapping states. A column that stands in two lists has the type of the first."""
        kinds: list[tuple[ColumnType, Sequence[str] | None]] = [
            ("cat", self.categorical_features),
            ("num", self.numerical_features),
            ("datetime", self.datetime_features),
            ("text", self.text_features),
        ]
        types: dict[str, ColumnType] = {}
        for kind, names in kinds:
            for name in names or ():
                types.setdefault(name, kind)
        return types


@dataclass(frozen=True)
class Definition:
    """Types and roles of the columns that a report looks at: those of the current data, also in the reference if any.

    `types` holds every such column. A role is None when its column is missing from either side.
    """

    types: Mapping[str, ColumnType]
    target: str | None = None
    prediction: str | None = None
    probabilities: tuple[str, ...] = ()
    """The columns of a prediction that is a list."""
    id: str | None = None
    datetime: str | None = None
    user_id: str | None = None
    item_id: str | None = None
    embeddings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    task: Task | None = None

    @property
    def predictions(self) -> tuple[str, ...]:
        return (self.prediction,) if self.prediction is not None else self.probabilities

    @property
    def utility(self) -> frozenset[str]:
        """Columns that play a role and are no features."""
        named = (self.target, *self.predictions, self.id, self.datetime, self.user_id, self.item_id)
        return frozenset(name for name in named if name is not None)

    @property
    def embedded(self) -> frozenset[str]:
        return frozenset(name for names in self.embeddings.values() for name in names)

    def features(self, *types: ColumnType) -> tuple[str, ...]:
        """The features of these types (all types when none is named), in the order of the data."""
        outside = self.utility | self.embedded
        return tuple(name for name, kind in self.types.items() if name not in outside and (not types or kind in types))

    def columns(self, *types: ColumnType) -> tuple[str, ...]:
        """Features, target and predictions of these types, in the order of the data; no ids, no embeddings."""
        roles = self.embedded | {name for name in (self.id, self.user_id, self.item_id) if name is not None}
        return tuple(name for name, kind in self.types.items() if name not in roles and (not types or kind in types))

    def type_of(self, column: str) -> ColumnType:
        """Raises Invalid when no such column is there."""
        if isinstance(column, DerivedName):
            return column.kind
        try:
            return self.types[column]
        except KeyError:
            raise Invalid(f"column {column!r} is not in the data", column=column) from None


def define(current: FrameProfile, reference: FrameProfile | None, mapping: ColumnMapping) -> Definition:
    """Types and roles for this pair of frames.

    Raises Invalid when the mapping contradicts itself.
    """
    # In the reference's order: that of a window's rows is the one in which its first rows happened to name them.
    names = [name for name in (current if reference is None else reference).names if name in current]
    present = set(names)
    several = isinstance(mapping.prediction, Sequence) and not isinstance(mapping.prediction, str)
    probabilities: tuple[str, ...] = ()
    if several:
        wanted = tuple(mapping.prediction or ())
        probabilities = wanted if all(name in present for name in wanted) else ()
    prediction = mapping.prediction if isinstance(mapping.prediction, str) and mapping.prediction in present else None
    target = mapping.target if mapping.target in present else None
    embeddings = {
        name: tuple(columns)
        for name, columns in (mapping.embeddings or {}).items()
        if all(column in present for column in columns)
    }
    listed = mapping.listed()
    types: dict[str, ColumnType] = {}
    for name in names:
        column = _Facts(name, current, reference)
        if name in listed:
            types[name] = listed[name]
        elif name == target:
            types[name] = _target_type(column, mapping.task)
        elif name == prediction:
            types[name] = _prediction_type(column, mapping.task)
        else:
            types[name] = _feature_type(column)
    task = mapping.task
    if task is None and target is not None:
        task = "classification" if types[target] == "cat" else "regression"
    return Definition(
        types=types,
        target=target,
        prediction=prediction,
        probabilities=probabilities,
        id=_present(mapping.id, present),
        datetime=_present(mapping.datetime, present),
        user_id=_present(mapping.user_id, present),
        item_id=_present(mapping.item_id, present),
        embeddings=embeddings,
        task=task,
    )


def _present(name: str | None, present: Iterable[str]) -> str | None:
    return name if name is not None and name in present else None


class _Facts:
    """What inference asks of a column that both sides may hold. A reference without any value has no type to tell."""

    def __init__(self, name: str, current: FrameProfile, reference: FrameProfile | None) -> None:
        self.current = current[name]
        self.reference = None if reference is None else reference[name]
        plain = {"bool", "int", "float", "datetime"}
        self.kind = self.current.kind
        if self.reference is not None and self.reference.present and self.reference.kind != self.kind:
            both_plain = self.kind in plain and self.reference.kind in plain
            self.kind = self.kind if both_plain else self.reference.kind

    @property
    def distinct(self) -> int:
        if self.reference is not None and self.reference.distinct > 0:
            return self.reference.distinct
        return self.current.distinct

    @property
    def few(self) -> bool:
        return self.distinct <= MAX_CATEGORICAL_INTEGERS

    @property
    def number(self) -> bool:
        return self.kind in {"int", "float"}

    @property
    def outside_unit_interval(self) -> bool:
        values = self.current.sorted
        return values.size > 0 and bool(values[0] < 0 or values[-1] > 1)


def _target_type(column: _Facts, task: Task | None) -> ColumnType:
    if task == "regression":
        return "num"
    return "num" if column.number and task != "classification" and not column.few else "cat"


def _prediction_type(column: _Facts, task: Task | None) -> ColumnType:
    if column.kind == "object":
        return "cat"
    if not column.number:
        return "cat" if column.kind == "bool" else _feature_type(column)
    if task == "regression":
        return "num"
    outside = column.current.is_number and column.outside_unit_interval
    if column.kind == "int" and column.few:
        return "cat"
    if outside and (column.few or task == "classification"):
        return "cat"
    return "num"


def _feature_type(column: _Facts) -> ColumnType:
    if column.kind == "int":
        return "cat" if column.few else "num"
    if column.kind == "float":
        return "num"
    return "datetime" if column.kind == "datetime" else "cat"
