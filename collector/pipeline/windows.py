"""Windows as items of the work queue: what is put, what is leased, and how both are read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from collector.batch.due import Due, rows_in
from collector.model import WORK_QUEUE, Item, MonitorId, MonitorState, Pane, Phase, Window
from collector.monitor import Monitor


@dataclass(frozen=True, slots=True)
class WindowTask:
    """The payload of a work item. Its rows and labels make the payload change when there is more to see."""

    window: Window
    phase: Phase
    revision: int
    rows: int
    labelled: int
    last_label_us: int

    def dump(self) -> bytes:
        return orjson.dumps(
            {
                "pane": self.window.pane.key,
                "part": self.window.part,
                "first_row": self.window.first_row,
                "stop_row": self.window.stop_row,
                "phase": self.phase,
                "revision": self.revision,
                "rows": self.rows,
                "labelled": self.labelled,
                "last_label_us": self.last_label_us,
            }
        )

    @staticmethod
    def load(payload: bytes) -> "WindowTask":
        task = orjson.loads(payload)
        return WindowTask(
            window=Window(Pane.parse(task["pane"]), task["part"], task["first_row"], task["stop_row"]),
            phase=Phase(task["phase"]),
            revision=task["revision"],
            rows=task["rows"],
            labelled=task["labelled"],
            last_label_us=task["last_label_us"],
        )


def work_items(monitor: Monitor, state: MonitorState, found: Iterable[Due], now_us: int) -> Sequence[Item]:
    """An item for each due window and phase; its key is the window's, so that it is there once."""
    panes = {pane.pane: pane for pane in state.panes}
    items = []
    for each in found:
        pane = panes[each.window.pane]
        labels = each.phase is Phase.LABELS
        task = WindowTask(
            window=each.window,
            phase=each.phase,
            revision=each.revision,
            rows=rows_in(each.window, pane),
            labelled=pane.labelled if labels else 0,
            last_label_us=(pane.last_label_us or 0) if labels else 0,
        )
        key = f"{each.window.key}/{each.phase}"
        items.append(Item(WORK_QUEUE, MonitorId(monitor.id), key, task.dump(), now_us))
    return items
