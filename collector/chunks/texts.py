"""Columns of texts: each distinct one once, and for every row the place of its own among them."""

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from operator import itemgetter
from typing import TypeAlias, overload

Codes: TypeAlias = "bytes | array[int]"


class Coded(Sequence[object]):
    """A column of texts as its sender coded it. Read as a sequence it is the column's values.

    `distinct` holds each value of the column once, and no other; None is missing. `codes` has the place of its value for each
    row, as wide as `kind_of_codes` says.

    >>> list(Coded(["AA", None], bytes([0, 1, 0])))
    ['AA', None, 'AA']
    """

    __slots__ = ("codes", "distinct")

    def __init__(self, distinct: Sequence[str | None], codes: Codes) -> None:
        self.distinct = distinct
        self.codes = codes

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[object]:
        return map(self.distinct.__getitem__, self.codes)

    @overload
    def __getitem__(self, index: int) -> object: ...
    @overload
    def __getitem__(self, index: slice) -> list[object]: ...
    def __getitem__(self, index: int | slice) -> object:
        """For a row now and then: whoever takes many makes a list of it first."""
        if isinstance(index, slice):
            return list(map(self.distinct.__getitem__, self.codes[index]))
        return self.distinct[self.codes[index]]


def kind_of_codes(distinct: int) -> str:
    """The narrowest one for so many texts."""
    return "B" if distinct <= 256 else "H" if distinct <= 65_536 else "I"


def coded(values: Sequence[str | None]) -> Coded:
    """The texts by what is distinct among them, in the order of their first row.

    >>> texts = coded(["b", "a", "b"])
    >>> texts.distinct, list(texts.codes)
    (['b', 'a'], [0, 1, 0])
    """
    numbers: defaultdict[str | None, int] = defaultdict(count().__next__)
    # One pass in C, in which a text that is new gets the next number.
    codes = itemgetter(*values)(numbers) if len(values) > 1 else [numbers[value] for value in values]
    kind = kind_of_codes(len(numbers))
    return Coded(list(numbers), bytes(codes) if kind == "B" else array(kind, codes))


def in_order(texts: Coded) -> tuple[Codes, Sequence[str | None]]:
    """The codes, and the distinct texts: a few of them in their order, so that chunks of the same ones share their list,
    whichever came first.

    >>> codes, distinct = in_order(coded(["b", None, "a", "b"]))
    >>> list(codes), distinct
    ([1, 2, 0, 1], ['a', 'b', None])
    """
    codes, distinct = texts.codes, texts.distinct
    if not isinstance(codes, bytes):
        return codes, distinct
    missing = [None] if None in distinct else []
    order = [*sorted(value for value in distinct if value is not None), *missing]
    if order == distinct:
        return codes, distinct
    place_of = {value: place for place, value in enumerate(order)}
    return _moved(codes, [place_of[value] for value in distinct]), order


def _moved(codes: bytes, places: Sequence[int]) -> bytes:
    """Each code replaced by the place at its number, in one go."""
    return codes.translate(bytes(places).ljust(256))


def joined_texts(
    columns: Sequence[Codes], lists: Sequence[Sequence[str | None]]
) -> tuple[str, Codes, Sequence[str | None]]:
    """Columns below each other, with one list for all of them; the codes follow. With their kind."""
    if lists.count(lists[0]) == len(lists):
        kind = kind_of_codes(len(lists[0]))
        together = b"".join(columns)
        return kind, together if kind == "B" else array(kind, together), lists[0]
    place_of: dict[str | None, int] = {}
    places = [[place_of.setdefault(value, len(place_of)) for value in values] for values in lists]
    kind = kind_of_codes(len(place_of))
    if kind == "B":  # so were all of them
        return (
            kind,
            b"".join(_moved(bytes(each), place) for each, place in zip(columns, places, strict=True)),
            [*place_of],
        )
    merged = array(kind)
    for each, place in zip(columns, places, strict=True):
        merged.extend(map(place.__getitem__, each))
    return kind, merged, [*place_of]
