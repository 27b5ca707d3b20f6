"""One metric of a snapshot, as its renderer gets it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from collector.render.parts import Widget, mapping, text


@dataclass(frozen=True, slots=True)
class Shown:
    """`columns` are the snapshot's columns: their types and distributions."""

    name: str
    parameters: Mapping[str, Any]
    result: Mapping[str, Any]
    columns: Mapping[str, Mapping[str, Any]]

    @property
    def column(self) -> str:
        """The column that the metric is about, or nothing."""
        name = self.result.get("column_name") or self.parameters.get("column_name")
        return "" if name is None else text(name)

    def half(self, name: str) -> Mapping[str, Any]:
        """The result's `current` or `reference` half; empty when it has none."""
        return mapping(self.result.get(name))


Renderer = Callable[[Shown], list[Widget]]
