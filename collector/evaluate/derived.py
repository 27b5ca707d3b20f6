"""Columns that are not in the data but follow from them: made when a metric or test first asks for their name."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

if TYPE_CHECKING:
    import pandas as pd

    from collector.evaluate.profile import FrameProfile

DerivedType = Literal["num", "cat", "text"]


class Derivation(Protocol):
    """How a column follows from the others."""

    @property
    def kind(self) -> DerivedType: ...

    def derive(self, frame: "FrameProfile", column: str) -> "pd.Series[Any]":
        """A value per row of the frame. Raises Invalid when a column that it needs is not there."""


class DerivedName(str):
    """The name of such a column, for every parameter that takes the name of a column.

    Two of them are equal when they read the same and mean the same; none is equal to a plain name.
    """

    __slots__ = ("_identity", "column", "derivation")

    def __new__(cls, text: str, derivation: Derivation, column: str, key: Hashable) -> Self:  # noqa: ARG004
        return super().__new__(cls, text)

    def __init__(self, text: str, derivation: Derivation, column: str, key: Hashable) -> None:
        super().__init__()
        self.derivation = derivation
        self.column = column
        self._identity = (text, column, key)

    def __getnewargs__(self) -> tuple[str, Derivation, str, Hashable]:  # type: ignore[override]  # more than str's
        return self._identity[0], self.derivation, self.column, self._identity[2]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DerivedName) and self._identity == other._identity

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def kind(self) -> DerivedType:
        return self.derivation.kind

    def derive(self, frame: "FrameProfile") -> "pd.Series[Any]":
        return self.derivation.derive(frame, self.column)
