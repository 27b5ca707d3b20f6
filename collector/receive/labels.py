"""Labels out of a table: whose, what, and when. Judged row by row like inferences. Pure."""

from collections.abc import Sequence

import orjson

from collector.errors import Invalid
from collector.model import Label, RowError, digest
from collector.monitor import Monitor
from collector.receive.decoders.table import Decoded, Instants
from collector.receive.roles import NUMBERS, SCALARS
from collector.receive.times import EXPECTED, NotAnInstant, instant_us
from collector.receive.words import shown
from collector.strict import near_miss


def judge_labels(decoded: Decoded, monitor: Monitor) -> tuple[list[Label], list[RowError]]:
    """Every row becomes a label or an error. The columns are id, target and, if need be, timestamp, or the monitor's
    own names for them. Raises Invalid when the rows can have none at all.

    >>> from collector.model import Table
    >>> rows = Decoded(Table({"id": ["a", None], "target": [1, 0]}, 2))
    >>> labels, errors = judge_labels(rows, Monitor(id="m"))
    >>> labels[0].target, errors[0].row, errors[0].reason
    (b'1', 1, 'missing id: expected text or a whole number')
    """
    columns, table = monitor.columns, decoded.table
    ids, id_name = _column(decoded, "id", columns.id)
    targets, target_name = _column(decoded, "target", columns.target)
    times = table.columns.get("timestamp", table.columns.get(columns.timestamp or "timestamp"))
    only_numbers = columns.task == "regression"
    labels: list[Label] = []
    errors = list(decoded.errors)
    numbers = decoded.numbers or range(table.rows)
    for row in range(table.rows):
        try:
            inference = _id(ids[row], id_name)
            target = _target(targets[row], target_name, only_numbers=only_numbers)
            labels.append(Label(digest(inference), target, _time(times, row)))
        except _Bad as bad:
            errors.append(RowError(numbers[row], bad.column, bad.reason))
    return labels, sorted(errors, key=lambda each: each.row)


class _Bad(Exception):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


def _column(decoded: Decoded, name: str, own_name: str | None) -> tuple[Sequence[object], str]:
    """The column under its own name wins: a monitor may well have a feature that is called `id`."""
    columns = decoded.table.columns
    for candidate in (own_name, name):
        if candidate is not None and candidate in columns:
            return columns[candidate], candidate
    if decoded.table.rows == 0:
        return (), name
    names = " or ".join(repr(each) for each in dict.fromkeys((name, own_name)) if each)
    hint = near_miss(name, list(columns))
    raise Invalid(f"labels have a column {names}{hint}: it is missing", column=name)


def _id(value: object, column: str) -> str:
    if type(value) is str and value:
        return value
    if type(value) is int:
        return str(value)
    if type(value) is float and value.is_integer():
        return str(int(value))
    if value is None or value == "" or value != value:  # noqa: PLR0124 - NaN is missing
        raise _Bad(column, "missing id: expected text or a whole number")
    raise _Bad(column, f"expected text or a whole number, not {shown(value)}")


def _target(value: object, column: str, *, only_numbers: bool) -> bytes:
    if value is None or value != value:  # noqa: PLR0124 - NaN is missing
        raise _Bad(column, "missing target: a label without one says nothing")
    if only_numbers and type(value) not in NUMBERS:
        raise _Bad(column, f"expected a number, not {shown(value)}")
    if type(value) not in SCALARS:
        raise _Bad(column, f"expected a number, text, true or false, not {shown(value)}")
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise _Bad(column, f"expected a finite number, not {shown(value)}")
    return orjson.dumps(value)


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
