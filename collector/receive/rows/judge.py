"""Admission: which rows of a request are taken, judged row by row but computed column by column. Pure.

A column whose value types are all clean costs one C loop and nothing else; only a column with a fault is walked in
Python. What passes here is never checked again: ids are text, instants are integers, every other value is a scalar.
"""

from collections.abc import Collection, Mapping, Sequence, Set as AbstractSet
from operator import itemgetter

from collector.chunks import Coded, recognized
from collector.model import Judged, Label, RowError, Table, digest
from collector.monitor import Monitor
from collector.receive.decoders.table import MOST_CHARACTERS, Decoded, Instants
from collector.receive.rows.faults import Faults
from collector.receive.rows.labels import judge_labels
from collector.receive.rows.privacy import Protection, Protector
from collector.receive.rows.roles import Role, Roles, roles_of
from collector.receive.rows.times import EXPECTED, NotAnInstant, instant_us, iso
from collector.receive.words import MOST_NAME, brief, name_too_long, too_long
from collector.strict import near_miss

_TEXT_ONLY = {str}
_WHOLE_ONLY = {int}
_ID_EXPECTED = "expected text or a whole number"


class Judge:
    """Judges requests. It has state only to compile each monitor's roles once: a monitor that was replaced is a new
    object, so its roles are compiled anew.
    """

    def __init__(
        self, *, max_future_seconds: float, max_text: int = MOST_CHARACTERS, protector: Protector | None = None
    ) -> None:
        """Without a protector there is no key: monitors that hash columns are refused."""
        self._max_future_us = round(max_future_seconds * 1_000_000)
        self._max_text = max_text
        self._protector = protector or Protector()
        self._compiled: dict[str, tuple[Monitor, Roles]] = {}

    def roles(self, monitor: Monitor) -> Roles:
        """Raises Unavailable when the monitor hashes columns, and this process has no key."""
        known = self._compiled.get(monitor.id)
        if known is None or known[0] is not monitor:
            known = self._compiled[monitor.id] = (monitor, roles_of(monitor, self._protector.of_monitor(monitor)))
        return known[1]

    def protection(self, monitor: Monitor) -> Protection | None:
        """What is hidden of the monitor's columns. Raises Unavailable, as `roles` does."""
        return self.roles(monitor).protection

    def forget(self, monitor: str) -> None:
        """The monitor was deleted."""
        self._compiled.pop(monitor, None)

    def judge(self, decoded: Decoded, monitor: Monitor, *, now_us: int, long_texts: bool = True) -> Judged:
        """The good rows, unchanged but for ids, instants and what is to be hidden, and an error for each of the others.

        The rows of the result and `rejected` add up to the rows of the request. Without `long_texts` the caller knows that
        there are none. Raises Unavailable, as `roles` does.
        """
        roles = self.roles(monitor)
        max_text = self._max_text if long_texts else None
        return judge(decoded, roles, latest_us=now_us + self._max_future_us, max_text=max_text)

    def labels(self, decoded: Decoded, monitor: Monitor) -> tuple[list[Label], list[RowError]]:
        """Every row becomes a label or an error. Raises Invalid when the rows can have no label at all, and Unavailable."""
        return judge_labels(decoded, monitor, max_text=self._max_text, protection=self.protection(monitor))


def judge(decoded: Decoded, roles: Roles, *, latest_us: int, max_text: int | None = MOST_CHARACTERS) -> Judged:
    """As `Judge.judge`; event times after `latest_us` and texts of more than `max_text` characters are refused."""
    table, protection = decoded.table, roles.protection
    if protection is None:
        faults = Faults(decoded.numbers, decoded.errors)
    else:
        faults = Faults(decoded.numbers, decoded.errors, protection.hides)
        taken = {name: values for name, values in table.columns.items() if not protection.drops(name)}
        table = Table(taken, table.rows)
    if table.rows == 0:  # not one of the rows was an object: there is nothing to judge
        return Judged(Table({}, 0), None, None, faults.listed, faults.rejected)
    columns: dict[str, Sequence[object]] = {}
    types: dict[str, AbstractSet[type]] = {}
    for name, values in table.columns.items():
        if name == roles.id or name in roles.times:
            continue
        role = roles.values.get(name)
        if role is None:  # nobody declared it
            if len(name) > MOST_NAME:
                _refuse(brief(name), values, name_too_long(name), faults)
                continue
            role = roles.any_other
        if role is None:
            _refuse_unknown(name, values, roles, faults)
        elif type(values) is Instants:
            columns[name] = _as_text(values, role, name, faults)
        else:
            values, found = recognized(values)  # noqa: PLW2901 - the same ones, coded
            types[name] = found
            columns[name] = values if found <= role.clean else _walk(name, values, role, faults)
            if max_text is not None and str in found:
                _bound(name, values, found, max_text, faults)
    ids = None
    if roles.id is not None:
        ids = columns[roles.id] = _ids(roles.id, table, faults, max_text)
    for name in roles.times:
        if name in table.columns or name == roles.event_time:
            columns[name] = _times(name, table, faults, required=name == roles.event_time, latest_us=latest_us)
    if not columns:
        for row in range(table.rows):
            if row not in faults.rows:
                faults.add(row, None, "expected an object with a value for each column, not an empty one")
    rows = table.rows
    if faults.rows:
        columns, rows = _without(faults.rows, columns, rows)
        ids = columns.get(roles.id) if roles.id is not None else None
        types = {}  # those of the good rows alone are not known
    if protection is not None:
        columns = _hidden(columns, protection, but=decoded.hidden)
        types = {name: found for name, found in types.items() if not protection.hides(name)}
        ids = columns.get(roles.id) if roles.id is not None else None
    event_us = columns.get(roles.event_time) if roles.event_time is not None else None
    return Judged(
        table=Table(columns, rows),
        event_us=event_us,  # type: ignore[arg-type]  # integers: the column was parsed above
        ids=None if ids is None else [digest(each) for each in ids],  # type: ignore[arg-type]  # text, likewise
        errors=faults.listed,
        rejected=faults.rejected,
        types=types,
    )


