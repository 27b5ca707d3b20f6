"""What is computed from all panes of a monitor: it takes time in proportion, and rows are received meanwhile."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from collector.model import MonitorState

FEW_PANES = 1_000
"""Those of more are looked through in a thread: of fifty thousand it takes a second."""

T = TypeVar("T")


async def computed(state: MonitorState, compute: Callable[[], T]) -> T:
    """What is computed from a state."""
    return await asyncio.to_thread(compute) if len(state.panes) > FEW_PANES else compute()
