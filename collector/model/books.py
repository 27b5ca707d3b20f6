"""How windows were settled, how a monitor's panes stand, and where its rows are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from collector.model.windows import Pane, Phase, Window


class Outcome(StrEnum):
    """How a window was settled. WAITING: it was dead and is replayed; it has seen no row, and keeps its revision."""

    EVALUATED = "evaluated"
    DEAD = "dead"
    DROPPED = "dropped"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an ack, or a last nack, says of a window. `counts_rows` in the first phase only: a row is counted once.

    `at_us` is the instant at which the rows were read, `seen` how much was; both become `Settled`'s.
    `reason` says why, when the outcome is DROPPED; the account counts its rows under it.
    """

    window: Window
    phase: Phase
    outcome: Outcome
    rows: int
    labelled: int
    revision: int
    counts_rows: bool
    at_us: int = 0
    reason: str = "dropped"
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """The last settlement of one window in one phase: how many rows and labels it saw, and when it read them.

    `seen` counts all that it read, of its own pane and of others: rows, and label changes where they mattered.
    """

    outcome: Outcome
    rows: int
    labelled: int
    revision: int
    at_us: int
    seen: int = 0


@dataclass(frozen=True, slots=True)
class PaneState:
    """A pane as the scheduler sees it.

    `rows` are accepted rows since the pane began, also the first `trimmed` ones, which were purged since; `labelled`
    are those of all these rows that got a label, each counted once; `label_changes` counts their corrections too;
    `settled` is keyed by (part, phase).
    """

    pane: Pane
    rows: int
    labelled: int
    bytes: int
    first_append_us: int
    last_append_us: int
    last_label_us: int | None
    settled: Mapping[tuple[int, Phase], Settled] = field(default_factory=dict)
    trimmed: int = 0
    label_changes: int = 0


@dataclass(frozen=True, slots=True)
class MonitorState:
    """A monitor's panes, and how far its event time has come."""

    panes: Sequence[PaneState]
    max_event_us: int | None
    last_append_us: int | None


@dataclass(frozen=True, slots=True)
class Account:
    """Where a monitor's rows are: accepted = evaluated + dead + sum(dropped) + waiting, at every instant at rest.

    `waiting` is counted from the panes, the others are sums kept with every step; `balanced` compares the two.
    """

    accepted: int
    evaluated: int
    dead: int
    waiting: int
    waiting_bytes: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    oldest_append_us: int | None = None

    @property
    def balanced(self) -> bool:
        return self.accepted == self.evaluated + self.dead + sum(self.dropped.values()) + self.waiting
