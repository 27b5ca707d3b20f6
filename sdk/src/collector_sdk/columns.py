"""Under which names a monitor wants the id, the event time, the prediction and the target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """Names of the columns that have a role. None (no names): the monitor has no such column, so it is not sent."""

    id: str | None = "id"
    timestamp: str | None = "timestamp"
    prediction: tuple[str, ...] = ("prediction",)
    target: str | None = "target"


@dataclass(frozen=True, slots=True)
class WantedNames:
    """The names that the caller gave; None: ask the service."""

    id: str | None = None
    timestamp: str | None = None
    prediction: str | Sequence[str] | None = None
    target: str | None = None

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to ask."""
        return None not in (self.id, self.timestamp, self.prediction, self.target)

    def resolve(self, monitor: Mapping[str, Any] | None) -> ColumnNames:
        """What the caller gave, else what the monitor says, else the defaults when the monitor is not known.

        The service shows the monitor as configured, under `monitor`, beside its state.

        >>> WantedNames(id="flight").resolve({"columns": {"timestamp": "at", "prediction": ["p0", "p1"]}})
        ColumnNames(id='flight', timestamp='at', prediction=('p0', 'p1'), target=None)
        >>> WantedNames().resolve(None) == ColumnNames()
        True
        """
        known = _columns(monitor)
        if known is None:
            defaults = ColumnNames()
            known = {
                "id": defaults.id,
                "timestamp": defaults.timestamp,
                "prediction": defaults.prediction,
                "target": defaults.target,
            }
        prediction = self.prediction if self.prediction is not None else known.get("prediction")
        return ColumnNames(
            id=self.id or known.get("id"),
            timestamp=self.timestamp or known.get("timestamp"),
            prediction=(prediction,) if isinstance(prediction, str) else tuple(prediction or ()),
            target=self.target or known.get("target"),
        )


def _columns(monitor: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The monitor's columns; none configured is an empty mapping, none to be found is None."""
    if monitor is None:
        return None
    configured = monitor.get("monitor")
    columns = configured.get("columns", {}) if isinstance(configured, Mapping) else monitor.get("columns")
    return columns if isinstance(columns, Mapping) else None
