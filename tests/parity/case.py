"""One thing that both engines are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["metric", "test", "metric preset", "test preset"]
NUMBER_TESTS = (
    "TestColumnValueMin", "TestColumnValueMax", "TestColumnValueMean", "TestColumnValueMedian", "TestColumnValueStd",
    "TestMeanInNSigmas", "TestValueRange", "TestNumberOfOutRangeValues", "TestShareOfOutRangeValues",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One metric, test or preset with its arguments.

    What is no plain value is said as a mapping: `{"approx": [value, relative, absolute]}`, `{"embedding": [method, its
    arguments]}`, `{"descriptor": [name, its arguments, column]}`.
    """

    kind: Kind
    name: str
    arguments: tuple[tuple[str, Any], ...] = ()
    compared: bool = True
    """Whether the reference is given."""

    @property
    def id(self) -> str:
        """The case in one line; the key of its golden value."""
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments)
        return f"{self.name}({arguments}){'' if self.compared else ' alone'}"

    @property
    def stattests(self) -> frozenset[str]:
        """The drift methods that the case names."""
        return frozenset(
            value for name, value in self.arguments if name.endswith("stattest") and isinstance(value, str)
        )


def ask_metric(name: str, *, compared: bool = True, **arguments: Any) -> Case:
    return Case("metric", name, tuple(arguments.items()), compared)


def ask_test(name: str, *, compared: bool = True, **arguments: Any) -> Case:
    return Case("test", name, tuple(arguments.items()), compared)


def ask_both(name: str, **arguments: Any) -> Iterator[Case]:
    for compared in (True, False):
        yield ask_test(name, compared=compared, **arguments)
