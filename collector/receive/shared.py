"""Calls that come together share one round trip: what arrives while one is in flight gathers for the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from collector.model import MonitorId

A = TypeVar("A")
R = TypeVar("R")

MOST_AT_ONCE = 2_000
"""Arguments of one call: some milliseconds of the store's time."""


class Shared(Generic[A, R]):
    """One call of a kind is in flight for each monitor. State: what waits for the next one, and the tasks that call."""

    def __init__(self, call: Callable[[MonitorId, Sequence[A]], Awaitable[Sequence[R]]]) -> None:
        self._call = call
        self._waiting: dict[MonitorId, list[tuple[A, asyncio.Future[R]]]] = {}
        self._callers: dict[MonitorId, asyncio.Task[None]] = {}

    async def __call__(self, monitor: MonitorId, argument: A) -> R:
        """The answer to this argument. Raises what the call raises; then all that shared it are told the same."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(monitor, []).append((argument, answer))
        if monitor not in self._callers:
            self._callers[monitor] = asyncio.create_task(self._run(monitor), name=f"shared calls of {monitor}")
        return await answer

    async def _run(self, monitor: MonitorId) -> None:
        while waiting := self._waiting.pop(monitor, []):
            if len(waiting) > MOST_AT_ONCE:
                self._waiting[monitor] = waiting[MOST_AT_ONCE:]
            some = waiting[:MOST_AT_ONCE]
            try:
                answers = await self._call(monitor, [argument for argument, _ in some])
            except Exception as error:  # noqa: BLE001 - whatever it is, who waits is told, and the next ones go on
                for _, future in some:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), answer in zip(some, answers, strict=True):
                if not future.done():  # the client went away
                    future.set_result(answer)
        del self._callers[monitor]