def _refuse_unknown(name: str, values: Sequence[object], roles: Roles, faults: Faults) -> None:
    """All features are declared, so a column that is not is a mistake, unless it is empty."""
    if any(value is not None for value in values):
        hint = near_miss(name, roles.known) if faults.may_suggest else ""
        _refuse(name, values, f"unknown column{hint}: the monitor declares all of its features", faults)


def _refuse(name: str, values: Sequence[object], reason: str, faults: Faults) -> None:
    """The rows that have a value in a column which is not taken."""
    for row, value in enumerate(values):
        if value is not None:
            faults.add(row, name, reason)


def _walk(name: str, values: Sequence[object], role: Role, faults: Faults) -> Sequence[object]:
    for row, value in enumerate(values):
        if type(value) not in role.clean:
            faults.add(row, name, f"{role.expected}, not {faults.shown(name, value)}")
    return values


def _bound(name: str, values: Sequence[object], kinds: Collection[type], max_text: int, faults: Faults) -> None:
    """Refuse texts that are too long."""
    distinct = values.distinct if type(values) is Coded else values
    texts: Sequence[str] = distinct if kinds == _TEXT_ONLY else [each for each in distinct if type(each) is str]  # type: ignore[assignment]  # just seen
    if max(map(len, texts), default=0) <= max_text:
        return
    for row, value in enumerate(values):
        if type(value) is str and len(value) > max_text:
            faults.add(row, name, too_long(value, max_text))


def _hidden(
    columns: Mapping[str, Sequence[object]], protection: Protection, *, but: AbstractSet[str]
) -> dict[str, Sequence[object]]:
    return {name: values if name in but else protection.stored(name, values) for name, values in columns.items()}


def _as_text(values: Instants, role: Role, name: str, faults: Faults) -> Sequence[object]:
    """An instant in a column that was not declared as a time: kept as text, where text is taken."""
    return _walk(name, [None if value is None else iso(value) for value in values], role, faults)


def _ids(name: str, table: Table, faults: Faults, max_text: int | None) -> Sequence[object]:
    """The ids as text. A whole number is an id too, also when its sender counts in floats: 5, 5.0 and "5" are one."""
    values = table.columns.get(name)
    if values is None:
        values = [None] * table.rows
    kinds = set(map(type, values))
    if max_text is not None and str in kinds:
        _bound(name, values, kinds, max_text, faults)
    if kinds == _TEXT_ONLY and "" not in values:
        return values
    if kinds == _WHOLE_ONLY:
        return list(map(str, values))
    ids: list[object] = []
    for row, value in enumerate(values):
        if type(value) is str and value:
            ids.append(value)
        elif type(value) is int:
            ids.append(str(value))
        elif type(value) is float and value.is_integer():
            ids.append(str(int(value)))
        else:
            ids.append(None)
            missing = value is None or value == "" or value != value  # noqa: PLR0124 - NaN is missing
            expected = f"missing id: {_ID_EXPECTED}" if missing else f"{_ID_EXPECTED}, not {faults.shown(name, value)}"
            faults.add(row, name, expected)
    return ids


def _times(name: str, table: Table, faults: Faults, *, required: bool, latest_us: int) -> Sequence[object]:
    values = table.columns.get(name)
    if values is None:
        values = [None] * table.rows
    instants: Sequence[object]
    try:
        instants = values if type(values) is Instants else list(map(instant_us, values))
        # One comparison each for the usual request: all there, none before 1970, none ahead of the clock.
        if not required or (min(instants) >= 0 and max(instants) <= latest_us):  # type: ignore[type-var, operator]  # all integers, or a TypeError
            return instants
    except (NotAnInstant, TypeError):
        pass
    return [
        _time(row, name, value, faults, ready=type(values) is Instants, required=required, latest_us=latest_us)
        for row, value in enumerate(values)
    ]


def _time(
    row: int, name: str, value: object, faults: Faults, *, ready: bool, required: bool, latest_us: int
) -> int | None:
    if value is None or value == "" or value != value:  # noqa: PLR0124 - NaN is missing
        if required:
            faults.add(row, name, f"missing event time: {EXPECTED}")
        return None
    try:
        instant = value if ready and isinstance(value, int) else instant_us(value)
    except NotAnInstant as reason:
        told = faults.shown(name, value)
        faults.add(row, name, f"{reason}, not {told}" if str(reason) == EXPECTED else f"{told} is {reason}")
        return None
    if required and instant < 0:
        faults.add(row, name, f"{iso(instant)} is before 1970")
    elif required and instant > latest_us:
        faults.add(row, name, f"{iso(instant)} is too far ahead: at most {iso(latest_us)} is taken")
    return instant


def _without(
    bad: set[int], columns: Mapping[str, Sequence[object]], rows: int
) -> tuple[dict[str, Sequence[object]], int]:
    keep = [row for row in range(rows) if row not in bad]
    if len(keep) > 1:
        pick = itemgetter(*keep)
        return {name: pick(list(values)) for name, values in columns.items()}, len(keep)
    return {name: [values[row] for row in keep] for name, values in columns.items()}, len(keep)
