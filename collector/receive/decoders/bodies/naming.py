"""Columns by position get the names that the monitor gives them. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from collector.errors import Invalid
from collector.model import Side
from collector.monitor import Monitor
from collector.receive.decoders.bodies.parsed import Parsed


@dataclass(frozen=True, slots=True)
class Names:
    """What a monitor calls the values of one side: `wanted` in their order, `known` are all that mean something to it, as do
    those that it `hides`.
    """

    side: Side
    wanted: Sequence[str]
    known: frozenset[str]
    hides: Callable[[str], object] = lambda _: False


def names_of(monitor: Monitor, side: Side) -> Names:
    """Features in the order of `source.features`, or as they are declared; predictions as they are declared."""
    columns = monitor.columns
    features = [
        *(columns.numerical_features or ()), *(columns.categorical_features or ()), *(columns.text_features or ()),
        *(columns.datetime_features or ()), *(name for group in (columns.embeddings or {}).values() for name in group),
    ]  # fmt: skip
    roles = [columns.id, columns.timestamp, columns.target, columns.user_id, columns.item_id]
    if side is Side.RESPONSE:
        known = frozenset([*columns.predictions, *filter(None, roles)])
        return Names(side, columns.predictions, known, monitor.privacy.rule_of)
    known = frozenset([*features, *(monitor.source.features or ()), *filter(None, roles)])
    return Names(side, monitor.source.features or features, known, monitor.privacy.rule_of)


def named(parsed: Parsed, names: Names) -> tuple[Mapping[str, Sequence[object]], int]:
    """The columns by their names, and the number of rows. Names of the sender that the monitor knows stay; a sender whose
    names mean nothing here (`input-0`, `t:1`) is taken by position, when it has as many values as there are names.

    Raises Invalid.

    >>> names = Names(Side.RESPONSE, ["score"], frozenset(["score"]))
    >>> named(Parsed(2, {"output-0": [0.1, 0.2]}), names)
    ({'score': [0.1, 0.2]}, 2)
    """
    if parsed.vector and parsed.rows == len(names.wanted) > 1:
        (values,) = parsed.named.values()
        return {name: [value] for name, value in zip(names.wanted, values, strict=True)}, 1
    columns = parsed.named or _numbered(parsed, names.side)
    if not parsed.unnamed and (not names.known.isdisjoint(columns) or any(map(names.hides, columns))):
        return columns, parsed.rows
    if len(columns) == len(names.wanted):
        return dict(zip(names.wanted, columns.values(), strict=True)), parsed.rows
    if names.wanted and (parsed.unnamed or names.side is Side.RESPONSE):
        noun = "predictions" if names.side is Side.RESPONSE else "features"
        called = f" ({', '.join(list(columns)[:5])})" if parsed.named else ""
        raise Invalid(
            f"the {names.side} has {len(columns)} values a row{called}, the monitor has {len(names.wanted)} {noun}: "
            f"{', '.join(names.wanted[:5])}"
        )
    if names.side is Side.RESPONSE and len(columns) == 1 and not names.wanted:
        return {"prediction": next(iter(columns.values()))}, parsed.rows
    return columns, parsed.rows


def _numbered(parsed: Parsed, side: Side) -> Mapping[str, Sequence[object]]:
    stem = parsed.stem or ("prediction" if side is Side.RESPONSE else "feature")
    return {f"{stem}-{number}": values for number, values in enumerate(parsed.unnamed)}
