"""The reference that a monitor makes of its own first windows: asked for by the clock, made by a worker, once in effect.

What it was made of stands in the buffer beside the reference, so that every replica knows which windows it is, and
none is compared with itself.
"""

from collections.abc import Sequence

import orjson

from collector.batch.first import Made, to_make
from collector.model import WORK_QUEUE, Item, Lease, MonitorId, MonitorState, Phase
from collector.monitor import Monitor
from collector.pipeline.references.references import References
from collector.pipeline.sampling import sample
from collector.pipeline.windows import dump_window, load_window
from collector.ports import Buffer, Evaluator

KIND = "first_windows"
ITEM_KEY = "reference"
"""Key of the item in the work queue; a window's key has a part, and can never be this."""


class FirstWindows:
    """State: none of its own."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer

    async def made(self, monitor: Monitor) -> Made | None:
        """What the reference was made of; None while there is none."""
        if monitor.reference is None or monitor.reference.first_windows is None:
            return None
        document = await self._buffer.documents.get(KIND, monitor.id)
        if document is None:
            return None
        known = orjson.loads(document.body)
        return Made(frozenset(known["windows"]), Phase(known["phase"]))

    def item(self, monitor: Monitor, state: MonitorState, made: Made | None, now_us: int) -> Sequence[Item]:
        """What to put to work so that the reference is made; nothing while it is not time."""
        phase, windows = to_make(monitor, state, made, now_us)
        if not windows:
            return ()
        payload = orjson.dumps({"phase": phase, "windows": [dump_window(window) for window in windows]})
        return [Item(WORK_QUEUE, MonitorId(monitor.id), ITEM_KEY, payload, now_us)]

    async def make(
        self, monitor: Monitor, lease: Lease, references: References, evaluator: Evaluator, most_rows: int
    ) -> None:
        """Read the windows' rows, or a sample of so many, store them as the reference, then say what it was made of.
        Harmless to repeat.
        """
        task = orjson.loads(lease.payload)
        windows = [load_window(each) for each in task["windows"]]
        rows = (await sample(self._buffer.rows, lease.monitor, windows, most_rows)).rows
        if rows.rows:
            await references.put(monitor, await evaluator.table(monitor, Phase(task["phase"]), rows))
        await self._say(monitor.id, Phase(task["phase"]), [window.key for window in windows])

    async def give_up(self, lease: Lease) -> None:
        """It cannot be made: the next windows are evaluated without, rather than wait for ever."""
        task = orjson.loads(lease.payload)
        await self._say(lease.monitor, Phase(task["phase"]), ())

    async def _say(self, monitor: str, phase: Phase, keys: Sequence[str]) -> None:
        body = orjson.dumps({"phase": phase, "windows": sorted(keys)})
        await self._buffer.documents.put(KIND, monitor, body)
