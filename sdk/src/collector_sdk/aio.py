"""The same for an event loop: what is called per inference stays synchronous, what waits is awaited."""

import asyncio
from types import TracebackType
from typing import Self

from collector_sdk.base import BaseCollector


class AsyncCollector(BaseCollector):
    """A Collector whose `flush` and `close` do not hold up the event loop. The parameters are those of Collector.

    `log`, `log_batch` and `label` are plain calls: they do not wait for anything.
    """

    async def flush(self, timeout: float = 30.0) -> bool:  # noqa: ASYNC109 - the same signature as Collector's
        """See `Collector.flush`."""
        return await asyncio.to_thread(self._worker.flush, timeout)

    async def close(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - the same signature as Collector's
        """See `Collector.close`."""
        await asyncio.to_thread(self._worker.close, timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
