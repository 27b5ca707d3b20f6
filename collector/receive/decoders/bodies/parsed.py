"""What every body of a model server yields: columns that carry a name, or that are known by their position only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector.errors import Invalid
from collector.receive.decoders.table import Limits
from collector.receive.words import kind


@dataclass(frozen=True, slots=True)
class Parsed:
    """One side of one or more inferences. Either `named` holds its columns, or `unnamed` does, in their order.

    `vector`: a flat list of values, which are rows of one column, or one row of that many: who knows the columns decides.
    `stem`: what names that are made up begin with.
    """

    rows: int
    named: Mapping[str, Sequence[object]] = field(default_factory=dict)
    unnamed: Sequence[Sequence[object]] = ()
    stem: str | None = None
    vector: bool = False


def from_list(rows: Any, limits: Limits, *, what: str) -> Parsed:
    """Rows as a list: of objects (their keys are names), of lists (values by position), or of single values.

    Raises Invalid, TooLarge.

    >>> from_list([[1, "a"], [2, "b"]], Limits(10, 10, 100), what="instances").unnamed
    [(1, 2), ('a', 'b')]
    """
    if not isinstance(rows, list) or not rows:
        raise Invalid(f"{what}: expected a list with a value for each row, not {_empty_or(rows)}")
    kinds = {dict if isinstance(row, dict) else list if isinstance(row, list) else None for row in rows}
    if len(kinds) > 1:
        raise Invalid(f"{what}: expected all rows to be objects, all lists, or all single values, not a mixture")
    (kind,) = kinds
    if kind is dict:
        return from_objects(rows, limits)
    limits.check(rows=len(rows), columns=1)
    if kind is None:
        return Parsed(len(rows), unnamed=[rows])
    width = len(rows[0])
    for number, row in enumerate(rows):
        if len(row) != width:
            raise Invalid(f"{what}: row {number} has {len(row)} values, row 0 has {width}", row=number)
    if width == 0:
        raise Invalid(f"{what}: the rows are empty lists")
    limits.check(rows=len(rows), columns=width)
    return Parsed(len(rows), unnamed=list(zip(*rows, strict=True)))


def from_objects(rows: Sequence[Mapping[str, object]], limits: Limits) -> Parsed:
    """Rows as objects. A key that a row lacks is missing there; a list in a cell is spread over several columns."""
    names: dict[str, None] = {}
    for row in rows:
        if not row.keys() <= names.keys():
            names |= dict.fromkeys(row)
            limits.check(rows=len(rows), columns=len(names))
    return from_mapping({name: [row.get(name) for row in rows] for name in names}, limits, what="the rows")


def from_mapping(columns: Mapping[str, Any], limits: Limits, *, what: str) -> Parsed:
    """A list of values for each name. Raises Invalid when they differ in length."""
    named: dict[str, Sequence[object]] = {}
    rows: int | None = None
    for name, values in columns.items():
        cells = values if isinstance(values, list) else [values]
        rows = len(cells) if rows is None else rows
        if len(cells) != rows:
            raise Invalid(f"{what}: {name!r} has {len(cells)} values, others have {rows}", column=name)
        named |= _spread(name, cells)
        limits.check(rows=rows, columns=len(named))
    if not rows:
        raise Invalid(f"{what}: no values")
    return Parsed(rows, named)


def _spread(name: str, cells: Sequence[object]) -> Mapping[str, Sequence[object]]:
    """Cells that are lists of one length become as many columns: `name-0`, `name-1`; a list of one value is that value.

    >>> _spread("x", [[1, 2], [3, 4]])
    {'x-0': (1, 3), 'x-1': (2, 4)}
    """
    lists = [cell for cell in cells if isinstance(cell, list)]
    widths = set(map(len, lists))
    if len(lists) != len(cells) or len(widths) != 1 or 0 in widths:
        return {name: cells}
    columns = list(zip(*lists, strict=True))
    return {name: columns[0]} if len(columns) == 1 else {f"{name}-{i}": values for i, values in enumerate(columns)}


def _empty_or(value: object) -> str:
    return "an empty one" if value == [] else kind(value)
