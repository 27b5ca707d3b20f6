"""What the values of a column are: the question that decides its kind, asked of every column of every request."""

from array import array
from collections.abc import Mapping, Sequence, Set as AbstractSet

import msgspec

from collector.chunks.texts import Coded, coded

_FLOATS, _WHOLE, _TEXTS = frozenset({float}), frozenset({int}), frozenset({str, type(None)})
_PACKED: Mapping[str, AbstractSet[type]] = {"d": _FLOATS, "b": _WHOLE, "h": _WHOLE, "i": _WHOLE, "q": _WHOLE}
"""What an array holds needs no look."""
_ASK_EACH_UP_TO_ROWS = 32
"""Fewer values are asked one by one before anything else is set up."""
_MARK = b"\xcb"
_as_message_pack = msgspec.msgpack.Encoder().encode


def recognized(values: Sequence[object]) -> tuple[Sequence[object], AbstractSet[type]]:
    """The values, coded if they are many texts, and their types, neither more nor fewer.

    >>> recognized([0.5, None]) == ([0.5, None], {float, type(None)})
    True
    >>> texts, types = recognized(["AA", "UA", "AA"] * 20)
    >>> texts.distinct, types
    (['AA', 'UA'], {<class 'str'>})
    """
    if type(values) is array:
        return values, _PACKED[values.typecode]
    if type(values) is Coded:
        return values, set(map(type, values.distinct))
    if len(values) > _ASK_EACH_UP_TO_ROWS:
        first = type(values[0])
        if first is str:
            return _texts(values)
        if first is float and _are_floats(values):
            return values, _FLOATS
    return values, set(map(type, values))


def _texts(values: Sequence[object]) -> tuple[Sequence[object], AbstractSet[type]]:
    """Coded, if that is all they are: nothing else equals a text, so that the types of the distinct ones say it."""
    try:
        texts = coded(values)  # type: ignore[arg-type]  # that is the question
    except TypeError:  # a nested value
        return values, set(map(type, values))
    types = set(map(type, texts.distinct))
    return (texts, types) if types <= _TEXTS else (values, set(map(type, values)))


def _are_floats(values: Sequence[object]) -> bool:
    """Whether all of them are, in a quarter of the time of asking each value: as MessagePack a float is a mark and eight bytes,
    so when all begin with the mark, there is nothing else.
    """
    try:
        packed = _as_message_pack(values)
    except (TypeError, ValueError, OverflowError, RecursionError):  # of what it cannot pack it says so
        return False
    rows = len(values)
    head = 3 if rows < 2**16 else 5
    return len(packed) == head + 9 * rows and packed[head::9] == _MARK * rows
