"""Windows as items of the work queue: what is put, what is leased, and how both are read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from collector.batch.due import Due, next_revision
from collector.batch.windows import rows_in
from collector.model import WORK_QUEUE, Item, MonitorId, MonitorState, Pane, PaneState, Phase, Window
from collector.monitor import Monitor


@dataclass(frozen=True, slots=True)
class WindowTask:
    """The payload of a work item. Its rows, labels and what it reads elsewhere make the payload change when there is
    more to see.
    """

    window: Window
    phase: Phase
    revision: int
    rows: int
    labelled: int
    seen: int

    def after(self, pane: PaneState) -> "WindowTask":
        """The same, with the revision that comes now: the window may have been settled since it was put, when rows came
        while it was evaluated. Two revisions of one number could not be told apart by who gets them.
        """
        return replace(self, revision=max(self.revision, next_revision(pane, self.window, self.phase)))

    def dump(self) -> bytes:
        return orjson.dumps(
            {
                **dump_window(self.window),
                "phase": self.phase,
                "revision": self.revision,
                "rows": self.rows,
                "labelled": self.labelled,
                "seen": self.seen,
            }
        )

    @staticmethod
    def load(payload: bytes) -> "WindowTask":
        task = orjson.loads(payload)
        return WindowTask(
            window=load_window(task),
            phase=Phase(task["phase"]),
            revision=task["revision"],
            rows=task["rows"],
            labelled=task["labelled"],
            seen=task.get("seen", 0),
        )


def dump_window(window: Window) -> dict[str, object]:
    return {
        "pane": window.pane.key,
        "part": window.part,
        "first_row": window.first_row,
        "stop_row": window.stop_row,
    }


def load_window(document: Mapping[str, Any]) -> Window:
    return Window(Pane.parse(document["pane"]), document["part"], document["first_row"], document["stop_row"])


def work_items(monitor: Monitor, state: MonitorState, found: Iterable[Due], now_us: int) -> Sequence[Item]:
    """An item for each due window and phase; its key is the window's, so that it is there once."""
    panes = {pane.pane: pane for pane in state.panes}
    items = []
    for each in found:
        pane = panes[each.window.pane]
        task = WindowTask(
            window=each.window,
            phase=each.phase,
            revision=each.revision,
            rows=rows_in(each.window, pane),
            labelled=pane.labelled if each.phase is Phase.LABELS else 0,
            seen=each.seen,
        )
        key = f"{each.window.key}/{each.phase}"
        items.append(Item(WORK_QUEUE, MonitorId(monitor.id), key, task.dump(), now_us))
    return items
