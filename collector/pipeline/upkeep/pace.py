"""How often jobs look at a monitor: looking at all its panes takes time in proportion, and time is everybody's."""

from collector.model import MonitorState

PANES_EACH_TIME = 1_000
"""A monitor with more panes than this is passed over once for each so many of them."""


class Pace:
    """State: how often each job will still pass over each monitor."""

    def __init__(self) -> None:
        self._passes: dict[tuple[str, str], int] = {}

    def is_its_turn(self, job: str, monitor: str) -> bool:
        """Whether the job looks at the monitor now; to be asked each time."""
        left = self._passes.get((job, monitor), 0)
        if left:
            self._passes[job, monitor] = left - 1
        return not left

    def looked(self, job: str, monitor: str, state: MonitorState) -> None:
        """The job saw so many panes."""
        passes = len(state.panes) // PANES_EACH_TIME
        if passes:
            self._passes[job, monitor] = passes
        else:
            self._passes.pop((job, monitor), None)
