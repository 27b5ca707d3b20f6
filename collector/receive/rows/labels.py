"""Labels out of a table: whose, what, and when. Judged row by row like inferences. Pure."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import orjson

from collector.errors import Invalid
from collector.model import Label, RowError, digest
from collector.monitor import Monitor
from collector.receive.decoders.table import MOST_CHARACTERS, Decoded, Instants
from collector.receive.rows.kinds import NUMBERS, SCALARS
from collector.receive.rows.privacy import Protection
from collector.receive.rows.times import EXPECTED, NotAnInstant, instant_us
from collector.receive.words import kind, shown, too_long
from collector.strict import near_miss

T = TypeVar("T")


def judge_labels(
    decoded: Decoded, monitor: Monitor, *, max_text: int = MOST_CHARACTERS, protection: Protection | None = None
) -> tuple[list[Label], list[RowError]]:
    """Every row becomes a label or an error. The columns are id, target and, if need be, timestamp, or the monitor's
    own names for them. Ids and targets are hidden as those of inferences are, so that they find each other. Raises Invalid
    when the rows can have none at all.

    >>> from collector.model import Table
    >>> rows = Decoded(Table({"id": ["a", None], "target": [1, 0]}, 2))
    >>> labels, errors = judge_labels(rows, Monitor(id="m"))
    >>> labels[0].target, errors[0].row, errors[0].reason
    (b'1', 1, 'missing id: expected text or a whole number')
    """
    table = decoded.table
    ids, id_name = _column(decoded, "id", monitor.columns.id)
    targets, target_name = _column(decoded, "target", monitor.columns.target)
    times, _ = _under(decoded, "timestamp", monitor.columns.timestamp)
    hidden = _Hidden(protection, monitor.columns.id or "id", monitor.columns.target or "target")
    hidden.check()
    only_numbers = monitor.columns.task == "regression"
    good: list[tuple[str, object, int | None]] = []
    errors = list(decoded.errors)
    numbers = decoded.numbers or range(table.rows)
    for row in range(table.rows):
        try:
            inference = _bounded(_id(ids[row], id_name, hidden.told(hidden.id)), id_name, max_text)
            target = _target(targets[row], target_name, hidden.told(hidden.target), only_numbers=only_numbers)
            good.append((inference, _bounded(target, target_name, max_text), _time(times, row)))
        except _Bad as bad:
            errors.append(RowError(numbers[row], bad.column, bad.reason))
    return hidden.labels(good), sorted(errors, key=lambda each: each.row)


_Told = Callable[[object], str]


class _Hidden:
    """What labels may show and keep. Their columns are hidden as the monitor's own are, whatever they are called here."""

    def __init__(self, protection: Protection | None, id: str, target: str) -> None:  # noqa: A002 - it is what it is
        self.id = id
        self.target = target
        self._protection = protection

    def check(self) -> None:
        """Raises Invalid when one of the columns is not taken at all."""
        for column in (self.id, self.target):
            if self._protection is not None and self._protection.drops(column):
                raise Invalid(f"the monitor takes no labels: its privacy drops the column {column!r}", column=column)

    def told(self, column: str) -> _Told:
        """How a value of the column is told to its sender."""
        return shown if self._protection is None or not self._protection.hides(column) else kind

    def labels(self, good: Sequence[tuple[str, object, int | None]]) -> list[Label]:
        if self._protection is not None and good:
            ids = self._protection.stored(self.id, [each[0] for each in good])
            targets = self._protection.stored(self.target, [each[1] for each in good])
            good = [(str(id_), target, each[2]) for id_, target, each in zip(ids, targets, good, strict=True)]
        return [Label(digest(id_), orjson.dumps(target), at_us) for id_, target, at_us in good]


class _Bad(Exception):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


def _column(decoded: Decoded, name: str, own_name: str | None) -> tuple[Sequence[object], str]:
    """The column under its own name wins: a monitor may well have a feature that is called `id`."""
    values, found = _under(decoded, own_name, name)
    if values is not None:
        return values, found or name
    if decoded.table.rows == 0:
        return (), name
    names = " or ".join(repr(each) for each in dict.fromkeys((name, own_name)) if each)
    hint = near_miss(name, list(decoded.table.columns))
    raise Invalid(f"labels have a column {names}{hint}: it is missing", column=name)


def _under(decoded: Decoded, *names: str | None) -> tuple[Sequence[object] | None, str | None]:
    """The column that has the first of these names, and that name. Where it is missing in a row the next name's value stands
    in: each row may say it its own way.
    """
    columns = decoded.table.columns
    present = [name for name in dict.fromkeys(names) if name is not None and name in columns]
    if not present:
        return None, None
    values = columns[present[0]]
    for name in present[1:]:
        if None in values:
            values = [other if value is None else value for value, other in zip(values, columns[name], strict=True)]
    return values, present[0]


def _id(value: object, column: str, told: _Told) -> str:
    if type(value) is str and value:
        return value
    if type(value) is int:
        return str(value)
    if type(value) is float and value.is_integer():
        return str(int(value))
    if value is None or value == "" or value != value:  # noqa: PLR0124 - NaN is missing
        raise _Bad(column, "missing id: expected text or a whole number")
    raise _Bad(column, f"expected text or a whole number, not {told(value)}")


def _target(value: object, column: str, told: _Told, *, only_numbers: bool) -> object:
    if value is None or value != value:  # noqa: PLR0124 - NaN is missing
        raise _Bad(column, "missing target: a label without one says nothing")
    if only_numbers and type(value) not in NUMBERS:
        raise _Bad(column, f"expected a number, not {told(value)}")
    if type(value) not in SCALARS:
        raise _Bad(column, f"expected a number, text, true or false, not {told(value)}")
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise _Bad(column, f"expected a finite number, not {told(value)}")
    return value


def _bounded(value: T, column: str, max_text: int) -> T:
    if isinstance(value, str) and len(value) > max_text:
        raise _Bad(column, too_long(value, max_text))
    return value


def _time(times: Sequence[object] | None, row: int) -> int | None:
    value = None if times is None else times[row]
    if value is None or value == "" or value != value:  # noqa: PLR0124 - NaN is missing
        return None
    if type(times) is Instants:
        return value if isinstance(value, int) else None
    try:
        return instant_us(value)
    except NotAnInstant as error:
        raise _Bad("timestamp", f"{EXPECTED}, not {shown(value)}") from error
