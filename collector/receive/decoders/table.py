"""What every decoder yields, and the bounds that keep a small body from becoming a large table."""

from collections.abc import Collection, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from collector.errors import Invalid, TooLarge
from collector.model import RowError, Table
from collector.receive.words import kind

MOST_CHARACTERS = 65_536
"""Of one value, unless the settings say otherwise."""


class Instants(list[int | None]):
    """A column whose sender's encoding has a type for time: microseconds UTC already, not numbers to be guessed at."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request; `bytes` is what its body may have after every decompression, `text` how many characters a value."""

    rows: int
    columns: int
    bytes: int
    text: int = MOST_CHARACTERS

    @property
    def cells(self) -> int:
        """Catches what the others do not: many rows that each name another column make a table that is nearly empty
        and yet fills the memory. A dense body needs at least two bytes a cell, so this never hits one.
        """
        return max(1, self.bytes // 2)

    def check(self, *, rows: int, columns: int) -> None:
        """Raises TooLarge."""
        if rows > self.rows:
            raise TooLarge(f"{rows} rows in one request: at most {self.rows} are taken, send more requests", rows=rows)
        if columns > self.columns:
            raise TooLarge(f"{columns} columns: at most {self.columns} are taken", columns=columns)
        if rows * columns > self.cells:
            raise TooLarge(
                f"{rows} rows of {columns} columns are {rows * columns} cells: at most {self.cells} are taken; "
                "send fewer rows that share their columns",
                rows=rows,
                columns=columns,
            )


@dataclass(frozen=True, slots=True)
class Decoded:
    """The rows of a body as columns, and those that are no rows at all.

    `numbers` are the rows' numbers in the request, counted from 0; None when they are simply 0, 1, 2, ... `hidden` are
    columns that are as they are kept already: dropped, hashed or masked.
    """

    table: Table
    errors: Sequence[RowError] = ()
    numbers: Sequence[int] | None = None
    hidden: AbstractSet[str] = frozenset()


def no_rows() -> Invalid:
    return Invalid("no rows: there must be at least one")


def from_rows(rows: Sequence[Any], limits: Limits, *, skipped: Sequence[RowError] = ()) -> Decoded:
    """Turn rows into columns. A row that is not an object becomes an error, as are those of `skipped`, whose numbers
    count as rows too. A column that a row does not name is missing (None) there.
    """
    if len(rows) + len(skipped) > limits.rows:
        limits.check(rows=len(rows) + len(skipped), columns=0)
    if not rows and not skipped:
        raise no_rows()
    if not skipped and type(rows[0]) is dict:
        same = _same_keys(rows, limits)
        if same is not None:
            return Decoded(Table(same, len(rows)))
    return _any_keys(rows, limits, skipped)


def _same_keys(rows: Sequence[Any], limits: Limits) -> Mapping[str, Sequence[object]] | None:
    """The usual body: all rows name the same columns. One C loop for all cells; None when they do not."""
    first = rows[0]
    names = tuple(first)
    limits.check(rows=len(rows), columns=len(names))
    if len(rows) == 1:
        return {name: (value,) for name, value in first.items()}
    if set(map(type, rows)) != {dict} or set(map(len, rows)) != {len(names)}:
        return None
    if len(names) < 2:  # an itemgetter of one name yields no tuples
        return None
    try:
        return dict(zip(names, zip(*map(itemgetter(*names), rows), strict=True), strict=True))
    except KeyError:
        return None


def _any_keys(rows: Sequence[Any], limits: Limits, skipped: Sequence[RowError]) -> Decoded:
    taken = {each.row for each in skipped}
    errors = list(skipped)
    numbers: list[int] = []
    objects: list[dict[str, object]] = []
    names: dict[str, None] = {}
    number = 0
    for row in rows:
        while number in taken:
            number += 1
        if isinstance(row, dict):
            objects.append(row)
            numbers.append(number)
            if not row.keys() <= names.keys():
                names |= dict.fromkeys(row)
                if len(names) > limits.columns:
                    limits.check(rows=len(objects), columns=len(names))
        else:
            errors.append(RowError(number, None, f"expected an object with a value for each column, not {kind(row)}"))
        number += 1
    limits.check(rows=len(objects), columns=len(names))
    columns = {name: [row.get(name) for row in objects] for name in names}
    whole = len(numbers) == numbers[-1] + 1 if numbers else False
    return Decoded(Table(columns, len(objects)), sorted(errors, key=lambda each: each.row), None if whole else numbers)


def from_columns(columns: Mapping[Any, Any], limits: Limits) -> Decoded:
    """A mapping of lists as a table. Raises Invalid when a column is no list, or when their lengths differ."""
    lengths: dict[str, int] = {}
    for name, values in columns.items():
        if not isinstance(values, list | tuple):
            raise Invalid(f"column {name!r} is {kind(values)}: expected a list with a value for each row", column=name)
        lengths[name] = len(values)
    rows = max(lengths.values(), default=0)
    for name, length in lengths.items():
        if length != rows:
            longest = next(each for each, other in lengths.items() if other == rows)
            raise Invalid(
                f"columns differ in length: {name!r} has {length} values, {longest!r} has {rows}", column=name
            )
    if rows == 0:
        raise no_rows()
    limits.check(rows=rows, columns=len(lengths))
    return Decoded(Table(columns, rows))


AsText = Collection[str]
"""Columns whose cells stay text in an encoding that has no types (CSV)."""
